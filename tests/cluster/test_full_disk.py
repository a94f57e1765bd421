"""A disk that is full ends a job with one line, and half a file is never left; with room again, it goes on."""

import os
import shutil
import subprocess

import pytest
from tests.unit.stage import Stage, finish


@pytest.fixture
def small_disk(tmp_path):
    """Folder on a disk of 1.5 MB: more than the state of a training takes, less than all that is kept of one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1536k", "tmpfs", str(folder)]
    if os.getuid() or not shutil.which("mount") or subprocess.run(mount, check=False, capture_output=True).returncode:
        if os.environ.get("REPDRIFT_REQUIRE_SLURM"):
            pytest.fail("a small disk cannot be mounted")
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_training_on_a_full_disk_goes_on_when_there_is_room(small_disk, tmp_path):
    stage = Stage(tmp_path / "stage")
    finish(stage.start("whole"))
    (stage.folder / "full").symlink_to(small_disk)
    process = stage.start("full")
    log, _ = process.communicate(timeout=600)
    assert process.returncode == 1
    assert log.splitlines()[-1].startswith("error: full/")
    assert log.splitlines()[-1].endswith(": the disk is full: make room and run again; the run goes on from here")
    assert "Traceback" not in log
    assert not list(small_disk.rglob(".*.safetensors"))  # half a file
    subprocess.run(["mount", "-o", "remount,size=50m", small_disk], check=True)
    assert "resumed after step" in finish(stage.start("full"))
    assert stage.bytes_of("full") == stage.bytes_of("whole")
