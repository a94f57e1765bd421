"""Programs in children of the launcher: the same results and ends, and nothing that outlives who has started it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from tests.unit.stage import Stage, finish

import repdrift
from repdrift.machine import interruption
from repdrift.machine.launcher import ADDRESS, THREADS, forget

BEGIN = "from repdrift.machine import launcher; launcher.begin(); print(launcher.os.environ[launcher.ADDRESS]); input()"


class Launcher:
    """A launcher, the process that has started it, and the variables with which jobs find it."""

    def __init__(self, folder, library):
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        variables = {**os.environ, "PATH": path, "PYTHONPATH": str(library)}
        self.starter = subprocess.Popen(
            ["python", "-c", BEGIN], cwd=folder, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        address = self.starter.stdout.readline().strip()
        self.variables = {**variables, **dict.fromkeys(THREADS, "1"), ADDRESS: address}
        self.folder, self.own = folder, Path(address).parent
        (self.process,) = psutil.Process(self.starter.pid).children()

    def start(self, *words, **variables):
        return subprocess.Popen(
            ["python", "-m", "repdrift.stages", *words],
            cwd=self.folder,
            env={**self.variables, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def child(self):
        """Wait for the child of a job that was started."""
        wait_for(self.process.children)
        (child,) = self.process.children()
        return child

    def end(self):
        for process in (self.starter, self.process):
            with suppress(psutil.NoSuchProcess):  # in some tests it has ended already
                process.kill()
        self.starter.communicate()
        shutil.rmtree(self.own, ignore_errors=True)


def wait_for(condition):
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def copy_of_package(folder):
    """Copy the package, so that a test can add a program to it; give the folder that holds the copy."""
    library = folder / "library"
    shutil.copytree(Path(repdrift.__file__).parent, library / "repdrift", ignore=shutil.ignore_patterns("__pycache__"))
    return library


def has_torch(launcher):
    return any("libtorch_cpu" in mapped.path for mapped in launcher.process.memory_maps())


def gone(process):
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path / "stage")


@pytest.fixture
def launcher(stage):
    launcher = Launcher(stage.folder, Path(repdrift.__file__).parents[1])
    yield launcher
    launcher.end()


def begun(job):
    """Wait until a training has written its first line."""
    line = job.stdout.readline()
    assert line.startswith("epoch 0,"), line


def test_a_program_gives_the_same_bytes_as_without_a_launcher(stage, launcher):
    alone = finish(launcher.start("train", *stage.words("alone"), **{ADDRESS: ""}))
    job = launcher.start("train", *stage.words("child"))
    launcher.child()
    assert finish(job) == alone
    assert stage.bytes_of("child") == stage.bytes_of("alone")
    # For a second child, and not earlier, the launcher imports what the first one had to import.
    assert not has_torch(launcher)
    finish(launcher.start("train", *stage.words("again")))
    assert has_torch(launcher)
    assert stage.bytes_of("again") == stage.bytes_of("alone")


def test_an_error_has_its_line_and_its_exit_code(stage, launcher):
    (stage.folder / "task.npz").write_bytes(b"no task")
    ends = []
    for variables in ({ADDRESS: ""}, {}):
        job = launcher.start("train", *stage.words("out"), **variables)
        ends.append((job.communicate(timeout=60)[0].splitlines()[-1], job.returncode))
    assert ends[0] == ends[1]
    assert ends[0][1] == 1


def test_a_signal_reaches_the_child_which_saves_its_state(stage, launcher):
    finish(launcher.start("train", *stage.words("whole"), **{ADDRESS: ""}))
    job = launcher.start("train", *stage.words("out"))
    begun(job)
    job.send_signal(signal.SIGTERM)
    assert "stopped by SIGTERM" in job.communicate(timeout=60)[0]
    assert job.returncode == interruption.EXIT
    finish(launcher.start("train", *stage.words("out")))
    assert stage.bytes_of("out") == stage.bytes_of("whole")


def test_a_signal_to_all_processes_ends_the_children_alone(stage, launcher):
    """As SLURM sends it to all processes of a job, some seconds before its time is up."""
    finish(launcher.start("train", *stage.words("whole"), **{ADDRESS: ""}))
    job = launcher.start("train", *stage.words("out"))
    begun(job)
    for process in (launcher.process, launcher.child(), job):
        process.send_signal(signal.SIGTERM)
    assert "stopped by SIGTERM" in job.communicate(timeout=60)[0]
    assert job.returncode == interruption.EXIT
    again = launcher.start("train", *stage.words("out"))
    launcher.child()  # there still is a launcher
    finish(again)
    assert stage.bytes_of("out") == stage.bytes_of("whole")


def test_the_launcher_of_another_node_can_be_forgotten(monkeypatch):
    for address, left in (("/elsewhere/socket", None), ("", "")):
        monkeypatch.setenv(ADDRESS, address)
        forget()
        assert os.environ.get(ADDRESS) == left  # nothing at all still means that none is wanted


def test_ctrl_z_pauses_the_child_too(stage, launcher):
    job = launcher.start("train", *stage.words("out"))
    begun(job)
    child = launcher.child()
    for number, state in ((signal.SIGTSTP, psutil.STATUS_STOPPED), (signal.SIGCONT, None)):
        job.send_signal(number)
        for process in (child, psutil.Process(job.pid)):
            wait_for(lambda process=process, state=state: (process.status() == psutil.STATUS_STOPPED) == bool(state))
    finish(job)


def test_the_child_of_a_job_that_is_killed_is_killed(stage, launcher):
    job = launcher.start("train", *stage.words("out"))
    begun(job)
    child = launcher.child()
    job.kill()
    wait_for(lambda: gone(child))
    wait_for(lambda: not launcher.process.children())  # the launcher has noticed
    assert not (stage.folder / "out" / "final.safetensors").exists()


def test_a_job_dies_of_the_signal_that_kills_its_child(stage, launcher):
    job = launcher.start("train", *stage.words("out"))
    begun(job)
    launcher.child().kill()
    job.communicate(timeout=60)
    assert job.returncode == -signal.SIGKILL


def test_a_job_whose_launcher_is_killed_runs_alone(stage, launcher):
    finish(launcher.start("train", *stage.words("whole"), **{ADDRESS: ""}))
    job = launcher.start("train", *stage.words("out"))
    begun(job)
    child = launcher.child()
    launcher.process.kill()
    finish(job)
    assert gone(child)
    assert stage.bytes_of("out") == stage.bytes_of("whole")


@pytest.mark.parametrize("variables", [{"OMP_NUM_THREADS": "2"}, {"LD_LIBRARY_PATH": "elsewhere"}])
def test_a_job_of_another_environment_runs_alone(stage, launcher, variables):
    job = launcher.start("train", *stage.words("out"), **variables)
    begun(job)
    assert not launcher.process.children()
    finish(job)


@pytest.mark.parametrize("end", ["kill", "terminate"])
def test_a_launcher_ends_after_its_starter_and_its_jobs(stage, launcher, end):
    job = launcher.start("train", *stage.words("out"))
    begun(job)
    child = launcher.child()
    getattr(launcher.starter, end)()
    wait_for(lambda: not launcher.own.exists())
    late = launcher.start("train", *stage.words("late"))
    begun(late)
    assert {process.pid for process in launcher.process.children()} <= {child.pid}
    finish(job)
    finish(late)
    wait_for(lambda: gone(launcher.process))


def test_libraries_that_set_variables_do_not_end_the_use_of_the_launcher(tmp_path, monkeypatch):
    # The import of another test may have set them in this process.
    for name in ("TORCHINDUCTOR_CACHE_DIR", "KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK"):
        monkeypatch.delenv(name, raising=False)
    library = copy_of_package(tmp_path)
    launcher = Launcher(tmp_path, library)
    (library / "repdrift" / "stages" / "told.py").write_text(
        "import os\n\n\ndef main():\n    before = dict(os.environ)\n    import sklearn, torchvision\n"
        "    print(os.getppid(), dict(os.environ) != before)\n",
        encoding="utf-8",
    )
    try:
        told = [finish(launcher.start("told")).split() for _ in range(3)]
    finally:
        launcher.end()
    assert told[0] == [str(launcher.process.pid), "True"]  # else the test tests nothing
    assert {parent for parent, _ in told} == {str(launcher.process.pid)}


def test_each_child_runs_the_code_on_the_disk_in_the_folder_of_its_job(tmp_path):
    library = copy_of_package(tmp_path)
    launcher = Launcher(tmp_path, library)
    program = library / "repdrift" / "stages" / "told.py"
    try:
        for text in ("first", "second"):
            program.write_text(
                f"import os\n\n\ndef main():\n    print({text!r}, os.getcwd(), os.environ['TMPDIR'], os.umask(0o22))\n",
                encoding="utf-8",
            )
            job = subprocess.Popen(
                ["bash", "-c", "umask 027; exec python -m repdrift.stages told"],
                cwd=tmp_path, env={**launcher.variables, "TMPDIR": text}, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            assert finish(job) == f"{text} {tmp_path} {text} {0o27}\n"
    finally:
        launcher.end()


def test_a_folder_whose_name_is_too_long_for_a_socket_leaves_jobs_alone(tmp_path, monkeypatch):
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.delenv(ADDRESS, raising=False)
    code = "import os; from repdrift.machine import launcher; launcher.begin(); print(launcher.ADDRESS in os.environ)"
    library = str(Path(repdrift.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "TMPDIR": str(long), "PYTHONPATH": library},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "False\n"
    assert not list(long.iterdir())
