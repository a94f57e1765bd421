"""What a long job has done so far, on disk beside its output: a job that was killed goes on from there.

It is kept in a hidden folder that no rule declares, for Snakemake removes the declared files of a job that failed. The
folder's name is a key of all that the job is made of, so nothing goes on from the state of another job.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from repdrift.artifacts import write_atomically

FOLDER = ".resume"


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
        self.root = output.parent / FOLDER
        self.folder = self.root / digest
        self.state = self.folder / "state.safetensors"

    def load(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """Last saved state; None if there is none, or none that is whole. States of other jobs are removed."""
        if self.root.exists():
            for other in self.root.iterdir():
                if other != self.folder:
                    shutil.rmtree(other)
        values = values_of(self.state)
        return None if values is None else (load_file(self.state), values)

    def save(self, tensors: dict[str, Tensor], values: Mapping[str, Any]) -> None:
        """Replace the saved state by this one: tensors, and values for JSON."""
        metadata = {"values": json.dumps(values)}
        write_atomically(self.state, lambda file: save_file(tensors, file, metadata=metadata))

    def part(self, name: str) -> Path:
        """Where a finished part is kept until the whole is."""
        return self.folder / name

    def clear(self) -> None:
        """Forget all of it: the job is done."""
        shutil.rmtree(self.root, ignore_errors=True)


def values_of(state: Path) -> dict[str, Any] | None:
    """Values of a saved state, without its tensors; None if there is no whole one."""
    try:
        with safe_open(state, framework="np") as file:
            values: dict[str, Any] = json.loads(file.metadata()["values"])
            return values
    except (OSError, SafetensorError, json.JSONDecodeError, KeyError, TypeError):
        return None
