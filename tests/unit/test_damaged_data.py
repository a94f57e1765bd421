"""Damaged raw files of every format: each is refused in one line, or gives whole images, and runs no code."""

import gzip
import io
import pickle
import random
import zipfile

import numpy as np
import pytest
from PIL import Image
from tests.unit.mirror import mirrored
from tests.unit.test_torchvision_sets import FASHION, files_of, numbers, put
from torchvision import datasets

from repdrift.data.datasets import read
from repdrift.data.look import look
from repdrift.errors import UserError

COUNT = 40  # images of each data set
TRIES = 60  # damages of each format and kind
PAGE = b"<!DOCTYPE html>\n<html><head><title>403 Forbidden</title></head><body>Log in first.</body></html>\n"
IMAGES = np.random.default_rng(0).integers(0, 256, (COUNT, 12, 12, 3), dtype=np.uint8)
LABELS = np.arange(COUNT) % 4


def npz(folder):
    np.savez(folder / "x.npz", X=IMAGES, y=LABELS)
    return {"reader": "npz", "classes": 4, "train": str(folder / "x.npz")}


def compressed_npz(folder):
    np.savez_compressed(folder / "x.npz", X=IMAGES, y=LABELS)
    return {"reader": "npz", "classes": 4, "train": str(folder / "x.npz")}


def pictures(folder, ending):
    for place, (image, label) in enumerate(zip(IMAGES, LABELS, strict=True)):
        (folder / "photos" / f"c{label}").mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / "photos" / f"c{label}" / f"{place:02}.{ending}")
    names = [f"c{label}" for label in range(4)]
    return {"reader": "folder", "classes": 4, "names": names, "train": str(folder / "photos")}


def png(folder):
    return pictures(folder, "png")


def jpeg(folder):
    return pictures(folder, "jpg")


def idx(folder):
    put(folder / "FashionMNIST" / "raw", files_of(*numbers(COUNT), "train") | files_of(*numbers(COUNT), "t10k"))
    return FASHION


FORMATS = [npz, compressed_npz, png, jpeg, idx]
CHECKED = (npz, compressed_npz)  # formats with a checksum of all values: there a flipped bit of the values is found


def flipped(content, chance):
    changed = bytearray(content)
    changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def truncated(content, chance):
    return content[: chance.randrange(len(content))]


def replaced(content, chance):
    """Give what a download that failed may leave: nothing, a page that says why, noise, or the file twice."""
    noise = chance.randbytes(len(content))
    return chance.choice([b"", PAGE, noise, content + content, b"\0" * len(content), gzip.compress(content)])


@pytest.mark.parametrize("damage", [flipped, truncated, replaced])
@pytest.mark.parametrize("form", FORMATS)
def test_damaged_files_are_refused_in_one_line_or_give_whole_images(form, damage, tmp_path, monkeypatch):
    monkeypatch.setattr("urllib.request.urlopen", lambda *_args, **_more: (_ for _ in ()).throw(OSError("no network")))
    settings = form(tmp_path)
    files = sorted(path for path in tmp_path.rglob("*") if path.is_file() and not path.name.startswith("t10k"))
    undamaged = read(settings, "train", tmp_path)
    attempts = [lambda: read(settings, "train", tmp_path)]
    if form is not idx:  # a look at a set of torchvision starts a process each time
        attempts.append(lambda: look("datasets.mine", settings, tmp_path))
    chance, refused, unnoticed = random.Random(f"{form.__name__} {damage.__name__}"), 0, 0
    for _ in range(TRIES):
        path = chance.choice(files)
        content = path.read_bytes()
        path.write_bytes(damage(content, chance))
        for attempt in attempts:
            try:
                found = attempt()
            except UserError as error:
                refused += 1
                assert "\n" not in str(error)
                assert len(str(error)) < 1000
            else:
                if hasattr(found, "images"):
                    assert found.images.shape == undamaged.images.shape
                    assert found.images.dtype == np.uint8
                    assert set(found.labels.tolist()) <= set(range(settings["classes"]))
                    unnoticed += not np.array_equal(found.images, undamaged.images)
        path.write_bytes(content)
    assert refused or damage is flipped
    if form in CHECKED:
        assert not unnoticed
    np.testing.assert_array_equal(read(settings, "train", tmp_path).images, undamaged.images)


class Payload:
    """What writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("name", ["X", "y"])
def test_code_in_an_npz_file_is_never_run(name, tmp_path):
    arrays = {"X": IMAGES, "y": LABELS} | {name: np.array([Payload(tmp_path / "owned")] * COUNT, dtype=object)}
    np.savez(tmp_path / "x.npz", allow_pickle=True, **arrays)
    settings = {"reader": "npz", "classes": 4, "train": str(tmp_path / "x.npz")}
    for attempt in (lambda: look("datasets.mine", settings, tmp_path), lambda: read(settings, "train", tmp_path)):
        with pytest.raises(UserError, match=r"x.npz: (X has shape|y is object)"):
            attempt()
    assert not (tmp_path / "owned").exists()


def test_code_in_the_place_of_cifar10_is_never_run(tmp_path, monkeypatch):
    """CIFAR-10's own files are pickles, so only files with the known MD5 are opened."""
    monkeypatch.setattr("urllib.request.urlopen", lambda *_args, **_more: (_ for _ in ()).throw(OSError("no network")))
    names = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch", "batches.meta"]
    put(tmp_path / "cifar-10-batches-py", dict.fromkeys(names, pickle.dumps(Payload(tmp_path / "owned"))))
    with pytest.raises(UserError, match=r"cifar10 is missing from .* or incomplete"):
        read({"reader": "cifar10", "classes": 10}, "train", tmp_path)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("extra", [300_000_000, -1])
def test_an_array_of_another_size_than_its_header_says_is_refused_before_it_is_read(extra, tmp_path):
    """With many bytes more it is a bomb: a small archive whose array would fill the memory."""
    values, labels = io.BytesIO(), io.BytesIO()
    np.save(values, IMAGES)
    np.save(labels, LABELS)
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("X.npy", values.getvalue() + bytes(extra) if extra > 0 else values.getvalue()[:extra])
        archive.writestr("y.npy", labels.getvalue())
    assert (tmp_path / "x.npz").stat().st_size < 1_000_000
    settings = {"reader": "npz", "classes": 4, "train": str(tmp_path / "x.npz")}
    for attempt in (lambda: look("datasets.mine", settings, tmp_path), lambda: read(settings, "train", tmp_path)):
        with pytest.raises(UserError, match=rf"X has {IMAGES.size + extra} bytes of values, and its header says "):
            attempt()


def test_members_of_an_archive_with_paths_of_other_folders_write_nothing(tmp_path):
    arrays = io.BytesIO()
    np.savez(arrays, X=IMAGES, y=LABELS)
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        with zipfile.ZipFile(arrays) as good:
            for name in good.namelist():
                archive.writestr(name, good.read(name))
        archive.writestr("../../owned.npy", b"x")
        archive.writestr("/tmp/repdrift-owned.npy", b"x")
    before = sorted(tmp_path.rglob("*"))
    settings = {"reader": "npz", "classes": 4, "train": str(tmp_path / "x.npz")}
    np.testing.assert_array_equal(read(settings, "train", tmp_path).labels, LABELS)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("delivered", ["half of the file", "a page"])
def test_a_download_that_fails_leaves_nothing_that_passes_for_data(delivered, tmp_path, monkeypatch):
    home = tmp_path / "home"
    parts = files_of(*numbers(300), "train") | files_of(*numbers(200), "t10k")
    packed = {f"{name}.gz": gzip.compress(content, compresslevel=1) for name, content in parts.items()}
    put(home, packed)
    with mirrored(monkeypatch, datasets.FashionMNIST, home):
        spoilt = home / "train-images-idx3-ubyte.gz"
        spoilt.write_bytes(PAGE if delivered == "a page" else packed[spoilt.name][: len(packed[spoilt.name]) // 2])
        for _ in range(2):  # the second time it is asked for again
            with pytest.raises(UserError, match="could not be downloaded") as caught:
                read(FASHION, "train", tmp_path / "data")
            assert "\n" not in str(caught.value)
        spoilt.write_bytes(packed[spoilt.name])
        assert len(read(FASHION, "train", tmp_path / "data").images) == 300
