"""Readers: whatever the source, images and labels come out in one format and the file's order."""

import gzip
import hashlib
import pickle
import shutil

import numpy as np
import pytest
import scipy.io
from PIL import Image
from tests.unit.mirror import mirrored
from torchvision import datasets as torchvision_datasets
from torchvision import transforms

from repdrift.data.datasets import read
from repdrift.data.numbering import Classes, chance_level, class_counts
from repdrift.data.pixels import to_rgb
from repdrift.errors import UserError

RNG = np.random.default_rng(0)


def write_npz(path, shape=(6, 32, 32, 3), labels=None, **changes):
    arrays = {"X": RNG.integers(0, 256, shape, dtype=np.uint8), "y": np.arange(6) if labels is None else labels}
    np.savez(path, **{**arrays, **changes})
    return arrays


def settings_of(path, **changes):
    return {"reader": "npz", "classes": 6, "train": str(path), **changes}


def read_npz(path, **changes):
    return read(settings_of(path, **changes), "train", path.parent)


def test_npz_keeps_order_and_values(tmp_path):
    arrays = write_npz(tmp_path / "x.npz")
    images, labels, classes, files, note = read_npz(tmp_path / "x.npz")
    np.testing.assert_array_equal(images, arrays["X"].transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(labels, np.arange(6))
    assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
    assert (classes, files, note) == (Classes(6), [tmp_path / "x.npz"], "")


@pytest.mark.parametrize("shape", [(2, 28, 28), (2, 28, 28, 1), (2, 1, 28, 28)])
def test_small_and_grey_images_are_padded_and_repeated(shape):
    grey = RNG.integers(1, 256, shape, dtype=np.uint8)
    images = to_rgb(grey, "grey")
    assert images.shape == (2, 3, 32, 32)
    np.testing.assert_array_equal(images[:, 1, 2:30, 2:30], grey.reshape(2, 28, 28))
    assert images.sum() == 3 * grey.sum(dtype=np.int64)


@pytest.mark.parametrize("size", [32, 48])
@pytest.mark.parametrize("shape", [(64, 64), (96, 64), (40, 72)])
def test_larger_images_are_cropped_and_resized_as_torchvision_does_it(size, shape):
    waves = np.add.outer(np.sin(np.arange(shape[0]) / 9), np.cos(np.arange(shape[1]) / 7))
    image = np.stack([100 + 50 * waves, 128 - 40 * waves, np.full(shape, 90)], axis=-1).astype(np.uint8)
    found = to_rgb(image[None], "waves", size)[0]
    square = transforms.CenterCrop(min(shape))(Image.fromarray(image))
    expected = np.asarray(transforms.Resize((size, size), antialias=True)(square)).transpose(2, 0, 1)
    assert np.abs(found.astype(int) - expected).max() <= 1
    assert found.std() > 10


def test_images_are_also_enlarged():
    grey = RNG.integers(0, 256, (1, 28, 28), dtype=np.uint8)
    expected = np.asarray(Image.fromarray(grey[0]).resize((64, 64), Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(to_rgb(grey, "grey", 64)[0], np.stack([expected] * 3))


def test_floats_from_0_to_1_become_whole_numbers(tmp_path):
    values = np.linspace(0, 1, 6 * 16).reshape(6, 4, 4)
    write_npz(tmp_path / "x.npz", X=values.astype(np.float32))
    images, *_, note = read_npz(tmp_path / "x.npz")
    assert note == "float32 from 0 to 1 became whole numbers from 0 to 255, rounded"
    np.testing.assert_array_equal(images[:, 0, 14:18, 14:18], np.rint(values.astype(np.float32) * 255))


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["b", "a", "c", "b", "a", "c"], ("a", "b", "c")),
        (np.array([b"b", b"a", b"c", b"b", b"a", b"c"]), ("a", "b", "c")),
        ([2, 1, 3, 2, 1, 3], (1, 2, 3)),
        (np.array([20, -1, 300, 20, -1, 300], np.int16), (-1, 20, 300)),
    ],
)
def test_labels_are_numbered_in_their_order(tmp_path, labels, names):
    write_npz(tmp_path / "x.npz", labels=labels)
    _, numbers, classes, *_ = read_npz(tmp_path / "x.npz", classes=3)
    assert numbers.tolist() == [1, 0, 2, 1, 0, 2]
    assert classes == Classes(3, names)


def test_stated_names_number_the_labels(tmp_path):
    write_npz(tmp_path / "x.npz", labels=["b", "a", "b", "a", "a", "a"])
    _, numbers, *_ = read_npz(tmp_path / "x.npz", classes=3, names=["c", "b", "a"])
    assert numbers.tolist() == [1, 2, 1, 2, 2, 2]
    with pytest.raises(UserError, match="no class is called 'a'; there are b, c"):
        read_npz(tmp_path / "x.npz", classes=2, names=["b", "c"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"X": np.full((6, 32, 32, 3), 7.0)}, "X is float64 with values from 7 to 7: give uint8 from 0 to 255, or "),
        ({"X": np.full((6, 4, 4), np.nan)}, "X is float64 with values that are no numbers: give uint8 "),
        ({"X": np.zeros((6, 4, 4), np.int64)}, "X is int64: give uint8 from 0 to 255, as X.astype('uint8') makes it"),
        ({"X": np.zeros((5, 32, 32, 3), np.uint8)}, "X has shape (5, 32, 32, 3) and y has shape (6,): give one label "),
        ({"X": np.zeros((6, 32, 32, 4), np.uint8)}, "X has shape (6, 32, 32, 4): give grey images [N, H, W] or RGB "),
        ({"X": np.zeros((6, 9), np.uint8)}, "X has shape (6, 9): give grey images [N, H, W] or RGB images "),
        ({"X": np.zeros((6, 0, 4), np.uint8)}, "X has shape (6, 0, 4), so it holds no image: save the images again"),
        ({"y": np.zeros(6)}, "y is float64: give whole numbers, y.astype(int), or names of classes"),
        ({"y": np.eye(6)}, "y has shape (6, 6), as one-hot labels: give their numbers, y.argmax(axis=1)"),
        ({"y": np.zeros(6, bool)}, "y is bool: give whole numbers, or names of classes as y.astype(str)"),
        ({"y": np.arange(6) + 7}, "labels run from 7 to 12, which are 6 classes, not 0 to 9: correct the labels, or "),
        ({"y": np.zeros(6, int), "classes": 1}, "all labels are 0: expected at least two classes"),
    ],
)
def test_an_npz_file_with_something_else_is_refused(tmp_path, changes, message):
    path, stated = tmp_path / "x.npz", {"classes": 10} | {k: v for k, v in changes.items() if k == "classes"}
    write_npz(path, **{name: array for name, array in changes.items() if name != "classes"})
    with pytest.raises(UserError) as caught:
        read_npz(path, **stated)
    assert str(caught.value).startswith(f"{path}: {message}")


def test_missing_damaged_and_wrong_npz_files_are_refused(tmp_path):
    with pytest.raises(UserError, match="put it there or correct the path"):
        read_npz(tmp_path / "none.npz")
    write_npz(tmp_path / "x.npz")
    content = bytearray((tmp_path / "x.npz").read_bytes())
    content[500] ^= 1
    (tmp_path / "damaged.npz").write_bytes(content)
    with pytest.raises(UserError, match=r"damaged.npz cannot be read"):
        read_npz(tmp_path / "damaged.npz")
    np.savez(tmp_path / "names.npz", images=np.zeros(3), labels=np.zeros(3))
    with pytest.raises(UserError, match="no array X and no y"):
        read_npz(tmp_path / "names.npz")
    np.savez(tmp_path / "objects.npz", X=np.zeros((2, 4, 4), np.uint8), y=np.array(["a", None], object))
    with pytest.raises(UserError, match="y is object"):
        read_npz(tmp_path / "objects.npz")


def test_a_split_without_a_file_is_refused(tmp_path):
    write_npz(tmp_path / "x.npz")
    with pytest.raises(UserError, match="no path for the split 'test'"):
        read(settings_of(tmp_path / "x.npz"), "test", tmp_path)


def folder_of(path, classes, size=(20, 30)):
    """Write a folder of pictures, each of one colour: class number 0 is 10, its second picture 11, and so on."""
    for number, (name, count) in enumerate(classes.items()):
        (path / name).mkdir(parents=True)
        for place in range(count):
            Image.new("RGB", size, (10 * number + place, 0, 200)).save(path / name / f"{place}.png")
    return {"reader": "folder", "classes": len(classes), "names": sorted(classes), "train": str(path)}


def test_pictures_are_read_in_the_order_of_classes_and_names(tmp_path):
    settings = folder_of(tmp_path / "pictures", {"cat": 2, "ant": 3, "dog": 2})
    images, labels, classes, files, _ = read(settings, "train", tmp_path)
    assert images.shape == (7, 3, 32, 32)
    assert images[:, 0, 5, 5].tolist() == [10, 11, 12, 0, 1, 20, 21]  # resized, without a border
    assert (images[:, 0].reshape(7, -1).std(axis=1) == 0).all()
    assert labels.tolist() == [0, 0, 0, 1, 1, 2, 2]
    assert classes == Classes(3, ("ant", "cat", "dog"))
    assert files[3] == tmp_path / "pictures" / "cat" / "0.png"


def test_pictures_of_any_kind_become_rgb(tmp_path):
    folder = tmp_path / "pictures" / "all"
    folder.mkdir(parents=True)
    (tmp_path / "pictures" / "more").mkdir()
    for mode, value in (("L", 77), ("RGBA", (77, 77, 77, 0)), ("P", 0), ("1", 1), ("CMYK", (0, 0, 0, 255))):
        Image.new(mode, (8, 12), value).save(folder / f"{mode}.{'jpg' if mode == 'CMYK' else 'png'}")
    turned = Image.new("RGB", (40, 20), (255, 0, 0))
    turned.paste((0, 0, 255), (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # a camera would show it turned by 90 degrees
    turned.save(tmp_path / "pictures" / "more" / "turned.png", exif=exif)
    (folder / "notes.txt").write_text("no picture")
    (folder / ".hidden.png").write_text("no picture")
    settings = {"reader": "folder", "classes": 2, "names": ["all", "more"], "train": str(tmp_path / "pictures")}
    images, *_ = read(settings, "train", tmp_path)
    middle = images[:, :, 16, 16]
    assert middle[:5].tolist() == [[255] * 3, [0] * 3, [77] * 3, [0] * 3, [77] * 3]
    assert images[5, :, 16, 2].tolist() == [0, 0, 255]
    assert images[5, :, 2, 30].tolist() == [255, 0, 0]


def test_what_cannot_be_read_as_a_picture_is_named(tmp_path):
    settings = folder_of(tmp_path / "pictures", {"a": 2, "b": 2})
    broken = tmp_path / "pictures" / "b" / "1.png"
    broken.write_bytes(broken.read_bytes()[:60])
    with pytest.raises(UserError, match=r"b/1.png cannot be read as a picture \(.*\): replace it or remove it"):
        read(settings, "train", tmp_path)
    Image.fromarray(np.full((4, 4), 40_000, np.uint16)).save(broken)
    with pytest.raises(UserError, match=r"b/1.png cannot be read as a picture \(its pixels are of the kind I;16"):
        read(settings, "train", tmp_path)


def test_a_test_part_is_split_off_by_class(tmp_path):
    labels = np.repeat([0, 1, 2], [40, 10, 2])
    write_npz(tmp_path / "x.npz", (52, 4, 4), labels)
    settings = settings_of(tmp_path / "x.npz", classes=3, split={"fraction": 0.25, "seed": 1})
    train, test = (read(settings, split, tmp_path) for split in ("train", "test"))
    assert np.bincount(test.labels).tolist() == [10, 2, 1]
    assert np.bincount(train.labels).tolist() == [30, 8, 1]
    both = np.concatenate([train.images, test.images])
    every, *_ = read(settings_of(tmp_path / "x.npz", classes=3), "train", tmp_path)
    assert {image.tobytes() for image in both} == {image.tobytes() for image in every}
    assert len({image.tobytes() for image in both}) == 52
    other = read(settings | {"split": {"fraction": 0.25, "seed": 2}}, "test", tmp_path)
    assert not np.array_equal(other.images, test.images)


def test_a_class_with_one_image_cannot_be_split(tmp_path):
    write_npz(tmp_path / "x.npz", labels=[0, 0, 0, 1, 1, 2])
    with pytest.raises(UserError, match="class 2 has one image"):
        read(settings_of(tmp_path / "x.npz", classes=3, split={"fraction": 0.25, "seed": 1}), "train", tmp_path)


def test_shuffled_images_keep_their_labels(tmp_path):
    write_npz(tmp_path / "x.npz", (6, 32, 32, 3))
    plain = read_npz(tmp_path / "x.npz")
    mixed = read_npz(tmp_path / "x.npz", shuffle=1)
    assert mixed.labels.tolist() != plain.labels.tolist()
    np.testing.assert_array_equal(mixed.images[np.argsort(mixed.labels)], plain.images)
    assert read_npz(tmp_path / "x.npz", shuffle=2).labels.tolist() != mixed.labels.tolist()


def test_chance_level_is_that_of_the_most_frequent_class():
    labels = np.array([2, 0, 2, 2, 1])
    assert chance_level(labels) == 3 / 5
    assert class_counts(labels, 4).tolist() == [1, 1, 3, 0]


def test_rendered_images_need_no_folder(tmp_path):
    images, labels, *_ = read({"reader": "objects", "classes": 10, "train": 30, "test": 10}, "train", tmp_path / "none")
    assert images.shape == (30, 3, 32, 32)
    assert np.bincount(labels).tolist() == [3] * 10


def test_rendered_images_can_be_enlarged():
    small, large = (
        read({"reader": "digits", "classes": 10, "train": 4, **size}, "train", None) for size in ({}, {"size": 64})
    )
    assert large.images.shape == (4, 3, 64, 64)
    halved = large.images.reshape(4, 3, 32, 2, 32, 2).mean(axis=(3, 5))
    assert np.abs(halved - small.images).mean() < 6


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

    with mirrored(monkeypatch, torchvision_datasets.MNIST, home):
        images, labels, *_ = read({"reader": "mnist", "classes": 10}, "test", tmp_path / "data")
    expected, expected_labels, *_ = read({"reader": "mnist", "classes": 10}, "test", real_images)
    np.testing.assert_array_equal(images, expected)
    np.testing.assert_array_equal(labels, expected_labels)
