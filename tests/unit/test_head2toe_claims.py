"""Claims H1 to H10 in worlds in which the paper is right, wrong, and neither; and how targets are averaged."""

from itertools import product

import pandas as pd
import pytest
from tests.unit.worlds import NEITHER, RIGHT, SEEDS, WITHIN, WRONG, verdicts

from repdrift.claims import measurements
from repdrift.claims.contrasts import MEAN
from repdrift.claims.scales import DECADES
from repdrift.experiments.head2toe import claims as evci2022
from repdrift.experiments.head2toe.experiment import TUNINGS
from repdrift.experiments.head2toe.stages import head2toe_affinity_of_targets as affinity
from repdrift.experiments.head2toe.tables import AFFINITIES, METHODS
from repdrift.plan.plan import Plan

OWN, CROSS, THIRD, SHUFFLED = "cifar10", "svhn", "mnist", "cifar10-blocks4"


@pytest.fixture
def experiment(load_config):
    return Plan(load_config("laptop", "svhn-npz") | {"seeds": list(SEEDS)}).experiments["head2toe"]


def gains(world):
    """The gain on each target, so that each effect on gains is that of the world: H1, H2b and H8."""
    own = world.effect - evci2022.A_LITTLE
    cross = own + world.effect
    third = own
    # The mean over the three data sets, of which one has two versions, is the effect.
    return {OWN: own, CROSS: cross, THIRD: third, SHUFFLED: 2 * (3 * world.effect - cross - third) - own}


def losses(world, unequal):
    """How far fine-tuning is behind: by the effect outside of the distribution, and by `unequal` in the mean."""
    return {OWN: 6 * unequal - 5 * world.effect, CROSS: world.effect, THIRD: world.effect, SHUFFLED: world.effect}


def methods(experiment, world, unequal):
    """The table of methods. Equality of H3 is missed by `unequal` points."""
    offsets = sorted(experiment.settings.offsets)
    # In the world of small effects, the whole fall is small.
    step = world.effect if abs(world.effect) >= 1 else world.effect / (len(offsets) - 1)
    rows = []
    for target, seed in product(experiment.tasks_of, SEEDS):
        shakes = world.in_seed(seed, 1 if target == CROSS else -1)
        linear = 50.0
        plain = linear + gains(world)[target]
        accuracy = {
            "linear": linear, "head2toe": plain + shakes, "scratch": 40.0,
            "linear-second": 52.0, "linear-intermediate": 52 + world.effect + shakes,
            **dict.fromkeys(("all", "all-l1", "all-l2", "all-group-lasso", "random"), plain - world.effect),
            "fine-tuning": plain - losses(world, unequal)[target],
            "head2toe-ft": plain + world.effect - shakes, "lp-ft": plain,
        }  # fmt: skip
        values = [(method, "test accuracy", "", value) for method, value in accuracy.items()]
        values += [
            (method, "accuracy on half", half, value) for method, value in accuracy.items() for half in ("even", "odd")
        ]
        margin = DECADES.margin
        for measure, count in product(("log10 flops", "log10 bytes"), ("paper", "ours")):
            values.append(("head2toe", measure, count, 7.0))
            values.append(("fine-tuning", measure, count, 9 + margin * (world.effect + world.in_seed(seed))))
        for place, offset in enumerate(offsets):
            moved = world.in_seed(seed) if place % 2 else 0.0
            values.append(("head2toe", "rank accuracy", str(offset), 90 - step * place + moved))
        values.append(("head2toe", "enrichment", "early", 0.0))
        rows += [(target, seed, *value) for value in values]
    table = pd.DataFrame(rows, columns=["target", "seed", "method", "measure", "item", "value"])
    return table.assign(images=table["target"])


def affinities(table, world):
    """The table of affinities, with gains of these methods and correlations of this world."""
    found = affinity.of_targets(table)
    size = max(-0.95, min(0.95, 0.2 * world.effect))
    rows = [
        ("", seed, name, -size + (0.15 * world.in_seed(seed)))
        for name in ("rank correlation of gain", "rank correlation of enrichment")
        for seed in SEEDS
    ]
    return pd.concat([found, pd.DataFrame(rows, columns=["target", "seed", "measure", "value"])])


def judged(experiment, world, unequal=0.0, without=()):
    table = methods(experiment, world, unequal)
    table = table[~table["method"].isin(without)]
    numbers = {
        METHODS.name: measurements.keyed(table, METHODS.columns),
        AFFINITIES.name: measurements.keyed(affinities(table, world), AFFINITIES.columns),
    }
    return verdicts(evci2022.claims(experiment), numbers)[1]["verdict"].to_dict()


NAMES = [
    *("H1", "H2", "H2b", "H3", "H4", "H5", "H5b", "H6", "H6b", "H7", "H7b", "H8", "H9", "H9b", "H10", "H10b"),
]


def test_all_claims_hold_where_the_paper_is_right(experiment):
    assert judged(experiment, RIGHT) == dict.fromkeys(NAMES, "supported")


def test_all_claims_fail_where_it_is_wrong(experiment):
    assert judged(experiment, WRONG, unequal=-5) == dict.fromkeys(NAMES, "contradicted")
    # To match is not to be better either.
    assert judged(experiment, RIGHT, unequal=5)["H3"] == "contradicted"


def test_nothing_is_decided_without_effects(experiment):
    assert judged(experiment, NEITHER) == dict.fromkeys(NAMES, "undecided")


def test_effects_within_the_margin_are_negligible_and_equal(experiment):
    found = judged(experiment, WITHIN, unequal=0.4)
    assert found.pop("H3") == "supported"
    assert found == dict.fromkeys([name for name in NAMES if name != "H3"], "negligible")


def test_without_a_second_network_its_claim_is_undecided(experiment):
    found = judged(experiment, RIGHT, without=["linear-second"])
    assert found["H9b"] == "undecided"
    assert found["H10"] == "supported"


def test_no_data_set_counts_twice(experiment):
    (mean, *each) = {claim.name: claim for claim in evci2022.claims(experiment)}["H1"].contrasts
    weights = {key[0]: weight for key, weight in mean.by_key.items() if weight > 0}
    assert weights == pytest.approx({OWN: 1 / 6, SHUFFLED: 1 / 6, CROSS: 1 / 3, THIRD: 1 / 3})
    assert [one.layer for one in each] == [experiment.title(target) for target in experiment.tasks_of]
    assert [one.decides for one in (mean, *each)] == [True, False, False, False, False]


def test_a_claim_on_the_mean_has_one_contrast_that_decides(experiment):
    found = evci2022.claims(experiment)
    assert {claim.name for claim in found if claim.needs != MEAN} == {"H2b", "H5", "H5b", "H6", "H7", "H7b"}
    for claim in found:
        if claim.needs == MEAN:
            assert sum(one.decides for one in claim.contrasts) == 1, claim.name
    ours = {claim.name for claim in found if claim.origin == "ours"}
    assert ours == {"H2b", "H5b", "H6b", "H7b", "H10b"}


def test_a_single_target_is_its_mean(load_config):
    config = load_config("laptop", "svhn-npz")
    config["head2toe"] |= {"targets": ["cross_domain"], "sweeps": []}
    found = {claim.name: claim for claim in evci2022.claims(Plan(config).experiments["head2toe"])}
    assert [(one.layer, one.decides) for one in found["H1"].contrasts] == [(found["H4"].contrasts[0].layer, True)]
    assert found["H8"].contrasts == ()


def test_shares_of_tunings_are_complete(experiment):
    assert set(TUNINGS) == {"fine-tuning", "scratch", "lp-ft", "head2toe-ft"}
    assert len(experiment.method_tables) == 5 * 4 * len(SEEDS)
