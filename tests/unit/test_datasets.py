"""Readers: whatever the source, images and labels come out in one format and the file's order."""

import gzip
import hashlib
import http.server
import pickle
import shutil
import threading

import numpy as np
import pytest
import scipy.io
from torchvision import datasets as torchvision_datasets

from repdrift.data.datasets import read, read_npz, to_rgb
from repdrift.errors import UserError

RNG = np.random.default_rng(0)


def write_npz(path, shape=(6, 32, 32, 3), labels=None, **changes):
    arrays = {"X": RNG.integers(0, 256, shape, dtype=np.uint8), "y": np.arange(6) if labels is None else labels}
    np.savez(path, **{**arrays, **changes})
    return arrays


def test_npz_keeps_order_and_values(tmp_path):
    arrays = write_npz(tmp_path / "x.npz")
    images, labels = read_npz(tmp_path / "x.npz")
    np.testing.assert_array_equal(images, arrays["X"].transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(labels, np.arange(6))
    assert (images.dtype, labels.dtype) == (np.uint8, np.int64)


def test_small_and_grey_images_are_padded_and_repeated():
    grey = RNG.integers(1, 256, (2, 28, 28), dtype=np.uint8)
    images = to_rgb(grey, "grey")
    assert images.shape == (2, 3, 32, 32)
    np.testing.assert_array_equal(images[:, 1, 2:30, 2:30], grey)
    assert images.sum() == 3 * grey.sum(dtype=np.int64)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"X": np.zeros((6, 32, 32, 3))}, "float64"),
        ({"X": np.zeros((5, 32, 32, 3), np.uint8)}, "one label for each image"),
        ({"X": np.zeros((6, 64, 64, 3), np.uint8)}, "at most 32x32"),
        ({"X": np.zeros((6, 32, 32, 4), np.uint8)}, "RGB or grey"),
        ({"y": np.zeros(6)}, "integer"),
    ],
)
def test_an_npz_file_with_something_else_is_refused(tmp_path, changes, named):
    write_npz(tmp_path / "x.npz", **changes)
    with pytest.raises(UserError, match=named):
        read_npz(tmp_path / "x.npz")


def test_missing_damaged_and_wrong_npz_files_are_refused(tmp_path):
    with pytest.raises(UserError, match="put the npz file there"):
        read_npz(tmp_path / "none.npz")
    write_npz(tmp_path / "x.npz")
    content = bytearray((tmp_path / "x.npz").read_bytes())
    content[500] ^= 1
    (tmp_path / "damaged.npz").write_bytes(content)
    with pytest.raises(UserError, match=r"damaged.npz cannot be read"):
        read_npz(tmp_path / "damaged.npz")
    np.savez(tmp_path / "names.npz", images=np.zeros(3), labels=np.zeros(3))
    with pytest.raises(UserError, match="an array X"):
        read_npz(tmp_path / "names.npz")


def test_labels_outside_the_classes_are_refused(tmp_path):
    write_npz(tmp_path / "x.npz", labels=np.arange(6) + 7)
    settings = {"reader": "npz", "classes": 10, "train": str(tmp_path / "x.npz"), "test": None}
    with pytest.raises(UserError, match="7 to 12, not 0 to 9"):
        read(settings, "train", tmp_path)
    with pytest.raises(UserError, match="no file for the split 'test'"):
        read(settings, "test", tmp_path)


def test_rendered_images_need_no_folder(tmp_path):
    images, labels, *_ = read({"reader": "objects", "classes": 10, "train": 30, "test": 10}, "train", tmp_path / "none")
    assert images.shape == (30, 3, 32, 32)
    assert np.bincount(labels).tolist() == [3] * 10


@pytest.mark.parametrize("reader", ["cifar10", "svhn", "mnist"])
def test_missing_data_set_says_what_to_get_and_where(tmp_path, monkeypatch, reader):
    def unreachable(*_args, **_kwargs):
        raise OSError("no network")

    monkeypatch.setattr("urllib.request.urlopen", unreachable)
    with pytest.raises(
        UserError, match=rf"{reader} is missing from .* or incomplete .*could not be downloaded \(.*no network"
    ) as raised:
        read({"reader": reader, "classes": 10}, "train", tmp_path)
    assert str(tmp_path) in str(raised.value)
    assert "http" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.real_images
def test_cifar10_is_torchvisions(real_images):
    images, labels, *_ = read({"reader": "cifar10", "classes": 10}, "test", real_images)
    with (real_images / "cifar-10-batches-py" / "test_batch").open("rb") as file:
        raw = pickle.load(file, encoding="bytes")
    np.testing.assert_array_equal(images.reshape(10_000, -1), raw[b"data"])
    np.testing.assert_array_equal(labels, raw[b"labels"])


@pytest.mark.real_images
def test_mnist_is_padded_and_has_three_channels(real_images):
    images, labels, *_ = read({"reader": "mnist", "classes": 10}, "test", real_images)
    assert images.shape == (10_000, 3, 32, 32)
    assert labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert images[:, :, :2].max() == 0
    np.testing.assert_array_equal(images[:, 0], images[:, 2])


@pytest.mark.real_images
def test_svhn_npz(real_images):
    settings = {"reader": "npz", "classes": 10, "train": str(real_images / "svhn" / "svhn_test_first10000.npz")}
    images, labels, *_ = read(settings, "train", real_images)
    assert images.shape == (10_000, 3, 32, 32)
    assert np.bincount(labels).argmax() == 1  # SVHN's most frequent digit


def test_svhn_is_read_as_its_home_gives_it(tmp_path, monkeypatch):
    """The .mat file has height, width, colour, image; torchvision turns its label 10 into 0 and checks the MD5."""
    images = RNG.integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
    path = tmp_path / "train_32x32.mat"
    scipy.io.savemat(path, {"X": images.transpose(1, 2, 3, 0), "y": np.array([[10], [1], [2], [9], [10]])})
    official = torchvision_datasets.SVHN.split_list["train"]
    digest = hashlib.md5(path.read_bytes()).hexdigest()
    monkeypatch.setattr(torchvision_datasets.SVHN, "split_list", {"train": [*official[:2], digest]})
    read_images, labels, *_ = read({"reader": "svhn", "classes": 10}, "train", tmp_path)
    np.testing.assert_array_equal(read_images, images.transpose(0, 3, 1, 2))
    assert labels.tolist() == [0, 1, 2, 9, 0]


@pytest.mark.real_images
def test_a_damaged_file_is_found_by_its_checksum(real_images, tmp_path, monkeypatch):
    shutil.copytree(real_images / "cifar-10-batches-py", tmp_path / "cifar-10-batches-py")
    batch = tmp_path / "cifar-10-batches-py" / "data_batch_3"
    content = bytearray(batch.read_bytes())
    content[1000] ^= 1
    batch.write_bytes(content)
    monkeypatch.setattr("urllib.request.urlopen", lambda *_a, **_k: (_ for _ in ()).throw(OSError("no network")))
    with pytest.raises(UserError, match=r"cifar10 is missing from .* or incomplete"):
        read({"reader": "cifar10", "classes": 10}, "train", tmp_path)


@pytest.mark.real_images
def test_missing_files_are_downloaded_and_checked(real_images, tmp_path, monkeypatch):
    """MNIST from a local server that stands in for its home: the whole way of a first download."""
    home = tmp_path / "home"
    home.mkdir()
    for path in (real_images / "MNIST" / "raw").glob("*-ubyte"):
        (home / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), compresslevel=1))

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(home))

        def log_message(self, *_args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    mnist = torchvision_datasets.MNIST
    monkeypatch.setattr(mnist, "mirrors", [f"http://127.0.0.1:{server.server_port}/"])
    # Our own compression of the files: torchvision's checksums are those of the originals.
    sums = {path.name: hashlib.md5(path.read_bytes()).hexdigest() for path in home.iterdir()}
    monkeypatch.setattr(mnist, "resources", [(name, sums[name]) for name, _ in mnist.resources])
    try:
        images, labels, *_ = read({"reader": "mnist", "classes": 10}, "test", tmp_path / "data")
    finally:
        server.shutdown()
    expected, expected_labels, *_ = read({"reader": "mnist", "classes": 10}, "test", real_images)
    np.testing.assert_array_equal(images, expected)
    np.testing.assert_array_equal(labels, expected_labels)
