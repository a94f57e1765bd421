"""The encodings of claims are frozen: a change of them is seen, and says what has to be done."""

from dataclasses import replace
from pathlib import Path

import pytest

from repdrift.claims.contrasts import Scale
from repdrift.claims.frozen import FROZEN, hash_of
from repdrift.plan.experiments import claims_of
from repdrift.plan.plan import Plan
from repdrift.study.config import complete, load

PRESETS = Path(__file__).parents[2] / "presets"
PLAN = Plan(complete({}))
NETWORKS = Plan(complete(load([PRESETS / "laptop.yaml", PRESETS / "networks.yaml"])))
PRECISION = Plan(complete(load([PRESETS / "laptop.yaml", PRESETS / "confirmation.yaml", PRESETS / "precision.yaml"])))
EXPERIMENTS = {**NETWORKS.experiments, **PRECISION.experiments, **PLAN.experiments}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_encodings_are_those_that_were_frozen(name):
    found = hash_of(claims_of(name, EXPERIMENTS[name]))
    assert found == FROZEN[name].hash, (
        f"the encodings of {name} have changed to {found}: if that is meant, write the hash and the date into "
        "claims/frozen.py in a commit of its own, add the seeds that were looked at to `seen_seeds`, and "
        "judge on new ones"
    )


def test_every_experiment_is_frozen():
    assert set(FROZEN) == set(EXPERIMENTS)


def test_a_margin_and_a_weight_change_the_hash_and_a_second_run_does_not():
    claims = PLAN.claims["claims"]
    assert hash_of(claims) == hash_of(Plan(complete({})).claims["claims"])
    first, *others = claims[0].contrasts
    for changed in (replace(first, scale=Scale("CKA", 0.02)), replace(first, weights=first.weights[:1])):
        assert hash_of([replace(claims[0], contrasts=(changed, *others)), *claims[1:]]) != hash_of(claims)


def test_words_do_not_change_the_hash():
    claims = PLAN.claims["claims"]
    first, *others = claims[0].contrasts
    reworded = replace(claims[0], sentence="Other words", contrasts=(replace(first, label="other words"), *others))
    assert hash_of([reworded, *claims[1:]]) == hash_of(claims)


def test_the_regime_names_the_hash_and_the_date():
    encodings = PLAN.regime("claims").encodings
    assert encodings == f"{FROZEN['drift'].hash} ({FROZEN['drift'].date})"
