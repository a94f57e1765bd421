"""Transferability in a study: its trainings, figures and claims."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from repdrift import figures
from repdrift.canonical import canonical
from repdrift.experiments.transferability.figures.transferability import RoundNumbers
from repdrift.experiments.transferability.stages import transferability_of_networks as stage
from repdrift.experiments.transferability.stages import transferability_regression as regression_stage
from repdrift.figures.scatter import Mean
from repdrift.plan import specs
from repdrift.plan.plan import Plan
from repdrift.specs import JudgeSpec, parse
from repdrift.study.config import load

LAYERS = ["conv1", "conv2", "conv3", "conv4"]
MEASURED = [*LAYERS, "head"]
SEEDS = (1, 2, 3, 4)
ROOT = Path(__file__).parents[2]


# The plan


@pytest.fixture(scope="module")
def plan():
    return Plan(load([ROOT / "config.yaml", ROOT / "presets" / "laptop.yaml"]))


def test_trainings_that_exist_are_not_made_again(load_config, plan):
    without = Plan(load_config("laptop") | {"transferability": None})
    added = set(plan.runs) - set(without.runs)
    sizes = [f"cifar10+{target}-n{size}" for target in ("cifar10", "svhn") for size in (64, 256, 1024)]
    # 1,024 images in 25 epochs are 800 steps already.
    steps = [f"{name}-steps800" for name in sizes if "1024" not in name]
    steps += ["cifar10+cifar10-steps800", "cifar10+svhn-steps800"]
    classes = [
        f"cifar10+{target}-n500{end}" for target in ("cifar10", "svhn") for end in ("", "-classes2", "-classes5")
    ]
    assert added == {*sizes, *steps, *classes, "cifar10+mnist", "init+cifar10", "init+svhn"}
    for name, run in without.runs.items():
        assert plan.runs[name] == run
    drifts = [one.experiments["drift"] for one in (plan, without)]
    assert list(drifts[0].needed) == list(drifts[1].needed)


def test_a_training_is_in_all_its_groups(plan):
    experiment = plan.experiments["transferability"]
    groups = {name: experiment.described(run).groups for name, run in experiment.measured.items()}
    assert groups["cifar10+cifar10"] == "target epochs"
    assert groups["cifar10+svhn-n1024"] == "epochs steps"
    assert groups["cifar10+cifar10-n500"] == "classes"
    assert groups["init+svhn"] == "scratch"
    assert groups["cifar10+cifar10-random9"] == groups["init+cifar10-random9"] == ""
    assert set(experiment.measured) <= set(plan.runs)
    assert not any("/" in name for name in experiment.measured)


def test_domains_are_of_tasks_that_exist_and_as_large_as_can_be(plan):
    experiment = plan.experiments["transferability"]
    assert experiment.datasets == ["cifar10", "svhn", "mnist"]
    found = {name: (task.name, task.size) for name, task in experiment.domains("svhn").items()}
    assert found["svhn"] == ("target-svhn", 5000)
    assert found["svhn-classes2"] == ("target-svhn-n500-classes2", 500)
    assert {name for name, _ in found.values()} <= set(plan.tasks)
    assert len(experiment.task_files("svhn", 1)) == len(experiment.images("svhn")) == 1 + len(found)


def test_networks_are_in_the_order_of_the_spec(plan):
    experiment = plan.experiments["transferability"]
    spec = experiment.networks_spec("cifar10", 1)
    names = [*experiment.references, *(trained.run for trained in spec.runs)]
    found = [path.split("/")[3] for path in experiment.networks("cifar10", 1)]
    assert found == ["init", "cifar10", "independent", *names[3:]]
    assert list(spec.domains) == [
        task.name.removeprefix("target-").replace("-n500", "") for task in experiment.domain_tasks("cifar10")[1:]
    ]


def test_claims_read_tables_in_the_order_of_their_spec(plan):
    for figure in plan.claims:
        spec = parse(JudgeSpec, canonical(specs.judge(plan, figure)))  # as the program reads it: JSON sorts its keys
        assert list(spec.tables) == list(plan.claim_tables(figure))


def test_a_title_is_of_tables_alone(load_config, plan):
    config = load_config("laptop")
    config["datasets"]["svhn"]["title"] = "street numbers"
    other, same = (one.experiments["transferability"] for one in (Plan(config), plan))
    assert other.networks_spec("svhn", 1) == same.networks_spec("svhn", 1)
    assert set(other.files.values()) == {"CIFAR-10", "street numbers", "MNIST"}


def test_sizes_are_at_most_what_the_target_has(load_config):
    config = load_config("laptop")
    config["finetune"]["cross_domain"]["train"] = "train[0:700]"
    experiment = Plan(config).experiments["transferability"]
    assert experiment.sizes("svhn") == [64, 256, 700]
    assert experiment.sizes("cifar10") == [64, 256, 1024, 5000]


# Figures and claims, of made-up tables


def made_up(plan, *, infinite=()):
    """Rows as the stage writes them: T falls with N, classes, gap and randomness, and after a rise with depth."""
    experiment = plan.experiments["transferability"]
    rows = []
    for seed in SEEDS:
        noise = np.random.default_rng(seed)
        for name, run in experiment.measured.items():
            columns = vars(experiment.described(run))
            domain = {"gap": 40.0 * ["cifar10", "svhn", "mnist"].index(run.task.dataset), "width": 100.0}
            domain = {item: value + 5 * columns["classes"] + seed for item, value in domain.items()}
            log_t = 6 - 0.4 * math.log(columns["size"]) - 0.01 * domain["gap"] - 0.05 * columns["classes"]
            log_t -= {"t": 0, "s": 0.02, "r": 1}[columns["labels"][0]]
            logs = {
                layer: log_t + rank + noise.normal(0, 0.01)
                for layer, rank in zip(LAYERS, (0.3, 0.5, 0.1, 0), strict=True)
            }
            logs |= {"head": log_t + 0.5, "overall": log_t + 0.2}
            if name in infinite:
                logs |= {"conv2": math.inf, "overall": math.inf}
            values = {item: math.exp(value) for item, value in logs.items()}
            moved = {layer: 1 / values[layer] for layer in MEASURED}
            found = [
                *stage.rows("pretrained", "T", values),
                *stage.rows("pretrained", "T by l2", values),
                *stage.rows("pretrained", "ln T", logs),
                *stage.rows("independent", "T", dict.fromkeys(values, 0.5)),
                *stage.rows("independent", "T by l2", dict.fromkeys(values, 0.5)),
                *stage.rows("pretrained", "movement", moved),
                *stage.rows("", "domain", domain),
            ]
            whose = {"seed": seed, **{key: columns[key] for key in stage.TRAINED}}
            whose["images"] = plan.study.title(run.task.dataset)
            rows += [whose | row for row in found]
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def usual(plan):
    return made_up(plan)


def with_regressions(table):
    found = regression_stage.points(table)
    return pd.concat([found, *regression_stage.regressions(found)])


def with_similarities(table, plan):
    usual = plan.experiments["drift"].usual_runs
    moved = table[(table["measure"] == "movement") & (table["network"] == "fine-tuned") & table["run"].isin(usual)]
    layers = dict(zip(MEASURED, ("pool1", "pool2", "pool3", "pool4", "logits"), strict=True))
    similar = moved.assign(value=1 - moved["value"] ** 2, estimator="cka-debiased", layer=moved["item"].map(layers))
    return pd.concat([table, similar[["run", "seed", "reference", "layer", "estimator", "value"]]])


def drawn(table, kind, folder):
    path = folder / f"{kind}.csv"
    table.to_csv(path, index=False)
    figure = figures.draw(path, kind, "conv4, conv-relu-bn")
    figures.write(figure, folder / f"{kind}.png", "png")
    return figure


def words(figure):
    found = [text.get_text() for axes in figure.axes for text in axes.texts]
    return found + [text.get_text() for text in figure.texts]


def test_layers_have_a_column_for_each_target(usual, tmp_path):
    figure = drawn(usual, "transferability_layers", tmp_path)
    assert [axes.get_title(loc="left") for axes in figure.axes[:3]] == ["(a) CIFAR-10", "(b) SVHN", "(c) MNIST"]
    labels = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert labels[0] == "true labels"
    assert labels[-2:] == ["control: independent start", "control: trained from scratch"]


@pytest.mark.parametrize("kind", ["transferability_layers", "transferability_data", "transferability_gap"])
def test_figures_survive_infinite_values(kind, plan, tmp_path, recwarn):
    table = made_up(plan, infinite=["cifar10+svhn", "cifar10+svhn-n64"])
    figure = drawn(with_regressions(table) if kind == "transferability_gap" else table, kind, tmp_path)
    assert any("∞: " in text for text in words(figure))
    assert kind == "transferability_gap" or "∞" in words(figure)
    assert [str(warning.message) for warning in recwarn if "matplotlib" in str(warning.filename)] == []


def test_data_are_swept_in_their_order(usual, tmp_path):
    figure = drawn(usual, "transferability_data", tmp_path)
    ticks = [[label.get_text() for label in axes.get_xticklabels()] for axes in figure.axes]
    assert ticks[0] == ticks[1] == ticks[2] == ticks[3] == ["64", "256", "1,024", "5,000"]
    assert ticks[4] == ticks[5] == ["2", "5", "10"]


def test_the_regression_finds_what_is_in_the_table(usual):
    found = with_regressions(usual)
    narrow = found[found["series"] == "true labels, equal epochs"]
    points = found[(found["measure"] == "T") & (found["labels"] == "true labels") & (found["groups"] != "steps")]
    assert set(narrow["n"]) == {points["run"].nunique()} == {15}
    means = narrow[narrow["measure"] == "coefficient of means"].set_index("item")["value"]
    per_run = points.groupby("run")[["gap", "ln N"]].mean().std(ddof=0)
    assert means["gap"] == pytest.approx(-0.01 * per_run["gap"], abs=0.02)
    assert means["ln N"] == pytest.approx(-0.4 * per_run["ln N"], abs=0.02)
    assert means["R²"] == pytest.approx(1, abs=0.01)
    assert narrow[narrow["measure"] == "coefficient"].groupby("item")["seed"].nunique().eq(len(SEEDS)).all()


def test_the_gap_shows_every_fine_tuning_and_the_regressions(usual, tmp_path):
    table = with_regressions(usual)
    figure = drawn(table, "transferability_gap", tmp_path)
    runs = table.loc[table["measure"] == "T", "run"].nunique()
    assert [len(axes.containers) for axes in figure.axes[:3]] == [runs] * 3
    assert {"gap", "width", "ln N", "ln steps", "R²", *regression_stage.FITS} <= set(words(figure))
    assert "15 (7)" in words(figure)
    # A label above the axes for each domain: its classes.
    assert sorted(text.get_text() for text in figure.axes[0].texts) == ["10", "10", "10", "2", "2", "5", "5"]
    # T spans less than a decade, and has more than two labels.
    ticks = figure.axes[0].get_yticks()
    low, high = figure.axes[0].get_ylim()
    assert sum(low <= tick <= high for tick in ticks) > 3


@pytest.mark.parametrize("limits", [(0.95, 1.3), (0.8, 2.2), (0.5, 40), (0.003, 0.9), (1, 1e5), (0, 5)])
def test_a_logarithmic_axis_has_some_ticks_and_not_too_many(limits):
    low, high = limits
    for most in (3, 5):
        ticks = RoundNumbers(most).tick_values(low, high)
        assert 1 <= len(ticks) <= max(most, math.log10(high / max(low, 1e-12)) + 1)
        assert all(low <= tick <= high for tick in ticks)
    assert len(RoundNumbers(5).tick_values(0.8, 2.2)) >= 3


def test_means_have_the_intervals_of_students_t():
    values = pd.Series([0.3, 0.1, 0.2, 0.5, math.nan, math.inf])
    expected = stats.ttest_1samp(values[:4], 0).confidence_interval(0.95)
    assert Mean.of(values) == pytest.approx((values[:4].mean(), expected.low, expected.high))
    assert Mean.of(values[:1]) == (0.3, 0.3, 0.3)


def test_weights_stand_against_representations_in_a_panel_for_each_layer(usual, plan, tmp_path):
    figure = drawn(with_similarities(usual, plan), "weights_vs_representations", tmp_path)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == [f"({letter}) {layer}" for letter, layer in zip("abcde", MEASURED, strict=True)]
    for axes in figure.axes:
        said = [text.get_text() for text in axes.texts]
        assert "\u03c1 = 1.00, n = 11" in said
        assert len(said) == 3


def test_controls_have_a_row_of_their_own(usual, tmp_path):
    figure = drawn(usual, "transferability_layers", tmp_path)
    rows = [figure.axes[3 * row] for row in range(3)]
    drawn_lines = [sum(line.get_marker() not in (".", "None", "") for line in axes.lines) for axes in rows]
    assert drawn_lines[0] == drawn_lines[1] == 6  # true, shifted, four random
    assert drawn_lines[2] == 2
