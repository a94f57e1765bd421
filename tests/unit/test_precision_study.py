"""The experiment on the precision of training: its trainings, claims and figure."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.legend import Legend

from repdrift import figures
from repdrift.claims.contrasts import HISTORY, SIMILARITY
from repdrift.claims.judging import Measured, judge_contrasts
from repdrift.claims.verdict import together
from repdrift.experiments.precision.experiment import other_precisions
from repdrift.experiments.precision.figures import precision as figure
from repdrift.plan import specs
from repdrift.plan.plan import Plan
from repdrift.study.config import complete, load

SEEDS = (1, 2, 3, 4)
PRESETS = Path(__file__).parents[2] / "presets"


@pytest.fixture(scope="module")
def plan():
    return Plan(complete(load([PRESETS / f"{name}.yaml" for name in ("laptop", "confirmation", "precision")])))


@pytest.fixture(scope="module")
def claims(plan):
    return {claim.name: claim for claim in plan.claims["precision_claims"]}


def test_a_repetition_differs_in_the_precision_alone(plan):
    pairs = plan.experiments["precision"].pairs("bfloat16")
    assert [own.name for own, _ in pairs] == plan.experiments["drift"].usual_runs
    for own, again in pairs:
        first, second = (specs.train(plan, run.name, 11) for run in (own, again))
        assert second.run == f"bfloat16/{first.run}"
        assert second.training.precision == "bfloat16" != first.training.precision
        same = {name: value for name, value in vars(first).items() if name not in ("run", "training", "checkpoints")}
        assert same.items() <= vars(second).items()
        usual, repeated = (vars(one.training) for one in (first, second))
        assert repeated == usual | {"precision": "bfloat16"}


def test_both_begin_with_the_same_weights(plan):
    assert specs.initialise(plan, "bfloat16/init", 11) == specs.initialise(plan, "init", 11)


def test_a_variant_that_changes_more_is_no_precision(load_config):
    config = load_config("laptop")
    changed = {"training": {"precision": "bfloat16", "learning_rate": 0.01}}
    study = Plan(config | {"variants": {"both": changed, "one": {"training": {"precision": "tf32"}}}}).study
    assert list(other_precisions(study)) == ["one"]


def measured(claims, change):
    """Random numbers for the study's own precision, and the same with a change for the other."""
    generator = np.random.default_rng(0)
    keys = {(one.table, key) for claim in claims.values() for one in claim.contrasts for key in one.by_key}
    found = {SIMILARITY: {}, HISTORY: {}}
    for table, (run, *others) in sorted(keys):
        if run.startswith("bfloat16/"):
            continue
        own = pd.Series(generator.uniform(0.2, 0.8, len(SEEDS)), SEEDS)
        found[table][(run, *others)] = own
        found[table][(f"bfloat16/{run}", *others)] = own + change(table)
    return Measured(found)


def verdict(claim, found):
    judged = judge_contrasts(claim, found)
    assert len(judged) == len(claim.contrasts)
    return together([one.judged.verdict for one in judged], claim.needs)


def test_equal_numbers_support_every_claim(claims):
    noise = np.random.default_rng(1)
    found = measured(claims, lambda table: noise.normal(0, 1e-5, len(SEEDS)))
    assert {name: verdict(claim, found) for name, claim in claims.items()} == dict.fromkeys(claims, "supported")


def test_a_shift_of_all_numbers_contradicts_the_claims_on_them_and_not_those_on_differences(claims):
    found = measured(claims, lambda table: 0.05 if table == SIMILARITY else 3.0)
    assert verdict(claims["P1"], found) == "contradicted"
    assert verdict(claims["P2"], found) == "contradicted"
    assert verdict(claims["G8p"], found) == "supported"  # a trend does not see a shift


def test_every_claim_that_has_contrasts_of_trained_networks_is_repeated(plan, claims):
    own = {claim.name for claim in plan.claims["claims"]} - {"G2"}
    assert set(claims) == {"P1", "P2"} | {f"{name}p" for name in own}


def test_the_figure_shows_root_mean_squares():
    numbers = {"float32": [0.1, 0.2, 0.4], "bfloat16": [0.1, 0.23, 0.36]}
    rows = [
        {"precision": name, "seed": seed, "training": "a", "place": "pool1", "value": value}
        for name, values in reversed(numbers.items())
        for seed, value in enumerate(values)
    ]
    found = figure.changes(pd.DataFrame(rows), "float32", ["training"]).set_index("series")["change"]
    pairs = [(0.1, 0.2), (0.1, 0.4), (0.2, 0.4)]
    assert found[figure.SEED] == pytest.approx(np.sqrt(np.mean([(a - b) ** 2 for a, b in pairs])))
    assert found["bfloat16"] == pytest.approx(np.sqrt((0.03**2 + 0.04**2) / 3))


def drawn_of(seeds, folder):
    """Draw a table with similarities and histories: each row leaves cells empty, and the study's precision is last."""
    rows = []
    for precision, change in (("bfloat16", 0.004), ("float32", 0.0)):
        for seed in seeds:
            where = {"precision": precision, "training": "a", "seed": seed}
            for layer in ("pool1", "logits"):
                cells = {"probe": "source", "reference": "init", "layer": layer, "estimator": "cka-debiased"}
                rows.append({**where, **cells, "value": 0.5 + 0.01 * seed + change})
            for epoch, accuracy in ((1, 40.0), (2, 80.0 + seed + 100 * change)):
                rows.append({**where, "epoch": epoch, "train_accuracy": accuracy, "test_accuracy": accuracy / 2})
    pd.DataFrame(rows).to_csv(folder / "precision.csv", index=False)
    return figures.draw(folder / "precision.csv", "precision", "conv-relu-bn")


def test_the_figure_is_drawn_from_rows_of_similarities_and_of_histories(tmp_path):
    drawn = drawn_of(SEEDS, tmp_path)
    similarities, accuracies = drawn.axes
    assert [label.get_text() for label in similarities.get_xticklabels()] == ["pool1", "logits"]
    assert [label.get_text() for label in accuracies.get_xticklabels()] == ["training", "test"]
    points = [line.get_ydata() for line in accuracies.lines if line.get_marker() == "."]
    seeds = np.sqrt(2) * np.std(SEEDS, ddof=1)
    assert np.concatenate(points) == pytest.approx([seeds, 0.4, seeds / 2, 0.2])
    medians = [segment[0, 1] for part in similarities.collections for segment in part.get_segments()]
    assert medians == pytest.approx([0.01 * seeds, 0.004] * 2)


def test_one_seed_is_shown_without_another(tmp_path):
    drawn = drawn_of(SEEDS[:1], tmp_path)
    legends = [text.get_text() for legend in drawn.findobj(Legend) for text in legend.get_texts()]
    assert legends == ["bfloat16", "margin"]
    assert any(text.get_text().startswith("1 seed, float32 otherwise") for text in drawn.texts)
    medians = [segment[0, 1] for part in drawn.axes[0].collections for segment in part.get_segments()]
    assert medians == pytest.approx([0.004] * 2)
