"""Additions to what Snakemake does when it is told to stop, and at the end of a run.

The Snakefile imports this module, so it needs nothing that Snakemake does not import itself.
"""

import shutil
import signal
from contextlib import suppress
from pathlib import Path
from types import FrameType

import psutil

from repdrift.machine.walking import files_below

TRAINING = ["repdrift.stages", "train"]  # consecutive words in the command line of a training


def stop_trainings_when_told() -> None:
    """Pass a SIGTERM or SIGHUP on to the trainings that this process has started. They save their state and end.

    Without this, Snakemake starts no more jobs at a SIGTERM and waits for the running ones. A training runs for hours,
    but a scheduler kills Snakemake after half a minute. At a SIGHUP, which comes when its terminal is closed, it would
    die at once and leave its lock. Snakemake still waits for jobs that cannot be resumed.
    """
    start_no_more = signal.getsignal(signal.SIGTERM)

    def stop(number: int, frame: FrameType | None) -> None:
        if callable(start_no_more):
            start_no_more(number, frame)
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):  # the process may have just ended
                # The shell around the program has the whole command in one word, so it gets no signal, and survives.
                if process.cmdline()[2:4] == TRAINING:
                    process.send_signal(number)

    signal.signal(signal.SIGTERM, stop)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup ignores it
        signal.signal(signal.SIGHUP, stop)


def forget_progress(study: str) -> None:
    """Delete the progress that finished trainings have kept. It is not needed once all jobs have succeeded."""
    for path in files_below(Path(study, "models")):
        if path.name == "final.safetensors" and (path.parent / ".resume").exists():
            shutil.rmtree(path.parent / ".resume")
