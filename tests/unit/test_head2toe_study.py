"""Head2Toe in a study: targets, files, affinities and their correlations, figures."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tests.unit.drawing import drawn

from repdrift.experiments.head2toe import correlation
from repdrift.experiments.head2toe.budget import BUDGET, HALF_BUDGET, after_probe, budgets
from repdrift.experiments.head2toe.enrichment import enrichment
from repdrift.experiments.head2toe.experiment import TUNINGS
from repdrift.experiments.head2toe.stages import head2toe_affinity_of_targets as affinity
from repdrift.experiments.head2toe.tables import cost_rows
from repdrift.plan.plan import Plan

SEEDS = (1, 2, 3, 4)
LAYERS = ("pool1", "pool2", "pool3", "pool4", "logits")


@pytest.fixture
def plan(load_config):
    return Plan(load_config("laptop", "svhn-npz"))


@pytest.fixture
def experiment(plan):
    return plan.experiments["head2toe"]


# The plan


def test_targets_are_tasks_of_few_examples(plan, experiment):
    tasks = experiment.tasks_of
    # Shifted labels with a new head would be the same task again.
    assert list(tasks) == ["cifar10", "svhn", "mnist", "cifar10-blocks4"]
    assert {task.size for task in tasks.values()} == {1000}
    assert tasks["cifar10-blocks4"].shuffle == 4
    assert experiment.title("cifar10-blocks4") == "CIFAR-10, blocks of 4"
    assert {task.name for task in tasks.values()} <= set(plan.tasks)


def test_values_can_be_shuffled_too(load_config):
    config = load_config("laptop", "svhn-npz")
    config["head2toe"] |= {"sweeps": ["cross_domain"], "shuffle": [0, 8]}
    found = Plan(config).experiments["head2toe"]
    titles = [found.title(target) for target in ("svhn-values", "svhn-blocks8")]
    assert [title.rpartition(", ")[2] for title in titles] == ["shuffled values", "blocks of 8"]


def test_another_seed_changes_no_second_network_but_that_of_a_first_alone(load_config):
    config = load_config("laptop", "svhn-npz")

    def networks(seeds, seed):
        return Plan(config | {"seeds": seeds}).experiments["head2toe"].networks(seed)

    assert [networks([1, 2, 3], seed) for seed in (1, 2, 3)] == [networks([1, 2, 3, 4], seed) for seed in (1, 2, 3)]
    assert [len(networks([1, 2, 3], seed)) for seed in (1, 2, 3)] == [2, 2, 2]
    assert all(len(set(networks([1, 2, 3], seed))) == 2 for seed in (1, 2, 3))
    assert len(networks([7], 7)) == 1


def test_two_methods_start_from_a_probe(experiment):
    specs = {method: experiment.tuning_spec(method, "svhn", 1) for method in TUNINGS}
    assert {name: spec.probe and spec.probe.method for name, spec in specs.items()} == {
        "fine-tuning": None, "scratch": None, "lp-ft": "linear", "head2toe-ft": "head2toe",
    }  # fmt: skip
    for method, spec in specs.items():
        assert experiment.features_before(method, "svhn", 1) == ([experiment.features("svhn", 1)] if spec.probe else [])
    assert specs["fine-tuning"].head == "new"
    assert specs["scratch"].head == "keep"


@pytest.mark.parametrize("presets", [(), ("laptop",)])
def test_all_methods_have_the_same_budget(load_config, presets):
    found = Plan(load_config(*presets)).experiments["head2toe"]
    for method in TUNINGS:
        spec = found.tuning_spec(method, "svhn", 1)
        of_probe = HALF_BUDGET if spec.probe else 0
        assert of_probe + len(spec.learning_rates) * len(spec.epochs) == BUDGET, method
        assert max(spec.epochs) == max(found.settings.epochs)
    assert budgets(found.settings.learning_rates, found.settings.epochs) == [BUDGET]
    assert "among 24 configurations" in next(found.figures()).caption


def test_a_probe_leaves_every_second_length():
    assert after_probe([2, 5, 10, 25]) == after_probe([25, 2, 10, 5]) == (5, 25)
    assert after_probe([7]) == (7,)
    assert budgets([0.1, 0.2], [1, 2]) == [4, 14, 24]


# Results as the stages write them


AFFINITIES = {"cifar10": 30.0, "svhn": -15.0, "mnist": -5.0, "cifar10-blocks4": 10.0}
OWN = "cifar10"


def made_up(experiment):
    """Rows of a world in which gain and enrichment fall with affinity."""
    rows = []
    for seed in SEEDS:
        noise = np.random.default_rng(seed)
        for target, near in AFFINITIES.items():
            linear, head2toe = 50.0, 50.0 + (-2.0 if target == OWN else (30 - near) / 2 + 2)
            accuracy = {
                "linear": linear,
                "linear-intermediate": linear + 5,
                "linear-second": linear + 2,
                "all": head2toe - 4,
                "all-l1": head2toe - 3,
                "all-l2": head2toe - 3,
                "all-group-lasso": head2toe - 1,
                "random": head2toe - 6,
                "head2toe": head2toe,
                "head2toe-ft": head2toe + 4,
                "lp-ft": head2toe + 2,
                "fine-tuning": head2toe - 3,
                "scratch": linear - near,
            }
            whose = {"images": experiment.title(target), "target": target, "seed": seed}
            whose["dataset"] = experiment.tasks_of[target].dataset
            for method, value in accuracy.items():
                cost = 7.0 if method in TUNINGS else 3.0
                values = [("test accuracy", "", value + noise.normal(0, 0.1))]
                values += [("accuracy on half", half, value + noise.normal(0, 0.1)) for half in ("even", "odd")]
                for measure, item in (("flops", "paper"), ("flops", "ours"), ("bytes", "paper"), ("bytes", "ours")):
                    counted = cost - 0.2 * (item == "ours")
                    values += [(measure, item, 10**counted), (f"log10 {measure}", item, counted)]
                rows += [
                    {**whose, "method": method, "measure": measure, "item": item, "value": value}
                    for measure, item, value in values
                ]
            ranks = {str(k): 60 - 5 * place for place, k in enumerate(experiment.settings.offsets)}
            enriched = {layer: -near / 20 - place for place, layer in enumerate(LAYERS)} | {"early": -near / 20}
            found = [("enrichment", item, value + noise.normal(0, 0.01)) for item, value in enriched.items()]
            found += [("rank accuracy", item, value + noise.normal(0, 0.1)) for item, value in ranks.items()]
            found += [("kept", "", 100.0), ("features", "", 1000.0)]
            rows += [
                {**whose, "method": "head2toe", "measure": measure, "item": item, "value": value}
                for measure, item, value in found
            ]
    return pd.DataFrame(rows)


def with_correlations(table):
    found = affinity.of_targets(table)
    return pd.concat([found, pd.DataFrame(affinity.over_targets(found))])


def test_affinities_and_gains_are_differences_of_accuracies(experiment):
    found = affinity.of_targets(made_up(experiment)).pivot_table(index="target", columns="measure", values="value")
    assert found["affinity"].to_dict() == pytest.approx(AFFINITIES, abs=0.3)
    assert found.loc["svhn", "gain"] == pytest.approx((30 + 15) / 2 + 2, abs=0.3)
    assert found.loc["svhn", "enrichment of early layers"] == pytest.approx(15 / 20, abs=0.05)


def accuracies(values):
    """A table of accuracies [methods, seeds, targets, halves], where the whole is the mean of both halves."""
    rows = []
    for (method, seed, target), halves in np.ndenumerate(values.mean(3)):
        whose = {"images": f"t{target}", "target": f"t{target}", "seed": seed + 1}
        method_name = ("linear", "scratch", "head2toe")[method]
        even, odd = values[method, seed, target]
        found = [("test accuracy", "", halves), ("accuracy on half", "even", even), ("accuracy on half", "odd", odd)]
        if method_name == "head2toe":
            found.append(("enrichment", "early", float(target)))
        rows += [{**whose, "method": method_name, "measure": m, "item": i, "value": v} for m, i, v in found]
    return pd.DataFrame(rows)


def test_gain_and_affinity_are_of_other_seeds_and_other_images():
    values = np.random.default_rng(0).normal(50, 5, (3, 4, 5, 2))
    rows = affinity.of_targets(accuracies(values)).set_index(["measure", "target", "seed"])["value"]
    linear, scratch, head2toe = values
    for seed in range(4):
        others = [other for other in range(4) if other != seed]
        even = (linear - scratch)[others, 2, 0].mean()
        assert rows["affinity of other seeds, even images", "t2", seed + 1] == pytest.approx(even)
        assert rows["gain, odd images", "t2", seed + 1] == pytest.approx((head2toe - linear)[seed, 2, 1])


def test_noise_alone_gives_no_correlation():
    """Where targets are alike, the plain numbers are correlated by the linear probe. The separate ones are not."""
    generator = np.random.default_rng(1)
    plain, separate = [], []
    for _ in range(60):
        found = affinity.of_targets(accuracies(generator.normal(50, 1, (3, 4, 5, 2))))
        numbers = {
            name: rows.pivot(index="seed", columns="target", values="value").to_numpy()
            for name, rows in found.groupby("measure")
        }
        plain.append(correlation.rank_correlations(numbers["affinity"], numbers["gain"]).mean())
        pair = (numbers[name] for name in affinity.RANKED["rank correlation of gain"])
        separate.append(correlation.rank_correlations(*pair).mean())
    assert np.mean(plain) < -0.3
    assert abs(np.mean(separate)) < 3 * np.std(separate) / np.sqrt(len(separate))


def test_correlations_are_of_ranks(experiment):
    rows = pd.DataFrame(affinity.over_targets(affinity.of_targets(made_up(experiment))))
    of_gain = rows[rows["measure"] == "rank correlation of gain"]
    assert of_gain["seed"].to_list() == list(SEEDS)
    assert of_gain["value"].to_list() == pytest.approx([-1.0] * len(SEEDS))
    alike = affinity.of_targets(made_up(experiment))
    alike = alike.assign(value=alike["value"].where(~alike["measure"].str.contains("affinity"), 1.0))
    assert pd.DataFrame(affinity.over_targets(alike))["value"].isna().all()


def test_one_seed_has_no_other_seeds(experiment):
    table = made_up(experiment)
    rows = pd.DataFrame(affinity.over_targets(affinity.of_targets(table[table["seed"] == 1])))
    found = rows.groupby("measure")["value"].apply(lambda values: values.isna().all())
    assert found["rank correlation of gain"] and not found["rank correlation of enrichment"]


def test_rank_correlations_are_those_of_scipy():
    generator = np.random.default_rng(3)
    first, second = generator.integers(0, 4, (2, 30, 6)).astype(float)  # with ties
    expected = [stats.spearmanr(one, two).statistic for one, two in zip(first, second, strict=True)]
    assert correlation.rank_correlations(first, second) == pytest.approx(expected, nan_ok=True)
    first[0, 0] = np.nan
    assert np.isnan(correlation.rank_correlations(first, second)[0])


def test_the_interval_is_over_targets_and_seeds():
    """Seeds that agree leave the error of the targets, which the spread of other draws of targets shows."""
    generator = np.random.default_rng(4)
    targets = generator.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 12)
    first, second = (np.tile(targets[:, place], (5, 1)) for place in (0, 1))
    low, high = correlation.interval(first, second)
    value = correlation.rank_correlations(first, second).mean()
    assert low < value < high
    others = generator.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], (4000, 12))
    spread = correlation.rank_correlations(others[..., 0], others[..., 1]).std()
    assert (high - low) / (2 * 1.96) == pytest.approx(spread, rel=0.5)
    assert np.isnan(correlation.interval(first[:, :1], second[:, :1])).all()


def test_enrichment_does_not_depend_on_the_number_of_features():
    """Ten times as many early features, kept at the same rates, are no enrichment, though their share is larger."""
    available = {"early": 4000, "late": 1000}
    kept = {"early": 400, "late": 100}
    assert enrichment(kept, available, ["early"]) == pytest.approx(0, abs=0.01)
    wide = enrichment({"early": 8000, "late": 200}, {"early": 40000, "late": 1000}, ["early"])
    narrow = enrichment({"early": 800, "late": 200}, {"early": 4000, "late": 1000}, ["early"])
    assert wide == pytest.approx(narrow, abs=0.01) == pytest.approx(0, abs=0.01)
    assert enrichment({"early": 800, "late": 100}, available, ["early"]) == pytest.approx(np.log(2), abs=0.01)
    assert enrichment({"early": 800, "late": 100}, available, ["late"]) == pytest.approx(-np.log(2), abs=0.01)


def test_enrichment_is_finite_where_nothing_or_all_is_kept():
    available = {"early": 4000, "late": 10}
    assert enrichment({"early": 10}, available, ["late"]) == pytest.approx(np.log((0.5 / 11) / (10.5 / 4001)))
    assert enrichment(available, available, ["late"]) == pytest.approx(0, abs=0.05)
    assert enrichment({"early": 3}, {"early": 9}, ["early"]) == 0


def test_accuracies_have_a_column_for_each_target_and_one_for_their_mean(experiment, tmp_path):
    figure = drawn(made_up(experiment), "head2toe", tmp_path)
    titles = [axes.get_title(loc="left").replace("\n", " ") for axes in figure.axes]
    assert titles[0] == "(a) CIFAR-10"
    assert titles[-1] == "(e) mean of data sets"
    rows = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert rows[0] == "Linear"
    assert rows[-1] == "From scratch"
    assert len(rows) == 13


def test_the_mean_counts_each_data_set_once(experiment, tmp_path):
    table = made_up(experiment)
    figure = drawn(table, "head2toe", tmp_path)
    linear = table[(table["method"] == "head2toe") & (table["measure"] == "test accuracy")]
    of_target = linear.groupby("target")["value"].mean()
    expected = ((of_target["cifar10"] + of_target["cifar10-blocks4"]) / 2 + of_target["svhn"] + of_target["mnist"]) / 3
    row = [label.get_text() for label in figure.axes[0].get_yticklabels()].index("Head2Toe")
    drawn_at = [bar.lines[0].get_xdata()[0] for bar in figure.axes[-1].containers if bar.lines[0].get_ydata()[0] == row]
    assert drawn_at == pytest.approx([expected])


def test_affinity_has_a_point_for_each_target(experiment, tmp_path):
    figure = drawn(with_correlations(made_up(experiment)), "head2toe_affinity", tmp_path)
    assert len(figure.axes) == 2
    for letter, axes in zip("ab", figure.axes, strict=True):
        assert len(axes.containers) == len(AFFINITIES)
        title = axes.get_title(loc="left")
        assert title.startswith(f"({letter}) \u03c1 = \u22121.00 [\u22121.00, ") and title.endswith(", 4 targets")


def test_layers_show_what_is_enriched_and_ranks(experiment, tmp_path):
    figure = drawn(made_up(experiment), "head2toe_layers", tmp_path)
    enriched, ranks = figure.axes
    assert len(enriched.containers) == len(AFFINITIES) * len(LAYERS)
    names = [label.get_text() for label in enriched.get_yticklabels()]
    assert names[1].endswith("\nn = 100")
    # Places on the axis are the ranks themselves, so that slopes are right.
    places = {tuple(line.get_xdata()) for line in ranks.lines if line.get_linestyle() == "-"}
    assert places == {tuple(100 * offset for offset in experiment.settings.offsets)}


def test_costs_are_counted_both_ways(experiment, tmp_path):
    figure = drawn(made_up(experiment), "head2toe_cost", tmp_path)
    assert len(figure.axes) == 2
    for axes in figure.axes:
        assert len(axes.containers) == 13
        assert axes.get_xscale() == "log"
        hundredth = [line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == "--"]
        assert hundredth == pytest.approx([10**5.0])


@pytest.mark.parametrize("kind", ["head2toe", "head2toe_affinity", "head2toe_layers", "head2toe_cost"])
def test_one_seed_is_drawn_without_errors(experiment, kind, tmp_path):
    table = made_up(experiment)
    table = table[table["seed"] == 1]
    figure = drawn(with_correlations(table) if kind == "head2toe_affinity" else table, kind, tmp_path)
    assert any("1 seed, no interval" in text.get_text() for text in figure.texts)


def test_what_costs_nothing_has_no_logarithm():
    cost, log = cost_rows("flops", 0, "ours")
    assert cost["value"] == 0
    assert np.isnan(log["value"])
    assert [each["value"] for each in cost_rows("flops", 1000, "ours")] == [1000, pytest.approx(3)]
