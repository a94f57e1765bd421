"""Linear heads on cached features: the gradients, many at once, and beside scikit-learn."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch.nn import functional

from repdrift.errors import UserError
from repdrift.experiments.head2toe.probing import Setting
from repdrift.experiments.head2toe.probing.heads import (
    BATCH,
    EPSILON,
    REGULARISERS,
    Group,
    batches,
    initial_weights,
    train,
)

pytestmark = pytest.mark.usefixtures("same_numbers")

CLASSES = 4
PENALTIES = {
    "l1": lambda weights: weights.abs().sum(),
    "l2": lambda weights: weights.square().sum(),
    "group-lasso": lambda weights: weights.norm(dim=0).sum(),
}


def examples(n=200, p=30, dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(n, p, generator=generator, dtype=dtype)
    y = (x[:, :CLASSES] + 0.5 * torch.randn(n, CLASSES, generator=generator, dtype=dtype)).argmax(1)
    return functional.normalize(x), y


def trained(x, y, *settings, rows=None, seed=1):
    initial = initial_weights({"layer": x.shape[1]}, CLASSES, seed)
    rows = torch.arange(len(x)) if rows is None else rows
    return train(x, y, [Group(rows, initial, settings)], seed)[0]


def by_autograd(x, y, setting, seed=1):
    """Give the weights and bias of the usual loop: torch.nn, autograd, an optimiser and a scheduler."""
    head = torch.nn.Linear(x.shape[1], CLASSES).double()
    with torch.no_grad():
        head.weight.copy_(initial_weights({"layer": x.shape[1]}, CLASSES, seed))
        head.bias.zero_()
    optimiser = torch.optim.Adam(head.parameters(), lr=setting.learning_rate, eps=EPSILON)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, setting.steps)
    for batch in batches(len(x), setting.steps, seed):
        optimiser.zero_grad()
        loss = functional.cross_entropy(head(x[batch]), y[batch])
        if setting.strength:
            loss = loss + setting.strength * PENALTIES[setting.regulariser](head.weight)
        loss.backward()
        optimiser.step()
        schedule.step()
    return head.weight.detach(), head.bias.detach()


@pytest.mark.parametrize("name", PENALTIES)
def test_the_gradient_of_a_regulariser_is_that_of_autograd(name):
    weights = torch.randn(3, CLASSES, 7, dtype=torch.float64, requires_grad=True)
    strengths = torch.tensor([0.0, 0.3, 2.0], dtype=torch.float64)
    sum(strength * PENALTIES[name](each) for strength, each in zip(strengths, weights, strict=True)).backward()
    gradient = torch.ones_like(weights)
    REGULARISERS[name].add(gradient, weights.detach(), strengths[:, None, None])
    torch.testing.assert_close(gradient - 1, weights.grad, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", PENALTIES)
def test_the_gradient_at_zero_is_zero(name):
    gradient = torch.zeros(CLASSES, 5)
    REGULARISERS[name].add(gradient, torch.zeros(CLASSES, 5), torch.ones(1, 1))
    assert torch.equal(gradient, torch.zeros(CLASSES, 5))


@pytest.mark.parametrize("name", REGULARISERS)
@pytest.mark.parametrize("rate", [0.003, 0.1, 1.0])
def test_training_is_that_of_the_usual_loop(name, rate):
    x, y = examples()
    setting = Setting(rate, 30, name, 0.0 if name == "none" else 1e-3)
    (head,) = trained(x, y, setting)
    weights, bias = by_autograd(x, y, setting)
    torch.testing.assert_close(head.weights, weights, rtol=0, atol=1e-8)
    torch.testing.assert_close(head.bias, bias, rtol=0, atol=1e-8)


def test_a_head_of_a_batch_is_the_one_trained_by_itself():
    x, y = examples()
    settings = [
        Setting(rate, steps, name, strength)
        for steps in (7, 40)
        for rate in (0.01, 0.1)
        for name, strength in (("group-lasso", 1e-3), ("none", 0.0), ("l2", 1e-2), ("group-lasso", 1e-4), ("l1", 1e-3))
    ]
    for head, setting in zip(trained(x, y, *settings), settings, strict=True):
        (alone,) = trained(x, y, setting)
        torch.testing.assert_close(head.weights, alone.weights, rtol=0, atol=1e-9)
        torch.testing.assert_close(head.bias, alone.bias, rtol=0, atol=1e-9)


def test_groups_of_different_sizes_and_settings_are_those_trained_by_themselves():
    x, y = examples()
    initial = initial_weights({"layer": x.shape[1]}, CLASSES, 1)
    short, long = Setting(0.1, 5), Setting(0.01, 9, "l1", 1e-3)
    groups = [
        Group(torch.arange(150), initial, (short, long)),
        Group(torch.arange(50, 200), 2 * initial, (long, short, long)),
        Group(torch.arange(149), initial, (short,)),
        Group(torch.arange(0, 150), initial, (replace(short, learning_rate=0.02), long)),
    ]
    for group, heads in zip(groups, train(x, y, groups, seed=3), strict=True):
        for setting, head in zip(group.settings, heads, strict=True):
            ((alone,),) = train(x, y, [Group(group.examples, group.initial, (setting,))], seed=3)
            torch.testing.assert_close(head.weights, alone.weights, rtol=0, atol=1e-9)


def test_more_than_fits_at_once_is_trained_in_parts(monkeypatch):
    x, y = examples()
    initial = initial_weights({"layer": x.shape[1]}, CLASSES, 1)
    groups = [Group(torch.arange(start, start + 140), initial, (Setting(0.1, 5),)) for start in (0, 20, 60)]
    together = train(x, y, groups, seed=1)
    monkeypatch.setattr("repdrift.experiments.head2toe.probing.heads.MOST_WEIGHTS", 2 * initial.numel())
    for (head,), (part,) in zip(together, train(x, y, groups, seed=1), strict=True):
        torch.testing.assert_close(head.weights, part.weights, rtol=0, atol=1e-9)


def test_every_batch_is_full_and_every_pass_has_each_example_once():
    order = batches(300, 21, seed=1)
    assert order.shape == (21, BATCH)
    for number, each in enumerate(order.flatten()[: 300 * 8].view(8, 300)):
        assert sorted(each.tolist()) == list(range(300)), number
    assert torch.equal(order[:7], batches(300, 7, seed=1))


def test_new_weights_are_glorot_uniform_and_a_layer_keeps_its_draws():
    weights = initial_weights({"a": 400, "b": 600}, 10, seed=1)
    bound = math.sqrt(6 / 1010)
    assert weights.shape == (10, 1000)
    assert bound * 0.99 < weights.abs().max() <= bound
    assert weights.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.02)
    alone = initial_weights({"b": 600}, 10, seed=1)
    torch.testing.assert_close(weights[:, 400:] / bound, alone / math.sqrt(6 / 610))
    one, other = initial_weights({"a": 5, "b": 5}, 10, seed=1).split(5, dim=1)
    assert not torch.equal(one, other)


def test_beside_the_logistic_regression_of_scikit_learn():
    """The same minimum: cross-entropy + lambda x sum of squares, of which scikit-learn's C is 1 / (2 n lambda)."""
    x, y = examples(BATCH)  # each batch is the whole set, so both follow the same loss
    strength = 1e-3
    (head,) = trained(x, y, Setting(0.1, 2000, "l2", strength))
    reference = LogisticRegression(C=1 / (2 * len(x) * strength), tol=1e-10, max_iter=10_000)
    reference.fit(x.numpy(), y.numpy())
    np.testing.assert_allclose(head.weights.numpy(), reference.coef_, rtol=0, atol=1e-5)
    probabilities = head.logits(x).softmax(1).numpy()
    np.testing.assert_allclose(probabilities, reference.predict_proba(x.numpy()), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0, 5), "learning rate 0.0"),
        ((math.nan, 5), "learning rate nan"),
        ((0.1, 0), "0 steps"),
        ((0.1, 5, "lasso"), "use one of none, l1, l2, group-lasso"),
        ((0.1, 5, "l1", -1.0), "strength -1.0"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(arguments, message):
    with pytest.raises(UserError, match=message):
        Setting(*arguments)
