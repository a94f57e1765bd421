"""Linear heads on cached features, many at once: one matrix product serves all configurations of a search.

Evci et al. (2022) train them with Adam in Keras; their defaults hold here: Glorot uniform weights, zero bias, a
learning rate that falls to 0 along a cosine, batches of 128. Theirs are the same few batches again and again; ours are
drawn anew in every pass, and all full.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from repdrift.errors import UserError
from repdrift.seeds import seed_for

BATCH = 128
EPSILON = 1e-7  # of Adam in Keras; PyTorch's own is 1e-8
LINE = 16  # features are padded to a multiple with zeros: rows that start anywhere make a product up to a third slower
AT_ONCE = 2**26  # weights that are trained together at most: 1 GB in float32, with gradients and Adam's two moments


# A class at a time: large temporary tensors, asked for anew in every step, would cost more than all of this.
def add_l1(gradient: Tensor, weights: Tensor, strength: Tensor) -> None:
    """Add strength x gradient of the sum of absolute values."""
    for to, of_class in zip(gradient.split(1, dim=-2), weights.split(1, dim=-2), strict=True):
        to.addcmul_(of_class.sign(), strength)


def add_l2(gradient: Tensor, weights: Tensor, strength: Tensor) -> None:
    """Add strength x gradient of the sum of squares (not of half of it: as in Keras)."""
    gradient.addcmul_(weights, 2 * strength)


def add_group_lasso(gradient: Tensor, weights: Tensor, strength: Tensor) -> None:
    """Add strength x gradient of the L2,1 norm: the sum over features of the norm over classes; 0 where that is 0.

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
    """How its gradient is added, and its degree d: of weights c times as large, the gradient is c^(d-1) times."""

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
    """How a head is trained: on cross-entropy + strength x regulariser of the weights, the bias left free.

    Parameters
    ----------
    learning_rate : float
        At the first step; it falls to 0 along a cosine.
    steps : int
    regulariser : str
        ``none``, ``l1``, ``l2`` or ``group-lasso``.
    strength : float
        Of the regulariser: lambda.

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
            raise UserError(f"regulariser {self.regulariser!r}: allowed are {', '.join(REGULARISERS)}")
        if not (self.strength >= 0 and math.isfinite(self.strength)):
            raise UserError(f"regulariser strength {self.strength}: it must be at least 0")


@dataclass(frozen=True, eq=False)
class Head:
    """A linear head: logits are x @ weights.T + bias.

    Parameters
    ----------
    weights : float Tensor [C, p]
    bias : float Tensor [C]
    """

    weights: Tensor
    bias: Tensor

    def logits(self, x: Tensor) -> Tensor:
        """Logits [n, C] of features [n, p]."""
        return torch.addmm(self.bias, x, self.weights.T)


@dataclass(frozen=True, eq=False)
class Group:
    """Heads that see the same examples from the same start.

    Parameters
    ----------
    examples : int64 Tensor [m]
        Rows to train on (a fold's).
    initial : Tensor [C, p]
        Weights at step 0.
    settings : tuple of Setting
        One a head.
    """

    examples: Tensor
    initial: Tensor
    settings: tuple[Setting, ...]


def initial_weights(widths: Mapping[str, int], classes: int, seed: int) -> Tensor:
    """Weights float64 [C, p] of a new head: Glorot uniform, the columns of each layer from a generator of its own."""
    bound = math.sqrt(6 / (sum(widths.values()) + classes))

    def of_layer(layer: str, width: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed_for("head initialisation", seed, layer))
        return torch.empty(classes, width, dtype=torch.float64).uniform_(-bound, bound, generator=generator)

    return torch.cat([of_layer(layer, width) for layer, width in widths.items()], dim=1)


@torch.no_grad()
def train(x: Tensor, labels: Tensor, groups: Sequence[Group], seed: int) -> list[list[Head]]:
    """Train the heads of all groups; one trained by itself is the same but for rounding.

    Heads of a group share each batch, and with it one matrix product: the weights of all of them are one matrix. Groups
    are a batch of such products. Heads of fewer steps are trained apart from the longer ones, so that none waits.

    Parameters
    ----------
    x : float Tensor [n, p]
        Features, in the precision of the heads, on the device to train on.
    labels : int64 Tensor [n]
        0 to C - 1.
    groups : sequence of Group
    seed : int
        Of the order of the batches, which is the same for all groups of as many examples.

    Returns
    -------
    list of list of Head
        By group and setting.
    """
    heads: dict[tuple[int, int], Head] = {}
    for members in _alike(groups).values():
        at_once = max(1, AT_ONCE // (len(members[0][1]) * groups[0].initial.numel()))
        for start in range(0, len(members), at_once):
            heads |= _train_together(x, labels, groups, members[start : start + at_once], seed)
    return [[heads[g, k] for k in range(len(group.settings))] for g, group in enumerate(groups)]


Members = list[tuple[int, tuple[int, ...]]]  # numbers of groups, and of the settings of each, ordered by regulariser


def _alike(groups: Sequence[Group]) -> dict[object, Members]:
    """Sort heads into those of the same steps, whose groups are stacked without gaps."""
    alike: dict[object, Members] = defaultdict(list)
    for g, group in enumerate(groups):
        for steps in sorted({setting.steps for setting in group.settings}):
            chosen = [k for k, setting in enumerate(group.settings) if setting.steps == steps]
            chosen.sort(key=lambda k: group.settings[k].regulariser)
            kinds = tuple(group.settings[k].regulariser for k in chosen)
            alike[steps, len(group.examples), kinds].append((g, tuple(chosen)))
    return alike


def _train_together(
    x: Tensor, labels: Tensor, groups: Sequence[Group], members: Members, seed: int
) -> dict[tuple[int, int], Head]:
    """Train the heads of groups stacked: weights [G, H, C, p]."""
    settings = [[groups[g].settings[k] for k in chosen] for g, chosen in members]
    steps, shape = settings[0][0].steps, (len(settings), len(settings[0]))
    used = x.shape[1]
    x = functional.pad(x, (0, -used % LINE)) if used % LINE else x
    initial = functional.pad(torch.stack([groups[g].initial for g, _ in members]).to(x), (0, -used % LINE))
    examples = torch.stack([groups[g].examples for g, _ in members]).to(x.device)
    classes, width = initial.shape[1:]

    def of_each(values: Callable[[Setting], float]) -> Tensor:
        numbers = [[values(setting) for setting in row] for row in settings]
        return torch.tensor(numbers, dtype=x.dtype, device=x.device)[:, :, None, None]

    # Adam's steps do not depend on the scale of the gradient: one Adam of rate 1 on weights / learning rate, given the
    # gradient of the weights, is an Adam of its own learning rate for each head, and its fused kernel serves them all.
    rates, strengths = of_each(lambda setting: setting.learning_rate), of_each(lambda setting: setting.strength)
    scaled = initial[:, None] / rates
    scaled_bias = torch.zeros_like(scaled[..., 0])
    gradient, bias_gradient = torch.empty_like(scaled), torch.empty_like(scaled_bias)
    scaled.grad, scaled_bias.grad = gradient, bias_gradient
    optimiser = torch.optim.Adam([scaled, scaled_bias], eps=EPSILON, fused=True)
    matrix = scaled.view(shape[0], -1, width)
    batch = x.new_empty(shape[0], BATCH, width)  # memory is asked for once, not in every step
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
        for i, (g, chosen) in enumerate(members)
        for j, k in enumerate(chosen)
    }


def _penalties(kinds: list[str], strengths: Tensor, rates: Tensor) -> list[tuple[Regulariser, slice, Tensor]]:
    """Give each regulariser with the heads that have it, and its strength for weights / learning rate."""
    penalties = []
    for kind in dict.fromkeys(kinds):
        if regulariser := REGULARISERS[kind]:
            heads = slice(kinds.index(kind), kinds.index(kind) + kinds.count(kind))
            penalties.append((regulariser, heads, (strengths * rates ** (regulariser.degree - 1))[:, heads]))
    return penalties


def batches(examples: int, steps: int, seed: int) -> Tensor:
    """Numbers of examples in each batch, int64 [steps, 128]: permutations one after another, cut into full batches."""
    generator = torch.Generator().manual_seed(seed_for("head batch order", seed))
    passes = math.ceil(steps * BATCH / examples)
    order = torch.cat([torch.randperm(examples, generator=generator) for _ in range(passes)])
    return order[: steps * BATCH].view(steps, BATCH)
