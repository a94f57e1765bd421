"""What the log of a training says: how far it is, and how accurate.

A training writes a line for each epoch, see `repdrift.training.jobs.in_words`, and flushes it.
"""

import re
from dataclasses import dataclass
from pathlib import Path

EPOCH = re.compile(r"^epoch (\d+), step (\d+):(.*)$", re.MULTILINE)
RESUMED = re.compile(r"^resumed after step (\d+) of \d+", re.MULTILINE)
ACCURACY = re.compile(r"(training|test) accuracy ([\d.]+) %")
TAIL = 8192  # bytes at the end of a log that have its last lines


@dataclass
class Reached:
    """The last finished epoch of a training: its number, its step, its accuracies in percent, and when it ended."""

    epoch: int
    step: int
    accuracies: dict[str, float]
    at: float


def reached(log: Path) -> Reached | None:
    """Return how far a training is, as its log says; None where it says nothing yet."""
    text = tail(log)
    found = EPOCH.findall(text)
    if not found:
        resumed = RESUMED.findall(text)
        return Reached(0, int(resumed[-1]), {}, log.stat().st_mtime) if resumed else None
    epoch, step, measured = found[-1]
    accuracies = {kind: float(value) for kind, value in ACCURACY.findall(measured)}
    return Reached(int(epoch), int(step), accuracies, log.stat().st_mtime)


def tail(path: Path) -> str:
    """Return the end of a text file; nothing where there is no such file."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - TAIL))
            return file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""


def last_line(path: Path) -> str:
    """Return the last line of a text file that is not empty."""
    lines = [line.strip() for line in tail(path).splitlines() if line.strip()]
    return lines[-1] if lines else ""
