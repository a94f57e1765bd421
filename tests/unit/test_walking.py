"""Walks through folders of which parts were moved elsewhere and linked."""

import pytest
from PIL import Image

from repdrift.data import folders
from repdrift.machine.failures import failures
from repdrift.machine.stopping import forget_progress
from repdrift.machine.walking import files_below
from repdrift.provenance.verification import artifacts


@pytest.fixture
def moved(tmp_path):
    """A folder with a file beside a link to a folder that was moved."""
    study, elsewhere = tmp_path / "study", tmp_path / "scratch"
    study.mkdir()
    (elsewhere / "seed1").mkdir(parents=True)
    (study / "models").symlink_to(elsewhere)
    return study


def test_files_behind_links_are_found_once_and_a_folder_linked_into_itself_ends(moved, tmp_path):
    (moved / "a.csv").touch()
    (moved / "models" / "seed1" / "final.safetensors").touch()
    (moved / "models" / "again").symlink_to(moved)
    (moved / "gone.csv").symlink_to(tmp_path / "nowhere")
    found = [str(path.relative_to(moved)) for path in files_below(moved)]
    assert found == ["a.csv", "models/seed1/final.safetensors"]
    assert list(files_below(tmp_path / "nowhere")) == []


def test_artifacts_behind_links_are_verified(moved):
    artifact = moved / "models" / "seed1" / "final.safetensors"
    artifact.touch()
    assert artifacts(moved) == [artifact]


def test_errors_in_logs_behind_links_are_told(moved):
    (moved / "models" / "seed1.log").write_text("epoch 1\nerror: no space\n")
    assert list(failures([str(moved)], since=0)) == [f"{moved}/models/seed1.log: error: no space"]


def test_progress_behind_links_is_forgotten(moved):
    trained = moved / "models" / "seed1"
    (trained / ".resume" / "abc").mkdir(parents=True)
    (trained / ".resume" / "abc" / "state.safetensors").touch()
    forget_progress(str(moved))
    assert (trained / ".resume").exists()  # this training has not ended
    (trained / "final.safetensors").touch()
    forget_progress(str(moved))
    assert [path.name for path in trained.iterdir()] == ["final.safetensors"]


def test_pictures_behind_links_are_read(tmp_path):
    photos, elsewhere = tmp_path / "photos", tmp_path / "scratch"
    elsewhere.mkdir()
    (photos / "cat").mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(elsewhere / "one.png")
    Image.new("RGB", (8, 8)).save(photos / "cat" / "two.png")
    (photos / "cat" / "more").symlink_to(elsewhere)
    assert [path.name for path in folders.listed(photos).paths] == ["one.png", "two.png"]
