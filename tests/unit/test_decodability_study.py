"""Decodability in a study: its measures, its plan and its claims."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import cohen_kappa_score
from tests.unit.worlds import NEITHER, RIGHT, SEEDS, WITHIN, WRONG, verdicts

from repdrift.experiments.decodability import measures
from repdrift.experiments.decodability.specs import Counts
from repdrift.experiments.transfer.mistakes import error_consistency
from repdrift.plan.experiments import claims_of
from repdrift.plan.plan import Plan

# Measures


def test_above_chance_is_0_for_the_best_constant_answer_and_1_for_a_perfect_probe():
    assert measures.above_chance(0.3, 0.3) == 0
    assert measures.above_chance(1, 0.3) == 1
    assert measures.above_chance(0.2, 0.6) == pytest.approx(-1)
    assert math.isnan(measures.above_chance(1, 1))


def test_the_share_left_is_undefined_without_an_advantage():
    assert measures.share_left(0.4, initial=0.3, pretrained=0.5) == pytest.approx(0.5)
    assert measures.share_left(0.2, initial=0.3, pretrained=0.5) == pytest.approx(-0.5)
    assert measures.share_left(0.4, initial=0.5, pretrained=0.3) == pytest.approx(0.5)  # pre-training did harm
    assert math.isnan(measures.share_left(0.4, initial=0.3, pretrained=0.319))
    assert not math.isnan(measures.share_left(0.4, initial=0.25, pretrained=0.2701))


def test_disagreement_is_the_share_of_different_predictions():
    assert measures.disagreement(torch.tensor([1, 2, 3, 4]), torch.tensor([1, 2, 4, 3])) == 0.5


def test_kappa_in_its_known_cases():
    right = torch.tensor([True, False] * 500)
    assert error_consistency(right, right) == 1
    assert error_consistency(right, ~right) == -1
    independent = torch.from_numpy(np.random.default_rng(0).random((2, 10_000)) < 0.7)
    assert error_consistency(*independent) == pytest.approx(0, abs=0.03)
    assert error_consistency(*independent) == pytest.approx(cohen_kappa_score(*independent.numpy()))
    for always in (torch.ones(10, dtype=torch.bool), torch.zeros(10, dtype=torch.bool)):
        assert math.isnan(error_consistency(always, always))


# The plan


def test_the_networks_are_those_of_both_main_targets(load_config):
    plan = Plan(load_config("laptop"))
    decodability = plan.experiments["decodability"]
    spec = decodability.spec("cifar10", 2)
    assert [one.series for one in spec.tuned] == ["d = 0", "d = 1", "d = 2", "d = 4", "d = 9", "shifted labels"]
    assert (spec.source, spec.target) == (Counts(2000, 2000, None), Counts(2000, 2000, None))
    paths = decodability.networks("cifar10", 2)
    assert paths[:2] == [
        f"results/laptop/models/{name}.safetensors" for name in ("init/seed2/init", "cifar10/seed2/final")
    ]
    assert len(paths) == len(decodability.task_files("cifar10", 2)) == len(spec.tuned) + 2
    assert {run.name for run in decodability.runs()} <= {run.name for run in plan.study.fine_tunings}


def test_no_network_is_trained_on_the_held_out_images(load_config):
    """In all these studies, the domain target is fine-tuned on images of the source's test part."""
    for presets in ((), ("laptop",), ("core",), ("smoke", "svhn-npz")):
        plan = Plan(load_config(*presets))
        decodability = plan.experiments["decodability"]
        held_out, trained = decodability.unseen, [run.task for run in decodability.runs()]
        assert held_out.dataset == plan.study.config.source.dataset
        for task in (*trained, plan.study.scratch_run(0).task):
            same = (task.dataset, task.train.split) == (held_out.dataset, held_out.test.split)
            assert not same or task.train.stop <= held_out.test.start or held_out.test.stop <= task.train.start
        assert decodability.images("cifar10")[1] == plan.study.images(held_out.dataset, held_out.test.split)


def test_a_source_that_is_no_target_is_tested_on_its_own_test_part(load_config):
    config = load_config("laptop")
    config["source"] = {"dataset": "mnist", "train": "train[0:4096]", "test": "test[0:1000]"}
    decodability = Plan(config).experiments["decodability"]
    assert (decodability.unseen.dataset, str(decodability.unseen.test)) == ("mnist", "test[0:1000]")
    assert decodability.spec("svhn", 1).source.test_images == 1000


def test_calibrated_statistics_and_small_parts(load_config):
    config = load_config("smoke")
    config["probe"]["bn"] = "calibrated"
    config["decodability"] |= {"images": 100_000, "test_images": 100_000}
    spec = Plan(config).experiments["decodability"].spec("svhn", 1)
    assert (spec.source, spec.target) == (Counts(256, 200, 256), Counts(200, 200, 200))


def test_the_memory_grows_with_the_layers_and_the_images(load_config):
    config = load_config("laptop")
    assert Plan(config).experiments["decodability"].megabytes == 5 * 8 * 4000**2 // 10**6
    config["network"]["layers"] = ["pool4"]
    config["decodability"] |= {"images": 100_000, "test_images": 1000}  # the source has 4,096, the targets 5,000
    assert Plan(config).experiments["decodability"].megabytes == 2 * 8 * 6000**2 // 10**6


# Claims


def accuracies(study, initial, pretrained, true, random):
    """Numbers of the table: accuracies by layer of the kinds of networks, each a function of layer, target and seed."""
    found = {}
    for dataset, role in Plan(study).experiments["decodability"].roles.items():
        plan = Plan(study)
        degrees = getattr(plan.study.config.finetune, role).random
        runs = {f"cifar10+{dataset}" + (f"-random{d}" if d else ""): true if d == 0 else random for d in degrees}
        for name, accuracy in {"init": initial, "pretrained": pretrained, **runs}.items():
            for place, layer in enumerate(plan.study.architecture.layers):
                key = (dataset, name, "", layer, "source", "held out", "accuracy")
                found[key] = pd.Series({seed: accuracy(place, seed) for seed in SEEDS})
    return {"decodability": found}


def judged(load_config, world):
    """Verdicts where random labels leave a little less than half of the advantage, and ever less over the layers."""
    config = load_config("laptop")
    experiment = Plan(config).experiments["decodability"]
    effect = world.effect
    found = accuracies(
        config,
        initial=lambda place, seed: 30.0,
        pretrained=lambda place, seed: 30 + effect * (2 + 2 * place),
        true=lambda place, seed: 30 + effect * (1.8 + 1.8 * place) + world.in_seed(seed, -0.1),
        random=lambda place, seed: 30 + effect * (1 + 0.2 * place) + world.in_seed(seed, (place + 1) / 2),
    )
    return verdicts(claims_of("decodability", experiment), found)[1]["verdict"]


@pytest.mark.parametrize(("world", "verdict"), [(RIGHT, "supported"), (WRONG, "contradicted"), (NEITHER, "undecided")])
def test_claims_in_worlds(load_config, world, verdict):
    found = judged(load_config, world)
    assert dict(found) == dict.fromkeys(["D1", "D1b", "D2", "D2b", "D3", "D4"], verdict)


def test_effects_within_the_margin_are_negligible(load_config):
    found = judged(load_config, type(WITHIN)(0.1, 0.02))
    assert set(found) == {"negligible"}


def test_without_random_labels_there_is_nothing_to_judge(load_config):
    config = load_config("laptop")
    for role in ("domain", "cross_domain"):
        config["finetune"][role] |= {"random": [0]}
    assert not any(one.contrasts for one in claims_of("decodability", Plan(config).experiments["decodability"]))


def test_the_trend_is_over_the_hidden_layers_of_any_network(load_config):
    config = load_config("laptop")
    config["network"]["arguments"] = {"depth": 2}
    found = {one.name: one for one in claims_of("decodability", Plan(config).experiments["decodability"])}
    (first, second) = found["D4"].contrasts
    layers = [key[3] for key in first.by_key]
    assert set(layers) == {"pool1", "pool2"} and first.decides and second.decides
