"""Data sets of the user's own: what a look finds before any job, and the one line that refuses what is wrong."""

import shutil
import subprocess
import sys
from functools import reduce
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from tests.checkout import REPOSITORY

from repdrift.canonical import canonical
from repdrift.data.datasets import read
from repdrift.data.look import look
from repdrift.errors import UserError
from repdrift.plan import specs
from repdrift.plan.checking import check
from repdrift.plan.plan import Plan
from repdrift.study.config import load, merged
from repdrift.study.sections import parse
from repdrift.study.study import Study

SMALL = {
    "finetune": {"cross_domain": {"dataset": "mine", "train": "train[0:100]", "test": "test[0:60]"}, "others": []},
    "probe": {"images": 20},
    **dict.fromkeys(("transfer", "transferability", "head2toe", "movement", "decodability", "grounding")),
}
LABELS = np.arange(200) % 10
IMAGES = np.random.default_rng(0).integers(0, 256, (200, 8, 8, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    """The working folder, with the files of a user."""
    monkeypatch.chdir(tmp_path)
    save("mine")
    save("test", X=IMAGES[:60][::-1], y=LABELS[:60])
    for part, count in (("photos", 20), ("holiday", 8)):
        for number in range(10):
            save_pictures(f"{part}/c{number}", count)
    return tmp_path


def save(name, **changes):
    np.savez(f"{name}.npz", **{"X": IMAGES, "y": LABELS, **changes})


def save_pictures(folder, count):
    Path(folder).mkdir(parents=True)
    for place in range(count):
        Image.new("RGB", (6 + place, 9), (place, 0, 0)).save(f"{folder}/{place}.png")


def take_out(folder):
    """Remove a folder of pictures."""
    shutil.rmtree(folder)


def empty(folder):
    """Remove the pictures of a folder."""
    for path in Path(folder).iterdir():
        path.unlink()


def cut(picture):
    """Keep the first bytes of a picture only."""
    Path(picture).write_bytes(Path(picture).read_bytes()[:40])


def config_of(dataset, **overlay):
    config = load([REPOSITORY / "config.yaml"])
    return reduce(merged, [SMALL, {"datasets": {"mine": {"title": "my images", **dataset}}}, overlay], config)


# What a user's files may have, by the names that wrong_data_sets.yaml uses.
CHANGES = {
    "four channels": lambda: save("mine", X=np.zeros((200, 8, 8, 4), np.uint8)),
    "flat images": lambda: save("mine", X=np.zeros((200, 192), np.uint8)),
    "floats to 255": lambda: save("mine", X=IMAGES.astype(float)),
    "normalised images": lambda: save("mine", X=(IMAGES / 255 - 0.5) / 0.25),
    "whole numbers of 64 bits": lambda: save("mine", X=IMAGES.astype(int)),
    "one-hot labels": lambda: save("mine", y=np.eye(10)[LABELS]),
    "labels that are floats": lambda: save("mine", y=LABELS.astype(float)),
    "labels that are objects": lambda: save("mine", y=LABELS.astype(object)),
    "one label less": lambda: save("mine", y=LABELS[:-1]),
    "other names of arrays": lambda: np.savez("mine.npz", images=IMAGES, labels=LABELS),
    "no npz file": lambda: Path("mine.npz").write_text("a,b"),
    "text in one file only": lambda: save("test", y=LABELS.astype(str)),
    "one class": lambda: save("mine", y=LABELS * 0),
    "a class with one image": lambda: save("mine", y=np.concatenate([[10], LABELS[1:]])),
    "training images sorted by class": lambda: save("mine", y=np.sort(LABELS)),
    "test images sorted by class": lambda: save("test", X=IMAGES[::-1], y=np.sort(LABELS)),
    "a class without test images": lambda: save("test", y=LABELS % 9),
    "a class without training images": lambda: save("test", y=np.where(LABELS == 9, 10, LABELS)),
    "one training image of a class": lambda: save("mine", y=np.concatenate([LABELS[:10], LABELS[10:] % 9])),
    "test images of another size": lambda: save("test", X=np.zeros((200, 9, 8), np.uint8)),
    "a folder without pictures": lambda: empty("photos/c3"),
    "a broken picture": lambda: cut("photos/c3/0.png"),
    "a class without a folder of test pictures": lambda: take_out("holiday/c3"),
}
WRONG = yaml.safe_load((Path(__file__).parent / "wrong_data_sets.yaml").read_text())


@pytest.mark.parametrize("case", WRONG, ids=range(len(WRONG)))
def test_a_wrong_data_set_is_refused_in_one_line(case):
    if "files" in case:
        CHANGES[case["files"]]()
    with pytest.raises(UserError) as caught:
        check(config_of(case["mine"]))
    # Torchvision lists the splits that it knows in an order that differs between runs.
    assert str(caught.value).partition(" Valid values")[0] == case["line"]


def test_every_change_of_files_is_tried():
    assert {case["files"] for case in WRONG if "files" in case} == set(CHANGES)


NPZ = {"reader": "npz", "train": "mine.npz", "test": "test.npz"}
SOURCE = {"source": {"dataset": "same", "train": "train[50:150]", "test": "test[0:60]"}, "pretrain": {"sizes": [100]}}


def with_source(**changes):
    """Return a config whose source reads the training file of the target under another name."""
    same = {**NPZ, "title": "the same", "test": "other.npz", **changes}
    save("other", X=255 - IMAGES)
    np.savez_compressed("copy.npz", X=IMAGES, y=LABELS)
    domain = {"domain": {"dataset": "same", "train": "test[60:120]", "test": "test[120:180]"}}
    return config_of(NPZ, datasets={"same": same}, **SOURCE, finetune=domain)


@pytest.mark.parametrize("file", ["mine.npz", "copy.npz"])
def test_a_target_that_lies_in_the_source_is_refused(file):
    with pytest.raises(UserError) as caught:
        check(with_source(train=file))
    assert str(caught.value) == (
        'finetune.cross_domain.train: "train[0:100]": 50 of these images are in source.train (same, train[50:150]) '
        "too; use ranges without overlap"
    )


def test_ranges_that_share_no_image_pass():
    check(merged(with_source(), {"source": {"train": "train[100:200]"}}))
    with pytest.raises(UserError, match=r"of these images are in source\.train"):
        check(merged(with_source(shuffle=1), {"source": {"train": "train[100:200]"}}))


def test_the_classes_of_npz_files_and_folders_are_found():
    assert check(config_of(NPZ))["datasets"]["mine"]["classes"] == 10
    save("mine", y=np.array([f"c{label}" for label in LABELS]))
    save("test", X=255 - IMAGES, y=np.array([f"c{label}" for label in LABELS]))
    names = [f"c{number}" for number in range(10)]
    for section in (NPZ, {"reader": "folder", "train": "photos", "test": "holiday", "shuffle": 1}):
        found = check(config_of(section))["datasets"]["mine"]
        assert (found["classes"], found["names"]) == (10, names)
        assert Study(parse(check(config_of(section)))).config.datasets["mine"].names == tuple(names)


def test_a_checked_config_passes_again():
    once = check(config_of({"reader": "folder", "train": "photos", "test": "holiday", "shuffle": 1}))
    assert check(once) == once


def test_what_a_look_sees_is_what_the_job_reads():
    for section in (
        {**NPZ, "shuffle": 3},
        {"reader": "npz", "train": "mine.npz", "split": {"fraction": 0.4, "seed": 2}, "shuffle": 5},
        {"reader": "folder", "train": "photos", "split": {"fraction": 0.4, "seed": 2}},
    ):
        seen = look("datasets.mine", section, Path("data"))
        settings = {**section, "classes": seen.classes, "names": seen.names}
        for split in ("train", "test"):
            read_split = read(settings, split, Path("data"))
            np.testing.assert_array_equal(seen.splits[split].labels, read_split.labels)
            assert seen.splits[split].size == len(read_split.images)


def test_the_folder_of_a_data_set_depends_on_the_size_of_images_only_if_it_is_not_32():
    study = Study(parse(check(config_of(NPZ))))
    assert study.settings("mine") == {**NPZ, "classes": 10}
    larger = Study(parse(check(config_of(NPZ, images={"size": 64}))))
    assert larger.settings("mine") == {**NPZ, "classes": 10, "size": 64}
    assert larger.store("mine") != study.store("mine")
    assert (study.side, larger.side) == (32, 64)


def test_the_spec_of_a_folder_follows_its_pictures():
    plan = Plan(check(config_of({"reader": "folder", "train": "photos", "test": "holiday", "shuffle": 1})))
    store = plan.study.store("mine")
    before = [canonical(specs.dataset(plan, store, split)) for split in ("train", "test")]
    Path("photos/c1/0.png").touch()
    assert [canonical(specs.dataset(plan, store, split)) for split in ("train", "test")] == before
    Image.new("RGB", (90, 90)).save("photos/c1/0.png")
    after = [canonical(specs.dataset(plan, store, split)) for split in ("train", "test")]
    assert (after[0] != before[0], after[1]) == (True, before[1])


def test_a_look_loads_no_torch():
    code = (
        "import sys; from pathlib import Path; from repdrift.data.look import look\n"
        f"look('mine', {NPZ}, Path('data')); look('mine', {{'reader': 'folder', 'train': 'photos'}}, Path('data'))\n"
        "print({'torch', 'pandas'} & set(sys.modules) or 'none')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "none"
