"""Files that cannot be compared: each is refused in one line that names it, and nothing in it is run."""

import pickle
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

from repdrift.cli import main

IMAGES = 20
X = np.random.default_rng(0).normal(size=(IMAGES, 5)).astype(np.float32)
IDS = [f"image {number}" for number in range(IMAGES)]
SUFFIXES = ["safetensors", "npy", "npz", "pt", "pth", "h5", "hdf5", "parquet"]


def write(path, values=X, ids=None):
    """Write a file of one layer, conv1, in the format that the name says."""
    arrays = {"conv1": values, **({"ids": np.array(ids)} if ids is not None else {})}
    match path.suffix:
        case ".safetensors":
            save_file({name: torch.from_numpy(x) for name, x in arrays.items()}, path)
        case ".npy":
            np.save(path, values)
        case ".npz":
            np.savez(path, **arrays)
        case ".pt" | ".pth":
            torch.save({name: torch.from_numpy(x) for name, x in arrays.items()}, path)
        case ".h5" | ".hdf5":
            with h5py.File(path, "w") as file:
                for name, x in arrays.items():
                    file[name] = x
        case ".parquet":
            pd.DataFrame({"conv1": list(values)}).to_parquet(path)


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "good.npz"
    write(path, ids=IDS)
    return path


def refused(*arguments):
    """Return the line with which the command ends."""
    with pytest.raises(SystemExit) as stopped:
        main(["similarity", *map(str, arguments)])
    assert stopped.value.code.startswith("error: ") and "\n" not in stopped.value.code
    return stopped.value.code


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("damage", ["empty", "half", "web page", "missing"])
def test_a_damaged_file_is_named(tmp_path, good, suffix, damage):
    path = tmp_path / f"bad.{suffix}"
    write(path)
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
        assert refused(good, path) == f"error: there is no file {path}"
        return
    path.write_bytes({"empty": b"", "half": content[: len(content) // 2], "web page": b"<html>404</html>"}[damage])
    assert f"{path} cannot be read" in refused(good, path)


class Hostile:
    """An object whose unpickling makes a file."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return Path.touch, (self.trace,)


@pytest.mark.parametrize("name", ["a.pt", "a.pth", "a.npy", "a.npz", "raw.pt"])
def test_code_in_a_file_is_not_run(tmp_path, good, name):
    path, trace = tmp_path / name, tmp_path / "trace"
    if name == "raw.pt":
        path.write_bytes(pickle.dumps({"conv1": Hostile(trace)}))
    elif path.suffix == ".npy":
        np.save(path, np.array([Hostile(trace)], dtype=object), allow_pickle=True)
    elif path.suffix == ".npz":
        np.savez(path, conv1=np.array([Hostile(trace)], dtype=object))
    else:
        torch.save({"conv1": Hostile(trace)}, path)
    assert f"{path} cannot be read" in refused(good, path)
    assert not trace.exists()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_value_that_is_not_finite_is_named_with_its_layer_and_row(tmp_path, good, suffix):
    path = tmp_path / f"conv1.{suffix}"
    values = X.copy()
    values[7, 3] = np.nan
    write(path, values)
    assert f"{path}: layer conv1 has a value that is not finite in row 7" in refused(good, path)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (X[:, 0], "layer conv1 is torch.float32 of shape [20]"),
        (X[:0], "layer conv1 is torch.float32 of shape [0, 5]"),
        (X.astype(complex), "layer conv1"),
        (np.array([["a", "b"]] * IMAGES), "layer conv1"),
        (np.full((IMAGES, 2), 2**60 + 1), "layer conv1 has integers above 2**53"),
        (X[:9], "images"),
    ],
)
def test_an_array_that_is_no_representation_is_named(tmp_path, good, values, words):
    path = tmp_path / "bad.npz"
    write(path, values)
    line = refused(good, path)
    assert words in line and path.name in line


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"conv1": [X[0]] * 3 + [X[0, :4]] * 17}, "lists of 4 to 5 values"),
        ({"conv1": [X[0]] * 6 + [None] * 14}, "lacks a value in row 6"),
        ({"conv1.0": X[:, 0], "conv1.2": X[:, 2]}, "there is no column conv1.1"),
        ({"label": X[:, 0]}, "has no layers"),
    ],
)
def test_a_parquet_file_without_whole_layers(tmp_path, good, columns, words):
    path = tmp_path / "bad.parquet"
    pd.DataFrame(columns).to_parquet(path)
    line = refused(good, path)
    assert words in line and path.name in line


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        ([*IDS[:-1], "another"], "other sample ids"),
        ([*IDS[:-1], IDS[0]], "'image 0' stands twice"),
        (IDS[:-1], "19 sample ids for 20 images"),
        (np.arange(IMAGES) / 2, "the sample ids (ids) are float64 [20]; expected texts or integers"),
    ],
)
def test_sample_ids_that_do_not_fit(tmp_path, good, ids, words):
    path = tmp_path / "bad.npz"
    write(path, ids=ids)
    line = refused(good, path)
    assert words in line and path.name in line


def test_ids_in_a_text_file_are_those_of_files_without_ids(tmp_path, good, capsys):
    """Rows of the second file are in the opposite order; as long as nobody says so, they are taken in order."""
    path, ids = tmp_path / "reversed.npz", tmp_path / "ids.txt"
    write(path, X[::-1])
    own = tmp_path / "own.txt"
    own.write_text("\n".join(IDS) + "\n")
    ids.write_text("\n".join(reversed(IDS)))
    main(["similarity", str(good), str(path), "--csv"])
    main(["similarity", str(good), str(path), "--ids", str(own), "--ids", str(ids), "--csv"])
    printed = capsys.readouterr()
    assert printed.err == f"{path} has no sample ids, so rows are compared in their order: --ids can give them\n"
    lines = printed.out.splitlines()
    unmatched, matched = (float(line.split(",")[-1]) for line in lines if ",cka-debiased," in line)
    assert unmatched < 0.9 and matched == pytest.approx(1)
    assert "in another order" in refused(good, path, "--ids", ids)  # the first file has ids of its own
    ids.write_text("\n".join([*IDS[:-1], "another"]))
    assert "other sample ids" in refused(good, path, "--ids", own, "--ids", ids)
    assert "19 sample ids for 20 images" in refused(path, path, "--ids", write_lines(tmp_path, IDS[:-1]))
    assert "cannot be read" in refused(path, path, "--ids", tmp_path / "none.txt")
    assert "--ids is given 3 times" in refused(path, path, *["--ids", own] * 3)


def write_lines(folder, lines):
    path = folder / "lines.txt"
    path.write_text("\n".join(lines))
    return path


def test_files_that_are_no_batches_of_one_network(tmp_path):
    """Other layers, other widths, and ids in some files only."""
    paths = {name: tmp_path / f"{name}.npz" for name in ("a", "wide", "ids", "other")}
    write(paths["a"])
    write(paths["wide"], np.hstack([X, X]))
    write(paths["ids"], ids=IDS)
    np.savez(paths["other"], conv2=X)
    for name, words in {"wide": "10 in", "ids": "sample ids and", "other": "conv2"}.items():
        line = refused(paths["a"], paths[name], "--with", paths["a"])
        assert words in line and str(paths[name]) in line
    assert "1 files without --with" in refused(paths["a"])
    assert "has no file whose name ends in" in refused(tmp_path / "..", paths["a"])
    assert "no file with a name like" in refused(tmp_path / "x*.npz", paths["a"])


def test_a_file_of_another_kind_is_refused(tmp_path, good):
    path = tmp_path / "activations.csv"
    path.write_text("1,2")
    assert "ends in one of .safetensors, .npy" in refused(good, path)
