"""Claims R1 to R7 in worlds in which the paper is right, wrong, and neither."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from tests.unit.worlds import NEITHER, RIGHT, SEEDS, WITHIN, WRONG, verdicts

from repdrift.claims import measurements
from repdrift.claims.contrasts import ANY, MEAN
from repdrift.claims.scales import COEFFICIENT, LOG_RATIO
from repdrift.experiments.transferability import claims as chen2022
from repdrift.experiments.transferability.tables import LAYERS, REGRESSION
from repdrift.plan.plan import Plan

CONVOLUTIONS = ("conv1", "conv2", "conv3", "conv4")
M = LOG_RATIO.margin
# ln T of each layer in margins: it falls on the whole, but the second layer is above the first.
HILL = dict(zip(CONVOLUTIONS, (0, 1, -1, -2), strict=True))
DOWN = dict(zip(CONVOLUTIONS, (0, -1, -2, -3), strict=True))
UP = dict(zip(CONVOLUTIONS, (0, 1, 2, 3), strict=True))
NAMES = ["R1", "R2", "R3", "R3b", "R4", "R5", "R6", "R7"]


@pytest.fixture(params=["keep", "new"])
def experiment(load_config, request):
    config = load_config("laptop") | {"seeds": list(SEEDS)}
    config["finetune"]["head"] = request.param
    return Plan(config).experiments["transferability"]


def layers(experiment, world, profile, height, head):
    """The table of ln T: of the runs of a sweep, and of each layer of the runs on whole targets."""
    rows = []
    sweeps = []
    for dataset in experiment.sweeps:
        sizes = experiment.sizes(dataset)
        sweeps += [[experiment.sized(dataset, size, equal) for size in sizes] for equal in ("epochs", "steps")]
        sweeps.append([experiment.with_classes(dataset, classes) for classes in experiment.classes])
    overall = {}
    for seed, runs in product(SEEDS, sweeps):
        for rank, run in enumerate(runs):
            share = rank / (len(runs) - 1)
            # Whole targets are in several sweeps, as their last run; the last one stands for all.
            overall[run.name, seed] = -M * share * (world.effect + world.in_seed(seed))
    rows += [(run, seed, "overall", value) for (run, seed), value in overall.items()]
    for dataset, seed in product(experiment.targets, SEEDS):
        run = experiment.whole(dataset).name
        for place, (layer, step) in enumerate(profile.items()):
            moved = world.in_seed(seed, 1 if place % 2 else -1)
            rows.append((run, seed, layer, M * (height + abs(world.effect) * step + moved)))
        rows.append((run, seed, "head", M * (head + world.in_seed(seed))))
    table = pd.DataFrame(rows, columns=["run", "seed", "item", "value"])
    return table.assign(reference="pretrained", measure="ln T")


def coefficients(world):
    rows = [
        (seed, item, -COEFFICIENT.margin * (world.effect + world.in_seed(seed)))
        for item in ("gap", "width", "ln N")
        for seed in SEEDS
    ]
    table = pd.DataFrame(rows, columns=["seed", "item", "value"])
    return table.assign(series="true labels, equal epochs", measure="coefficient")


def judged(experiment, world, profile=HILL, *, height=20.0, head=0.0, of_regression=None):
    tables = {
        LAYERS: layers(experiment, world, profile, height, head),
        REGRESSION: coefficients(of_regression or world),
    }
    numbers = {read.name: measurements.keyed(table, read.columns) for read, table in tables.items()}
    return verdicts(chen2022.claims(experiment), numbers)[1]["verdict"].to_dict()


def test_all_claims_hold_where_the_paper_is_right(experiment):
    assert judged(experiment, RIGHT) == dict.fromkeys(NAMES, "supported")


def test_all_claims_fail_where_it_is_wrong(experiment):
    falling = judged(experiment, WRONG, DOWN, height=-20.0, head=5.0)
    assert falling.pop("R2") == "supported"  # what falls from layer to layer falls
    assert falling == dict.fromkeys([name for name in NAMES if name != "R2"], "contradicted")
    rising = judged(experiment, WRONG, UP, height=-20.0)
    assert {name: rising[name] for name in ("R2", "R5", "R7")} == {
        "R2": "contradicted", "R5": "supported", "R7": "supported",
    }  # fmt: skip


def test_nothing_is_decided_without_effects(experiment):
    assert judged(experiment, NEITHER, height=0.0) == dict.fromkeys(NAMES, "undecided")


def test_effects_within_the_margin_are_negligible(experiment):
    found = judged(experiment, WITHIN, dict.fromkeys(CONVOLUTIONS, 0), height=0.4)
    assert found == dict.fromkeys(NAMES, "negligible")


def test_the_head_decides_only_if_it_is_new(experiment):
    found = judged(experiment, RIGHT, head=5.0)
    new = experiment.study.config.finetune.head == "new"
    assert found["R6"] == ("contradicted" if new else "supported")


def test_data_and_diversity_need_the_paper_s_coefficient_and_the_sweeps(experiment):
    coefficient_against = judged(experiment, RIGHT, of_regression=WRONG)
    assert [coefficient_against[name] for name in ("R3", "R4")] == ["contradicted"] * 2
    assert coefficient_against["R3b"] == "supported"
    sweeps_against = judged(experiment, WRONG, of_regression=RIGHT)
    assert [sweeps_against[name] for name in ("R1", "R3", "R4")] == ["supported", "contradicted", "contradicted"]


def test_noise_alone_seldom_supports_what_one_layer_suffices_for(experiment):
    """The highest of three noisy layers is above the first more often than not. The claims are not fooled."""
    generator = np.random.default_rng(0)
    claims = [claim for claim in chen2022.claims(experiment) if claim.needs == ANY]
    keys = {key for claim in claims for one in claim.contrasts for key in one.by_key}
    supported = dict.fromkeys(("R5", "R7"), 0)
    for _ in range(100):
        noise = {key: pd.Series(generator.normal(0, 5 * M, len(SEEDS)), SEEDS) for key in keys}
        for name, verdict in verdicts(claims, {LAYERS.name: noise})[1]["verdict"].items():
            supported[name] += verdict == "supported"
    assert max(supported.values()) <= 8


def test_what_the_claims_need(experiment):
    found = {claim.name: claim for claim in chen2022.claims(experiment)}
    assert {name for name, claim in found.items() if claim.needs == ANY} == {"R5", "R7"}
    assert {name for name, claim in found.items() if claim.needs == MEAN} == {"R1", "R2"}
    assert {name for name, claim in found.items() if claim.origin == "ours"} == {"R3b"}
    label = found["R1"].contrasts[0].label
    assert label == "regression over 15 fine-tunings, 7 domains: fall of ln T with gap"
