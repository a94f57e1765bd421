"""Optimisers, schedules and label smoothing, beside those of torch.optim in a plain loop."""

import pytest
import torch
from tests.unit.trainings import network, settings, tensors
from torch import nn
from torch.optim import lr_scheduler

from repdrift.data import rendered
from repdrift.study.sections import StepDecay
from repdrift.training.optimizers import OPTIMIZERS
from repdrift.training.schedules import learning_rate
from repdrift.training.training import train

STEPS, PER_EPOCH = 14, 4  # 100 images in batches of 32: three epochs and a half
ADAMW = {"optimizer": "adamw", "momentum": None}


@pytest.fixture(scope="module")
def objects():
    return tensors(*rendered.render("objects", "train", 100))


def after_warmup(optimiser, warmup, then):
    """A linear warm-up of some steps, then another scheduler."""
    if not warmup:
        return then
    linear = lr_scheduler.LinearLR(optimiser, start_factor=1 / (warmup + 1), total_iters=warmup)
    return lr_scheduler.SequentialLR(optimiser, [linear, then], milestones=[warmup])


def constant(optimiser, _):
    return lr_scheduler.ConstantLR(optimiser, factor=1)


def cosine(optimiser, steps):
    return lr_scheduler.CosineAnnealingLR(optimiser, T_max=steps)


def decay(optimiser, _):
    return lr_scheduler.StepLR(optimiser, step_size=PER_EPOCH, gamma=0.3)


SCHEDULES = {"constant": constant, "cosine": cosine, StepDecay(1, 0.3): decay}


def usual_loop(data, optimiser_of, scheduler_of, smoothing):
    """Train as in a tutorial, with the classes of torch.optim and a scheduler that is told of each step.

    The classes are fused too, since early steps of Adam make much of differences of rounding.
    """
    images, labels = data
    made = network().train()
    optimiser = optimiser_of(made.parameters())
    scheduler = scheduler_of(optimiser)
    criterion = nn.CrossEntropyLoss(label_smoothing=smoothing)
    generator, rates = torch.Generator().manual_seed(0), []
    while len(rates) < STEPS:
        for batch in torch.randperm(100, generator=generator).split(32)[: STEPS - len(rates)]:
            rates.append(optimiser.param_groups[0]["lr"])
            optimiser.zero_grad()
            criterion(made(images[batch]), labels[batch]).backward()
            optimiser.step()
            scheduler.step()
    return made.state_dict(), rates


@pytest.mark.parametrize("warmup", [0, 1])
@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
@pytest.mark.parametrize(
    ("changes", "optimiser_of"),
    [
        ({}, lambda weights: torch.optim.SGD(weights, lr=0.01, momentum=0.9, weight_decay=0.1, fused=True)),
        (ADAMW, lambda weights: torch.optim.AdamW(weights, lr=0.01, weight_decay=0.1, fused=True)),
    ],
    ids=["sgd", "adamw"],
)
@pytest.mark.filterwarnings("ignore:.*epoch parameter in `scheduler.step:UserWarning")
def test_weights_are_those_of_torch_optim(objects, changes, optimiser_of, schedule, warmup):
    changes = {"learning_rate": 0.01, "weight_decay": 0.1, "label_smoothing": 0.2, **changes}
    ours, wanted = network(), settings(STEPS, schedule=schedule, warmup=warmup, **changes)
    train(ours, objects, objects, wanted, generator=torch.Generator().manual_seed(0))
    steps = warmup * PER_EPOCH
    usual, rates = usual_loop(
        objects,
        optimiser_of,
        lambda optimiser: after_warmup(optimiser, steps, SCHEDULES[schedule](optimiser, STEPS - steps)),
        smoothing=0.2,
    )
    assert [learning_rate(wanted, PER_EPOCH, step) for step in range(STEPS)] == pytest.approx(rates, rel=1e-12)
    for name, value in usual.items():
        torch.testing.assert_close(ours.state_dict()[name], value, rtol=0, atol=1e-7, msg=name)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
def test_the_learning_rate_is_as_the_words_say(schedule):
    wanted = settings(20, schedule=schedule, warmup=2, learning_rate=1.0)
    rates = [learning_rate(wanted, 4, step) for step in range(20)]
    assert rates[:9] == pytest.approx([each / 9 for each in range(1, 10)])
    after = {
        "constant": [1.0] * 12,
        "cosine": [(1 + torch.cos(torch.tensor(torch.pi * each / 12)).item()) / 2 for each in range(12)],
        StepDecay(1, 0.3): [0.3 ** (each // 4) for each in range(12)],
    }
    assert rates[8:] == pytest.approx(after[schedule], abs=1e-6)
    if schedule == "cosine":
        assert 0 < rates[-1] < 0.02


def test_adamw_needs_no_compiler():
    """The classes of torch.optim import it, which takes 2 s in each job."""
    import subprocess  # noqa: PLC0415
    import sys  # noqa: PLC0415

    program = (
        "import sys, torch\n"
        "from repdrift.training.optimizers import AdamW\n"
        "from tests.unit.trainings import settings\n"
        "weights = [torch.ones(3)]\n"
        "AdamW(weights, settings(1, optimizer='adamw', momentum=None)).step([torch.ones(3)], torch.tensor(0.1))\n"
        "print('torch._dynamo' in sys.modules, 'torch._inductor' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_steps_are_those_of_the_formulas_in_float64(name):
    """Given the same gradients. A whole training would let differences of rounding grow."""
    usual = {
        "sgd": lambda weights: torch.optim.SGD(weights, lr=0.1, momentum=0.9, weight_decay=0.05, foreach=False),
        "adamw": lambda weights: torch.optim.AdamW(weights, lr=0.1, weight_decay=0.05, foreach=False),
    }
    generator = torch.Generator().manual_seed(0)
    start = [torch.randn(shape, generator=generator) for shape in ((4, 3), (5,))]
    ours, exact = [each.clone() for each in start], [each.double().requires_grad_() for each in start]
    wanted = settings(1, optimizer=name, momentum=0.9 if name == "sgd" else None, weight_decay=0.05)
    optimizer, reference = OPTIMIZERS[name](ours, wanted), usual[name](exact)
    for _ in range(10):
        gradients = [torch.randn(each.shape, generator=generator) for each in start]
        optimizer.step(gradients, torch.tensor(0.1))
        for weight, gradient in zip(exact, gradients, strict=True):
            weight.grad = gradient.double()
        reference.step()
    for weight, expected in zip(ours, exact, strict=True):
        torch.testing.assert_close(weight.double(), expected.detach(), rtol=1e-5, atol=1e-6)
