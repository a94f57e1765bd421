"""Where a run is shown: on the terminal, redrawn twice a second, or in lines of text where there is none."""

import os
import threading
import time
from collections.abc import Callable
from typing import TextIO

from rich.console import Console
from rich.live import Live

from repdrift.watch.display import rendered
from repdrift.watch.lines import Lines
from repdrift.watch.snapshot import Snapshot

PER_SECOND = 2
LOOK_EVERY = 2.0  # seconds between two looks whether a line is due


class Screen:
    """Shows what a function says of a run on a stream, from `begin` to `end`."""

    def __init__(self, snapshot: Callable[[], Snapshot], stream: TextIO) -> None:
        self._snapshot = snapshot
        self._stream = stream
        self._console = Console(file=stream)
        self._live: Live | None = None
        self._lines = Lines()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Begin to show the run."""
        if self._live or self._thread:
            return
        if self._stream.isatty() and os.environ.get("TERM") != "dumb":
            self._live = Live(
                get_renderable=lambda: rendered(self._snapshot(), self._console),
                console=self._console,
                refresh_per_second=PER_SECOND,
                transient=True,
            )
            self._live.start()
        else:
            self._thread = threading.Thread(target=self._tell, daemon=True)
            self._thread.start()

    def _tell(self) -> None:
        while not self._over.wait(LOOK_EVERY):
            self.tell()

    def tell(self) -> None:
        """Print the lines that are due."""
        for line in self._lines.due(self._snapshot(), time.monotonic()):
            print(line, file=self._stream, flush=True)

    def end(self) -> None:
        """End the display, and leave the terminal as it was."""
        if self._live is not None:
            self._live.stop()
        if self._thread is not None:
            self._over.set()
            self._thread.join()
