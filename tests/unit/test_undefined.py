"""A layer that is the same for all images, as the logits of a new head of zeros are, has no similarity to others."""

import pytest
import torch

from repdrift.errors import UserError
from repdrift.experiments.drift.stages.layers_of_networks import is_defined
from repdrift.experiments.drift.stages.sensitivity_of_runs import linear_values, states
from repdrift.similarity import linear_cka
from repdrift.similarity.files import save
from repdrift.specs import SimilaritySpec
from repdrift.stages.similarity import compare

N = 24
ESTIMATORS = ("cka-biased", "rsa-pearson")


@pytest.fixture
def files(tmp_path, same_numbers):
    """Files of a trained network and of an initial one, whose logits are all zero."""
    layers = {name: {"hidden": torch.randn(N, 5), "logits": torch.randn(N, 3)} for name in ("final", "init")}
    layers["init"]["logits"] = torch.zeros(N, 3)
    details = {layer: {"shape": [1], "reduce": "none"} for layer in ("hidden", "logits")}
    for name, found in layers.items():
        save(tmp_path / f"{name}.safetensors", found, details)
    return {name: tmp_path / f"{name}.safetensors" for name in layers}, layers


def test_its_numbers_are_empty_and_those_of_other_layers_are_not(files):
    paths, layers = files
    spec = SimilaritySpec("run", 1, "domain", ("init",), ESTIMATORS, permutations=5, halves=4)
    found, halves = compare(paths["final"], {"init": paths["init"]}, spec)
    assert len(found) == len(halves) == 2 * len(ESTIMATORS)
    for row, of_halves in zip(found, halves, strict=False):
        assert row["layer"] == of_halves["layer"] or row["estimator"] != of_halves["estimator"]
    for row in found:
        assert (row["value"] is None) == (row["layer"] == "logits")
        assert (row["p_max"] is None) == (row["layer"] == "logits")
    for row in halves:
        assert (row["half1"] is None) == (row["layer"] == "logits")
    (value,) = (row["value"] for row in found if row["layer"] == "hidden" and row["estimator"] == "cka-biased")
    exact = linear_cka(layers["final"]["hidden"], layers["init"]["hidden"], estimator="biased")
    assert value == pytest.approx(exact, abs=1e-6)


def test_other_references_keep_their_values(same_numbers):
    ours, theirs = torch.randn(N, 4), torch.randn(N, 6)
    networks = {"ours": ours, "init": torch.zeros(N, 4), "pretrained": theirs}
    found = linear_values(networks, [("ours", "init"), ("ours", "pretrained")])
    for name, estimator in (("cka-biased", "biased"), ("cka-debiased", "debiased")):
        assert found[name]["ours", "init"] == (None, None, None)
        exact = linear_cka(ours, theirs, estimator=estimator)
        assert found[name]["ours", "pretrained"][0] == pytest.approx(exact, abs=1e-6)


def test_values_that_are_not_finite_still_stop_a_job(same_numbers):
    assert is_defined(("run", "layer"), torch.randn(N, 2))
    assert not is_defined(("run", "layer"), torch.ones(N, 2))
    with pytest.raises(UserError, match="run, layer layer has values that are not finite"):
        is_defined(("run", "layer"), torch.full((N, 2), torch.nan))
    assert states({"layer": torch.ones(N, 2)}, ESTIMATORS, "run") == {("layer", name): None for name in ESTIMATORS}
    with pytest.raises(UserError, match="run, layer layer has values that are not finite"):
        states({"layer": torch.full((N, 2), torch.nan)}, ESTIMATORS, "run")
