"""A run in lines of text, for a file or a terminal that is none: about one a minute, and one for each failure."""

import time
from collections.abc import Iterator

from repdrift.watch.progress import Failure
from repdrift.watch.snapshot import Now, Snapshot, about

EVERY = 60.0  # seconds between two lines


def line(shown: Snapshot) -> str:
    """Return the line of a moment."""
    words = [f"{shown.done:,} of {shown.jobs:,} jobs, {about(shown.left)}"]
    words += [f"{len(shown.failures)} failed"] if shown.failures else []
    now = [in_words(each) for each in shown.now[:2]]
    more = len(shown.now) - len(now)
    if now:
        words.append("now " + "; ".join(now) + (f" and {more} more" if more else ""))
    if shown.queued:
        words.append(f"{shown.queued} in the queue")
    return f"{time.strftime('%H:%M:%S')}  {'; '.join(words)}"


def in_words(now: Now) -> str:
    """Return a job that runs in words, and how far it is."""
    facts = [f"epoch {now.epoch}"] if "of" in now.epoch else [now.epoch] if now.epoch else []
    facts += [f"{now.speed} images/s"] if now.speed else []
    facts += [f"accuracy {now.accuracy}"] if now.accuracy else []
    return f"{now.name} ({', '.join(facts)})" if facts else now.name


def failed(failure: Failure) -> str:
    """Return the line of a job that has failed."""
    return f"{time.strftime('%H:%M:%S')}  failed: {failure.name}: {failure.line} ({failure.log})"


class Lines:
    """Says when a line is due, and which failures have not been told."""

    def __init__(self) -> None:
        self._next = 0.0
        self._told: set[Failure] = set()

    def due(self, shown: Snapshot, now: float) -> Iterator[str]:
        """Yield the lines that are due at a time, given in seconds."""
        for failure in shown.failures:
            if failure not in self._told:
                self._told.add(failure)
                yield failed(failure)
        if now >= self._next:
            self._next = now + EVERY
            yield line(shown)
