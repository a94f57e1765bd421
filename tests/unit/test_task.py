"""Tasks as files: which images, with which labels, and where their pixels come from."""

import sys

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from repdrift.canonical import canonical
from repdrift.data.task_files import load_part
from repdrift.errors import UserError
from repdrift.stages import task as stage

LABELS = torch.arange(40) % 5
SPEC = {
    "task": "target-shapes",
    "dataset": "shapes",
    "train": {"split": "train", "start": 4, "stop": 30},
    "test": {"split": "train", "start": 30, "stop": 40},
    "labels": {"random": 0},
    "classes": 5,
    "kept": {"classes": None, "images": None},
    "shuffle": None,
    "seed": 1,
}


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """Function that runs the stage, and gives the task's file."""
    images = torch.arange(40 * 3 * 8 * 8).remainder(251).to(torch.uint8).reshape(40, 3, 8, 8)
    save_file({"images": images, "labels": LABELS}, tmp_path / "train.safetensors")

    def draw(**changes):
        path = tmp_path / "task.npz"
        files = [str(tmp_path / "train.safetensors")] * 2
        spec = canonical({**SPEC, **changes})
        monkeypatch.setattr(sys, "argv", ["task", "--spec", spec, "--images", *files, "--output", str(path)])
        stage.main()
        return path

    draw.images = images
    draw.file = tmp_path / "train.safetensors"
    return draw


def loaded(drawn, path, part):
    return load_part(drawn.file, path, part, torch.device("cpu"))


def test_a_task_is_its_range(drawn):
    images, labels = loaded(drawn, drawn(), "train")
    assert torch.equal(images, drawn.images[4:30])
    assert torch.equal(labels, LABELS[4:30])


def test_some_classes_and_the_first_images_of_them(drawn):
    path = drawn(kept={"classes": 2, "images": 7})
    images, labels = loaded(drawn, path, "train")
    wanted = [place for place in range(4, 30) if LABELS[place] < 2][:7]
    assert torch.equal(images, drawn.images[wanted])
    assert torch.equal(labels, LABELS[wanted])
    images, labels = loaded(drawn, path, "test")  # all of them, to test on
    assert labels.tolist() == [0, 1, 0, 1]
    assert torch.equal(images, drawn.images[[30, 31, 35, 36]])


def test_a_part_without_an_image_of_the_classes_is_refused(drawn):
    alone = {"split": "train", "start": 34, "stop": 35}  # its label is 4
    with pytest.raises(UserError, match="34 to 35: no image is of the first 2 classes"):
        drawn(kept={"classes": 2, "images": 7}, test=alone)


def test_noise_of_an_image_does_not_depend_on_which_others_are_kept(drawn):
    with (
        np.load(drawn(labels={"random": 4})) as every,
        np.load(drawn(labels={"random": 4}, kept={"classes": 2, "images": None})) as some,
    ):
        places = np.isin(every["train_index"], some["train_index"])
        np.testing.assert_array_equal(every["train_label"][places], some["train_label"])


def test_more_images_than_there_are_is_refused(drawn):
    with pytest.raises(UserError, match="10 images are of the first 2 classes, 11 are wanted"):
        drawn(kept={"classes": 2, "images": 11})


def test_pixels_change_places_alike_to_train_and_to_test(drawn):
    path = drawn(shuffle=4)
    with np.load(path) as arrays:
        pixels = torch.from_numpy(arrays["pixels"])
    for part, places in (("train", slice(4, 30)), ("test", slice(30, 40))):
        images, _ = loaded(drawn, path, part)
        assert torch.equal(images.flatten(1), drawn.images[places].flatten(1)[:, pixels])
        assert not torch.equal(images, drawn.images[places])


def test_each_seed_and_each_size_of_blocks_has_its_own_shuffle(drawn):
    found = []
    for seed, side in ((1, 1), (2, 1), (1, 2), (1, 1)):
        with np.load(drawn(seed=seed, shuffle=side)) as arrays:
            found.append(tuple(arrays["pixels"]))
    assert found[0] == found[3]
    assert len(set(found)) == 3
