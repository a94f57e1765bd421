"""The command `repdrift compare`, on models by name and functions of a user's own."""

import io

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from repdrift import linear_cka
from repdrift.cli import main

OWN = """
import torch
from torch import nn


def made():
    torch.manual_seed(5)
    return nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(inplace=True), nn.AvgPool2d(15), nn.Flatten(), nn.Linear(24, 4))


def sized(classes, size):
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * size**2, 20), nn.ReLU(), nn.Linear(20, classes))


def broken():
    return 3
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pictures in two folders, the same images in an npz file, and a file with functions that make models."""
    place = tmp_path_factory.mktemp("compare")
    images = np.random.default_rng(0).integers(0, 256, (24, 32, 32, 3), dtype=np.uint8)
    for number, pixels in enumerate(images):
        path = place / "pictures" / "ab"[number // 12] / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    np.savez(place / "images.npz", X=images, y=np.arange(24) % 3)
    (place / "own.py").write_text(OWN)
    return place


def table(capsys):
    return pd.read_csv(io.StringIO(capsys.readouterr().out), dtype={"first": str, "second": str})


def test_models_of_a_function_are_called_with_normalised_images(folder, capsys):
    own = f"{folder / 'own.py'}:made"
    options = ["--images", str(folder / "pictures"), "--size", "32", "--csv", "--all-pairs", "--layers", "[14]"]
    main(["compare", own, own, *options, "--mean", "0.2", "0.3", "0.4", "--std", "0.5", "0.6", "0.7"])
    found = table(capsys)
    assert found[["first", "second"]].drop_duplicates().to_numpy().tolist() == [
        ["1", "1"],
        ["1", "4"],
        ["4", "1"],
        ["4", "4"],
    ]
    namespace = {}
    exec(OWN, namespace)
    pixels = torch.from_numpy(np.load(folder / "images.npz")["X"]).movedim(3, 1) / 255
    normal = (pixels - torch.tensor([0.2, 0.3, 0.4])[:, None, None]) / torch.tensor([0.5, 0.6, 0.7])[:, None, None]
    module = namespace["made"]().eval()
    with torch.no_grad():
        layers = {"1": module[:2](normal).flatten(1), "4": module(normal)}
    for row in found.itertuples():
        expected = linear_cka(layers[row.first], layers[row.second], estimator=row.estimator)
        assert row.value == pytest.approx(expected, abs=1e-5)


def test_networks_by_name_have_weights_from_the_seed_or_a_file(folder, capsys):
    images = ["--images", str(folder / "images.npz"), "--csv", "--limit", "20", "--estimator", "cka-debiased"]
    main(["compare", "conv4", "conv4", *images])
    drawn = table(capsys)
    assert drawn["first"].tolist() == ["pool1", "pool2", "pool3", "pool4", "logits"] and (drawn["n"] == 20).all()
    assert drawn["value"].max() < 0.99
    main(["compare", "conv4", "conv4", *images])
    assert table(capsys).equals(drawn)
    namespace = {}
    exec(OWN, namespace)
    torch.save(namespace["sized"](7, 32).state_dict(), folder / "weights.pt")
    sized = f"{folder / 'own.py'}:sized"
    main(["compare", f"{sized}@{folder / 'weights.pt'}", f"{sized}@{folder / 'weights.pt'}", *images])
    assert table(capsys)["value"].min() == pytest.approx(1, abs=1e-6)
    main(
        [
            "compare",
            "conv4",
            f"{sized}@{folder / 'weights.pt'}",
            *images,
            "--all-pairs",
            "--layers",
            "pool[34]",
            "--layers",
            "1",
        ]
    )
    assert table(capsys)["second"].tolist() == ["1", "1"]


def test_output_has_the_table_and_the_heatmap(folder, tmp_path, capsys):
    own = f"{folder / 'own.py'}:made"
    main(
        [
            "compare",
            own,
            "conv4",
            "--images",
            str(folder / "images.npz"),
            "--output",
            str(tmp_path / "out"),
            "--all-pairs",
        ]
    )
    assert "cka-biased" in capsys.readouterr().out
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"table.csv", "heatmap.png", "heatmap.svg", "heatmap.pdf"} <= names


@pytest.mark.parametrize(
    ("first", "options", "words"),
    [
        ("resnet19", [], "torchvision has no network 'resnet19'; did you mean resnet18"),
        ("resnet18@NOPE", [], "torchvision:resnet18 has no weights 'NOPE'; it has IMAGENET1K_V1"),
        ("conv4@nowhere.pt", [], "there is no file nowhere.pt"),
        ("own.py:nix", [], "own.py:nix: the file has no function 'nix'; it has made, sized, broken"),
        ("own.py:broken", [], "own.py:broken: it returns a int and no torch.nn.Module"),
        ("own.py:made@weights.pt", [], "the function takes no number of classes, so it must load its own weights"),
        ("conv4", ["--limit", "0"], "limit 0: at least 1"),
        ("conv4", ["--size", "0"], "size 0: "),
        ("conv4", ["--size", "8"], "conv4 of depth 4 halves the images 4 times"),
        ("conv4", ["--mean", "0", "0", "0"], "give both, or none"),
        ("conv4", ["--mean", "0", "0", "0", "--std", "1", "0", "1"], "standard deviation 0.0: it must be above 0"),
        ("conv4", ["--device", "nowhere"], "device nowhere: "),
        ("conv4", ["--layers", "nix"], "there is no layer 'nix'; there are "),
        ("conv4", ["--images", "empty"], "empty has no pictures, and neither have the folders in it"),
        ("conv4", ["--images", "missing"], "no file missing"),
    ],
)
def test_what_a_user_can_mend_is_one_line(folder, monkeypatch, first, options, words):
    monkeypatch.chdir(folder)
    (folder / "empty").mkdir(exist_ok=True)
    with pytest.raises(SystemExit, match=f"error: .*{words}"):
        main(["compare", first, "conv4", "--images", "images.npz", *options])
