"""Signals that ask a job to stop. The job then stops at the next safe step, with an exit code that asks for a rerun."""

import os
import signal
from types import FrameType

EXIT = os.EX_TEMPFAIL  # "try again"; Snakemake and SLURM count it as a failure, and retry or requeue the job
# SLURM can send SIGUSR1 before the time limit of a job, and SIGHUP comes when a terminal is closed.
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP)


class Interruption:
    """A flag that becomes true when one of the signals arrives.

    Attributes
    ----------
    signal : str or None
        The name of the signal that arrived.
    """

    def __init__(self) -> None:
        self.signal: str | None = None
        for number in SIGNALS:
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores it
                signal.signal(number, self._note)

    def _note(self, number: int, _: FrameType | None) -> None:
        self.signal = signal.Signals(number).name

    def __bool__(self) -> bool:
        return self.signal is not None
