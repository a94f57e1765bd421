"""The command `repdrift similarity`, on files as a user has them."""

import io
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pandas as pd
import pytest
import torch
from safetensors.torch import save_file
from tests.benchmarks.memory import ENVIRONMENT

from repdrift.cli import COMMANDS, main
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
    assert list(found["first"]) == ["stem", "stem", "head", "head"]
    assert list(found["estimator"]) == ["cka-debiased", "cka-biased"] * 2
    assert (found["n"] == 40).all()
    for row in found.itertuples():
        x, y = first[row.first].flatten(1), second[row.second].flatten(1)
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
    stem = found[(found["first"] == "stem") & (found["second"] == "stem")]
    assert (stem["value"] > stem["null_q95"]).all()
    # The stem is the same in both files, and no permutation gives as much in any pair of layers.
    assert stem["p"].tolist() == stem["p_max"].tolist() == pytest.approx([1 / 21] * 2)
    assert stem["calibrated"].tolist() == pytest.approx([1, 1], abs=1e-6)
    # The other pairs are of noise. A correction for the number of layers raises a p-value.
    other = found[found["first"] != found["second"]]
    assert (other["p_max"] >= other["p"]).all() and (other["p_max"] > other["p"]).any()


def test_what_is_printed_for_people(files, capsys):
    (a, b), *_ = files
    main(["similarity", str(a), str(b), "--estimator", "cka-debiased"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["first", "second", "n", "estimator", "value"]
    assert lines[1].split() == ["stem", "stem", "40", "cka-debiased", "1.0000"]


def test_an_undefined_similarity_is_named_and_the_others_are_given(files, capsys):
    (a, b), *_ = files
    main(["similarity", str(a), str(b), "--estimator", "svcca", "--csv"])
    printed = capsys.readouterr()
    found = pd.read_csv(io.StringIO(printed.out))
    assert found["value"].isna().tolist() == [True, False]
    assert "layer stem: svcca: representation of 40 images and 72 units" in printed.err


@pytest.mark.parametrize(
    ("change", "flags", "words"),
    [
        ({"head": (39, 12)}, [], "c.safetensors 39; expected the same images"),
        ({"other": (40, 12)}, [], "no layer has the same name in both"),
        ({"head": (40,)}, [], "c.safetensors: layer head is torch.float32 of shape [40]"),
        ({"head": (40, 12)}, ["--estimator", "cka"], "use one of cka-biased"),
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


def test_what_is_written_to_a_folder_is_what_is_printed(files, tmp_path, capsys):
    """All digits are the same in the table, in CSV and in JSON. What is undefined is null in JSON."""
    (a, b), *_ = files
    folder = tmp_path / "new" / "out"
    flags = ["--estimator", "svcca", "--estimator", "procrustes", "--intervals", "10", "--permutations", "10"]
    main(["similarity", str(a), str(b), *flags, "--csv", "--output", str(folder)])
    written = pd.read_csv(folder / "table.csv")
    pd.testing.assert_frame_equal(written, table(capsys))
    kinds = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}
    for kind, start in kinds.items():
        assert (folder / f"heatmap.{kind}").read_bytes().startswith(start)
    main(["similarity", str(a), str(b), *flags, "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["names"] == ["a.safetensors", "b.safetensors"] and "svcca" in found["notes"][0]
    assert found["table"][0]["value"] is None
    pd.testing.assert_frame_equal(pd.DataFrame(found["table"]), written, check_dtype=False)
    defined = written[written["estimator"] == "procrustes"]
    assert (defined["low"] < defined["value"]).all() and (defined["value"] < defined["high"]).all()


def test_chosen_layers_are_compared(files, capsys):
    (a, b), *_ = files
    main(["similarity", str(a), str(b), "--layers", "he*", "--csv"])
    assert set(table(capsys)["first"]) == {"head"}


HEAVY = "numpy", "pandas", "torch", "scipy", "matplotlib", "snakemake", "jsonschema", "msgspec"


@pytest.mark.parametrize("arguments", [["--help"], ["similarity", "--help"]])
def test_help_imports_nothing_heavy(arguments):
    """It takes a fifth of a second, and each of these packages more."""
    code = f"""
import sys
from repdrift.cli import main
try:
    main({arguments})
finally:
    print(sorted({set(HEAVY)} & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_help_describes_every_command(capsys):
    """Each module in the package is a command or helps one, and its first line is what the help says of it."""
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = " ".join(capsys.readouterr().out.split())
    for name in COMMANDS:
        module = import_module(f"repdrift.commands.{name}")
        assert f"{name} {module.__doc__.splitlines()[0]}" in shown
    commands = {found.name for found in iter_modules([str(Path(module.__file__).parent)])}
    assert {name for name in commands if hasattr(import_module(f"repdrift.commands.{name}"), "run")} == set(COMMANDS)


def test_each_file_can_have_its_own_chosen_layers(files, capsys):
    (a, b), *_ = files
    main(["similarity", str(a), str(b), "--layers", "extra", "--layers", "head", "--all-pairs", "--csv"])
    found = table(capsys)
    assert set(zip(found["first"], found["second"], strict=True)) == {("extra", "head"), ("head", "head")}
