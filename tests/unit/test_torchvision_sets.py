"""Data sets that torchvision reads by the name of its class: real Fashion-MNIST, and small files in its layouts."""

import gzip
import multiprocessing
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.unit.mirror import mirrored
from torchvision import datasets

from repdrift.data.datasets import read
from repdrift.data.look import look
from repdrift.errors import UserError

FASHION = {"reader": "torchvision:FashionMNIST", "classes": 10}
RNG = np.random.default_rng(0)
# Where the Debian package dataset-fashion-mnist puts the files, unless the variable says where it was unpacked.
DEBIAN = Path(os.environ.get("REPDRIFT_FASHION_MNIST", "/usr/share/datasets/fashion-mnist"))


def idx(array):
    """Return an array as a file of the format that MNIST has."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def files_of(images, labels, prefix):
    return {f"{prefix}-images-idx3-ubyte": idx(images), f"{prefix}-labels-idx1-ubyte": idx(labels)}


def put(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def numbers(count, classes=10, first=0):
    images = RNG.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    return images, (np.arange(count) % classes + first).astype(np.uint8)


@pytest.fixture
def fashion(tmp_path):
    """Return images and labels of both splits in a folder as torchvision has it, and the folder."""
    parts = {"train": numbers(30), "t10k": numbers(20)}
    for prefix, part in parts.items():
        put(tmp_path / "FashionMNIST" / "raw", files_of(*part, prefix))
    return {"train": parts["train"], "test": parts["t10k"]}, tmp_path


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_set_is_read_by_the_name_of_its_class(fashion, split):
    parts, folder = fashion
    images, labels, classes, files, _ = read(FASHION, split, folder)
    np.testing.assert_array_equal(images[:, 0, 2:30, 2:30], parts[split][0])
    np.testing.assert_array_equal(labels, parts[split][1])
    assert (classes.count, classes.names) == (10, None)
    prefix = "train" if split == "train" else "t10k"
    assert [file.name for file in files] == [f"{prefix}-images-idx3-ubyte", f"{prefix}-labels-idx1-ubyte"]


def test_a_folder_that_has_all_files_stays_as_it_is(fashion):
    _, folder = fashion
    before = sorted(folder.rglob("*"))
    read(FASHION, "train", folder)
    assert sorted(folder.rglob("*")) == before


def test_a_look_finds_what_is_there(fashion, monkeypatch):
    parts, folder = fashion
    monkeypatch.chdir(folder)
    section = {"reader": "torchvision:FashionMNIST", "title": "clothes"}
    for _ in range(2):  # the second answer is one that was kept
        found = look("datasets.mine", section, Path())
        assert found.classes == 10
        for split, (_, labels) in parts.items():
            np.testing.assert_array_equal(found.splits[split].labels, labels)
    (kept,) = Path(".snakemake/repdrift/looks").iterdir()
    put(Path("FashionMNIST/raw"), files_of(*numbers(50), "train"))
    assert look("datasets.mine", section, Path()).splits["train"].size == 50
    assert list(kept.parent.iterdir()) == [kept]


def test_a_look_at_what_is_not_there_knows_the_constants_of_the_class(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = look("datasets.mine", {"reader": "torchvision:FashionMNIST"}, tmp_path / "data")
    assert (found.classes, found.splits["train"].size) == (10, None)
    assert not Path(".snakemake").exists()


def test_arguments_and_labels_that_begin_at_1(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    images, labels = numbers(52, classes=26, first=1)
    for part in ("train", "test"):
        put(tmp_path / "EMNIST" / "raw", files_of(images, labels, f"emnist-letters-{part}"))
    section = {"reader": "torchvision:EMNIST", "arguments": {"split": "letters"}}
    found = look("datasets.mine", section, tmp_path)
    assert (found.classes, found.names) == (26, None)
    np.testing.assert_array_equal(found.splits["test"].labels, labels - 1)
    _, read_labels, classes, *_ = read({**section, "classes": 26}, "test", tmp_path)
    np.testing.assert_array_equal(read_labels, labels - 1)
    assert classes.names == tuple(range(1, 27))


def test_a_set_of_pictures_without_a_test_part(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(("Forest", "River", "SeaLake")):
        (tmp_path / "eurosat" / "2750" / name).mkdir(parents=True)
        for place in range(4):
            picture = Image.new("RGB", (64, 64), (60 * number, 10 * place, 0))
            picture.save(tmp_path / "eurosat" / "2750" / name / f"{name}_{place}.png")
    section = {"reader": "torchvision:EuroSAT", "split": {"fraction": 0.25, "seed": 1}}
    found = look("datasets.mine", section, tmp_path)
    assert found.classes == 3
    assert {split: seen.labels.tolist() for split, seen in found.splits.items()} == {
        "train": [0] * 3 + [1] * 3 + [2] * 3,
        "test": [0, 1, 2],
    }
    images, labels, _, files, _ = read({**section, "classes": 3}, "test", tmp_path)
    assert images.shape == (3, 3, 32, 32)
    assert images[:, 0, 9, 9].tolist() == [0, 60, 120]
    assert labels.tolist() == [0, 1, 2]
    assert [file.parent.name for file in files] == ["Forest", "River", "SeaLake"]


def test_a_damaged_picture_of_a_set_is_named(tmp_path):
    for name in ("Forest", "River"):
        (tmp_path / "eurosat" / "2750" / name).mkdir(parents=True)
        (tmp_path / "eurosat" / "2750" / name / "1.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"torchvision:EuroSAT: image 0 cannot be read as a picture \(.*Forest/1\.png"):
        read({"reader": "torchvision:EuroSAT", "classes": 2}, "train", tmp_path)


def test_two_jobs_download_once(tmp_path, monkeypatch):
    """Both splits are read at the same time by processes of their own, from a server that counts what it gives."""
    home = tmp_path / "home"
    packed = files_of(*numbers(3000), "train") | files_of(*numbers(2000), "t10k")
    put(home, {f"{name}.gz": gzip.compress(content, compresslevel=1) for name, content in packed.items()})
    with (
        mirrored(monkeypatch, datasets.FashionMNIST, home) as given,
        multiprocessing.get_context("fork").Pool(2) as pool,
    ):
        jobs = [pool.apply_async(count_of, (split, tmp_path / "data")) for split in ("train", "test")]
        assert [job.get(timeout=60) for job in jobs] == [3000, 2000]
    assert given == {f"/{name}.gz": 2 for name in packed}  # torchvision asks for each file twice, first for its address


def count_of(split, folder):
    """Return the number of images that are read."""
    return len(read(FASHION, split, folder).images)


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="needs the Debian package dataset-fashion-mnist")
def test_real_fashion_mnist_is_read_without_a_network(tmp_path):
    put(tmp_path / "FashionMNIST" / "raw", {path.stem: gzip.decompress(path.read_bytes()) for path in DEBIAN.iterdir()})
    for split, count, prefix in (("train", 60_000, "train"), ("test", 10_000, "t10k")):
        images, labels, *_ = read(FASHION, split, tmp_path)
        assert images.shape == (count, 3, 32, 32)
        assert np.bincount(labels).tolist() == [count // 10] * 10
        raw = (tmp_path / "FashionMNIST" / "raw" / f"{prefix}-images-idx3-ubyte").read_bytes()
        expected = np.frombuffer(raw, np.uint8, offset=16).reshape(count, 28, 28)
        np.testing.assert_array_equal(images[:, 2, 2:30, 2:30], expected)
