"""Files that other jobs read: written whole or not at all, each with a sidecar that says what it is made of."""

import csv
import errno
import hashlib
import json
import os
import platform
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import repdrift
from repdrift.canonical import canonical
from repdrift.errors import UserError
from repdrift.provenance import fingerprint
from repdrift.provenance.parts import loaded

PACKAGES = ("repdrift", "torch", "torchvision", "numpy", "pandas", "safetensors", "matplotlib", "seaborn")
PROGRESS = ".resume"  # folder beside an output, in which a long job keeps how far it is
FULL = (errno.ENOSPC, errno.EDQUOT)


def sha256(path: Path) -> str:
    """SHA-256 of a file as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sidecar(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def record(path: Path) -> dict[str, Any] | None:
    """Sidecar of an artifact; None if it has none that can be read."""
    try:
        found = json.loads(sidecar(path).read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and "sha256" in found else None


def seal(made: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a sidecar says, without its key `seal`. An edited sidecar no longer fits its seal."""
    said = {key: value for key, value in made.items() if key != "seal"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file in the same folder, then rename it: nobody ever sees half a file.

    Raises
    ------
    UserError
        If the disk, or the user's share of it, is full.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        temporary.chmod(0o666 & ~_umask())  # safetensors writes files that nobody else can read
        temporary.replace(path)
        _delete_leftovers(path)
    except Exception as error:
        # safetensors has an error of its own, with the system's number in its text.
        if getattr(error, "errno", None) in FULL or any(f"(os error {number})" in str(error) for number in FULL):
            raise UserError(f"{path}: the disk is full: make room and run again; the run goes on from here") from None
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _delete_leftovers(path: Path) -> None:
    """Delete the temporary files of this path that were left by processes that were killed while they wrote.

    These are the files that nobody has written to since this process began. It is no error if one cannot be deleted.
    """
    leftover = re.compile(rf"\.{re.escape(path.stem)}\.\d+{re.escape(path.suffix)}")
    with suppress(OSError):
        for file in path.parent.iterdir():
            if leftover.fullmatch(file.name) and file.stat().st_mtime < repdrift.STARTED:
                file.unlink()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def sealed(made: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a sidecar says with the seal that belongs to it."""
    return {**made, "seal": seal(made)}


def write_sidecar(path: Path, made: Mapping[str, Any]) -> None:
    """Write the sidecar of an artifact, sealed."""
    text = json.dumps(sealed(made), indent=1, sort_keys=True) + "\n"
    write_atomically(sidecar(path), lambda file: file.write_text(text))


def write_csv(path: Path, rows: Iterable[Mapping[str, object]], columns: Sequence[str]) -> None:
    """Write rows as CSV; floats with all their digits, None as an empty field."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@dataclass
class Job:
    """What a job is made of, and the writer of its artifacts.

    Parameters
    ----------
    spec : dataclass
        The settings that the job uses, all of them and no others.
    code : str
        Fingerprint of the code that the job runs.
    inputs : list of Path
        The files that it reads.
    device : str
        ``cpu``, or the name of the GPU.
    instructions : list of str
        Those of the processor, where the result depends on them, see `repdrift.machine.devices.instructions`.

    Raises
    ------
    UserError
        If an input is not what its own sidecar says: nothing is made of a file that was damaged or edited.
    """

    spec: object
    code: str
    inputs: Sequence[Path] = ()
    device: str = "cpu"
    instructions: Sequence[str] = ()
    _hashes: dict[str, str] = field(init=False, repr=False)
    _code: dict[str, object] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._hashes = {str(path): _sha256_as_made(path) for path in self.inputs}
        # The code as the job finds it: while a long one runs, files may be edited.
        self._code = code_of_job(fingerprint.running, self.spec)

    def save(self, path: Path, write: Callable[[Path], object]) -> None:
        """Write an artifact atomically, after its sidecar ``<name>.json``, so that no artifact is ever without one."""

        def write_both(temporary: Path) -> None:
            write(temporary)
            write_sidecar(path, self._record(path, temporary))

        write_atomically(path, write_both)

    def input_checksums(self) -> dict[str, str]:
        """SHA-256 of each input, by its path."""
        return dict(self._hashes)

    def _record(self, path: Path, written: Path) -> dict[str, object]:
        return {
            "path": str(path),
            "sha256": sha256(written),
            "spec": json.loads(canonical(self.spec)),
            "code": self.code,
            **self._code,
            "inputs": self.input_checksums(),
            "device": self.device,
            **({"instructions": list(self.instructions)} if self.instructions else {}),
            "threads": os.environ.get("OMP_NUM_THREADS"),
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(repdrift.STARTED)),
            "seconds": round(time.time() - repdrift.STARTED, 3),
            "python": platform.python_version(),
            "packages": _versions(),
        }


def code_of_job(program: str | None, spec: object) -> dict[str, object]:
    """Give the program of a job, the fingerprint of its code as it is now, and the digests of the code's modules."""
    if program is None:
        return {"program": None, "modules": {}}
    parts = loaded(spec)
    found = {"code_at_start": fingerprint.fingerprint(program, *parts), "modules": fingerprint.modules(program, *parts)}
    return {"program": program, **found}


def _sha256_as_made(path: Path) -> str:
    """Return the SHA-256 of an input. Refuse the input if it has a sidecar that gives another SHA-256."""
    found, made = sha256(path), record(path)
    if made and made["sha256"] != found:
        raise UserError(
            f"{path} is not as it was made: its SHA-256 is {found} and was {made['sha256']}; "
            "delete it, and run the workflow again"
        )
    return found


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
