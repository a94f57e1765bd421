"""What a long job has done so far, on disk beside its output: a job that was killed goes on from there.

It is kept in a hidden folder that no rule declares, for Snakemake removes the declared files of a job that failed. The
folder's name is a key of all that the job is made of, so nothing goes on from the state of another job.
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

if TYPE_CHECKING:  # those who only ask how far a job is need no torch
    from torch import Tensor


class Progress:
    """State and finished parts of one job.

    Parameters
    ----------
    output : Path
        The job's main output.
    key : sequence of str
        Texts that say what the job is: its spec, the fingerprint of its code, checksums of its inputs.
    """

    def __init__(self, output: Path, key: Sequence[str]) -> None:
        digest = hashlib.sha256(json.dumps(list(key)).encode()).hexdigest()[:16]
        self.root = output.parent / PROGRESS
        self.folder = self.root / digest
        self.state = self.folder / "state.safetensors"
        self._lock: IO[str] | None = None

    def hold(self) -> None:
        """Keep other processes away from this output, until it is released or this process ends.

        Raises
        ------
        UserError
            If another process works on it: a Snakemake that is killed leaves its jobs running.
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
        """Let other processes work on this output."""
        if self._lock is not None:
            self._lock.close()

    def load(self) -> "tuple[dict[str, Tensor], dict[str, Any]] | None":
        """Last saved state; None if there is none, or none that is whole. States of other jobs are removed."""
        if self.root.exists():
            for other in self.root.iterdir():
                if other.is_dir() and other != self.folder:
                    shutil.rmtree(other)
        from safetensors.torch import load_file  # noqa: PLC0415

        values = values_of(self.state)
        return None if values is None else (load_file(self.state), values)

    def save(self, tensors: "dict[str, Tensor]", values: Mapping[str, Any]) -> None:
        """Replace the saved state by this one: tensors, and values for JSON."""
        from safetensors.torch import save_file  # noqa: PLC0415

        metadata = {"values": json.dumps(values)}
        write_atomically(self.state, lambda file: save_file(tensors, file, metadata=metadata))

    def part(self, name: str) -> Path:
        """Where a finished part is kept until the whole is."""
        return self.folder / name

    def clear(self) -> None:
        """Forget all of it: the job is done."""
        shutil.rmtree(self.root, ignore_errors=True)
        self.release()


def values_of(state: Path) -> dict[str, Any] | None:
    """Values of a saved state, without its tensors; None if there is no whole one."""
    try:
        with safe_open(state, framework="np") as file:
            values: dict[str, Any] = json.loads(file.metadata()["values"])
            return values
    except (OSError, SafetensorError, json.JSONDecodeError, KeyError, TypeError):
        return None
