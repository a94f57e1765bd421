"""Fine-tuning of the last parts only: the others keep their bytes, and what is learned is that of a linear probe."""

import pytest
import torch
from safetensors.torch import load_file
from tests.unit.dropping import Dropping
from tests.unit.stage import Stage, finish
from tests.unit.trainings import network, settings, tensors
from torch import nn

from repdrift.data import rendered
from repdrift.errors import UserError
from repdrift.networks.evaluation import evaluate, score
from repdrift.plan import specs
from repdrift.plan.plan import Plan
from repdrift.study.runs import VARIANT_SEPARATOR, variant_of
from repdrift.training.trained_parts import set_modes, train_from
from repdrift.training.training import train


@pytest.fixture(scope="module")
def objects():
    return tensors(*rendered.render("objects", "train", 100))


def tuned(data, part, **changes):
    made = network()
    train_from(made, part)
    train(made, data, data, settings(8, **changes), generator=torch.Generator().manual_seed(0))
    return made


def test_accuracies_are_of_the_features_that_the_head_is_trained_on(objects):
    """Running statistics that are far from those of these images, as those of other images may be."""
    made = network()
    for block in made.blocks:
        block.bn.running_mean += 0.5
        block.bn.running_var *= 4
    train_from(made, "head")
    history = train(made, objects, objects, settings(8), generator=torch.Generator().manual_seed(0))
    loss, accuracy = score(made.eval(), *objects)
    assert (history[-1].test_loss, history[-1].test_accuracy) == (pytest.approx(loss), accuracy)
    assert loss != pytest.approx(evaluate(made, *objects)[0], rel=0.01)


@pytest.mark.parametrize("optimizer", [{}, {"optimizer": "adamw", "momentum": None}], ids=["sgd", "adamw"])
@pytest.mark.parametrize("part", ["head", "block3", "block1", "all"])
def test_frozen_parts_keep_their_bytes(objects, part, optimizer):
    """Their batch normalisation too. Weight decay would shrink weights that have no gradient."""
    before, after = network(), tuned(objects, part, weight_decay=0.1, **optimizer)
    names = ["block1", "block2", "block3", "block4", "head"]
    frozen = names[: 0 if part == "all" else names.index(part)]
    modules = dict(zip(names, [*after.blocks, after.head], strict=True))
    starts = dict(zip(names, [*before.blocks, before.head], strict=True))
    for name, module in modules.items():
        for key, value in module.state_dict().items():
            assert torch.equal(value, starts[name].state_dict()[key]) == (name in frozen), (name, key)


def test_the_head_alone_is_a_linear_probe(objects):
    """A linear layer on features that are read once, in eval mode, learns the same."""
    images, labels = objects
    made = network()
    with torch.no_grad():
        features = made.eval().read_layers(images)["pool4"].flatten(1)
    head = made.head
    optimiser = torch.optim.SGD(head.parameters(), lr=0.1, momentum=0.9)
    generator = torch.Generator().manual_seed(0)
    for _ in range(2):
        for batch in torch.randperm(100, generator=generator).split(32):
            optimiser.zero_grad()
            nn.functional.cross_entropy(head(features[batch]), labels[batch]).backward()
            optimiser.step()
    torch.testing.assert_close(tuned(objects, "head", learning_rate=0.1).head.weight, head.weight)


@pytest.mark.parametrize(
    ("part", "off"),
    [
        ("all", set()),
        ("stem", set()),
        ("block", {"stem", "norm", "stem_dropout"}),
        ("head", {"stem", "norm", "stem_dropout", "block", "skip", "dropout"}),
    ],
)
def test_modules_without_weights_are_frozen_with_those_before_them(objects, part, off):
    made = Dropping()
    train_from(made, part)
    set_modes(made)
    assert made.training
    assert {name for name, module in made.named_children() if not module.training} == off
    before = made.norm.running_mean.clone()
    train(made, objects, objects, settings(4), generator=torch.Generator().manual_seed(0))
    assert torch.equal(made.norm.running_mean, before) == ("norm" in off)


def test_an_unknown_part_is_refused():
    with pytest.raises(UserError, match="no part 'pool3' to train from; its parts are block1, block2"):
        train_from(network(), "pool3")


def test_a_job_trains_the_parts_of_its_spec(tmp_path):
    stage = Stage(tmp_path / "stage")
    stage.spec |= {"train": "head", "head": "new", "checkpoints": [0]}
    finish(stage.start("head", steps=5))
    start, end = (load_file(stage.folder / "head" / f"{name}.safetensors") for name in ("epoch0", "final"))
    assert {name for name in start if not torch.equal(start[name], end[name])} == {"head.weight", "head.bias"}


@pytest.mark.parametrize(
    ("train", "first"),
    [("all", "all"), ("head", "head"), ({"from": "block3"}, "block3"), ({"from": "pool3"}, "block3"),
     ({"from": "logits"}, "head"), ({"from": "pool1"}, "all")],
)  # fmt: skip
def test_only_trainings_from_pretrained_weights_leave_parts_out(load_config, train, first):
    config = load_config()
    config["finetune"]["train"] = train
    plan = Plan(config)
    of_all, of_pretrained = set(), set()
    for name, run in plan.runs.items():
        spec = specs.train(plan, name, 1)
        assert spec.train == run.train
        parent = run.parent[0].removeprefix(variant_of(run.parent[0]) + VARIANT_SEPARATOR)
        (of_pretrained if parent == plan.study.pretrained else of_all).add(spec.train)
    assert (of_all, of_pretrained) == ({"all"}, {first})


def test_a_variant_trains_parts_of_its_own_network(load_config):
    config = load_config()
    config["variants"] = {
        "head-only": {"train": "head"},
        "deeper": {"network": {"arguments": {"depth": 5}}, "train": {"from": "block5"}, "training": {"warmup": 1}},
    }
    plan = Plan(config)
    tuned = {name: run for name, run in plan.runs.items() if name.endswith("cifar10+cifar10-random9")}
    assert {name: run.train for name, run in tuned.items()} == {
        "cifar10+cifar10-random9": "all",
        "head-only/cifar10+cifar10-random9": "head",
        "deeper/cifar10+cifar10-random9": "block5",
    }
    spec = specs.train(plan, "deeper/cifar10+cifar10-random9", 1)
    assert (spec.network["depth"], spec.training.warmup, spec.training.momentum) == (5, 1, 0.9)
    assert specs.train(plan, "deeper/cifar10", 1).train == "all"
    # Networks with other layers are not part of the figures that compare layer with layer.
    assert list(plan.study.alike) == ["head-only"]
