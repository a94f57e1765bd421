"""Movement of weights in a study: its plan, its claims and its figure."""

import math

import numpy as np
import pandas as pd
import pytest

from repdrift import figures
from repdrift.claims.judging import Measured, judge_contrasts
from repdrift.claims.measurements import keyed
from repdrift.errors import UserError
from repdrift.experiments.movement.checks import check
from repdrift.experiments.movement.experiment import Settings
from repdrift.plan.plan import Plan
from repdrift.provenance.csv_tables import read_csv
from repdrift.study.study import Study

# The plan


@pytest.fixture
def plan(load_config):
    return Plan(load_config("laptop"))


def test_it_needs_no_training_that_the_study_does_not_have(load_config, plan):
    without = Plan(load_config("laptop") | {"movement": None})
    assert plan.runs == without.runs


def test_the_networks_are_in_the_order_of_the_spec(plan):
    movement = plan.experiments["movement"]
    spec = movement.spec("domain", 2)
    files = movement.network_files("domain", 2)
    assert [path.split("/models/")[1].replace("/seed2", "").removesuffix(".safetensors") for path in files] == list(
        spec.networks
    )
    assert {name for one in spec.trainings for name in (one.start, one.end)} == set(spec.networks)
    assert [one.labels for one in spec.trainings][:2] == ["true labels", "random labels, d = 1"]
    source = movement.spec("source", 2)
    assert {one.start for one in source.trainings} == {"init/init"}
    assert [one.run for one in source.trainings] == ["cifar10", "cifar10-random4", "cifar10-random9"]


def test_a_study_with_given_weights_has_no_pre_training_to_move_along(load_config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a network is described in results/networks
    network = {"name": "torchvision:resnet18", "arguments": {}, "layers": None}
    config = load_config() | {"network": network, "variants": {}, "weights": "torchvision:IMAGENET1K_V1"}
    plan = Plan(config)
    assert plan.experiments["movement"].roles == ["domain", "cross_domain"]
    found = {claim.name: len(claim.contrasts) for claim in plan.claims["movement_claims"]}
    assert found["M1"] == 0 and min(found["M2"], found["M4"], found["M5"]) > 0
    with pytest.raises(UserError, match=r"movement\.roles.*no pre-training"):
        check(Study(plan.study.config), Settings(("source",), (0.1,), (1.0,)))


def test_only_the_trained_parts_have_a_trend(load_config):
    config = load_config("laptop")
    config["finetune"]["train"] = {"from": "block3"}
    (claim,) = [one for one in Plan(config).claims["movement_claims"] if one.name == "M5"]
    items = {(one.label.split(":")[0], one.decides): [key[-1] for key in one.by_key] for one in claim.contrasts}
    assert items["true labels", True] == ["block3", "block4"]
    assert items["true labels", False] == ["block3", "block4", "head"]
    assert items["pre-training", True] == ["block1", "block2", "block3", "block4"]


# Claims and the figure, of made-up tables

SEEDS = (1, 2, 3, 4, 5)
CLAIMS = ("M1", "M2", "M3", "M4", "M5")


def made_up(plan, change, size=lambda part, degree: 0.1 * (part + 1)):
    """Make the table of a study: `change` gives 1 - similarity by path, at, layer and degree."""
    movement, rows = plan.experiments["movement"], []
    names = plan.study.architecture
    for role in movement.roles:
        spec = movement.spec(role, 1)
        for seed in SEEDS:
            noise = np.random.default_rng(seed)
            for (degree, run), trained in zip(movement.trainings(role).items(), spec.trainings, strict=True):
                whose = {
                    "run": run.name, "probe": role, "labels": trained.labels, "seed": seed,
                    "images": plan.study.title(run.task.dataset),
                }  # fmt: skip
                for place, part in enumerate(names.parts):
                    value = size(place, degree) * math.exp(0.01 * noise.normal())
                    rows.append({**whose, "path": "", "measure": "relative size", "item": part, "value": value})
                    log = math.log(value) if value else -math.inf
                    rows.append({**whose, "path": "", "measure": "ln relative size", "item": part, "value": log})
                for path, places in (("equal", spec.sizes), ("training", spec.path)):
                    for at in places:
                        for place, layer in enumerate(names.layers):
                            value = 1 - change(path, at, place, degree) + 1e-4 * noise.normal()
                            row = {**whose, "path": path, "at": at, "item": layer, "value": value}
                            rows += [{**row, "measure": name} for name in spec.estimators]
    return pd.DataFrame(rows)


def verdicts(plan, table, folder):
    """Judge the claims from the table as the program reads it."""
    path = folder / "movement.csv"
    table.to_csv(path, index=False)
    columns = plan.experiments["movement"].tables[0].columns
    numbers = Measured({"movement": keyed(read_csv(path, columns), columns)})
    found = {}
    for claim in plan.claims["movement_claims"]:
        judged = judge_contrasts(claim, numbers)
        assert len(judged) == len(claim.contrasts), claim.name  # every number was measured
        found[claim.name] = "/".join(sorted({one.judged.verdict for one in judged if one.contrast.decides}))
    return found


def test_claims_follow_the_change_at_the_size_that_was_chosen(plan, tmp_path):
    def change(path, at, layer, degree):
        if (path, at) == ("equal", 0.1):
            return 0.1 + 0.05 * layer + 0.02 * degree
        return 0.5 - 0.05 * layer - 0.02 * degree  # everywhere else the opposite

    found = verdicts(plan, made_up(plan, change), tmp_path)
    assert found == dict.fromkeys(CLAIMS, "supported")


def test_claims_are_contradicted_by_the_opposite(plan, tmp_path):
    def change(path, at, layer, degree):
        sign = -1 if (path, at) == ("equal", 0.1) else 1
        return 0.5 + sign * (0.05 * layer + 0.02 * degree)

    table = made_up(plan, change, size=lambda part, degree: 0.5 / (part + 1))
    assert verdicts(plan, table, tmp_path) == dict.fromkeys(CLAIMS, "contradicted")


def test_no_difference_is_negligible(plan, tmp_path):
    table = made_up(plan, lambda path, at, layer, degree: 0.3, size=lambda part, degree: 0.2)
    assert verdicts(plan, table, tmp_path) == dict.fromkeys(CLAIMS, "negligible")


def test_a_part_that_stays_leaves_its_claim_undecided(plan, tmp_path):
    table = made_up(plan, lambda path, at, layer, degree: 0.3, size=lambda part, degree: 0.1 * part)
    assert verdicts(plan, table, tmp_path)["M5"] == "undecided"


def drawn(table, folder):
    path = folder / "movement.csv"
    table.to_csv(path, index=False)
    figure = figures.draw(path, "movement", "conv4, conv-relu-bn")
    figures.write(figure, folder / "movement.png", "png")
    return figure


def test_the_figure_has_a_column_for_each_training_and_a_ramp_of_sizes(plan, tmp_path):
    figure = drawn(made_up(plan, lambda path, at, layer, degree: at * (0.01 + 0.02 * layer)), tmp_path)
    titles = [axes.get_title(loc="left").replace("\n", " ") for axes in figure.axes[:5]]
    assert titles == [
        "(a) pre-training, true labels", "(b) CIFAR-10, true labels", "(c) CIFAR-10, random labels, d = 9",
        "(d) SVHN, true labels", "(e) SVHN, random labels, d = 9",
    ]  # fmt: skip
    assert len(figure.axes) == 15
    labels = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    sizes = [f"size {size}" for size in ("0.01", "0.03", "0.1", "0.3", "1")]
    assert labels == ["all of the change by training", *sizes, "share 0.25", "share 0.5", "share 0.75"]


def test_the_figure_says_what_it_leaves_out(plan, tmp_path, recwarn):
    table = made_up(
        plan, lambda path, at, layer, degree: at * 0.1 * layer, size=lambda part, degree: [0, math.inf, 1, 1, 1][part]
    )
    table.loc[table["item"] == "pool1", "value"] = 1.0
    figure = drawn(table, tmp_path)
    words = " ".join(text.get_text().replace("\n", " ") for text in figure.texts)
    assert "10 parts stay, see the caption" in words  # two in each of five trainings
    assert "changes of at most 0 left out" in words
    assert [str(warning.message) for warning in recwarn if "matplotlib" in str(warning.filename)] == []
