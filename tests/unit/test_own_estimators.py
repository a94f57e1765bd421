"""Estimators of a user's own: what their function gets, and how each fault is told in one line."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.linalg import subspace_angles

from repdrift.canonical import canonical
from repdrift.errors import UserError
from repdrift.figures.style import estimator_label
from repdrift.plan import specs
from repdrift.plan.checking import check
from repdrift.plan.plan import Plan
from repdrift.provenance.parts import loaded
from repdrift.similarity.compact import gram_of
from repdrift.similarity.registry import estimator, needs_features

CODE = """
import numpy as np

def cosine(x, y):
    assert x.dtype == y.dtype == np.float64
    x -= x.mean(axis=0)
    y -= y.mean(axis=0)
    return np.sum((x @ x.T) * (y @ y.T)) / np.linalg.norm(x @ x.T) / np.linalg.norm(y @ y.T)

def distance(x, y):
    return np.float32(np.abs(x.mean() - y.mean()))

distance.higher_is_more_similar = False

def fails(x, y):
    raise ValueError("no\\nluck")

def nothing(x, y):
    return float("nan")

def text(x, y):
    return "0.5"

def pair(x, y):
    return [1.0, 2.0]

def imaginary(x, y):
    return 1j

def unsure(x, y):
    return 1.0

unsure.higher_is_more_similar = "yes"
"""
X, Y = (torch.from_numpy(np.random.default_rng(seed).normal(size=(12, 3 + seed))) for seed in (0, 1))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "own.py"
    path.write_text(CODE)
    return path


def similarity(name, x=X, y=Y):
    method = estimator(name)
    return method.compare(method.prepare(x), method.prepare(y))


def test_the_function_gets_arrays_that_it_may_change(file):
    kept = X.clone()
    expected = similarity("cka-biased")
    for x, y in ((X, Y), (X.float(), Y.float())):
        assert similarity(f"{file}:cosine", x, y) == pytest.approx(expected, abs=1e-6)
    assert torch.equal(X, kept)


def test_of_a_distance_the_negative_counts(file):
    assert similarity(f"{file}:distance") == pytest.approx(-abs(float(X.mean() - Y.mean())), abs=1e-7)


def test_permuted_and_resampled_as_every_estimator(file):
    method, order = estimator(f"{file}:cosine"), torch.randperm(12)
    permuted = method.compare(method.prepare(X), method.permute(method.prepare(Y), order))
    assert permuted == pytest.approx(similarity("cka-biased", X, Y[order]), abs=1e-12)


@pytest.mark.parametrize(
    ("function", "named"),
    [
        ("fails", r"own.py:fails fails on arrays \[12, 3\] and \[12, 4\]: ValueError: no luck"),
        ("nothing", "returns nan .* expected a finite number"),
        ("text", "returns 0.5 .* expected a finite number"),
        ("pair", "expected a finite number"),
        ("imaginary", "expected a finite number"),
        ("unsure", "higher_is_more_similar is 'yes'; use True or False"),
        ("absent", "no function 'absent'; it has cosine, distance"),
    ],
)
def test_every_fault_is_one_line(file, function, named):
    with pytest.raises(UserError, match=named) as told:
        similarity(f"{file}:{function}")
    assert "\n" not in str(told.value)


def test_inner_products_are_not_enough(file):
    assert needs_features(f"{file}:cosine")
    with pytest.raises(UserError, match="needs the features of a layer"):
        estimator(f"{file}:cosine").prepare(gram_of(X))


@pytest.fixture
def config(load_config, file):
    found = load_config("small")
    found["similarity"]["estimators"] = ["cka-debiased", f"{file}:cosine"]
    return found


def test_its_code_is_in_the_spec_and_in_no_fingerprint_of_ours(config, file):
    check(config)

    def spec():
        return specs.similarity(Plan(config), "domain", "objects+objects", 1)

    before = spec()
    assert set(before.own) == {f"{file}:cosine"}
    assert loaded(before) == ["estimator cka-debiased"]
    file.write_text(f"{CODE}\n# a comment")
    assert spec().own != before.own
    assert specs.activations(Plan(config), "domain", "objects").features


def test_without_one_nothing_of_it_is_in_a_spec(load_config):
    plan = Plan(load_config("small"))
    for spec in (specs.similarity(plan, "domain", "objects+objects", 1), specs.activations(plan, "domain", "objects")):
        assert not {'"own"', '"features"'} & set(canonical(spec).replace(":", ",").split(","))


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("missing.py:cosine", "there is no file missing.py"),
        ("{file}:absent", "no function 'absent'; it has cosine"),
        ("{file}:", "path/to/file.py:FUNCTION"),
    ],
)
@pytest.mark.parametrize("section", ["similarity", "sensitivity"])
def test_a_config_that_names_what_is_not_there_is_refused(load_config, file, section, name, named):
    config = load_config("small")
    config[section]["estimators"] = [name.format(file=file)]
    with pytest.raises(UserError, match=named) as told:
        check(config)
    assert str(told.value).startswith(f"{section}.estimators")


def test_a_file_that_cannot_be_parsed_is_refused(load_config, tmp_path):
    (tmp_path / "broken.py").write_text("def cosine(:")
    config = load_config("small")
    config["similarity"]["estimators"] = [f"{tmp_path / 'broken.py'}:cosine"]
    with pytest.raises(UserError, match="is no Python file"):
        check(config)


def test_features_that_would_not_fit_are_refused_before_any_job(config):
    config["network"]["arguments"] = {"width": 4096}
    with pytest.raises(UserError, match=r"features of all layers of .* MB of memory, more than 537 MB; .*reduce: mean"):
        check(config)


def test_soft_matching_needs_layers_that_are_narrow_enough(load_config):
    config = load_config("small")
    config["similarity"]["estimators"] = ["soft-matching"]
    with pytest.raises(UserError, match=r"layer pool1 .* 16,384 units, and it takes up to 2,048; .*reduce: mean"):
        check(config)
    config["probe"]["reduce"] = "mean"
    check(config)


def test_figures_name_the_function():
    assert estimator_label("some/where/own.py:cosine") == "cosine"


def test_the_example_of_the_page_runs(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "similarity.md").read_text(encoding="utf-8")
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "def angle" in block]
    (tmp_path / "my_estimators.py").write_text(code)
    assert "my_estimators.py:angle" in page
    name = f"{tmp_path}/my_estimators.py:angle"
    x, y = (torch.from_numpy(np.random.default_rng(seed).normal(size=(30, 5))) for seed in (2, 3))
    mixed = torch.from_numpy(np.random.default_rng(4).normal(size=(5, 5)))
    assert similarity(name, x, x @ mixed) == pytest.approx(0, abs=1e-4)  # the subspaces are equal
    expected = -np.degrees(subspace_angles(x - x.mean(0), y - y.mean(0))).mean()
    assert similarity(name, x, y) == pytest.approx(expected, abs=1e-9)
