"""Training: batch normalisation stays unpolluted, and results repeat."""

import csv
from dataclasses import replace
from itertools import combinations

import pytest
import torch
from safetensors.torch import load_file
from tests.unit.stage import Stage, finish
from tests.unit.trainings import network, settings, tensors
from torch import nn

from repdrift.data import rendered
from repdrift.errors import UserError
from repdrift.networks.evaluation import evaluate, in_batches
from repdrift.networks.representations import calibrated, representations
from repdrift.plan import specs
from repdrift.plan.plan import Plan
from repdrift.training.jobs import order_seed
from repdrift.training.training import train


@pytest.fixture(scope="module")
def objects():
    return tensors(*rendered.render("objects", "train", 100))


def trained(data, steps, order=0, **changes):
    made, history = network(), []
    generator = torch.Generator().manual_seed(order)
    train(made, data, data, settings(steps, **changes), generator=generator, after_epoch=history.append)
    return made, history


def test_normalise_is_totensor_then_normalize():
    from torchvision import transforms  # noqa: PLC0415

    images = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16).repeat(1, 3, 1, 1)
    usual = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,) * 3, (0.5,) * 3)])
    expected = usual(images[0].permute(1, 2, 0).numpy())
    torch.testing.assert_close(network().normalise(images)[0], expected, rtol=0, atol=0)


def test_training_is_that_of_the_usual_loop(objects):
    """The same batches through a loop written as in a tutorial give the same weights."""
    images, labels = objects
    ours, _ = trained(objects, steps=8)
    usual = network().train()
    optimiser = torch.optim.SGD(usual.parameters(), lr=0.001, momentum=0.9)
    generator = torch.Generator().manual_seed(0)
    for _ in range(2):
        for batch in torch.randperm(100, generator=generator).split(32):
            optimiser.zero_grad()
            inputs = (images[batch].float() / 255 - 0.5) / 0.5
            nn.functional.cross_entropy(usual.logits_from("block1", inputs), labels[batch]).backward()
            optimiser.step()
    for name, value in usual.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value, msg=name)


def test_a_weight_that_no_image_reaches_stays_as_it_is(objects):
    made = network()
    made.spare = nn.Linear(3, 3)
    before = made.spare.weight.clone()
    train(made, objects, objects, settings(2), generator=torch.Generator().manual_seed(0), after_epoch=lambda _: None)
    assert torch.equal(made.spare.weight, before)
    expected, _ = trained(objects, steps=2)
    assert torch.equal(made.head.weight, expected.head.weight)


def test_length_in_steps_cuts_the_last_epoch(objects):
    _, history = trained(objects, steps=6)
    assert [(epoch.epoch, epoch.step) for epoch in history] == [(0, 0), (1, 4), (2, 6)]


def test_two_runs_are_equal_to_the_bit_and_the_order_matters(objects):
    first, again, other = (trained(objects, steps=8, order=order)[0].state_dict() for order in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["head.weight"], other["head.weight"])


def test_a_new_head_is_drawn_anew_and_another_is_yet_another(tmp_path):
    stage, heads = Stage(tmp_path / "stage"), {}
    parent = load_file(stage.folder / "init.safetensors")
    for head in ("keep", "new", "another"):
        stage.spec |= {"head": head, "checkpoints": [0]}
        finish(stage.start(head, steps=1))
        start = load_file(stage.folder / head / "epoch0.safetensors")
        heads[head] = start["head.weight"]
        assert all(torch.equal(start[name], parent[name]) for name in parent if not name.startswith("head."))
    assert torch.equal(heads["keep"], parent["head.weight"])
    bound = heads["keep"].shape[1] ** -0.5  # of PyTorch's own initialisation
    for one, other in combinations(heads, 2):
        assert not torch.isclose(heads[one], heads[other]).any()
        assert heads[other].abs().max() <= bound


def test_a_loss_that_is_not_finite_stops_with_its_place(objects):
    with pytest.raises(UserError, match=r"epoch 1, step \d.*learning rate 1e\+30"):
        trained(objects, steps=8, learning_rate=1e30)


@pytest.mark.parametrize(
    ("images", "sizes"), [(1, [1]), (31, [31]), (32, [32]), (33, [33]), (34, [32, 2]), (64, [32, 32]), (65, [32, 33])]
)
def test_batches_are_of_32_images_and_none_of_a_single_one(images, sizes):
    values = torch.arange(images)
    batches = in_batches(values)
    assert [len(batch) for batch in batches] == sizes
    assert torch.equal(torch.cat(batches), values)


def test_measuring_leaves_the_network_as_it_was(objects):
    images, labels = objects
    made, _ = trained(objects, steps=4)
    before = {name: value.clone() for name, value in made.state_dict().items()}
    evaluate(made, images, labels)
    representations(made, images)
    representations(made, images, calibration=images)
    assert all(torch.equal(before[name], value) for name, value in made.state_dict().items())
    assert made.training
    assert all(part.track_running_stats for part in made.modules() if isinstance(part, nn.BatchNorm2d))


def test_representations_use_batches_of_32_in_file_order(objects):
    images, _ = objects
    made = network().train()
    layers = representations(made, images)
    assert {name: tuple(values.shape) for name, values in layers.items()} == {
        "pool1": (100, 16384), "pool2": (100, 4096), "pool3": (100, 1024), "pool4": (100, 256), "logits": (100, 10)
    }  # fmt: skip
    with torch.no_grad():
        second = made.read_layers(images[32:64])
    for name, values in layers.items():
        torch.testing.assert_close(values[32:64], second[name].flatten(1), rtol=1e-5, atol=1e-5)


def test_calibrated_statistics_are_those_of_the_images(objects):
    images, _ = objects
    made = network()
    after_relu = torch.relu(made.blocks[0].conv(made.normalise(images[:64])))
    means = torch.stack([part.mean(dim=(0, 2, 3)) for part in after_relu.split(32)]).mean(dim=0)
    fixed = calibrated(made, images[:64])
    torch.testing.assert_close(fixed.blocks[0].bn.running_mean, means, rtol=1e-4, atol=1e-5)
    # In eval mode an image's representation does not depend on its neighbours in the batch.
    alone = representations(made, images[5:6], calibration=images[:64])["logits"]
    among = representations(made, images[:32], calibration=images[:64])["logits"]
    torch.testing.assert_close(alone[0], among[5], rtol=1e-4, atol=1e-5)


def test_history_reads_back(tmp_path, objects):
    from repdrift.provenance.artifacts import write_csv  # noqa: PLC0415

    _, history = trained(objects, steps=8, test_every=2)
    write_csv(tmp_path / "history.csv", map(vars, history), list(vars(history[0])))
    rows = list(csv.DictReader((tmp_path / "history.csv").open()))
    assert [row["test_accuracy"] == "" for row in rows] == [False, True, False]
    assert float(rows[2]["train_loss"]) == history[2].train_loss


def test_another_order_of_the_same_task_is_another_generator(load_config):
    spec = specs.train(Plan(load_config()), "cifar10+svhn", 1)
    changes = ({}, {"order": 2}, {"seed": 2}, {"task": "target-mnist"})
    seeds = {order_seed(replace(spec, **change)) for change in changes}
    assert len(seeds) == 4
