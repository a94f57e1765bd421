"""What Snakemake does when it is told to stop, and at the end. For the Snakefile: no imports beyond what it has."""

import shutil
import signal
from contextlib import suppress
from pathlib import Path
from types import FrameType

import psutil

TRAINING = ["repdrift.stages", "train"]  # words of the command of a training, one after the other


def stop_trainings_on_sigterm() -> None:
    """Pass a SIGTERM on to the trainings that this process has started: they save where they are, and end.

    Snakemake alone starts no more jobs then and waits for those that run: hours, for a training, while a scheduler
    kills after half a minute. Jobs that cannot be resumed are still waited for.
    """
    start_no_more = signal.getsignal(signal.SIGTERM)

    def stop(number: int, frame: FrameType | None) -> None:
        if callable(start_no_more):
            start_no_more(number, frame)
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):  # it has just ended
                # Words of their own: the shell around the program, which would die of it, has all words in one.
                if process.cmdline()[2:4] == TRAINING:
                    process.send_signal(number)

    signal.signal(signal.SIGTERM, stop)


def forget_progress(study: str) -> None:
    """Delete what finished trainings have kept of their progress, since all jobs of their groups have succeeded."""
    for kept in Path(study, "models").rglob(".resume"):
        if (kept.parent / "final.safetensors").exists():
            shutil.rmtree(kept)
