"""What the sidecars of a study say about it: which artifacts are as they were made, of what, and by which code."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from repdrift.errors import UserError
from repdrift.machine.walking import files_below
from repdrift.provenance.artifacts import PROGRESS, record, seal, sha256, sidecar
from repdrift.provenance.fingerprint import fingerprint, modules
from repdrift.provenance.parts import loaded

UNTRACKED = {".json", ".log", ".sha256", ".md"}  # endings of files that are no artifacts
ARITHMETIC = ("torch", "torchvision", "numpy")  # packages whose versions may change a number


@dataclass(frozen=True)
class Fault:
    """Something that is wrong with an artifact.

    It is ``altered``, ``stale``, ``unknown`` or ``missing``, or it ``differs``.
    """

    path: Path
    kind: str
    reason: str

    def __str__(self) -> str:
        return f"{self.kind:<8} {self.path}: {self.reason}"


def artifacts(folder: Path) -> list[Path]:
    """Artifacts in a folder, whether or not they have a sidecar."""
    hidden = {PROGRESS, "logs"}
    return sorted(
        path
        for path in files_below(folder)
        if path.suffix not in UNTRACKED
        and not path.name.startswith(".")
        and not hidden & set(path.relative_to(folder).parts)
    )


def declared_code(made: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the program, code and modules that an artifact is good for: of its last adoption, or those that made it."""
    return made["adopted"][-1] if made.get("adopted") else made


def present_code(program: str | None, spec: object) -> str | None:
    """Give the fingerprint of a job's code as it is now; None if there is no such program or part any more."""
    try:
        return fingerprint(program, *loaded(spec)) if program else None
    except LookupError:
        return None


def present_modules(program: str | None, spec: object) -> dict[str, str]:
    """Give the digests of the modules of a job as they are now; none if there is no such program or part any more."""
    try:
        return modules(program, *loaded(spec)) if program else {}
    except LookupError:
        return {}


def changed_modules(made: Mapping[str, Any]) -> list[str]:
    """Give the modules that are not what they were when an artifact was made or adopted, given its sidecar."""
    declared = declared_code(made)
    program, then = declared.get("program"), declared.get("modules", {})
    spec = made.get("spec", {})
    if declared.get("code_at_start", declared.get("code")) == present_code(program, spec):
        return []  # some may have other names, or have passed statements on to each other
    now = present_modules(program, spec)
    return sorted(name for name in then.keys() | now.keys() if program and then.get(name) != now.get(name))


def with_origins(paths: Iterable[Path]) -> list[Path]:
    """Return these artifacts and all artifacts that they are made of, even those that are no longer there."""
    found = dict.fromkeys(paths)
    waiting = list(found)
    while waiting:
        made = record(waiting.pop())
        for name in made.get("inputs", {}) if made else ():
            path = Path(name)
            if path not in found and sidecar(path).exists():
                found[path] = None
                waiting.append(path)
    return list(found)


class Verification:
    """Check of all artifacts of a study, and of all that they are made of; every file is read once.

    Parameters
    ----------
    study : Path
        Its folder, ``results/STUDY``, relative to the folder that the workflow runs in: inputs are recorded so.

    Raises
    ------
    UserError
        If there is no such folder, or no artifact in it.
    """

    def __init__(self, study: Path) -> None:
        if not study.is_dir():
            raise UserError(f"{study}: there is no such folder")
        self.own = artifacts(study)
        if not self.own:
            raise UserError(f"{study}: there are no artifacts in it")
        self._hashes: dict[Path, str | None] = {}

    @cached_property
    def paths(self) -> list[Path]:
        """Artifacts of the study, and those of other folders (data sets) that they are made of."""
        return with_origins(self.own)

    @cached_property
    def records(self) -> dict[Path, dict[str, Any] | None]:
        """The sidecars of these artifacts, each read once; None where there is none that can be read."""
        return {path: record(path) for path in self.paths}

    @cached_property
    def adopted(self) -> list[Path]:
        """Those that were made by other code, and adopted."""
        return [path for path, made in self.records.items() if made and made.get("adopted")]

    def other_versions(self) -> dict[tuple[str, str], int]:
        """Count the artifacts by a package that computes and its version when they were made, if another is installed.

        This is no fault: such an artifact is what was made. But a rerun may give other digits.
        """
        present = {package: version(package) for package in ARITHMETIC}
        made_by = (
            (package, then)
            for made in self.records.values()
            for package, then in ((made or {}).get("packages") or {}).items()
            if package in present and then != present[package]
        )
        return dict(sorted(Counter(made_by).items()))

    def faults(self, *, code: bool = True) -> Iterator[Fault]:
        """Give everything that is wrong, artifact by artifact. `code` tells whether other code is wrong too."""
        for path, made in self.records.items():
            if made is None:
                yield Fault(path, "unknown", "no sidecar says what it is made of")
            elif path.exists():  # or deleted, such as activations that are not kept: whoever needs it makes it again
                yield from self.alterations(path, made)
                if made.get("seal") != seal(made):
                    continue  # nothing else that it says can be believed
                if code:
                    yield from self.changed_code(path, made)
                yield from self.changed_inputs(path, made)

    def alterations(self, path: Path, made: Mapping[str, Any]) -> Iterator[Fault]:
        """Give what is wrong with an artifact itself, if it is there, and with its sidecar."""
        if path.exists() and made["sha256"] != self.sha256(path):
            yield Fault(path, "altered", f"its SHA-256 is {self.sha256(path)}, and was {made['sha256']}")
        if made.get("seal") != seal(made):
            yield Fault(path, "altered", "its sidecar is not as it was written")
        if made.get("path") != str(path):
            yield Fault(path, "altered", f"it was made as {made.get('path')}")

    def changed_code(self, path: Path, made: Mapping[str, Any]) -> Iterator[Fault]:
        """Give a fault if the present code is not what made an artifact, or what it was adopted for."""
        declared, changed = declared_code(made), changed_modules(made)
        if changed or declared.get("code") != present_code(declared.get("program"), made.get("spec", {})):
            code = "the code that it was adopted for" if made.get("adopted") else "the code that made it"
            which = f" ({', '.join(changed)})" if changed else ""
            yield Fault(path, "stale", f"{code}{which} has changed since")

    def changed_inputs(self, path: Path, made: Mapping[str, Any]) -> Iterator[Fault]:
        """Give each file that an artifact was made of, and that is not what it was then."""
        for name, digest in made.get("inputs", {}).items():
            now = self.sha256(Path(name))
            if now is not None and now != digest:
                yield Fault(path, "stale", f"{name} has changed since")

    def sha256(self, path: Path) -> str | None:
        """SHA-256 of a file, None if it is not there."""
        if path not in self._hashes:
            self._hashes[path] = sha256(path) if path.exists() else None
        return self._hashes[path]
