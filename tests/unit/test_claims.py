"""The claims: what they are about, and their verdicts in worlds that are made to agree with them, or not."""

import numpy as np
import pandas as pd
import pytest

from repdrift import figures
from repdrift.canonical import canonical
from repdrift.claims import measurements
from repdrift.claims.contrasts import CURVE, HISTORY, contrast
from repdrift.claims.judging import CONTRASTS, claim_row
from repdrift.claims.judging import judge_claims as judge
from repdrift.claims.measurements import ADJUSTED
from repdrift.experiments.drift import claims as goerttler2022
from repdrift.experiments.drift.stages import judge_under_choices as multiverse
from repdrift.plan import specs
from repdrift.plan.plan import Plan
from repdrift.provenance.artifacts import write_csv
from repdrift.specs import JudgeSpec, parse

LAYERS = ("pool1", "pool2", "pool3", "pool4", "logits")
ESTIMATORS = ("cka-biased", "cka-debiased")
SEEDS = (1, 2, 3, 4, 5)
NULL = 0.2


@pytest.fixture
def config(load_config):
    """The demo's, with all runs that claims are about, and with enough seeds."""
    found = load_config("demo") | {"seeds": list(SEEDS), "transfer": None}
    found["controls"] = {"scratch": True, "matched_steps": 88, "independent": True}
    found["finetune"]["cross_domain"]["random"] = [0, 9]
    return found


@pytest.fixture
def plan(config):
    return Plan(config)


@pytest.fixture
def claims(plan):
    return of(plan)


def of(plan):
    return goerttler2022.claims(plan.experiments["drift"])


def change(run, reference):
    """How much each layer changes in a world where the paper is right, from 0 to 1."""
    depth = np.arange(1, 6)
    if reference == "init" and "+" not in run:  # from scratch
        size = 0.5 if "-n256" in run else 1
        random = np.array([0.7, 0.7, 0.7, 0.7, 1.1]) if "random9" in run else 1
        return 0.15 * depth * random * size
    if reference == "init" and run.startswith("init+"):
        return 0.05 * depth
    tuned = {
        "objects+objects": 0.01 * depth, "objects+objects-random9": 0.15 * depth, "objects+objects-shift": 0.03 * depth,
        "objects+digits": 0.04 * depth, "objects+digits-random9": 0.15 * depth,
    }[run]  # fmt: skip
    if reference == "pretrained":
        return tuned
    return tuned + (-0.03 if "random9" in run else 0.3 if run == "objects+objects" else 0.05)


def world(plan, sign=1):
    """Similarities of all runs; with -1, a world in which all changes are the other way round."""
    noise = np.random.default_rng(1)
    rows = []
    for name in plan.experiments["drift"].usual_runs:
        for reference in plan.study.references(plan.runs[name]):
            own = change(name, "init" if reference == "independent" else reference)
            for seed in SEEDS:
                for layer, amount in zip(LAYERS, own, strict=True):
                    value = (1 - amount if sign == 1 else amount) + noise.normal(0, 1e-4)
                    rows += [(name, seed, reference, layer, estimator, 300, value, NULL) for estimator in ESTIMATORS]
    columns = ["run", "seed", "reference", "layer", "estimator", "n", "value", "null_mean"]
    return pd.DataFrame(rows, columns=columns).assign(null_q95=0.25)


def curve(plan, last=0.001):
    rows = [
        (seed, epoch, layer, estimator, 0.8 + (last * seed if epoch < plan.study.checkpoint_epochs[-1] else 0))
        for seed in SEEDS
        for epoch in plan.study.checkpoint_epochs
        for layer in LAYERS
        for estimator in ESTIMATORS
    ]
    return pd.DataFrame(rows, columns=["seed", "epoch", "layer", "estimator", "value"])


def histories(claims, values):
    found = [contrast for claim in claims for contrast in claim.contrasts if contrast.table == HISTORY]
    keys = {key for contrast in found for key in contrast.by_key}
    return {key: pd.Series({seed: values(*key) + 1e-3 * seed for seed in SEEDS}) for key in keys}


def as_the_paper_says(run, column, _):
    random = "random9" in run
    return {"train_loss": 1 + random, "train_accuracy": 97 - random, "test_accuracy": 10.1 if random else 75}[column]


def judged(claims, similarity, curves, numbers):
    contrasts, verdicts = judge(claims, similarity, curves, {HISTORY: numbers})
    return pd.DataFrame(contrasts), pd.DataFrame(verdicts)


def test_the_paper_has_all_claims(load_config):
    found = {claim.name: claim for claim in of(Plan(load_config()))}
    assert list(found) == [f"G{n}" for n in range(1, 7)] + ["G6b", "G7", "G7s"] + [f"G{n}" for n in range(8, 20)]
    assert all(claim.contrasts for claim in found.values())
    # 5 degrees: 4 neighbours; the shift is one of four tasks; 12 differences of three early layers.
    assert [len(found[name].contrasts) for name in ("G3", "G5", "G8", "G12", "G18")] == [4, 5, 5, 12, 16]
    assert {claim.figure for claim in found.values()} <= {f"fig{n}" for n in range(1, 6)} | {"controls"}


def test_a_spec_holds_the_claims(plan, claims):
    assert parse(JudgeSpec, canonical(specs.judge(plan, "claims"))).claims == tuple(claims)


def test_weights_of_similarities_sum_to_0_but_for_thresholds(claims):
    for claim in claims:
        for one in claim.contrasts:
            if one.table not in (HISTORY, CURVE) and not one.threshold:
                assert sum(one.by_key.values()) == pytest.approx(0, abs=1e-12), (claim.name, one.label)


def test_a_trend_is_the_slope_in_ranks(load_config):
    plan = Plan(load_config())
    claim = next(claim for claim in of(plan) if claim.name == "G8")
    contrast = claim.contrasts[0]
    values = dict(zip(contrast.by_key, [0.9, 0.7, 0.65, 0.5, 0.1], strict=True))
    numbers = {key: pd.Series({1: value}) for key, value in values.items()}
    slope = np.polyfit(range(5), list(values.values()), 1)[0]
    assert measurements.values(contrast, numbers) == pytest.approx([-slope])


def test_in_the_papers_world_all_claims_hold(plan, claims):
    _, verdicts = judged(claims, world(plan), curve(plan), histories(claims, as_the_paper_says))
    wrong = verdicts[verdicts["verdict"] != "supported"]
    assert wrong.empty, wrong[["claim", "estimator", "reason"]].to_string()
    assert set(verdicts["estimator"]) == {"", *ESTIMATORS, f"cka-biased{ADJUSTED}"}


def test_in_the_opposite_world_none_does(plan, claims):
    def opposite(run, column, _):
        random = "random9" in run
        return {"train_loss": 2 - random, "train_accuracy": 50, "test_accuracy": 60 if random else 5}[column]

    contrasts, verdicts = judged(claims, world(plan, -1), curve(plan, 0.1), histories(claims, opposite))
    assert set(verdicts["verdict"]) == {"contradicted"}
    # The sum of two claims that are both wrong is no better.
    assert (contrasts.loc[contrasts["claim"] == "G7", "mean"] < 0).all()


def test_what_contradicts_is_named(plan, claims):
    similarity = world(plan)
    deep = (similarity["layer"] == "pool4") & (similarity["run"] == "objects-random9")
    similarity.loc[deep, "value"] -= 0.5
    _, verdicts = judged(claims, similarity, curve(plan), histories(claims, as_the_paper_says))
    reasons = verdicts.set_index(["claim", "estimator"])["reason"]
    assert reasons["G6", "cka-biased"] == "CKA to initial, d = 0 to 9 (pool4): the opposite sign in 5 of 5 seeds"


def test_similarity_above_its_null():
    table = pd.DataFrame({"value": [NULL, 1.0, 0.6], "null_mean": NULL})
    assert measurements.adjusted(table)["value"].tolist() == pytest.approx([0, 1, 0.5])


def test_values_within_the_null_are_counted(plan, claims):
    similarity = world(plan)
    low = (similarity["run"] == "objects-random9") & (similarity["layer"] == "pool4") & (similarity["seed"] <= 2)
    similarity.loc[low, "value"] = 0.24
    contrasts, _ = judged(claims, similarity, curve(plan), histories(claims, as_the_paper_says))
    rows = contrasts[(contrasts["claim"] == "G6") & (contrasts["estimator"] == "cka-biased")].set_index("layer")
    assert rows.loc["pool4", "above_null"] == 3
    assert rows.loc["pool1", "above_null"] == 5


def test_an_undefined_similarity_is_said(plan, claims):
    similarity = world(plan)
    similarity.loc[(similarity["seed"] == 2) & (similarity["layer"] == "pool3"), "value"] = np.nan
    _, verdicts = judged(claims, similarity, curve(plan), histories(claims, as_the_paper_says))
    row = verdicts[(verdicts["claim"] == "G14") & (verdicts["estimator"] == "cka-biased")].iloc[0]
    assert row["verdict"] == "inconclusive"
    assert row["reason"].endswith("(pool3): undefined for 1 of 5 seeds")


def test_what_one_seed_does_not_have_is_left_empty(plan, claims, tmp_path):
    one = world(plan)
    numbers = {key: series[:1] for key, series in histories(claims, as_the_paper_says).items()}
    contrasts, _ = judge(claims, one[one["seed"] == 1], curve(plan).query("seed == 1"), {HISTORY: numbers})
    write_csv(tmp_path / "claims.csv", contrasts, CONTRASTS)
    figure = figures.draw(tmp_path / "claims.csv", "claims", "conv4")
    assert "nan" not in (tmp_path / "claims.csv").read_text().lower()
    assert any(text.get_text() == "+65" for text in figure.axes[0].texts)  # test accuracy at d = 0 above chance


def test_a_study_without_the_runs_says_so(load_config):
    config = load_config("demo")
    config["finetune"]["domain"]["shift"] = None
    config["controls"]["scratch"] = False
    config["pretrain"]["random"] = [0]
    plan = Plan(config)
    found = {claim.name: claim.contrasts for claim in of(plan)}
    assert found["G6"] == found["G10"] == found["G13"] == ()
    assert {contrast.label.split(":")[0] for contrast in found["G18"]} == {
        "true labels",
        "random labels",
        "other images",
    }
    row = claim_row(of(plan)[5], "cka-biased", [])
    assert (row["verdict"], row["reason"]) == ("inconclusive", "the study has no such runs")


def test_a_claim_that_cannot_be_judged_has_a_row(config):
    config["finetune"]["domain"]["shift"] = None
    plan = Plan(config)
    claims = of(plan)
    _, verdicts = judged(claims, world(plan), curve(plan), histories(claims, as_the_paper_says))
    assert set(verdicts["claim"]) == {claim.name for claim in claims}
    assert set(verdicts.loc[verdicts["claim"] == "G13", "reason"]) == {"the study has no such runs"}


def test_histories_are_read_off_files(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text(
        "epoch,step,train_loss,train_accuracy,test_loss,test_accuracy\n"
        "0,0,2.5,10,2.5,10\n1,4,2.0,20,,\n2,8,1.0,50,1,40\n3,12,0.6,60,,\n4,16,0.2,80,1,55\n"
    )
    keys = {("a", "train_loss", "3"): 0.4, ("a", "test_accuracy", "last"): 55, ("a", "train_loss", "9"): 0.95}
    numbers = measurements.histories([("a", 7, path)], [contrast("", HISTORY, dict.fromkeys(keys, 1.0))])
    for key, expected in keys.items():
        assert numbers[key][7] == pytest.approx(expected)


# The multiverse


@pytest.fixture
def spec(config):
    config["sensitivity"]["blocks"] = ["conv-bn-relu"]
    return goerttler2022.multiverse_spec(Plan(config).experiments["drift"])


def tried(plan, similarity):
    """The main runs under another order of the blocks, in which random labels change as little as true ones."""
    main = {run.name for run in plan.experiments["drift"].main_runs}
    rows = similarity[similarity["run"].isin(main) & (similarity["reference"] != "independent")].assign(
        bn="batch", n=100
    )
    other = rows.assign(run="conv-bn-relu/" + rows["run"])
    other["value"] = 0.5
    return pd.concat([rows, other])


def test_every_choice_has_its_verdict(plan, claims, spec):
    similarity = world(plan)
    rows = multiverse.verdict_rows(
        spec, similarity, curve(plan), tried(plan, similarity), {HISTORY: histories(claims, as_the_paper_says)}
    )
    table = pd.DataFrame(rows)
    whole = table[table["layer"] == ""].set_index("claim")
    # Of the study: 2 estimators, and one above its null; of the main runs: 2 estimators at n = 100, for both blocks.
    g8 = whole.loc["G8"]
    assert len(g8) == 3 + 2 + 2
    assert set(g8[g8["block"] == "conv-relu-bn"]["verdict"]) == {"supported"}
    assert set(g8[g8["block"] == "conv-bn-relu"]["verdict"]) == {"inconclusive"}
    assert set(g8[g8["block"] == "conv-bn-relu"]["n"]) == {"100"}
    # Runs that are not among the main ones have the study's own choices alone.
    assert len(whole.loc["G11"]) == 3
    # Claims on fine-tuned and initial networks are also judged with an unrelated initial network.
    assert set(whole.loc["G15", "reference"]) == {"own", "unrelated"}
    assert set(whole.loc["G6", "reference"]) == {"own"}
    assert set(whole.loc[["G3", "G4", "G5"], "estimator"]) == {""}
    assert len(whole.loc[["G2"]]) == 2
    assert not table.duplicated(["claim", "layer", "estimator", "n", "bn", "block", "reference"]).any()


def test_thresholds_of_cka_do_not_judge_other_estimators(plan, claims, spec):
    similarity = world(plan)
    other = tried(plan, similarity).assign(estimator="rsa-pearson")
    rows = multiverse.verdict_rows(
        spec, similarity, curve(plan), other, {HISTORY: histories(claims, as_the_paper_says)}
    )
    estimators = pd.DataFrame(rows).groupby("claim")["estimator"].unique()
    assert "rsa-pearson" in estimators["G8"]
    assert "rsa-pearson" not in estimators["G9"]
