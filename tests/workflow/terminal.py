"""A pseudo-terminal on which a command runs, as on the terminal of a user: with a width, and with Ctrl-C."""

import os
import pty
import re
import select
import subprocess
import termios
import time

from tests.checkout import ENVIRONMENT

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # sequences that move the cursor, erase, or set colours
CTRL_C = b"\x03"


class Terminal:
    """Runs a command on a terminal of its own, and keeps what it writes."""

    def __init__(self, command, folder, columns):
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (40, columns))
        # setsid makes the terminal the one whose Ctrl-C reaches the command.
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *command],
            cwd=folder,
            env=ENVIRONMENT | {"TERM": "xterm-256color"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        self._raw = b""

    @property
    def text(self):
        """All that was written, without what moves the cursor or sets colours."""
        return CONTROL.sub("", self._raw.decode(errors="replace"))

    def wait_for(self, pattern, seconds=240):
        """Read until something was written, and give the match."""
        until = time.monotonic() + seconds
        while not (found := re.search(pattern, self.text)):
            assert time.monotonic() < until, self.text[-5000:]
            assert self._read(), self.text[-5000:]
        return found

    def press(self, keys):
        os.write(self._ours, keys)

    def end(self, seconds=120):
        """Read to the end, and give the exit status."""
        while self._read():
            pass
        os.close(self._ours)
        return self.process.wait(seconds)

    def _read(self):
        """Read what there is in a second; False when the other side is closed."""
        if not select.select([self._ours], [], [], 1)[0]:
            return True
        try:
            more = os.read(self._ours, 65536)
        except OSError:  # how Linux says that the other side is closed
            return False
        self._raw += more
        return bool(more)
