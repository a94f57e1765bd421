"""The claims: what they are about, and their verdicts in worlds that are made to agree with them, or not."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.unit.paper_world import ESTIMATORS, SEEDS, as_the_paper_says, curve, halves, tried, world

from repdrift.canonical import canonical
from repdrift.claims import judging, measurements
from repdrift.claims.contrasts import BACKGROUND, CALIBRATED, CURVE, HISTORY, MEAN, OURS, HistoryOf, contrast
from repdrift.claims.judging import CLAIMS, CONTRASTS, REGIME, claim_row, measured_by_estimators
from repdrift.claims.scales import CKA
from repdrift.experiments.drift import claims as goerttler2022
from repdrift.experiments.drift.stages import judge_under_choices as multiverse
from repdrift.plan import specs
from repdrift.plan.plan import Plan
from repdrift.provenance.artifacts import write_csv
from repdrift.specs import JudgeSpec, parse


@pytest.fixture
def config(load_config):
    """The demo's, with all runs that claims are about, and with enough seeds."""
    found = load_config("small") | {"seeds": list(SEEDS), "transfer": None}
    found["controls"] = {"scratch": True, "matched_steps": 88, "independent": True}
    found["finetune"]["cross_domain"]["random"] = [0, 9]
    found["pretrain"]["sizes_random"] = [9, 0]
    return found


@pytest.fixture
def plan(config):
    return Plan(config)


@pytest.fixture
def claims(plan):
    return of(plan)


def of(plan):
    return goerttler2022.claims(plan.experiments["drift"])


def histories(claims, values):
    found = [contrast for claim in claims for contrast in claim.contrasts if contrast.table == HISTORY]
    keys = {key for contrast in found for key in contrast.by_key}
    return {key: pd.Series({seed: values(*key) + 1e-3 * seed for seed in SEEDS}) for key in keys}


def judged(plan, similarity, curves, numbers):
    estimators = list(measured_by_estimators(similarity, halves(similarity), curves, calibrated=True))
    regime = plan.regime("claims")
    contrasts, verdicts = judging.judge_claims(of(plan), estimators, {HISTORY: numbers}, regime)
    return pd.DataFrame(contrasts), pd.DataFrame(verdicts)


def in_its_world(plan, change_of_similarity=lambda table: table):
    numbers = histories(of(plan), as_the_paper_says)
    return judged(plan, change_of_similarity(world(plan)), curve(plan), numbers)


def test_the_paper_has_all_claims(load_config):
    found = {claim.name: claim for claim in of(Plan(load_config()))}
    assert list(found) == (
        [f"G{n}" for n in range(1, 7)] + ["G6b", "G6c", "G7", "G7b", "G7s"] + [f"G{n}" for n in range(8, 17)]
        + ["G16b", "G17", "G18", "G19"]
    )  # fmt: skip
    assert all(claim.contrasts for claim in found.values())
    deciding = {name: sum(one.decides for one in claim.contrasts) for name, claim in found.items()}
    # 5 degrees have 4 pairs of neighbours; G12 compares two tasks with two others; G18 has 4 tasks of 4 layers.
    assert [deciding[name] for name in ("G3", "G5", "G6", "G8", "G12", "G18", "G19")] == [4, 5, 2, 1, 4, 16, 2]
    assert {claim.figure for claim in found.values()} <= {f"fig{n}" for n in range(1, 6)} | {"controls"}
    assert {name for name, claim in found.items() if claim.origin == OURS} == {"G2", "G7s"}
    assert {name for name, claim in found.items() if claim.origin == BACKGROUND} == {"G18"}


def test_a_spec_holds_the_claims(plan, claims):
    assert parse(JudgeSpec, canonical(specs.judge(plan, "claims"))).claims == tuple(claims)


def test_weights_of_similarities_sum_to_0_but_for_thresholds_and_shares(claims):
    for claim in claims:
        for one in claim.contrasts:
            if one.table not in (HISTORY, CURVE) and not one.constant:
                assert sum(one.by_key.values()) == pytest.approx(0, abs=1e-12), (claim.name, one.label)


def test_every_fine_tuned_network_is_compared_with_others_on_both_probes(claims):
    for name in ("G12", "G13", "G16b", "G17"):
        claim = next(claim for claim in claims if claim.name == name)
        for one in claim.contrasts:
            weights = {}
            for (*_, probe), weight in one.by_key.items():
                weights[probe] = weights.get(probe, 0) + weight
            # On each probe by itself, what is compared sums to 0: no difference of images enters.
            assert all(total == pytest.approx(0, abs=1e-12) for total in weights.values()), (name, one.label)
            assert set(weights) == {"domain", "cross_domain"} or "probe of" in one.label


def test_a_trend_is_the_change_of_the_fitted_line(load_config):
    plan = Plan(load_config())
    claim = next(claim for claim in of(plan) if claim.name == "G8")
    contrast = next(one for one in claim.contrasts if one.layer == "pool1")
    values = dict(zip(contrast.by_key, [0.9, 0.7, 0.65, 0.5, 0.1], strict=True))
    numbers = {key: pd.Series({1: value}) for key, value in values.items()}
    slope = np.polyfit(range(5), list(values.values()), 1)[0]
    assert measurements.values(contrast, numbers) == pytest.approx([-4 * slope])


def test_in_the_papers_world_all_claims_hold(plan):
    _, verdicts = in_its_world(plan)
    wrong = verdicts[verdicts["verdict"] != "supported"]
    assert wrong.empty, wrong[["claim", "estimator", "reason"]].to_string()
    # Calibrated values lie on another scale than thresholds of CKA.
    assert set(verdicts.loc[verdicts["claim"] == "G9", "estimator"]) == set(ESTIMATORS)
    assert set(verdicts["estimator"]) == {"", *ESTIMATORS, *(f"{name}{CALIBRATED}" for name in ESTIMATORS)}


def test_in_the_opposite_world_none_does(plan, claims):
    def opposite(run, column, _):
        random = "random9" in run
        return {
            "train_loss": 2 - random, "train_accuracy": 50 - 20 * random, "test_accuracy": 60 if random else 5,
        }[column]  # fmt: skip

    _, verdicts = judged(plan, world(plan, -1), curve(plan, early=False), histories(claims, opposite))
    wrong = verdicts[verdicts["verdict"] != "contradicted"]
    assert wrong.empty, wrong[["claim", "estimator", "verdict", "reason"]].to_string()


def test_what_contradicts_is_named(plan):
    def deeper(similarity):
        deep = (similarity["layer"] == "pool4") & (similarity["run"] == "objects-random9")
        similarity.loc[deep, "value"] -= 2
        return similarity

    contrasts, verdicts = in_its_world(plan, deeper)
    row = verdicts.set_index(["claim", "estimator"]).loc["G6", "cka-biased"]
    assert row["verdict"] == "contradicted"
    # The early layers still change less with random labels. Only the mean over all hidden layers is affected.
    assert row["reason"].startswith("CKA to initial, d = 0 to 9, mean of pool1 to pool4: the effect is ")
    assert row["contrast"] == "CKA to initial, d = 0 to 9, mean of pool1 to pool4"
    of_layers = contrasts[(contrasts["claim"] == "G6") & (contrasts["estimator"] == "cka-biased")].set_index("layer")
    assert of_layers.loc["pool4", "verdict"] == "contradicted" and of_layers.loc["pool4", "decides"] == 0


def test_the_row_of_a_claim_has_its_numbers_and_its_regime(plan):
    _, verdicts = in_its_world(plan)
    row = verdicts.set_index(["claim", "estimator"]).loc["G15", "cka-debiased"]
    assert (row["effect"], row["margin"], row["unit"]) == (pytest.approx(0.03, abs=1e-3), 0.01, "CKA")
    assert row["low"] < row["effect"] < row["high"]
    assert 0 < row["p"] < 0.025
    assert (row["seeds"], row["needs"], row["origin"]) == (5, MEAN, "paper")
    expected = {"images": 1000, "epochs": 10, "target_images": 500, "target_epochs": 6, "evidence": "confirmatory"}
    assert {name: row[name] for name in expected} == expected
    assert row["network"] == "conv4, conv-relu-bn"
    assert set(REGIME) <= set(CLAIMS)


def test_seen_seeds_are_exploratory(config):
    config["seen_seeds"] = [5, 6]
    assert Plan(config).regime("claims").evidence == "exploratory"


def test_the_probe_widens_the_interval(plan):
    similarity = world(plan)
    found = {}
    for spread in (0.0, 0.02):
        estimators = dict(measured_by_estimators(similarity, halves(similarity, spread), curve(plan), calibrated=False))
        claim = next(claim for claim in of(plan) if claim.name == "G9")
        found[spread] = [one.judged.estimate.error for one in judging.judge_contrasts(claim, estimators["cka-biased"])]
    # The error of a mean CKA is that of the probe, which is the same in all seeds, and hardly that of seeds.
    assert found[0.0][0] < 1e-4 and found[0.02][0] == pytest.approx(0.02, rel=0.4)


def test_values_within_the_null_are_counted(plan):
    def insignificant(similarity):
        low = (similarity["run"] == "objects-random9") & (similarity["layer"] == "pool4") & (similarity["seed"] <= 2)
        return similarity.assign(p=similarity["p"].where(~low, 0.3))

    contrasts, _ = in_its_world(plan, insignificant)
    rows = contrasts[(contrasts["claim"] == "G6") & (contrasts["estimator"] == "cka-biased")].set_index("layer")
    assert rows.loc["pool4", "above_null"] == 3
    assert rows.loc["pool1", "above_null"] == 5


def test_an_undefined_similarity_is_said(plan):
    def undefined(similarity):
        similarity.loc[(similarity["seed"] == 2) & (similarity["layer"] == "pool3"), "value"] = np.nan
        return similarity

    _, verdicts = in_its_world(plan, undefined)
    row = verdicts[(verdicts["claim"] == "G14") & (verdicts["estimator"] == "cka-biased")].iloc[0]
    assert (row["verdict"], row["reason"]) == ("undecided", "undefined for 1 of 5 seeds")


def test_what_one_seed_does_not_have_is_left_empty(plan, claims, tmp_path):
    one = world(plan).query("seed == 1")
    numbers = {key: series[:1] for key, series in histories(claims, as_the_paper_says).items()}
    contrasts, verdicts = judged(plan, one, curve(plan).query("seed == 1"), numbers)
    rows = contrasts.astype(object).where(contrasts.notna(), None).to_dict("records")
    write_csv(tmp_path / "claims.csv", rows, CONTRASTS)
    assert "nan" not in (tmp_path / "claims.csv").read_text().lower()
    assert set(verdicts["verdict"]) == {"undecided"}
    assert set(verdicts["reason"]) == {"1 seed, at least 4 are needed"}


def test_with_one_seed_the_verdict_hangs_on_the_smallest_effect(plan):
    steps = next(claim for claim in of(plan) if claim.name == "G1")
    similarity = world(plan)
    lower = (similarity["layer"] == "pool3") & (similarity["reference"] == "init")
    similarity = similarity.assign(value=similarity["value"] - 0.05 * lower)  # so pool4 changes little beyond pool3
    one = similarity[similarity["seed"] == SEEDS[0]]
    found = dict(measured_by_estimators(one, halves(one), curve(plan), calibrated=False))[ESTIMATORS[-1]]
    row = claim_row(steps, ESTIMATORS[-1], judging.judge_contrasts(steps, found), plan.regime("claims"))
    effects = {each.contrast.layer: each.judged.estimate.effect for each in judging.judge_contrasts(steps, found)}
    assert row["layer"] == min(effects, key=effects.__getitem__) != next(iter(effects))


def test_a_study_without_the_runs_says_so(load_config):
    config = load_config("small")
    config["finetune"]["domain"]["shift"] = None
    config["controls"]["scratch"] = False
    config["pretrain"]["random"] = [0]
    plan = Plan(config)
    found = {claim.name: claim for claim in of(plan)}
    assert found["G6"].contrasts == found["G10"].contrasts == found["G13"].contrasts == ()
    assert {contrast.label.split(":")[0] for contrast in found["G18"].contrasts} == {
        "true labels",
        "random labels",
        "other images",
    }
    row = claim_row(found["G6"], "cka-biased", [], plan.regime("claims"))
    assert (row["verdict"], row["reason"]) == ("undecided", "the study has no such runs")


def test_a_claim_that_cannot_be_judged_has_a_row(config):
    config["finetune"]["domain"]["shift"] = None
    plan = Plan(config)
    _, verdicts = in_its_world(plan)
    assert set(verdicts["claim"]) >= {claim.name for claim in of(plan) if claim.contrasts}


def test_histories_are_read_at_their_times():
    table = pd.DataFrame(
        [(0, 2.5, 10, 10), (1, 2.0, 20, None), (2, 1.0, 50, 40), (3, 0.6, 60, None), (4, 0.2, 80, 55)],
        columns=["epoch", "train_loss", "train_accuracy", "test_accuracy"],
    )
    keys = {("a", "train_loss", "3"): 0.4, ("a", "test_accuracy", "last"): 55, ("a", "train_loss", "9"): 0.95}
    of_history = contrast("", HISTORY, dict.fromkeys(keys, 1.0), CKA)
    numbers = measurements.histories({HistoryOf("a", 7): table}, [of_history])
    for key, expected in keys.items():
        assert numbers[key][7] == pytest.approx(expected)


# The multiverse


@pytest.fixture
def spec(config):
    return goerttler2022.multiverse_spec(Plan(config).experiments["drift"])


def multiverse_table(plan, claims, spec, choices):
    numbers = {HISTORY: histories(claims, as_the_paper_says)}
    return pd.DataFrame(multiverse.verdict_rows(spec, world(plan), curve(plan), choices, numbers))


def test_every_choice_has_its_verdict(plan, claims, spec):
    table = multiverse_table(plan, claims, spec, tried(plan, world(plan)))
    whole = table[table["layer"] == ""].set_index("claim")
    # Of the study: 2 estimators, also calibrated; of the main runs: 2 estimators at n = 100, in a second sample, and in
    # other blocks.
    g8 = whole.loc["G8"]
    assert len(g8) == 4 + 2 + 2 + 2
    assert set(g8[g8["variant"] == "conv-relu-bn"]["verdict"]) == {"supported"}
    assert set(g8[g8["variant"] == "conv-bn-relu"]["verdict"]) == {"undecided"}
    assert set(g8[g8["variant"] == "conv-bn-relu"]["n"]) == {"100"}
    assert set(g8["sample"]) == {"1", "2"}
    # Probes of different sizes share images, so they are one look.
    same = (g8["estimator"] == "cka-biased") & (g8["variant"] == "conv-relu-bn") & (g8["sample"] == "1")
    assert (same.sum(), g8.loc[same, "look"].nunique()) == (2, 1)
    assert g8["look"].nunique() == 8
    # Runs that are not among the main ones have the study's own choices alone.
    assert len(whole.loc["G11"]) == 4
    # Claims on fine-tuned and initial networks are also judged with an unrelated initial network.
    assert set(whole.loc["G15", "reference"]) == {"own", "unrelated"}
    assert set(whole.loc["G6", "reference"]) == {"own"}
    assert set(whole.loc[["G3", "G4", "G5"], "estimator"]) == {""}
    assert len(whole.loc[["G2"]]) == 2
    assert not table.duplicated(["claim", "layer", "estimator", "n", "bn", "variant", "reference", "sample"]).any()


def test_nearly_equal_estimators_are_one_look(plan, claims, spec):
    choices = tried(plan, world(plan))
    twin = choices[choices["estimator"] == "cka-debiased"].assign(estimator="minibatch-cka")
    table = multiverse_table(plan, claims, spec, pd.concat([choices, twin]))
    g8 = table[(table["claim"] == "G8") & (table["layer"] == "")]
    assert {"minibatch-cka", "cka-debiased"} <= set(g8["estimator"])
    assert g8["look"].nunique() == 8


def test_other_estimators_are_judged_on_calibrated_values_too(plan, claims, spec):
    choices = tried(plan, world(plan))
    usual = choices[(choices["n"] == 300) & (choices["estimator"] == "cka-biased")].assign(sample=1)
    calibrated = usual.assign(estimator="procrustes", calibrated=1 - usual["value"])
    table = multiverse_table(plan, claims, spec, pd.concat([choices, calibrated]))
    g8 = table[(table["claim"] == "G8") & (table["layer"] == "")].set_index("estimator")
    assert g8.loc["procrustes", "verdict"] == "supported"
    # The calibrated values of this test are the other way round.
    assert g8.loc[f"procrustes{CALIBRATED}", "verdict"] == "contradicted"
    assert g8.loc["procrustes", "look"] != g8.loc[f"procrustes{CALIBRATED}", "look"]


def test_thresholds_of_cka_do_not_judge_other_estimators(plan, claims, spec):
    other = tried(plan, world(plan)).assign(estimator="rsa-pearson")
    table = multiverse_table(plan, claims, spec, other)
    estimators = table.groupby("claim")["estimator"].unique()
    assert "rsa-pearson" in estimators["G8"]
    assert "rsa-pearson" not in estimators["G9"]


def test_reductions_of_layers_are_looks_of_their_own(plan, claims, spec):
    choices = tried(plan, world(plan))
    both = pd.concat([choices.assign(reduce="none"), choices.assign(reduce="mean")])
    several = replace(spec, usual=replace(spec.usual, reduce="none"))
    table = multiverse_table(plan, claims, several, both)
    g8 = table[(table["claim"] == "G8") & (table["layer"] == "")]
    assert set(g8["reduce"]) == {"none", "mean"}
    assert len(g8) == 4 + 2 * (2 + 2 + 2)
    # The study's own values are those without a reduction, so they are in no other look.
    assert g8["look"].nunique() == 8 + 6
    alone = multiverse_table(plan, claims, spec, choices)
    assert set(alone["reduce"]) == {""}
