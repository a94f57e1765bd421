"""Whether the process that trains into a folder still lives, as its lock says."""

import platform
import re
from pathlib import Path

import psutil

HOLDER = re.compile(r"(\d+) on (\S+)")  # what a training writes into its lock, see `repdrift.training.progress`
CLOCKS = 2.0  # seconds by which the times of a process and of a file may differ


def holder_lives(lock: Path) -> bool | None:
    """Return whether the process that wrote a lock lives, or None if it ran on another machine or nothing is known.

    The lock itself is not taken, not even for a moment: a training that begins just then would be refused.
    """
    try:
        holder = HOLDER.fullmatch(lock.read_text(encoding="utf-8").strip())
        locked = lock.stat().st_mtime
    except OSError:
        return None
    if holder is None or holder[2] != platform.node():
        return None
    try:
        process = psutil.Process(int(holder[1]))
        # A process with the same number that began later is another one.
        return bool(process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= locked + CLOCKS)
    except psutil.Error:
        return False
