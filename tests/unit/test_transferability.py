"""Transferability: T in closed forms, Fréchet distances, regressions; the plan, the figures and the claims."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import linalg, stats
from torch import nn

from repdrift import figures
from repdrift.canonical import canonical
from repdrift.experiments.transferability import domains, measure
from repdrift.experiments.transferability.figures.transferability import RoundNumbers
from repdrift.experiments.transferability.regression import regress
from repdrift.experiments.transferability.stages import transferability_of_networks as stage
from repdrift.experiments.transferability.stages import transferability_regression as regression_stage
from repdrift.experiments.transferability.within_layers import correlations
from repdrift.figures.scatter import Mean
from repdrift.networks.building import build, initialise
from repdrift.networks.interpolation import interpolated
from repdrift.networks.representations import representations
from repdrift.plan import specs
from repdrift.plan.plan import Plan
from repdrift.specs import JudgeSpec, parse
from repdrift.study.config import load

NETWORK = {"name": "conv4", "block": "conv-relu-bn", "classes": 10}
LAYERS = ["conv1", "conv2", "conv3", "conv4"]
MEASURED = [*LAYERS, "head"]
SEEDS = (1, 2, 3, 4)
ROOT = Path(__file__).parents[2]


def network(seed):
    made = build(NETWORK)
    initialise(made, "test", seed)
    return made


def between(first, second, share):
    """Network on the line between two."""
    made = build(NETWORK)
    made.load_state_dict(interpolated(first.state_dict(), second.state_dict(), share))
    return made


def compared(tuned, **references):
    found = pd.DataFrame(stage.rows_of_network(tuned, references)).set_index(["reference", "measure", "item"])
    return found["value"].sort_index()


# T


def test_an_unrelated_start_has_t_1():
    found = compared(network(1), init=network(2), pretrained=network(3), independent=network(4))
    for start in ("pretrained", "independent"):
        for name in ("T", "T by l2"):
            assert found[start, name].reindex([*MEASURED, "overall"]).to_numpy() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("name", ["T", "T by l2"])
def test_a_quarter_of_the_way_has_t_3(name):
    initial, start = network(1), network(2)
    tuned = between(start, initial, 0.25)
    found = compared(tuned, init=initial, pretrained=start, independent=initial)
    assert found["pretrained", name].to_numpy() == pytest.approx(3, rel=1e-5)
    assert found["independent", name].to_numpy() == pytest.approx(1)
    assert found["pretrained", f"ln {name}"][[*MEASURED, "overall"]].to_numpy() == pytest.approx(math.log(3), rel=1e-5)
    norms = {"conv2": initial.blocks[1].conv.weight - start.blocks[1].conv.weight, "start": start.blocks[1].conv.weight}
    moved = 0.25 * norms["conv2"].norm() / norms["start"].norm()
    assert found["pretrained", "movement", "conv2"] == pytest.approx(moved.item(), rel=1e-5)


def test_an_untouched_layer_has_infinite_t():
    initial, start = network(1), network(2)
    tuned = between(start, initial, 0.5)
    tuned.blocks[2].conv.weight.data.copy_(start.blocks[2].conv.weight)
    found = compared(tuned, init=initial, pretrained=start, independent=network(3))["pretrained"]
    assert found["T", "conv3"] == found["T", "overall"] == found["ln T", "conv3"] == math.inf
    assert found["T", "conv2"] == pytest.approx(1)
    assert not found["T"].isna().any()


def test_overall_is_the_mean_of_the_ratios_without_the_head():
    far, near = {"conv1": 2.0, "conv2": 9.0, "head": 50.0}, {"conv1": 1.0, "conv2": 3.0, "head": 1.0}
    assert measure.transferability(far, near)["overall"] == 2.5


def test_the_compared_weights_are_those_of_the_convolutions_and_of_the_head():
    made = network(1)
    kernels = {f"conv{number}": block.conv.weight for number, block in enumerate(made.blocks, 1)}
    found = measure.compared_weights(made)
    assert list(found) == [*LAYERS, "head"]
    for name, weight in {**kernels, "head": made.head.weight}.items():
        torch.testing.assert_close(found[name], weight.detach().flatten(), rtol=0, atol=0)


def test_batch_normalisation_and_biases_do_not_matter():
    initial, start, tuned = network(1), network(2), network(3)
    before = compared(tuned, init=initial, pretrained=start, independent=initial)
    for part in tuned.modules():
        if getattr(part, "bias", None) is not None:
            part.bias.data += 1
        if isinstance(part, nn.BatchNorm2d):
            part.weight.data += 1
    pd.testing.assert_series_equal(before, compared(tuned, init=initial, pretrained=start, independent=initial))


# Gap and width


def draws(seed, count, width):
    generator = np.random.default_rng(seed)
    return generator.normal(seed, 1, (count, width)) @ generator.normal(size=(width, width))


def test_the_gap_is_that_of_matrix_square_roots():
    first, second = draws(1, 60, 12), draws(2, 90, 12)
    covariances = [np.cov(values.T) for values in (first, second)]
    shift = np.square(first.mean(0) - second.mean(0)).sum()
    root = linalg.sqrtm(covariances[0] @ covariances[1])
    expected = shift + np.trace(covariances[0] + covariances[1] - 2 * root.real)
    assert domains.gap(first, second) == pytest.approx(expected, rel=1e-10)
    assert domains.width(first) == pytest.approx(np.trace(covariances[0]), rel=1e-12)


@pytest.mark.parametrize("count", [200, 8])
def test_equal_distributions_have_no_gap(count):
    values = draws(1, count, 30)
    generator = np.random.default_rng(0)
    assert domains.gap(values, generator.permutation(values)) == pytest.approx(0, abs=1e-10 * domains.width(values))
    # A shift alone is its square.
    assert domains.gap(values, values + 2) == pytest.approx(4 * 30)


def test_fewer_images_than_features_change_nothing():
    """Features within 6 of 40 dimensions have singular covariances, and the gap that they have in these 6."""
    first, second = draws(1, 20, 6), draws(2, 25, 6)
    frame, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(40, 6)))
    assert domains.gap(first @ frame.T, second @ frame.T) == pytest.approx(domains.gap(first, second), rel=1e-10)


def some_images(seed, brightness=0, count=64):
    generator = np.random.default_rng(seed)
    noise = generator.integers(0, 100, (count, 3, 8, 8)).repeat(4, 2).repeat(4, 3)
    return torch.from_numpy((noise + brightness).astype(np.uint8))


def test_the_gap_is_read_with_the_statistics_of_the_source():
    """Brighter images are another domain. Statistics of each domain itself would hide that."""
    source, same, brighter = some_images(1), some_images(2), some_images(3, brightness=120)
    own = network(1)
    features = list(stage.features(own, [source, same, brighter], source))
    gaps = [domains.gap(features[0], other) for other in features[1:]]
    assert gaps[1] > 3 * gaps[0]
    each = [
        representations(own, images, images)["pool4"].numpy().astype(np.float64) for images in (source, same, brighter)
    ]
    hidden = [domains.gap(each[0], other) for other in each[1:]]
    assert hidden[1] / hidden[0] < 0.5 * gaps[1] / gaps[0]
    # An independent route: the running statistics of a network that has seen the source alone.
    by_hand = network(1).train()
    for part in by_hand.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = None
    with torch.no_grad():
        for batch in source.split(32):
            by_hand(batch)
        expected = by_hand.eval().read_layers(brighter)["pool4"].flatten(1)
    assert features[2] == pytest.approx(expected.numpy(), rel=1e-3, abs=1e-4)


# Regression


def test_one_predictor_is_a_straight_line():
    x, noise = np.random.default_rng(0).normal(3, 2, (2, 40))
    expected = stats.linregress(x, 2 * x + noise)
    found = regress(x[:, None], 2 * x + noise, [f"d{place}" for place in range(40)])
    assert found.coefficients == pytest.approx([expected.slope * x.std()])
    assert found.errors == pytest.approx([expected.stderr * x.std()], rel=0.2)  # a domain for each point
    assert found.explained == pytest.approx(expected.rvalue**2)


def test_errors_are_those_of_repeated_draws_of_domains():
    """Points of a domain share a predictor and some noise. The usual errors of least squares would be too small."""
    generator = np.random.default_rng(1)
    names = [f"d{place // 3}" for place in range(60)]
    shared = generator.normal(size=20).repeat(3)
    predictors = np.column_stack([shared, generator.normal(size=60)])
    fits = []
    for _ in range(400):
        noise = generator.normal(size=20).repeat(3) + 0.3 * generator.normal(size=60)
        fits.append(regress(predictors, predictors @ [1, -2] + noise, names))
    assert np.mean([fit.coefficients for fit in fits], 0) == pytest.approx([1, -2] * predictors.std(0), abs=0.03)
    spread = np.std([fit.coefficients for fit in fits], 0)
    found = np.sqrt(np.mean([fit.errors**2 for fit in fits], 0))
    assert (found / spread).tolist() == pytest.approx([1, 1], abs=0.25)
    alone = [f"p{place}" for place in range(60)]
    naive = regress(predictors, predictors @ [1, -2] + noise, alone).errors
    assert naive[0] < 0.8 * spread[0]


def test_what_the_points_cannot_tell_is_undefined():
    x = np.arange(8.0)
    outcome, names = np.random.default_rng(2).normal(size=8), list("aabbccdd")
    for predictors in (np.stack([x, 2 * x + 1], 1), np.stack([x, np.full(8, 0.1)], 1), np.ones((8, 1))):
        assert np.isnan(regress(predictors, outcome, names).coefficients).all()
    assert np.isnan(regress(x[:3, None] ** [1, 2], outcome[:3], names[:3]).errors).all()
    # Without one of two domains, the slope between them is not determined.
    between = regress(np.array([[0.0], [0.0], [1.0], [1.0]]), outcome[:4], ["a", "a", "b", "b"])
    assert np.isfinite(between.coefficients).all() and np.isnan(between.errors).all()


# Weights and representations


def test_correlations_are_within_layers():
    """Depth alone makes weights and representations go together. Within a layer they can go apart."""
    rows = [
        (f"t{target}", f"run{target}{run}", seed, layer, 10 * depth + run, 10 * depth - run)
        for target in (1, 2)
        for run in range(4)
        for seed in (1, 2)
        for depth, layer in enumerate(LAYERS)
    ]
    joint = pd.DataFrame(rows, columns=["images", "run", "seed", "item", "moved", "changed"])
    assert stats.spearmanr(joint["moved"], joint["changed"]).statistic > 0.7
    found = correlations(joint)
    assert found["value"].to_list() == pytest.approx([-1] * len(found))
    assert set(found["item"]) == set(LAYERS)
    assert found.groupby("images")["n"].unique().map(list).to_dict() == {"": [8], "t1": [4], "t2": [4]}
    assert set(correlations(joint[joint["run"].isin(["run10", "run11"])])["images"]) == set()


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
