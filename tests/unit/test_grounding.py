"""Known answers: average precision, its error over seeds, and the programs on networks whose answer is known."""

import sys
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file
from sklearn.metrics import average_precision_score

from repdrift import figures
from repdrift.canonical import canonical
from repdrift.claims.estimates import estimate
from repdrift.errors import UserError
from repdrift.experiments.drift.figures.multiverse import options
from repdrift.experiments.drift.stages.judge_under_choices import with_advantages
from repdrift.experiments.grounding.chance import chance, pairs
from repdrift.experiments.grounding.precision import average_precision, by_seed
from repdrift.experiments.grounding.ranking import ranked
from repdrift.experiments.grounding.specs import GroundingSpec, PrecisionSpec, Question
from repdrift.experiments.grounding.stages import grounding_of_pairs, grounding_precision
from repdrift.experiments.grounding.tables import AUPRC, BY_SEED, CHANCE
from repdrift.networks import checkpoints
from repdrift.networks.building import build, initialise
from repdrift.networks.representations import representations
from repdrift.plan.checking import check
from repdrift.plan.plan import Plan
from repdrift.similarity.registry import ESTIMATORS, estimator
from repdrift.study.tasks import Part

RNG = np.random.default_rng(0)


def drawn(seeds, groups, decimals=9):
    """Give similarities, whether a pair is of the same group, and the seeds of each pair."""
    rows = [(a == b, i, j) for i, j in combinations(range(seeds), 2) for a in range(groups) for b in range(groups)]
    same, *of_pairs = map(np.array, zip(*rows, strict=True))
    return np.round(RNG.normal(size=len(same)) + same, decimals), same, np.stack(of_pairs, axis=1)


class TestAveragePrecision:
    @pytest.mark.parametrize("decimals", [9, 0, -2])  # no ties, many ties, and all equal
    @pytest.mark.parametrize("weighted", [False, True])
    def test_is_that_of_scikit_learn(self, decimals, weighted):
        for _ in range(20):
            values, same, _ = drawn(4, 3, decimals)
            weights = RNG.integers(0, 4, size=(3, len(same))).astype(float) if weighted else None
            found = average_precision(values, same, weights)
            for row, value in zip([None] if weights is None else weights, found, strict=True):
                assert value == pytest.approx(average_precision_score(same, values, sample_weight=row), abs=1e-12)

    def test_of_a_perfect_order_is_1_and_of_equal_values_the_base_rate(self):
        _, same, _ = drawn(4, 3)
        assert average_precision(same.astype(float), same) == pytest.approx(1)
        assert average_precision(np.zeros(len(same)), same) == pytest.approx(1 / 3)

    def test_without_a_pair_of_the_same_group_it_is_undefined(self):
        assert np.isnan(average_precision(np.arange(3.0), np.zeros(3, dtype=bool))).all()
        assert np.isnan(average_precision(np.arange(3.0), np.ones(3, dtype=bool), np.zeros((1, 3)))).all()


@pytest.mark.parametrize(("groups", "seeds"), [(2, 2), (3, 2), (2, 3)])
def test_chance_is_the_mean_over_all_orders(groups, seeds):
    count, same = pairs(groups, seeds)
    _, of_group, _ = drawn(seeds, groups)
    assert (len(of_group), of_group.sum()) == (count, same)
    orders = [np.isin(np.arange(count), places) for places in combinations(range(count), same)]
    values = [average_precision(-np.arange(count, dtype=float), order)[0] for order in orders]
    assert chance(groups, seeds) == pytest.approx(np.mean(values), abs=1e-12)


def test_chance_of_many_pairs_is_the_base_rate():
    assert chance(3, 300) == pytest.approx(1 / 3, abs=1e-3)
    assert chance(4, 1) == 1 / 4  # there are no pairs


class TestBySeed:
    def test_mean_and_error_are_those_of_the_jackknife(self):
        values, same, of_pairs = drawn(5, 3)
        without = []
        for seed in range(5):
            left = ~np.any(of_pairs == seed, axis=1)
            without.append(average_precision_score(same[left], values[left]))
        found = estimate(by_seed(values, same, of_pairs, 5))
        assert found.effect == pytest.approx(average_precision_score(same, values), abs=1e-12)
        assert found.error == pytest.approx(np.sqrt(4 / 5 * np.square(without - np.mean(without)).sum()), abs=1e-12)

    def test_two_seeds_have_no_error(self):
        assert np.isnan(by_seed(*drawn(2, 3), 2)).all()


def study_of(seeds, groups, rng):
    """Give what `drawn` does for networks that are points, near those of their group and of their seed."""
    places = rng.normal(size=(groups, seeds, 5)) + 1.5 * np.eye(groups, 5)[:, None] + rng.normal(size=(1, seeds, 5))
    rows = [
        (-np.linalg.norm(places[a, i] - places[b, j]), a == b, i, j)
        for i, j in combinations(range(seeds), 2)
        for a in range(groups)
        for b in range(groups)
    ]
    values, same, *of_pairs = map(np.array, zip(*rows, strict=True))
    return values, same, np.stack(of_pairs, axis=1)


def bootstrapped(values, same, of_pairs, seeds, rng):
    """The 95 % interval of a bootstrap over seeds, in which a pair counts as often as both of its seeds are drawn."""
    drawn = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=400)
    weights = np.prod(drawn[:, of_pairs], axis=2, dtype=float)
    return np.quantile(average_precision(values, same, weights[weights.any(axis=1)]), [0.025, 0.975])


def test_the_interval_covers_the_truth_and_that_of_a_bootstrap_would_not():
    rng, seeds, studies = np.random.default_rng(1), 4, 300
    truth = np.mean([average_precision(*study_of(seeds, 3, rng)[:2])[0] for _ in range(2000)])
    covered = np.zeros(2)
    for _ in range(studies):
        values, same, of_pairs = study_of(seeds, 3, rng)
        ours = estimate(by_seed(values, same, of_pairs, seeds))
        low, high = bootstrapped(values, same, of_pairs, seeds, rng)
        covered += ours.low <= truth <= ours.high, low <= truth <= high
    assert covered[0] / studies > 0.93
    assert covered[1] / studies < 0.93


# The programs, on networks whose logits tell their group: the bias of the head is the number of the group.

NETWORK = {"name": "conv4", "block": "conv-relu-bn", "classes": 4, "width": 4, "depth": 2, "size": 8}
SEEDS, GROUPS = tuple(range(1, 13)), ("a", "b", "c")
QUESTIONS = (Question("all", GROUPS), Question("two", GROUPS[:2]))
OWN = """
import hashlib

def right(x, y):
    return abs(x.mean() - y.mean()) / 100

right.higher_is_more_similar = False

def noise(x, y):
    return int(hashlib.sha256(x.tobytes() + y.tobytes()).hexdigest()[:8], 16)
"""
PLAIN = ("cka-debiased", "procrustes", "soft-matching", "linear-predictivity")


def ran(module, *words):
    before, sys.argv = sys.argv, [module.__name__.rpartition(".")[2], *map(str, words)]
    try:
        module.main()
    finally:
        sys.argv = before


def precision_of(folder, questions, seeds, reductions, names):
    tables = [folder / f"{reduce}.csv" for reduce in reductions]
    spec = PrecisionSpec(questions, seeds, ("pool1", "pool2", "logits"), names, reductions)
    ran(grounding_precision, "--spec", canonical(spec), "--pairs", *tables, "--output", folder / "grounding.csv")
    return pd.read_csv(folder / "grounding.csv", keep_default_na=False, na_values=[""])


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The folder of the tables, the table of the figure, the networks and the probe."""
    folder = tmp_path_factory.mktemp("grounding")
    images = torch.randint(0, 256, (24, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    save_file({"images": images}, folder / "test.safetensors")
    (folder / "own.py").write_text(OWN)
    networks, paths = {}, []
    for group, run in enumerate(GROUPS):
        for seed in SEEDS:
            network = build(NETWORK)
            initialise(network, f"initialisation {run}", seed)
            with torch.no_grad():
                network.head.bias += 100 * group
            networks[run, seed] = network
            paths.append(folder / f"{run}{seed}.safetensors")
            checkpoints.write(network, paths[-1])
    names = (*PLAIN, f"{folder}/own.py:right", f"{folder}/own.py:noise")
    for reduce in ("none", "mean"):
        spec = GroundingSpec(QUESTIONS, SEEDS, NETWORK, Part("test", 0, 24), None, reduce, names, {})
        files = [folder / "test.safetensors"] * 2
        words = ["--networks", *paths, "--images", *files, "--output", folder / f"{reduce}.csv"]
        ran(grounding_of_pairs, "--spec", canonical(spec), *words)
    return folder, precision_of(folder, QUESTIONS, SEEDS, ("none", "mean"), names), networks, images


def values_of(table, layer, function):
    chosen = table["estimator"].str.endswith(f":{function}") & (table["layer"] == layer) & (table["measure"] == AUPRC)
    return table[chosen].set_index(["panel", "reduce"])["value"]


def test_an_estimator_that_is_right_by_construction_has_1(measured):
    _, table, *_ = measured
    found = values_of(table, "logits", "right")
    assert len(found) == 4 and (found == 1).all()


def test_a_random_estimator_has_the_base_rate(measured):
    _, table, *_ = measured
    for (panel, _), value in values_of(table, "logits", "noise").items():
        groups = len({question.name: question.runs for question in QUESTIONS}[panel])
        assert value == pytest.approx(1 / groups, abs=0.1)
        assert chance(groups, len(SEEDS)) == pytest.approx(1 / groups, abs=0.02)


def test_similarities_are_those_of_networks_read_one_by_one(measured):
    folder, _, networks, images = measured
    for reduce in ("none", "mean"):
        table = pd.read_csv(folder / f"{reduce}.csv")
        plain = table[table["estimator"].isin(PLAIN)]
        for row in plain.sample(40, random_state=1).itertuples():
            assert row.seed < row.other_seed
            both = [networks[row.run, row.seed], networks[row.other, row.other_seed]]
            sides = [representations(one, images, reduce=reduce)[row.layer] for one in both]
            method = estimator(row.estimator)
            expected = method.compare(*map(method.prepare, sides))
            assert row.value == pytest.approx(expected, abs=1e-9)


def test_the_table_has_every_pair_once(measured):
    folder, table, *_ = measured
    similarities = pd.read_csv(folder / "none.csv")
    keys = ["run", "seed", "other", "other_seed", "layer", "estimator"]
    assert not similarities.duplicated(keys).any()
    assert len(similarities) == 9 * 66 * 3 * 6  # pairs of groups, of seeds, layers, estimators
    assert set(table.loc[table["panel"] == "two", "n"]) == {4 * 66}
    means = table[table["measure"] == BY_SEED].groupby(["panel", "reduce", "layer", "estimator"])["value"].mean()
    whole = table[table["measure"] == AUPRC].set_index(["panel", "reduce", "layer", "estimator"])["value"]
    pd.testing.assert_series_equal(means.sort_index(), whole.sort_index())


def test_where_a_similarity_is_undefined_so_is_the_precision(measured, tmp_path):
    folder, *_ = measured
    table = pd.read_csv(folder / "none.csv")
    gone = (table["layer"] == "pool1") & (table["estimator"] == "procrustes") & (table["run"] == "c")
    table.loc[gone, "value"] = np.nan
    table.to_csv(tmp_path / "none.csv", index=False)
    found = precision_of(tmp_path, QUESTIONS, SEEDS, ("none",), PLAIN)
    cell = found[(found["layer"] == "pool1") & (found["estimator"] == "procrustes") & (found["measure"] == AUPRC)]
    assert list(cell.set_index("panel")["value"].isna()) == [True, False]


def test_one_seed_has_no_pairs_and_the_figure_says_so(measured, tmp_path):
    folder, *_ = measured
    spec = GroundingSpec(QUESTIONS, (1,), NETWORK, Part("test", 0, 24), None, "none", PLAIN, {})
    weights = [folder / f"{run}1.safetensors" for run in GROUPS]
    words = ["--networks", *weights, "--images", *[folder / "test.safetensors"] * 2, "--output", tmp_path / "none.csv"]
    ran(grounding_of_pairs, "--spec", canonical(spec), *words)
    found = precision_of(tmp_path, QUESTIONS, (1,), ("none",), PLAIN)
    assert list(found.loc[found["value"].notna(), "measure"]) == [CHANCE, CHANCE]
    assert (found["measure"] == BY_SEED).sum() == 2 * 3 * len(PLAIN)  # empty, so that claims have a verdict
    figure = figures.draw(tmp_path / "grounding.csv", "grounding", "conv4")
    written = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert written == ["no pairs of networks:\nat least 2 seeds are needed"] * 2


def test_the_figure_orders_estimators_from_the_best(measured):
    folder, table, *_ = measured
    figure = figures.draw(folder / "grounding.csv", "grounding", "conv4")
    assert len(figure.axes) == 4
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert len(names) == 6 and names.index("right") < names.index("noise")
    means = table[table["measure"] == AUPRC].groupby("estimator")["value"].mean()
    assert list(ranked(table).index) == list(means.sort_values(ascending=False).index)


def test_an_estimator_is_ranked_where_it_was_measured():
    cells = {("easy", "good"): 0.9, ("easy", "fair"): 0.8, ("hard", "good"): 0.4, ("hard", "fair"): 0.3,
             ("hard", "best"): 0.5}  # fmt: skip
    rows = [{"panel": p, "reduce": "none", "layer": "", "estimator": e, "value": v} for (p, e), v in cells.items()]
    assert list(ranked(pd.DataFrame(rows).assign(measure=AUPRC)).index) == ["best", "good", "fair"]


def test_the_multiverse_has_the_estimators_in_this_order():
    rows = [{"panel": "p", "reduce": "none", "layer": "", "estimator": name, "measure": AUPRC, "value": value}
            for name, value in (("a", 0.1), ("b", 0.9), ("c", 0.5))]  # fmt: skip
    names = ["a", "a, calibrated", "", "unknown", "b", "c"]
    found = pd.DataFrame(with_advantages([{"estimator": name} for name in names], pd.DataFrame(rows)))
    assert options(found, "estimator") == ["b", "c", "a", "a, calibrated", "unknown"]
    assert options(found.drop(columns="advantage"), "estimator") == ["a", "a, calibrated", "unknown", "b", "c"]


# The plan


def test_the_questions_are_about_degrees_and_about_sizes_of_the_same_degree(load_config):
    experiment = Plan(load_config("laptop")).experiments["grounding"]
    assert {one.name: one.runs for one in experiment.questions} == {
        "degree of label randomness": ("cifar10", "cifar10-random4", "cifar10-random9"),
        "number of images, d = 0": ("cifar10-n64", "cifar10-n256", "cifar10-n1024", "cifar10"),
        "number of images, d = 9": (
            "cifar10-n64-random9", "cifar10-n256-random9", "cifar10-n1024-random9", "cifar10-random9"
        ),
    }  # fmt: skip
    assert set(experiment.estimators) == set(ESTIMATORS)
    assert len(experiment.networks) == 9 * 4
    assert {run.name for run in experiment.runs()} <= set(Plan(load_config("laptop")).runs)


def test_without_two_kinds_of_training_there_is_no_such_experiment(load_config):
    config = load_config()
    config["pretrain"] |= {"random": [0], "sizes": [50_000], "sizes_random": [0]}
    check(config)
    assert "grounding" not in Plan(config).experiments


def test_claims_compare_layers_that_both_estimators_can_take(load_config):
    plan = Plan(load_config("laptop"))
    (claim,) = [one for one in plan.claims["grounding_claims"] if one.name == "E4"]
    layers = {
        one.label.split(" less ")[1].split(",")[0]: {(key[1], key[2]) for key in one.by_key} for one in claim.contrasts
    }
    assert len(layers["procrustes"]) == 10
    assert layers["soft-matching"] == layers["procrustes"] - {("none", "pool1"), ("none", "pool2")}
    wide = {("none", layer) for layer in ("pool1", "pool2", "pool3")}
    assert layers["svcca"] == layers["procrustes"] - wide


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"images": 10}, r"grounding.images: 10: the estimators need 11 images, and source.test has 10000"),
        ({"reduce": ["token"]}, r"grounding.reduce: .*without tokens"),
        ({"reduce": []}, r"grounding.reduce"),
        ({"estimators": ["cca"]}, r"grounding.estimators.*svcca"),
        ({"estimators": ["nowhere.py:right"]}, r"grounding.estimators: .*no file nowhere.py"),
    ],
)
def test_wrong_settings_are_refused(load_config, change, named):
    config = load_config()
    config["grounding"] |= change
    with pytest.raises(UserError, match=named):
        check(config)


def test_claims_have_their_estimators_whatever_the_study_uses(load_config):
    config = load_config()
    for section in ("similarity", "sensitivity", "grounding"):
        config[section]["estimators"] = ["procrustes"]
    plan = Plan(config)
    assert plan.experiments["grounding"].estimators == ("procrustes", "cka-biased", "cka-debiased")
    assert all(claim.contrasts for claim in plan.claims["grounding_claims"])
