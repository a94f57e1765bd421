"""What the system refuses a program ends it with one line, and errors of other kinds keep their traceback."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from repdrift import command
from repdrift.machine.system_errors import explained


def gone():
    Path("no/such/file.csv").read_text()


def is_a_folder():
    Path().read_text()


def no_memory_in_numpy():
    np.zeros(1 << 60, dtype=np.uint8)


def no_memory_in_torch():
    torch.zeros(1 << 60, dtype=torch.uint8)


def no_memory_on_a_gpu():
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


@pytest.mark.parametrize(
    ("failing", "line"),
    [
        (gone, "error: no/such/file.csv: this file or its folder is gone: run again, or put it back if it is one of"),
        (is_a_folder, "error: .: Is a directory"),
        (no_memory_in_numpy, "error: not enough memory: run fewer jobs at a time (snakemake --cores), or set fewer "),
        (no_memory_in_torch, "error: not enough memory: "),
        (no_memory_on_a_gpu, "error: not enough memory: "),
    ],
)
def test_a_program_ends_with_one_line(failing, line):
    with pytest.raises(SystemExit) as stopped:
        command.run("train", failing)
    assert str(stopped.value.code).startswith(line)
    assert "\n" not in str(stopped.value.code)


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_one_line(tmp_path):
    tmp_path.chmod(0o555)
    with pytest.raises(SystemExit, match="this user may not read or write it"):
        command.run("train", lambda: (tmp_path / "x").write_text("x"))


def test_a_file_system_that_cannot_be_written_to_is_one_line():
    refused = OSError(30, "Read-only file system", "results/x.csv")
    assert explained(refused).startswith("results/x.csv: Read-only file system: this user may not read or write it")


def multiply_wrong_shapes():
    torch.zeros(2, 3) @ torch.zeros(2, 3)


def no_file_named():
    raise OSError("something else")


@pytest.mark.parametrize("failing", [multiply_wrong_shapes, no_file_named])
def test_other_errors_are_not_hidden(failing):
    with pytest.raises((RuntimeError, OSError)):
        command.run("train", failing)
