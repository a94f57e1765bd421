"""What the sidecars of a study say about it: which artifacts are as they were made, of what, and by which code."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from repdrift.artifacts import sha256
from repdrift.errors import UserError
from repdrift.fingerprint import fingerprint, stages
from repdrift.progress import FOLDER

UNTRACKED = {".json", ".log", ".sha256", ".md"}  # endings of files that are no artifacts


@dataclass(frozen=True)
class Fault:
    """Something that is wrong with an artifact: it is ``altered``, ``stale`` or ``unknown``."""

    path: Path
    kind: str
    reason: str

    def __str__(self) -> str:
        return f"{self.kind:<8} {self.path}: {self.reason}"


def sidecar(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def record(path: Path) -> dict[str, Any] | None:
    """Sidecar of an artifact; None if it has none that can be read."""
    try:
        found = json.loads(sidecar(path).read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and "sha256" in found else None


def artifacts(folder: Path) -> list[Path]:
    """Artifacts in a folder, whether or not they have a sidecar."""
    hidden = {FOLDER, "logs"}
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and path.suffix not in UNTRACKED
        and not path.name.startswith(".")
        and not hidden & set(path.relative_to(folder).parts)
    )


def with_origins(paths: Iterable[Path]) -> list[Path]:
    """These artifacts, and all artifacts that they are made of, whether or not those are still there."""
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

    def faults(self) -> Iterator[Fault]:
        """Give everything that is wrong, artifact by artifact."""
        codes = {fingerprint(stage) for stage in stages()}
        for path in self.paths:
            yield from self._faults_of(path, codes)

    def _faults_of(self, path: Path, codes: set[str]) -> Iterator[Fault]:
        made = record(path)
        if made is None:
            yield Fault(path, "unknown", "no sidecar says what it is made of")
            return
        if not path.exists():
            return  # deleted, such as activations that are not kept: whoever needs it makes it again
        if made["sha256"] != self.sha256(path):
            yield Fault(path, "altered", f"its SHA-256 is {self.sha256(path)}, and was {made['sha256']}")
        if made.get("path") != str(path):
            yield Fault(path, "altered", f"it was made as {made.get('path')}")
        if made.get("code") not in codes:
            yield Fault(path, "stale", f"the code that made it ({made.get('code')}) has changed since")
        for name, digest in made.get("inputs", {}).items():
            now = self.sha256(Path(name))
            if now is not None and now != digest:
                yield Fault(path, "stale", f"{name} has changed since")

    def sha256(self, path: Path) -> str | None:
        """SHA-256 of a file, None if it is not there."""
        if path not in self._hashes:
            self._hashes[path] = sha256(path) if path.exists() else None
        return self._hashes[path]
