"""Head2Toe in a study: targets, files, affinities, claims in a world that is made to agree with them, figures."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from repdrift import figures
from repdrift.claims import measurements
from repdrift.claims.judging import CONTRASTS
from repdrift.claims.judging import judge_claims as judge
from repdrift.experiments.head2toe import claims as evci2022
from repdrift.experiments.head2toe.experiment import TUNINGS
from repdrift.experiments.head2toe.stages import head2toe_affinity_of_targets as affinity
from repdrift.experiments.head2toe.tables import cost_rows
from repdrift.plan.plan import Plan
from repdrift.provenance.artifacts import write_csv

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
    assert list(tasks) == ["cifar10", "cifar10-shift", "svhn", "mnist", "cifar10-blocks4"]
    assert {task.size for task in tasks.values()} == {1000}
    assert tasks["cifar10-blocks4"].shuffle == 4
    assert experiment.title("cifar10-shift") == "CIFAR-10, shifted labels"
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


def test_head2toe_ft_alone_starts_from_the_probe(experiment):
    assert [method for method in TUNINGS if experiment.probe_files(method, "svhn", 1)] == ["head2toe-ft"]
    assert experiment.tuning_spec("fine-tuning", "svhn", 1).head == "new"
    assert experiment.tuning_spec("scratch", "svhn", 1).head == "keep"


# Results as the stages write them


AFFINITIES = {"cifar10": 30.0, "cifar10-shift": 29.0, "svhn": -15.0, "mnist": -5.0, "cifar10-blocks4": 10.0}
OWN = "cifar10"


def made_up(experiment, sign):
    """Rows of a world that is as the paper says (sign 1), or its opposite."""
    rows = []
    for seed in SEEDS:
        noise = np.random.default_rng(seed)
        for target, near in AFFINITIES.items():
            gain = sign * (-2.0 if target == OWN else (30 - near) / 2 + 2)
            linear = 50.0
            head2toe = linear + gain
            accuracy = {
                "linear": linear,
                "linear-intermediate": linear + sign * 5,
                "linear-second": linear + sign * 2,
                "all": head2toe - sign * 4,
                "all-l1": head2toe - sign * 3,
                "all-l2": head2toe - sign * 3,
                "all-group-lasso": head2toe - sign,
                "random": head2toe - sign * 6,
                "head2toe": head2toe,
                "head2toe-ft": head2toe + sign * 4,
                "fine-tuning": head2toe - sign * 3,
                "scratch": linear - near,
            }
            whose = {"images": experiment.title(target), "target": target, "seed": seed}
            for method, value in accuracy.items():
                trained = method in TUNINGS
                cost = {1: {True: 7.0, False: 3.0}, -1: {True: 3.0, False: 7.0}}[sign][trained]
                values = [("test accuracy", "", value + noise.normal(0, 0.1))]
                for measure in ("flops", "bytes"):
                    for item in ("paper", "ours"):
                        values += [(measure, item, 10**cost), (f"log10 {measure}", item, cost)]
                rows += [
                    {**whose, "method": method, "measure": measure, "item": item, "value": value}
                    for measure, item, value in values
                ]
            early = 0.5 - sign * near / 100
            shares = dict.fromkeys(LAYERS[:3], early / 3) | {"pool4": 0.9 - early, "logits": 0.1}
            ranks = {str(k): 60 - sign * 5 * place for place, k in enumerate(experiment.settings.offsets)}
            found = [("share", item, value) for item, value in shares.items()]
            found += [("rank accuracy", item, value + noise.normal(0, 0.1)) for item, value in ranks.items()]
            found += [("kept", "", 100.0), ("features", "", 1000.0)]
            rows += [
                {**whose, "method": "head2toe", "measure": measure, "item": item, "value": value}
                for measure, item, value in found
            ]
    return pd.DataFrame(rows)


def with_correlations(table):
    found = affinity.of_targets(table, ["pool4", "logits"])
    return pd.concat([found, pd.DataFrame(affinity.over_targets(found))])


def test_affinities_and_gains_are_differences_of_accuracies(experiment):
    table = made_up(experiment, 1)
    found = affinity.of_targets(table, ["pool4", "logits"]).pivot_table(
        index="target", columns="measure", values="value"
    )
    assert found["affinity"].to_dict() == pytest.approx(AFFINITIES, abs=0.3)
    assert found.loc["svhn", "gain"] == pytest.approx((30 + 15) / 2 + 2, abs=0.3)
    assert found.loc["svhn", affinity.EARLY_SHARE] == pytest.approx(0.5 + 0.15)


def test_correlations_are_of_ranks(experiment):
    found = affinity.of_targets(made_up(experiment, 1), ["pool4", "logits"])
    rows = pd.DataFrame(affinity.over_targets(found))
    for seed, part in found.groupby("seed"):
        wide = part.pivot(index="target", columns="measure", values="value")
        ours = rows[(rows["seed"] == seed) & (rows["measure"] == "rank correlation of gain")]["value"].item()
        assert ours == pytest.approx(stats.kendalltau(wide["affinity"], wide["gain"]).statistic, abs=1e-9) == -1
    alike = found.assign(value=found["value"].where(found["measure"] != "affinity", 1.0))
    assert pd.DataFrame(affinity.over_targets(alike))["value"].isna().all()


def verdicts(experiment, table, folder):
    tables = {"head2toe": table, "head2toe_affinity": with_correlations(table)}
    numbers = {}
    for read in experiment.tables:
        tables[read.name].to_csv(folder / f"{read.name}.csv", index=False)
        numbers[read.name] = measurements.keyed(folder / f"{read.name}.csv", read.columns)
    nothing = pd.DataFrame(columns=["estimator"])
    contrasts, found = judge(evci2022.claims(experiment), nothing, nothing, numbers)
    write_csv(folder / "claims.csv", contrasts, CONTRASTS)
    return pd.DataFrame(found).set_index("claim")


@pytest.mark.parametrize(("sign", "verdict"), [(1, "supported"), (-1, "contradicted")])
def test_claims_in_a_world_that_is_as_they_say_and_in_its_opposite(experiment, sign, verdict, tmp_path):
    found = verdicts(experiment, made_up(experiment, sign), tmp_path)
    assert list(found.index) == [row[0] for row in evci2022.CLAIMS]
    assert set(found["verdict"]) == {verdict}, found[found["verdict"] != verdict]["reason"]


def test_without_a_second_network_its_claim_is_inconclusive(experiment, tmp_path):
    table = made_up(experiment, 1)
    found = verdicts(experiment, table[table["method"] != "linear-second"], tmp_path)
    assert found.loc["H9b", "verdict"] == "inconclusive"
    assert found.loc["H10", "verdict"] == "supported"


def drawn(table, kind, folder):
    path = folder / f"{kind}.csv"
    table.to_csv(path, index=False)
    return figures.draw(path, kind, "conv4, conv-relu-bn")


def test_accuracies_have_a_column_for_each_target_and_one_for_their_mean(experiment, tmp_path):
    figure = drawn(made_up(experiment, 1), "head2toe", tmp_path)
    titles = [axes.get_title(loc="left").replace("\n", " ") for axes in figure.axes]
    assert titles[0] == "(a) CIFAR-10"
    assert titles[-1] == "(f) mean of targets"
    rows = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert rows[0] == "Linear"
    assert rows[-1] == "From scratch"
    assert len(rows) == 12


def test_affinity_has_a_point_for_each_target(experiment, tmp_path):
    figure = drawn(with_correlations(made_up(experiment, 1)), "head2toe_affinity", tmp_path)
    (axes,) = figure.axes
    assert len(axes.containers) == len(AFFINITIES)
    assert axes.get_title(loc="left") == "rank correlation \u22121.00 ± 0.00"


def test_bars_are_all_of_what_is_kept(experiment, tmp_path):
    figure = drawn(made_up(experiment, 1), "head2toe_layers", tmp_path)
    ends = {}
    for bar in figure.axes[0].patches:
        ends[bar.get_y()] = max(ends.get(bar.get_y(), 0), bar.get_x() + bar.get_width())
    assert list(ends.values()) == pytest.approx([100.0] * len(AFFINITIES))
    assert len(figure.axes[1].lines) >= len(AFFINITIES)


def test_costs_are_counted_both_ways(experiment, tmp_path):
    figure = drawn(made_up(experiment, 1), "head2toe_cost", tmp_path)
    assert len(figure.axes) == 4
    for axes in figure.axes:
        assert len(axes.containers) == 12
        assert axes.get_xscale() == "log"


@pytest.mark.parametrize("kind", ["head2toe", "head2toe_affinity", "head2toe_layers", "head2toe_cost"])
def test_one_seed_is_drawn_without_errors(experiment, kind, tmp_path):
    table = made_up(experiment, 1)
    table = table[table["seed"] == 1]
    figure = drawn(with_correlations(table) if kind == "head2toe_affinity" else table, kind, tmp_path)
    assert any("1 seed, no standard error" in text.get_text() for text in figure.texts)


def test_what_costs_nothing_has_no_logarithm():
    cost, log = cost_rows("flops", 0, "ours")
    assert cost["value"] == 0
    assert np.isnan(log["value"])
    assert [each["value"] for each in cost_rows("flops", 1000, "ours")] == [1000, pytest.approx(3)]
