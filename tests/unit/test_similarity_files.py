"""Files of representations of every format and type of numbers: the same values are read from all of them."""

import json

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from pyarrow import parquet
from safetensors.torch import save_file

from repdrift.cli import main
from repdrift.comparison.files import sides
from repdrift.comparison.files.names import short_names
from repdrift.errors import UserError
from repdrift.similarity import files as own_files
from repdrift.similarity import gram_of, linear_cka

IMAGES = 30
GENERATOR = torch.Generator().manual_seed(0)
# Small integers, which all types hold exactly. The names are not in the order of the alphabet.
LAYERS = {
    name: torch.randint(-100, 100, (IMAGES, *shape), generator=GENERATOR)
    for name, shape in {"stem": (4, 3, 3), "block.10": (7,), "block.2": (9,)}.items()
}
IDS = [f"image {number:02}" for number in range(IMAGES)]


def of_safetensors(path, layers, ids):
    save_file(layers, path, metadata={"layers": ",".join(layers), **({"ids": json.dumps(ids)} if ids else {})})


def of_numpy(path, layers, ids):
    np.savez_compressed(path, **{name: x.numpy() for name, x in layers.items()}, **({"ids": ids} if ids else {}))


def of_big_endian(path, layers, ids):
    arrays = {name: x.numpy().astype(x.numpy().dtype.newbyteorder(">")) for name, x in layers.items()}
    np.savez(path, **arrays, **({"ids": ids} if ids else {}))


def of_torch(path, layers, ids):
    torch.save({**layers, **({"ids": ids} if ids else {})}, path)


def of_hdf5(path, layers, ids):
    with h5py.File(path, "w", track_order=True) as file:
        for name, x in layers.items():
            file.create_dataset(name, data=x.numpy(), compression="gzip")
        if ids:
            file["ids"] = ids


def of_hdf5_with_attribute(path, layers, ids):
    with h5py.File(path, "w") as file:
        for name, x in layers.items():
            file[name] = x.numpy()
        file.attrs["layers"] = list(layers)
        if ids:
            file["ids"] = ids


def of_lists(path, layers, ids):
    columns = {name: list(x.flatten(1).numpy()) for name, x in layers.items()}
    pd.DataFrame({"label": range(IMAGES), **columns, **({"ids": ids} if ids else {})}).to_parquet(path)


def of_fixed_lists(path, layers, ids):
    columns = {
        name: pa.FixedSizeListArray.from_arrays(pa.array(x.flatten().numpy()), x[0].numel())
        for name, x in layers.items()
    }
    parquet.write_table(pa.table({**columns, **({"ids": ids} if ids else {})}), path, row_group_size=7)


def of_columns_of_units(path, layers, ids):
    columns = {f"{name}.{unit}": x for name, values in layers.items() for unit, x in enumerate(values.flatten(1).T)}
    table = {name: column.numpy() for name, column in columns.items()}
    parquet.write_table(pa.table({**table, **({"ids": ids} if ids else {})}), path)


FORMATS = [
    ("a.safetensors", of_safetensors, torch.float32),
    ("a.safetensors", of_safetensors, torch.bfloat16),
    ("a.safetensors", of_safetensors, torch.int8),
    ("a.npz", of_numpy, torch.float16),
    ("a.npz", of_numpy, torch.int64),
    ("a.npz", of_big_endian, torch.float64),
    ("a.pt", of_torch, torch.bfloat16),
    ("a.pth", of_torch, torch.float64),
    ("a.h5", of_hdf5, torch.float16),
    ("a.hdf5", of_hdf5_with_attribute, torch.int32),
    ("a.parquet", of_lists, torch.float32),
    ("a.parquet", of_fixed_lists, torch.float16),
    ("a.parquet", of_columns_of_units, torch.float64),
]


@pytest.fixture
def other(tmp_path):
    """A file of another network, whose rows are in another order, with ids."""
    layers = {name: x + torch.randint(-50, 50, x.shape, generator=GENERATOR) for name, x in LAYERS.items()}
    order = torch.randperm(IMAGES, generator=GENERATOR)
    path = tmp_path / "other.npz"
    of_numpy(path, {name: x[order].float() for name, x in layers.items()}, [IDS[place] for place in order])
    return path, layers


def printed(capsys, *arguments):
    main(["similarity", *map(str, arguments), "--json"])
    return json.loads(capsys.readouterr().out)["table"]


@pytest.mark.parametrize("case", FORMATS)
def test_all_formats_and_types_give_the_same_values(tmp_path, capsys, other, case):
    """The rows of the other file are in another order, so this also shows that rows are matched by id."""
    name, write, dtype = case
    path = tmp_path / name
    write(path, {layer: x.to(dtype) for layer, x in LAYERS.items()}, IDS)
    recording = sides.read([str(path)])
    assert list(recording.layers) == list(LAYERS)
    assert recording.ids == tuple(IDS)
    for layer, x in LAYERS.items():
        assert torch.equal(recording.layers[layer].double(), x.flatten(1).double())
    for row in printed(capsys, path, other[0], "--estimator", "cka-debiased"):
        x, y = (side[row["first"]].flatten(1).double() for side in (LAYERS, other[1]))
        assert row["value"] == pytest.approx(linear_cka(x, y), abs=1e-6)


def test_an_npy_file_has_one_layer(tmp_path, capsys):
    """Single layers are compared, whatever their names."""
    for name in ("conv1", "conv2"):
        np.save(tmp_path / f"{name}.npy", LAYERS["stem"].numpy().astype(np.float64))
    (row,) = printed(capsys, tmp_path / "conv1.npy", tmp_path / "conv2.npy", "--estimator", "procrustes")
    assert (row["first"], row["second"]) == ("conv1", "conv2")
    assert row["value"] == pytest.approx(1)


def test_a_file_of_activations_of_a_study_is_read(tmp_path):
    """Of the stem only the inner products are kept."""
    path = tmp_path / "activations.safetensors"
    x = LAYERS["stem"].flatten(1).float()
    own_files.save(path, {"stem": gram_of(x), "head": x[:, :3]}, {"stem": {}, "head": {}})
    recording = sides.read([str(path)])
    assert torch.equal(recording.layers["head"], x[:, :3])
    assert linear_cka(recording.layers["stem"], x) == pytest.approx(1)


def test_a_tensor_in_a_pt_file_is_a_layer(tmp_path):
    torch.save(LAYERS["stem"].float(), tmp_path / "stem.pt")
    assert list(sides.read([str(tmp_path / "stem.pt")]).layers) == ["stem"]


def test_chosen_layers_alone_are_read(tmp_path):
    """The labels, which are no layer, do not disturb."""
    path = tmp_path / "a.h5"
    of_hdf5(path, {**LAYERS, "labels": torch.arange(IMAGES)}, None)
    assert list(sides.read([str(path)], ["block.*"]).layers) == ["block.10", "block.2"]
    with pytest.raises(UserError, match=r"has no layer bloc; it has stem, block.10, block.2, labels"):
        sides.read([str(path)], ["bloc"])


@pytest.mark.parametrize("shape", ["folder", "pattern", "list"])
def test_batches_are_joined_in_the_order_of_their_numbers(tmp_path, shape):
    """Ten batches of three images: batch10 comes after batch9."""
    paths = [tmp_path / f"batch{number}.pt" for number in range(1, 11)]
    for path, rows in zip(paths, torch.arange(IMAGES).split(3), strict=True):
        of_torch(path, {name: x[rows].float() for name, x in LAYERS.items()}, [IDS[row] for row in rows])
    (tmp_path / "notes.txt").write_text("no batch")
    given = {"folder": [tmp_path], "pattern": [tmp_path / "batch*.pt"], "list": paths}
    recording = sides.read([str(path) for path in given[shape]])
    assert recording.ids == tuple(IDS)
    for layer, x in LAYERS.items():
        assert torch.equal(recording.layers[layer], x.flatten(1).float())


def test_npy_files_are_batches_or_layers(tmp_path):
    x = LAYERS["stem"].numpy().astype(np.float32)
    for number in (1, 2):
        np.save(tmp_path / f"conv_{number}.npy", x)
    batches, layers = (sides.read([str(tmp_path)], npy=npy) for npy in (None, "layers"))
    assert list(batches.layers) == ["conv"] and len(batches) == 2 * IMAGES
    assert list(layers.layers) == ["conv_1", "conv_2"] and len(layers) == IMAGES
    np.save(tmp_path / "head.npy", x)
    assert list(sides.read([str(tmp_path)]).layers) == ["conv_1", "conv_2", "head"]


@pytest.mark.parametrize(
    ("first", "second", "names"),
    [
        ("x/a.npz", "x/b.npz", ("a.npz", "b.npz")),
        ("/x/seed1/a.npz", "/x/seed2/a.npz", ("seed1/a.npz", "seed2/a.npz")),
        ("a.npz", "/x/a.npz", ("a.npz", "x/a.npz")),
        ("a.npz", "a.npz", ("a.npz", "a.npz")),
        ("x/" + "a" * 50, "b", ("…" + "a" * 29, "b")),
    ],
)
def test_names_in_figures_are_short(first, second, names):
    assert short_names(first, second) == names
