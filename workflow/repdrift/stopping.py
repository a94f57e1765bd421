"""What Snakemake does when it is told to stop. The Snakefile imports it: standard library, and what Snakemake needs."""

import signal
from contextlib import suppress
from types import FrameType

import psutil

TRAINING = "repdrift.stages.train"


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
                # A word of its own: the shell around the program, which would die of it, has all words in one.
                if TRAINING in process.cmdline():
                    process.send_signal(number)

    signal.signal(signal.SIGTERM, stop)
