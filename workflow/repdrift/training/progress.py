"""The progress of a long job on disk, from which a job that was killed goes on.

It lies in a hidden folder beside the job's output. No rule declares the folder, since Snakemake removes the declared
files of a job that failed. The folder's name is a hash of all that the job depends on, so no job goes on from the state
of another.
"""

import fcntl
import hashlib
import json
import os
import platform
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from repdrift.errors import UserError
from repdrift.provenance.artifacts import PROGRESS, write_atomically

if TYPE_CHECKING:  # `repdrift status` reads the progress of jobs without torch
    from torch import Tensor


class Progress:
    """The saved state and the finished parts of one job.

    Parameters
    ----------
    output : Path
        The job's main output.
    key : sequence of str
        Texts that identify the job: its spec, the fingerprint of its code, and the checksums of its inputs.
    """

    def __init__(self, output: Path, key: Sequence[str]) -> None:
        digest = hashlib.sha256(json.dumps(list(key)).encode()).hexdigest()[:16]
        self.root = output.parent / PROGRESS
        self.folder = self.root / digest
        self.state = self.folder / "state.safetensors"
        self._lock: IO[str] | None = None

    def hold(self) -> None:
        """Lock this output against other processes until it is released or this process ends.

        Raises
        ------
        UserError
            If another process holds the lock. This happens if Snakemake was killed, since its jobs then run on.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        lock = (self.root / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise UserError(
                f"{self.root.parent}: process {lock.read()} still trains this: wait for it, or `kill` it (it saves), "
                "and run again"
            ) from None
        except OSError:  # a file system without locks
            return
        lock.truncate(0)
        print(f"{os.getpid()} on {platform.node()}", end="", file=lock, flush=True)
        self._lock = lock

    def release(self) -> None:
        """Release the lock on this output."""
        if self._lock is not None:
            self._lock.close()

    def load(self) -> "tuple[dict[str, Tensor], dict[str, Any]] | None":
        """Return the last saved state, or None if there is no complete one. States of other jobs are removed."""
        if self.root.exists():
            for other in self.root.iterdir():
                if other.is_dir() and other != self.folder:
                    shutil.rmtree(other)
        from safetensors.torch import load_file  # noqa: PLC0415

        values = values_of(self.state)
        return None if values is None else (load_file(self.state), values)

    def save(self, tensors: "dict[str, Tensor]", values: Mapping[str, Any]) -> None:
        """Replace the saved state. It consists of tensors and of values for JSON."""
        from safetensors.torch import save_file  # noqa: PLC0415

        metadata = {"values": json.dumps(values)}
        write_atomically(self.state, lambda file: save_file(tensors, file, metadata=metadata))

    def part(self, name: str) -> Path:
        """Return the path of a finished part, such as a checkpoint, until the whole job is finished."""
        return self.folder / name

    def clear(self) -> None:
        """Delete the progress of a job that is finished, and release the lock."""
        shutil.rmtree(self.root, ignore_errors=True)
        self.release()


def values_of(state: Path) -> dict[str, Any] | None:
    """Return the values of a saved state without its tensors, or None if there is no complete state."""
    try:
        with safe_open(state, framework="np") as file:
            values: dict[str, Any] = json.loads(file.metadata()["values"])
            return values
    except (OSError, SafetensorError, json.JSONDecodeError, KeyError, TypeError):
        return None
