"""Signals that ask a job to stop: it stops at the next safe place, and says that it should be run again."""

import os
import signal
from types import FrameType

EXIT = os.EX_TEMPFAIL  # to whoever reads it: try again; to Snakemake and SLURM: failed, so retry or requeue
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)  # SLURM can send the last one before the time is up


class Interruption:
    """True once one of the signals has come."""

    def __init__(self) -> None:
        self.signal: str | None = None
        for number in SIGNALS:
            signal.signal(number, self._note)

    def _note(self, number: int, _: FrameType | None) -> None:
        self.signal = signal.Signals(number).name

    def __bool__(self) -> bool:
        return self.signal is not None
