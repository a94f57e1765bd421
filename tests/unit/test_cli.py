"""The command `repdrift similarity`, on files as a user has them."""

import io

import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

from repdrift.cli import main
from repdrift.similarity import linear_cka

GENERATOR = torch.Generator().manual_seed(0)


def activations(**shapes):
    return {name: torch.randn(shape, generator=GENERATOR) for name, shape in shapes.items()}


@pytest.fixture
def files(tmp_path):
    """Two networks; names of the layers sort in another order than the network has them, one is convolutional."""
    first = activations(stem=(40, 8, 3, 3), head=(40, 10), extra=(40, 5))
    second = {"stem": first["stem"] * 3 + 1, **activations(head=(40, 12))}
    paths = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    for path, layers in zip(paths, (first, second), strict=True):
        save_file(layers, path, metadata={"layers": ",".join(layers)})
    return paths, first, second


def table(capsys):
    return pd.read_csv(io.StringIO(capsys.readouterr().out))


def test_layers_of_the_same_name_are_compared(files, capsys):
    (a, b), first, second = files
    main(["similarity", str(a), str(b), "--csv"])
    found = table(capsys)
    assert list(found["layer"]) == ["stem", "stem", "head", "head"]
    assert list(found["estimator"]) == ["cka-debiased", "cka-biased"] * 2
    assert (found["n"] == 40).all()
    for row in found.itertuples():
        x, y = first[row.layer].flatten(1), second[row.layer].flatten(1)
        expected = linear_cka(x.double(), y.double(), estimator=row.estimator.removeprefix("cka-"))
        assert row.value == pytest.approx(expected, abs=1e-6)
    assert found["value"][0] == pytest.approx(1, abs=1e-6)


def test_all_pairs_estimators_and_null(files, capsys):
    (a, b), *_ = files
    flags = ["--all-pairs", "--estimator", "procrustes", "--estimator", "neighbours", "--permutations", "20", "--csv"]
    main(["similarity", str(a), str(b), *flags])
    found = table(capsys)
    assert len(found) == 3 * 2 * 2
    assert (found["null_mean"] <= found["null_q95"]).all()
    stem = found[(found["layer"] == "stem") & (found["with"] == "stem")]
    assert (stem["value"] > stem["null_q95"]).all()
    # The stem is the same in both files, and no permutation gives as much in any pair of layers.
    assert stem["p"].tolist() == stem["p_max"].tolist() == pytest.approx([1 / 21] * 2)
    assert stem["calibrated"].tolist() == pytest.approx([1, 1], abs=1e-6)
    # The other pairs are of noise. A correction for the number of layers raises a p-value.
    other = found[found["with"] != found["layer"]]
    assert (other["p_max"] >= other["p"]).all() and (other["p_max"] > other["p"]).any()


def test_what_is_printed_for_people(files, capsys):
    (a, b), *_ = files
    main(["similarity", str(a), str(b), "--estimator", "cka-debiased"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["layer", "with", "n", "estimator", "value"]
    assert lines[1].split() == ["stem", "stem", "40", "cka-debiased", "1.0000"]


def test_an_undefined_similarity_is_named_and_the_others_are_given(files, capsys):
    (a, b), *_ = files
    main(["similarity", str(a), str(b), "--estimator", "svcca", "--csv"])
    printed = capsys.readouterr()
    found = pd.read_csv(io.StringIO(printed.out))
    assert found["value"].isna().tolist() == [True, False]
    assert "stem with stem, svcca: representation of 40 images and 72 units" in printed.err


@pytest.mark.parametrize(
    ("change", "flags", "words"),
    [
        ({"head": (39, 12)}, [], "head has 40 images and head of the second 39"),
        ({"other": (40, 12)}, [], "no layer has the same name in both"),
        ({"head": (40,)}, [], "needed are floats"),
        ({"head": (40, 12)}, ["--estimator", "cka"], "allowed are cka-biased"),
        ({"head": (40, 12)}, ["--permutations", "1"], "2 and more"),
    ],
)
def test_what_a_user_can_mend_is_one_line(files, tmp_path, change, flags, words):
    (a, _), *_ = files
    b = tmp_path / "c.safetensors"
    save_file(activations(**change), b)
    with pytest.raises(SystemExit) as stopped:
        main(["similarity", str(a), str(b), *flags])
    assert words in stopped.value.code
    assert "\n" not in stopped.value.code


@pytest.mark.parametrize("content", [None, b"", b"no safetensors at all"])
def test_a_file_that_cannot_be_read(files, tmp_path, content):
    (a, _), *_ = files
    broken = tmp_path / "broken.safetensors"
    if content is not None:
        broken.write_bytes(content)
    with pytest.raises(SystemExit, match=r"error: .*broken.safetensors cannot be read"):
        main(["similarity", str(a), str(broken)])
