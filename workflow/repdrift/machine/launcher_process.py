"""The process that imports the libraries of programs once, and forks a child for each program.

What one program has imported is imported here before the next child is forked, so that the child finds it. The package
itself is imported by each child anew, so every job runs the code that is on the disk.
"""

import ctypes
import json
import os
import runpy
import selectors
import shutil
import signal
import socket
import sys
import sysconfig
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any, NamedTuple

from repdrift.machine.launcher import ADDRESS, STOPPING, surroundings

PACKAGE = "repdrift"
# Variables that may differ between the launcher and a job: they say nothing of how a library is imported.
FREE = ("PWD", "OLDPWD", "SHLVL", "_", "TMPDIR", "TMP", "TEMPDIR", "TEMP")
SECONDS_TO_ASK = 10.0  # within which a process has sent what it asks for


class Program(NamedTuple):
    """A program for which a child was forked."""

    words: list[str]
    imported: IO[str]  # the file in which the child says which modules it has imported


class Launcher:
    """Forks a child for each program that is asked for, until the input of this process ends.

    Parameters
    ----------
    door : socket.socket
        The socket at which jobs ask. Its folder is deleted at the end.
    """

    def __init__(self, door: socket.socket) -> None:
        self.door = door
        # As it was before any import: some libraries set variables when they are imported.
        self.imports = _imports(surroundings())
        self.folder = Path(door.getsockname()).parent
        self.open = True
        self.children: dict[int, tuple[socket.socket, IO[str]]] = {}  # who waits for a child, and what it has imported
        self.lacking: set[str] = set()  # modules that programs have imported, and this process has not
        self.pipe = os.pipe()  # becomes readable when a child ends
        self.events = selectors.DefaultSelector()

    def serve(self) -> Program:
        """Wait for programs and for the ends of children. Returns only in a child, and there its program."""
        # SLURM sends a signal to all processes of a job. Only the children may end by it.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        for end in self.pipe:
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self.pipe[1], warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.events.register(self.door, selectors.EVENT_READ, self._fork)
        self.events.register(self.pipe[0], selectors.EVENT_READ, self._bury)
        self.events.register(0, selectors.EVENT_READ, self._close)
        while self.open or self.children:
            for key, _ in self.events.select():
                program: Program | None = key.data()
                if program is not None:
                    return program
        sys.exit()

    def _close(self) -> None:
        """Take no more programs, because the process that has started the launcher has ended."""
        if not os.read(0, 1):
            self.open = False
            self.events.unregister(0)
            self.events.unregister(self.door)
            shutil.rmtree(self.folder, ignore_errors=True)

    def _fork(self) -> Program | None:
        """Fork a child for a program, and tell who waits for it the number of the child's process."""
        waiting, _ = self.door.accept()
        if (asked := _request(waiting, self.imports)) is None:
            waiting.close()
            return None
        words, streams = asked
        self._import()
        imported: IO[str] = tempfile.TemporaryFile("w+")  # noqa: SIM115 - it is closed when the child has ended
        launcher = os.getpid()
        if (child := os.fork()) == 0:
            self._let_go(waiting)
            _become_new(streams, launcher)
            return Program(words, imported)
        for descriptor in streams:
            os.close(descriptor)
        self.children[child] = waiting, imported
        self.events.register(waiting, selectors.EVENT_READ, lambda: self._kill(child))
        with suppress(OSError):
            waiting.sendall(f"{child}\n".encode())
        return None

    def _import(self) -> None:
        """Import what programs had to import. If no program follows, nothing has been imported in vain."""
        for name in sorted(self.lacking):
            with suppress(Exception):
                import_module(name)
        self.lacking.clear()

    def _kill(self, child: int) -> None:
        """Kill a child, because whoever waited for it was killed: that process sends nothing more, so it has ended."""
        if child in self.children:
            self.events.unregister(self.children[child][0])
            os.kill(child, signal.SIGKILL)

    def _bury(self) -> None:
        """Tell the process that waits for an ended child how the child ended, and note the modules it imported."""
        os.read(self.pipe[0], 4096)
        for child in list(self.children):
            ended, status = os.waitpid(child, os.WNOHANG)
            if not ended:
                continue
            waiting, imported = self.children.pop(child)
            with suppress(KeyError):
                self.events.unregister(waiting)
            with suppress(OSError), waiting:
                waiting.sendall(f"{status}\n".encode())
            with imported:
                imported.seek(0)
                self.lacking.update(imported.read().split())

    def _let_go(self, waiting: socket.socket) -> None:
        """Close in a child the sockets and files that are the launcher's."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self.events.close()
        for other in (self.door, waiting, *(one for each in self.children.values() for one in each)):
            other.close()
        for end in self.pipe:
            os.close(end)


def _request(waiting: socket.socket, imports: list[object]) -> tuple[list[str], list[int]] | None:
    """Read which program is asked for, and take over its folder, its variables and its umask.

    Returns the words of the program and its three standard streams, or None if no child of this process can run it:
    what decides its imports is not `imports`, which decided those of this process.
    """
    waiting.settimeout(SECONDS_TO_ASK)
    streams: list[int] = []
    try:
        text, streams, _, _ = socket.recv_fds(waiting, 65536, 3)
        while not text.endswith(b"\n"):
            if not (more := waiting.recv(65536)):
                raise EOFError
            text += more
        asked = json.loads(text)
        if _imports(asked) != imports:
            raise ValueError
        os.chdir(asked["folder"])
    except (OSError, EOFError, ValueError):
        for descriptor in streams:
            os.close(descriptor)
        return None
    waiting.settimeout(None)
    for name in FREE:
        os.environ.pop(name, None)
    os.environ.update({name: value for name, value in asked["environment"].items() if name in FREE})
    tempfile.tempdir = None  # Python would remember it from an earlier program.
    os.umask(asked["umask"])
    return asked["words"], streams


def _imports(given: Mapping[str, Any]) -> list[object]:
    """Return the part of a process's surroundings that decides what an import gives."""
    variables = {name: value for name, value in given["environment"].items() if name not in (*FREE, ADDRESS)}
    return [given["python"], given["path"], variables]


def _become_new(streams: Sequence[int], launcher: int) -> None:
    """Make a process that was just forked like a new one: its streams, variables, modules and signals."""
    with suppress(AttributeError, OSError):  # Linux alone can end a child with its parent
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != launcher:
        os.kill(os.getpid(), signal.SIGKILL)
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.environ.pop(ADDRESS, None)
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)


def _modules_of_libraries() -> list[str]:
    """Name the modules of this process that come from libraries and not from the package or from a user's folder."""
    folders = tuple({sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")})
    files = {name: getattr(module, "__file__", None) or "" for name, module in sys.modules.items()}
    return sorted(name for name, file in files.items() if file.startswith(folders))


if __name__ == "__main__":
    mine = Launcher(socket.socket(fileno=int(sys.argv[1]))).serve()
    sys.argv = [f"{PACKAGE}.stages", *mine.words]
    runpy.run_module(f"{PACKAGE}.stages", run_name="__main__", alter_sys=True)
    print(*_modules_of_libraries(), file=mine.imported, flush=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # Python would delete all modules one by one, which takes longer than many a program.
