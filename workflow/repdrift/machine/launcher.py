"""Let programs run in children of one process that has already imported their libraries: the launcher.

A job of seconds spends most of them importing PyTorch. While Snakemake runs jobs on this machine, the launcher waits
for their programs, and forks a child for each. `repdrift.machine.launcher_process` is what runs in the launcher.

To Snakemake and to the user, a job looks the same as without a launcher. The process that the rule has started waits
for the child, passes signals on to it, and ends as the child ends. If that process is killed, so is the child. Where
there is no launcher, or where the launcher's environment is not that of the job, the program runs in the process that
the rule has started.

A job of a cluster that holds several of the workflow's jobs has a launcher of its own, on its node.

The Snakefile and every job import this module, so it needs nothing heavy.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

ADDRESS = "REPDRIFT_LAUNCHER"  # the variable with the launcher's socket; if it is set and empty, none is started
STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)
# Snakemake sets these variables to the number of threads of a job. Libraries read them when they are imported.
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "GOTO_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)

_begun: list[subprocess.Popen[bytes]] = []  # kept, because the pipe to a launcher closes when its object is deleted


def begin() -> None:
    """Start a launcher for jobs of one thread, if there is none. It ends when this process and its jobs have ended."""
    if ADDRESS in os.environ:
        return
    address = Path(tempfile.mkdtemp(prefix="repdrift-"), "socket")
    with socket.socket(socket.AF_UNIX) as door:
        try:
            door.bind(str(address))
        except OSError:  # the path of the folder for temporary files is too long, say
            shutil.rmtree(address.parent)
            return
        door.listen(socket.SOMAXCONN)
        # The input of the launcher ends when this process ends, however that happens: nobody else has the pipe.
        _begun.append(
            subprocess.Popen(
                ["python", "-m", "repdrift.machine.launcher_process", str(door.fileno())],  # as the rules call it
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[door.fileno()],
                env={**os.environ, **dict.fromkeys(THREADS, "1")},
                process_group=0,  # Ctrl-C reaches the processes of the rules, which pass it on
            )
        )
    os.environ[ADDRESS] = str(address)


def forget() -> None:
    """Do not use the launcher of the process that has started this one: that process may be on another node."""
    if os.environ.get(ADDRESS):
        del os.environ[ADDRESS]


def run(words: Sequence[str]) -> int | None:
    """Run a program in a child of the launcher, and return its exit status.

    Parameters
    ----------
    words : sequence of str
        The name of the program and its arguments.

    Returns
    -------
    int or None
        None if there is no launcher that runs this program. The caller runs it then.
    """
    address = os.environ.get(ADDRESS)
    if not address:
        return None
    with socket.socket(socket.AF_UNIX) as launcher:
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)  # until it is known whom to pass them on to
        try:
            launcher.connect(address)
            request = json.dumps({"words": list(words), "umask": _umask(), **surroundings()}).encode() + b"\n"
            sent = socket.send_fds(launcher, [request], [0, 1, 2])
            launcher.sendall(request[sent:])
            answers = launcher.makefile()
            child = answers.readline()
            if not child:
                return None
            with _passing_signals_on(int(child)):
                signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
                status = answers.readline()
        except OSError:
            return None
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
    if not status:  # the launcher was killed, and the child with it
        return None
    if os.WIFSIGNALED(int(status)):
        with suppress(OSError):  # SIGKILL has no other effect
            signal.signal(os.WTERMSIG(int(status)), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(int(status)))
    return os.waitstatus_to_exitcode(int(status))


def surroundings() -> dict[str, object]:
    """Return what decides which libraries a program of this process imports, and how."""
    return {"python": sys.executable, "path": sys.path, "folder": str(Path.cwd()), "environment": dict(os.environ)}


def _umask() -> int:
    """Return the umask of this process, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


@contextmanager
def _passing_signals_on(child: int) -> Iterator[None]:
    """Pass the signals that stop or pause a job on to a child, which ignores those that the launcher ignores.

    Ctrl-Z pauses this process and the child, and SIGCONT, which the shell's ``fg`` sends, lets both go on.
    """

    def pass_on(number: int, _: FrameType | None) -> None:
        with suppress(ProcessLookupError):
            os.kill(child, number)

    def pause(_: int, frame: FrameType | None) -> None:
        pass_on(signal.SIGSTOP, frame)
        os.kill(os.getpid(), signal.SIGSTOP)

    handlers = {**dict.fromkeys(STOPPING, pass_on), signal.SIGTSTP: pause, signal.SIGCONT: pass_on}
    usual = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)
