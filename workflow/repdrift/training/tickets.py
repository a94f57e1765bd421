"""Jobs that share a device: one of their processes does the work of all, the others wait for it.

A small network keeps a few percent of a GPU busy, so many are trained in one process. Which jobs those are is decided
when they run: each leaves a ticket, and whoever gets the lock takes in all tickets. So jobs, their names and what is
rerun stay what they are without it. A leader that dies frees the lock, and another goes on from what it saved.

Any file of a ticket may vanish at any moment: the process of its job takes all of them back when it ends, and something
may delete old temporary files. Nobody who reads a ticket is stopped by that, and a job whose ticket has vanished leaves
another.

No torch here: those who wait need none.
"""

import fcntl
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from repdrift.provenance.artifacts import write_atomically


def shared_folder(gpus: int) -> Path:
    """Folder of the jobs of this user, study folder and allocation that have the same device, on this node.

    Parameters
    ----------
    gpus : int
        Number of GPUs that the job was granted. Jobs with a GPU and jobs on the CPU do not meet.
    """
    device = "gpu" if gpus else "cpu"
    shared = [Path.cwd(), device, *(os.environ.get(name, "") for name in ("SLURM_JOB_ID", "CUDA_VISIBLE_DEVICES"))]
    digest = hashlib.sha256("\n".join(map(str, shared)).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"repdrift-{os.getuid()}" / digest


class Ticket:
    """A job that waits to be done: its arguments, what is said of it, and in the end its exit code.

    Its process holds a lock on it, so that a ticket whose process has died can be told from one that waits.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.log, self.end_file = path, path.with_suffix(".log"), path.with_suffix(".end")
        self.alive = path.with_suffix(".alive")
        self._held: IO[str] | None = None
        self._read = 0  # how far `news` has read the log

    @classmethod
    def leave(cls, folder: Path, arguments: Sequence[str]) -> "Ticket":
        """Leave a ticket for the job of this process."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        ticket = cls(folder / f"{time.time_ns()}-{os.getpid()}.ticket")
        ticket._held = ticket.alive.open("w")  # as long as this process lives
        fcntl.flock(ticket._held, fcntl.LOCK_EX)
        ticket.log.touch()
        write_atomically(ticket.path, lambda file: file.write_text(json.dumps(list(arguments))))
        return ticket

    @property
    def arguments(self) -> list[str] | None:
        """Arguments of the job, or None if the ticket is no longer there."""
        try:
            return list(json.loads(self.path.read_text()))
        except FileNotFoundError:
            return None

    @property
    def waits(self) -> bool:
        """Whether somebody still wants this job: neither withdrawn nor left behind by a process that died."""
        try:
            with self.alive.open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return self.path.exists()
        except FileNotFoundError:
            return False
        self.withdraw()
        return False

    @property
    def to_do(self) -> bool:
        """Whether somebody wants this job, and nobody has done it."""
        return self.code is None and self.waits

    def say(self, line: str) -> None:
        """Write a line to the log of the job, if the ticket is still there."""
        with suppress(FileNotFoundError), self.log.open("r+") as file:
            file.seek(0, os.SEEK_END)
            file.write(line + "\n")

    def news(self) -> str:
        """Give what was said since this was last asked for."""
        try:
            with self.log.open() as file:
                file.seek(self._read)
                text = file.read()
                self._read = file.tell()
        except FileNotFoundError:
            return ""
        return text

    def end(self, code: int) -> None:
        """Give the job's exit code to the process that waits for it, if the ticket is still there."""
        write_atomically(self.end_file, lambda file: file.write_text(str(code)))
        if not self.path.exists():  # Its process has gone, and would not delete this file any more.
            self.withdraw()

    @property
    def code(self) -> int | None:
        """Exit code, or None as long as the job is not done."""
        try:
            return int(self.end_file.read_text())
        except FileNotFoundError:
            return None

    def withdraw(self) -> None:
        """Take all files back, the ticket itself first and its end last: see `end`."""
        for path in (self.path, self.alive, self.log, self.end_file):
            path.unlink(missing_ok=True)


def tickets(folder: Path) -> list[Ticket]:
    """Tickets of jobs that nobody has done yet, first come first."""
    found = [Ticket(path) for path in sorted(folder.glob("*.ticket"))]
    return [ticket for ticket in found if ticket.to_do]


@contextmanager
def leadership(folder: Path) -> Iterator[bool]:
    """Try to become the process that does the work; the lock is freed when the process ends, in whatever way."""
    with (folder / "leader").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
