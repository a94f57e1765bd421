"""Training of linear heads on cached features. One matrix product serves all configurations of a search.

Evci et al. (2022) train heads with Adam in Keras. Their settings are used here: Glorot uniform weights, zero biases, a
learning rate that falls to 0 along a cosine, and batches of 128. They use the same batches in every pass over the
examples. Here, batches are drawn anew in every pass, and all batches are full.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from repdrift.errors import UserError
from repdrift.seeds import seed_for

BATCH = 128
EPSILON = 1e-7  # the epsilon of Adam in Keras; the default of PyTorch is 1e-8
ALIGNMENT = 16  # zeros pad the features to a multiple of this number; rows without alignment made products 1/3 slower
MOST_WEIGHTS = 2**26  # that are trained together: 1 GB in float32, with gradients and the two moments of Adam


# The functions below handle one class at a time: to allocate large temporary tensors in every step would cost more.
def add_l1(gradient: Tensor, weights: Tensor, strength: Tensor) -> None:
    """Add the gradient of strength x sum of absolute weights. The shapes are those of `add_group_lasso`."""
    for of_class, weights_of_class in zip(gradient.split(1, dim=-2), weights.split(1, dim=-2), strict=True):
        of_class.addcmul_(weights_of_class.sign(), strength)


def add_l2(gradient: Tensor, weights: Tensor, strength: Tensor) -> None:
    """Add the gradient of strength x sum of squared weights. As in Keras, the sum is not halved."""
    gradient.addcmul_(weights, 2 * strength)


def add_group_lasso(gradient: Tensor, weights: Tensor, strength: Tensor) -> None:
    """Add the gradient of strength x L2,1 norm, which is the sum over features of the Euclidean norm over classes.

    Where the norm of a feature is 0, its gradient is taken to be 0.

    Parameters
    ----------
    gradient, weights : Tensor [..., C, p]
    strength : Tensor [..., 1, 1]
    """
    squares = torch.zeros_like(weights[..., :1, :])
    for of_class in weights.split(1, dim=-2):
        squares.addcmul_(of_class, of_class)
    factors = squares.rsqrt_().mul_(strength).nan_to_num_(posinf=0.0)
    gradient.addcmul_(weights, factors)


class Regulariser(NamedTuple):
    """A regulariser of the weights of a head.

    Attributes
    ----------
    add : function of (gradient, weights, strength)
        It adds the gradient of the regulariser to another gradient, in place.
    degree : int
        The degree d of the regulariser: if the weights are multiplied by c, its gradient is multiplied by c^(d-1).
    """

    add: Callable[[Tensor, Tensor, Tensor], None]
    degree: int


REGULARISERS = {
    "none": None,
    "l1": Regulariser(add_l1, 1),
    "l2": Regulariser(add_l2, 2),
    "group-lasso": Regulariser(add_group_lasso, 1),
}


@dataclass(frozen=True)
class Setting:
    """The setting of the training of a head. The loss is cross-entropy + strength x regulariser of the weights.

    The biases are not regularised.

    Attributes
    ----------
    learning_rate : float
        The learning rate of the first step. It falls to 0 along a cosine.
    steps : int
        Number of steps.
    regulariser : str
        ``none``, ``l1``, ``l2`` or ``group-lasso``.
    strength : float
        The strength lambda of the regulariser.

    Raises
    ------
    UserError
        If one of them is out of range.
    """

    learning_rate: float
    steps: int
    regulariser: str = "none"
    strength: float = 0.0

    def __post_init__(self) -> None:
        if not (self.learning_rate > 0 and math.isfinite(self.learning_rate)):
            raise UserError(f"learning rate {self.learning_rate}: it must be above 0")
        if self.steps < 1:
            raise UserError(f"{self.steps} steps: there must be at least 1")
        if self.regulariser not in REGULARISERS:
            raise UserError(f"regulariser {self.regulariser!r}: use one of {', '.join(REGULARISERS)}")
        if not (self.strength >= 0 and math.isfinite(self.strength)):
            raise UserError(f"regulariser strength {self.strength}: it must be at least 0")


@dataclass(frozen=True, eq=False)
class Head:
    """A linear head. Its logits are x @ weights.T + bias.

    Attributes
    ----------
    weights : float Tensor [C, p]
    bias : float Tensor [C]
    """

    weights: Tensor
    bias: Tensor

    def logits(self, x: Tensor) -> Tensor:
        """Return the logits [n, C] of features [n, p]."""
        return torch.addmm(self.bias, x, self.weights.T)


@dataclass(frozen=True, eq=False)
class Group:
    """Heads that are trained on the same examples, from the same weights.

    Attributes
    ----------
    examples : int64 Tensor [m]
        Indices of the examples to train on.
    initial : Tensor [C, p]
        The weights before the first step.
    settings : tuple of Setting
        One setting for each head.
    """

    examples: Tensor
    initial: Tensor
    settings: tuple[Setting, ...]


def initial_weights(widths: Mapping[str, int], classes: int, seed: int) -> Tensor:
    """Draw the weights float64 [C, p] of a new head from the Glorot uniform distribution.

    Each layer has a generator of its own, so the weights of its columns do not depend on the other layers.
    """
    bound = math.sqrt(6 / (sum(widths.values()) + classes))

    def of_layer(layer: str, width: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed_for("head initialisation", seed, layer))
        return torch.empty(classes, width, dtype=torch.float64).uniform_(-bound, bound, generator=generator)

    return torch.cat([of_layer(layer, width) for layer, width in widths.items()], dim=1)


@torch.no_grad()
def train(x: Tensor, labels: Tensor, groups: Sequence[Group], seed: int) -> list[list[Head]]:
    """Train the heads of all groups. A head that is trained alone is the same up to rounding.

    The heads of a group see the same batches, so their weights form one matrix and one product serves them all. The
    products of several groups form a batched product. Heads with different numbers of steps are trained separately.

    Parameters
    ----------
    x : float Tensor [n, p]
        Features, in the precision of the heads and on the device to train on.
    labels : int64 Tensor [n]
        Labels 0 to C - 1.
    groups : sequence of Group
    seed : int
        Seed of the order of the batches. All groups with the same number of examples have the same order.

    Returns
    -------
    list of list of Head
        For each group, one head for each setting.
    """
    heads: dict[tuple[int, int], Head] = {}
    for stack in _stacks(groups):
        at_once = max(1, MOST_WEIGHTS // (len(stack[0][1]) * groups[0].initial.numel()))
        for start in range(0, len(stack), at_once):
            heads |= _train_stack(x, labels, groups, stack[start : start + at_once], seed)
    return [[heads[g, k] for k in range(len(group.settings))] for g, group in enumerate(groups)]


# Heads whose weights fit into one tensor: indices of groups, and for each group the indices of some of its settings.
Stack = list[tuple[int, tuple[int, ...]]]


def _stacks(groups: Sequence[Group]) -> Iterable[Stack]:
    """Sort the heads of all groups into stacks.

    The groups of a stack have the same number of examples. They contribute heads with the same number of steps and the
    same regularisers, ordered by regulariser.
    """
    stacks: dict[object, Stack] = defaultdict(list)
    for g, group in enumerate(groups):
        for steps in sorted({setting.steps for setting in group.settings}):
            chosen = [k for k, setting in enumerate(group.settings) if setting.steps == steps]
            chosen.sort(key=lambda k: group.settings[k].regulariser)
            kinds = tuple(group.settings[k].regulariser for k in chosen)
            stacks[steps, len(group.examples), kinds].append((g, tuple(chosen)))
    return stacks.values()


def _train_stack(
    x: Tensor, labels: Tensor, groups: Sequence[Group], stack: Stack, seed: int
) -> dict[tuple[int, int], Head]:
    """Train a stack of G groups of H heads each, whose weights are a tensor [G, H, C, p].

    Returns
    -------
    dict of (int, int) to Head
        The heads by the indices of their group and setting.
    """
    settings = [[groups[g].settings[k] for k in chosen] for g, chosen in stack]
    steps, shape = settings[0][0].steps, (len(settings), len(settings[0]))
    used = x.shape[1]
    x = functional.pad(x, (0, -used % ALIGNMENT)) if used % ALIGNMENT else x
    initial = functional.pad(torch.stack([groups[g].initial for g, _ in stack]).to(x), (0, -used % ALIGNMENT))
    examples = torch.stack([groups[g].examples for g, _ in stack]).to(x.device)
    classes, width = initial.shape[1:]

    def of_each(values: Callable[[Setting], float]) -> Tensor:
        numbers = [[values(setting) for setting in row] for row in settings]
        return torch.tensor(numbers, dtype=x.dtype, device=x.device)[:, :, None, None]

    # One fused Adam trains all heads, although their learning rates differ. It has learning rate 1 and its parameters
    # are weights / learning rate, but it is given the gradient of the weights. The steps of Adam do not depend on the
    # scale of the gradient, so this is the same as an Adam for each head with its own learning rate.
    rates, strengths = of_each(lambda setting: setting.learning_rate), of_each(lambda setting: setting.strength)
    scaled = initial[:, None] / rates
    scaled_bias = torch.zeros_like(scaled[..., 0])
    gradient, bias_gradient = torch.empty_like(scaled), torch.empty_like(scaled_bias)
    scaled.grad, scaled_bias.grad = gradient, bias_gradient
    optimiser = torch.optim.Adam([scaled, scaled_bias], eps=EPSILON, fused=True)
    matrix = scaled.view(shape[0], -1, width)
    batch = x.new_empty(shape[0], BATCH, width)  # allocated once, not in every step
    targets = functional.one_hot(labels.to(x.device), classes).to(x)
    order = batches(examples.shape[1], steps, seed).to(x.device)
    penalties = _penalties([setting.regulariser for setting in settings[0]], strengths, rates)

    for step in range(steps):
        rows = examples[:, order[step]]
        torch.index_select(x, 0, rows.flatten(), out=batch.view(-1, width))
        logits = (matrix @ batch.mT).view(*scaled.shape[:3], BATCH)
        logits = (logits + scaled_bias[..., None]) * rates
        residual = (logits.softmax(2) - targets[rows].mT[:, None]).div_(BATCH)
        torch.sum(residual, dim=3, out=bias_gradient)
        torch.bmm(residual.flatten(1, 2), batch, out=gradient.view(matrix.shape))
        for regulariser, heads, strength in penalties:
            regulariser.add(gradient[:, heads], scaled[:, heads], strength)
        optimiser.param_groups[0]["lr"] = (1 + math.cos(math.pi * step / steps)) / 2
        optimiser.step()

    weights, bias = scaled * rates, scaled_bias * rates[..., 0]
    return {
        (g, k): Head(weights[i, j, :, :used].clone(), bias[i, j].clone())
        for i, (g, chosen) in enumerate(stack)
        for j, k in enumerate(chosen)
    }


def _penalties(kinds: list[str], strengths: Tensor, rates: Tensor) -> list[tuple[Regulariser, slice, Tensor]]:
    """Return each regulariser, the heads that have it, and the strength that it needs for weights / learning rate."""
    penalties = []
    for kind in dict.fromkeys(kinds):
        if regulariser := REGULARISERS[kind]:
            heads = slice(kinds.index(kind), kinds.index(kind) + kinds.count(kind))
            penalties.append((regulariser, heads, (strengths * rates ** (regulariser.degree - 1))[:, heads]))
    return penalties


def batches(examples: int, steps: int, seed: int) -> Tensor:
    """Draw the indices of the examples in each batch, int64 [steps, 128].

    Every pass over the examples is a new permutation. The passes follow each other without a gap, so all batches are
    full.
    """
    generator = torch.Generator().manual_seed(seed_for("head batch order", seed))
    passes = math.ceil(steps * BATCH / examples)
    order = torch.cat([torch.randperm(examples, generator=generator) for _ in range(passes)])
    return order[: steps * BATCH].view(steps, BATCH)
