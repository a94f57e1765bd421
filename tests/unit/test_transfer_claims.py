"""Claims N1 to N12 in worlds that agree with the paper, that are the opposite, and that have no effects."""

import pytest
from tests.unit.transfer_worlds import SEEDS, World, experiment

from repdrift.claims.contrasts import HISTORY
from repdrift.claims.judging import Measured, claim_row, judge_claims, judge_contrasts
from repdrift.claims.regime import CONFIRMATORY, Regime
from repdrift.experiments.transfer.claims import claims

REGIME = Regime("conv4", 4096, 150, 5000, 25, "none", CONFIRMATORY)
NAMES = [
    "N1", "N1b", "N2", "N3", "N3b", "N4", "N4b", "N5", "N5b", "N6", "N7", "N8", "N9", "N10", "N10b", "N11", "N12",
]  # fmt: skip


@pytest.fixture
def transfer(load_config):
    return experiment(load_config("laptop"))


def verdicts(transfer, numbers):
    _, rows = judge_claims(claims(transfer), [], numbers, REGIME)
    assert [row["claim"] for row in rows] == NAMES
    return {row["claim"]: row["verdict"] for row in rows}


def test_in_the_papers_world_all_claims_are_supported(transfer, tmp_path):
    found = verdicts(transfer, World(1).numbers(transfer, tmp_path))
    assert found == dict.fromkeys(NAMES, "supported")


def test_in_the_opposite_world_all_claims_are_contradicted(transfer, tmp_path):
    found = verdicts(transfer, World(-1).numbers(transfer, tmp_path))
    assert found == dict.fromkeys(NAMES, "contradicted")


def test_without_effects_and_with_much_noise_nothing_is_decided(transfer, tmp_path):
    found = verdicts(transfer, World(0, noise=10).numbers(transfer, tmp_path))
    assert found == dict.fromkeys(NAMES, "undecided")


@pytest.mark.parametrize("strength", [0.01, 0])
def test_effects_within_the_margins_are_negligible_and_support_claims_of_equality(transfer, tmp_path, strength):
    """That the middle of a line is no worse is not a claim of equality, but is true if nothing differs."""
    found = verdicts(transfer, World(strength).numbers(transfer, tmp_path))
    assert found == dict.fromkeys(NAMES, "negligible") | {"N9": "supported", "N12": "supported"}


@pytest.mark.parametrize(
    ("claim", "decide", "count"),
    [
        ("N1", "tuned", 3), ("N2", ", tuned", 3), ("N4", ", tuned", 2), ("N4b", ", tuned", 2),
        ("N5", "cka-debiased", 3 * 2 * 4), ("N5b", "cka-debiased: fitted fall", 3), ("N6", "all blocks", 3 * 2),
        ("N7", "ln l2 distance of P-T & P", 3 * 2), ("N8", "BN re-estimated", 3 * 5), ("N10", "error consistency", 3),
    ],
)  # fmt: skip
def test_the_paper_s_measure_decides_and_the_others_are_shown(transfer, claim, decide, count):
    (found,) = (one for one in claims(transfer) if one.name == claim)
    deciding = [one.label for one in found.contrasts if one.decides]
    assert len(deciding) == count
    assert all(decide in label for label in deciding)
    assert len(deciding) < len(found.contrasts)
    assert not any("logits" in one.label for one in found.contrasts)


def test_the_relative_advantage_is_about_the_target_that_resembles_the_source(transfer):
    (found,) = (one for one in claims(transfer) if one.name == "N3b")
    assert {one.layer: one.decides for one in found.contrasts} == {"CIFAR-10": True, "SVHN": False}


def test_a_number_that_was_not_measured_is_no_verdict(transfer, tmp_path):
    numbers = World(1).numbers(transfer, tmp_path)
    numbers["transfer_similarity"] = {
        key: series for key, series in numbers["transfer_similarity"].items() if "mistakes" not in key
    }
    _, rows = judge_claims(claims(transfer), [], numbers, REGIME)
    (row,) = (row for row in rows if row["claim"] == "N10")
    assert (row["verdict"], row["reason"]) == ("undecided", "the study has no such runs")


def test_a_barrier_of_2_points_contradicts_that_there_is_none(transfer, tmp_path):
    numbers = World(1).numbers(transfer, tmp_path)
    pair = ("svhn", "P-T & P-T", "re-estimated", "barrier", "")
    numbers["transfer_barrier"][pair] = numbers["transfer_barrier"][pair] + 2
    found = verdicts(transfer, numbers)
    assert {name for name, verdict in found.items() if verdict != "supported"} == {"N8"}
    assert found["N8"] == "contradicted"


@pytest.mark.parametrize(("loss", "verdict"), [(0.5, "supported"), (2, "contradicted"), (1, "undecided")])
def test_half_way_is_no_worse_if_it_loses_less_than_a_point(transfer, tmp_path, loss, verdict):
    numbers = World(1).numbers(transfer, tmp_path)
    for dataset in transfer.targets:
        middle = (dataset, "P-T & P-T", "re-estimated", "test accuracy", "0.5")
        numbers["transfer_barrier"][middle] = numbers["transfer_barrier"][middle] - loss
    assert verdicts(transfer, numbers)["N9"] == verdict


def test_an_accuracy_of_0_has_no_logarithm_and_is_said(transfer):
    """A network of random weights can be wrong on every shuffled image. The logarithm of its accuracy is then NaN."""
    numbers = World(1).histories(transfer)
    wrong = transfer.shuffled("cifar10", 1, "RI-T").name
    numbers[wrong, "log test_accuracy", "last"] = numbers[wrong, "log test_accuracy", "last"].where(
        lambda one: one.index != 2
    )
    claim = next(claim for claim in claims(transfer) if claim.name == "N3b")
    judged = judge_contrasts(claim, Measured({HISTORY: numbers}))
    reasons = {one.contrast.layer: one.judged.reason for one in judged}
    assert reasons == {"CIFAR-10": f"undefined for 1 of {len(SEEDS)} seeds", "SVHN": ""}
    assert claim_row(claim, "", judged, REGIME)["verdict"] == "undecided"
