"""Configs that name data: files that are missing, damaged or of another size."""

import zipfile

import numpy as np
import pytest
from tests.unit.configs import CONFIG, refusal, save_npz

from repdrift.plan import specs
from repdrift.plan.checking import check
from repdrift.plan.plan import Plan
from repdrift.study.config import merged


@pytest.mark.parametrize("head", ["keep", "new"])
def test_a_target_may_have_another_number_of_classes(head, tmp_path):
    save_npz(tmp_path / "X.npz", 10_000, classes=7)
    mine = {"reader": "npz", "title": "mine", "classes": 7, "train": str(tmp_path / "X.npz")}
    target = {"dataset": "mine", "random": [0, 6]}
    changes = {
        "datasets": {"mine": mine},
        "finetune": {"head": head, "cross_domain": target},
        "transferability": {"classes": [2, 7]},
    }
    check(merged(CONFIG, changes))
    plan = Plan(merged(CONFIG, changes))
    tuned = plan.runs["cifar10+mine-random6"]
    assert (tuned.head, specs.train(plan, tuned.name, 1).network["classes"]) == ("new", 7)
    assert specs.activations(plan, "cross_domain", "cifar10").network["classes"] == 10
    target["random"] = [0, 7]
    message = refusal(merged(CONFIG, changes))
    assert message.startswith("finetune.cross_domain.random[1]: 7: use a degree of 0 to 6, for the 7 classes of")


def test_rendered_images_have_the_size_of_the_config():
    used = {"dataset": "objects", "train": "train[0:30]", "test": "test[0:20]"}
    counts = {"source": used, "pretrain": {"sizes": [30]}, "probe": {"images": 20}}
    check(merged(CONFIG, {**counts, "datasets": {"objects": {"train": 30, "test": 20}}}))
    message = refusal(merged(CONFIG, {**counts, "datasets": {"objects": {"train": 30, "test": 19}}}))
    assert message.startswith('source.test: "test[0:20]": the split test of objects has 19 images')


def with_npz(path):
    return merged(CONFIG, {"datasets": {"svhn": {"reader": "npz", "train": str(path)}}})


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_length_is_that_of_its_images(save, tmp_path):
    path = tmp_path / "x.npz"
    for images in (10_000, 9_999):
        save(path, X=np.zeros((images, 2, 2), np.uint8), y=np.arange(images) % 10)
        if images == 10_000:
            check(with_npz(path))
    message = refusal(with_npz(path))
    assert message.startswith('finetune.cross_domain.test: "train[5000:10000]": the split train of svhn has 9999 ')


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_all_npy_versions_are_read(version, tmp_path):
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w") as archive:
        arrays = {"X.npy": np.zeros((10_000, 2, 2), np.uint8), "y.npy": np.arange(10_000) % 10}
        for name, array in arrays.items():
            with archive.open(name, "w") as file:
                np.lib.format.write_array(file, array, version=version)
    check(with_npz(path))


def test_missing_npz_is_refused(tmp_path):
    path = tmp_path / "x.npz"
    assert refusal(with_npz(path)) == f"datasets.svhn.train: no file {path}: put it there or correct the path"


def test_npz_data_set_without_the_file_of_a_split_is_refused(tmp_path):
    save_npz(tmp_path / "x.npz", 10_000)
    test = {"cross_domain": {"test": "test[0:500]"}}
    message = refusal(merged(with_npz(tmp_path / "x.npz"), {"finetune": test}))
    assert message.startswith("datasets.svhn.test: null: finetune.cross_domain.test reads this split")


def zipped(content):
    def save(path):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("X.npy", content)
            archive.writestr("y.npy", b"")

    return save


DAMAGE = {
    "text": lambda path: path.write_text("not a zip\nfile"),
    "empty": lambda path: path.write_bytes(b""),
    "cut short": lambda path: (save_npz(path, 1000), path.write_bytes(path.read_bytes()[:200])),
    "rotten header": zipped(b"\x93NUMPY\x01\x00\x10\x00{'descr': "),
    "rotten array": zipped(b""),
    "no labels": lambda path: np.savez(path, X=np.zeros(10_000)),
    "a number": lambda path: np.savez(path, X=np.float64(1), y=np.zeros(1)),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_npz_is_refused(damage, tmp_path):
    path = tmp_path / "x.npz"
    DAMAGE[damage](path)
    message = refusal(with_npz(path))
    assert message.startswith(f"datasets.svhn.train: {path} cannot be read as an npz file (")
    assert "expected X (images) and y (labels)" in message
