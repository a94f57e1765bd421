"""The blocks of any network: the layers that are compared by default, and the parts that its weights fall into.

A block is a stage or a block of the network's own code. Where the code has a row of single layers, a block ends with a
pooling layer or, if there are none, with the last layer before the next convolution or linear layer.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import dropwhile, pairwise

from torch import nn

from repdrift.errors import UserError
from repdrift.networks.calls import Call

FEWEST = 4  # the fewest stages with weights before the head; coarser ones are split into the modules within them


@dataclass
class Block:
    """Consecutive calls, named by the last one, and the weights that they use and no earlier block does."""

    name: str
    weights: dict[str, nn.Parameter] = field(default_factory=dict)


def blocks(root: Call) -> list[Block]:
    """Return the blocks of a network in the order of the forward pass. The last one is the head.

    Parameters
    ----------
    root : Call
        The forward pass of the network, see `repdrift.networks.calls.recorded`.

    Raises
    ------
    UserError
        If the network has no layer with weights, or no layer before its head.
    """
    with_weights = [call for call in root.walk() if call.weights]
    if not with_weights:
        raise UserError("the network has no layer with weights")
    head = with_weights[-1]
    groups = list(dropwhile(_has_no_weights, with_an_output(grouped(stages(root, head)))))
    if not groups:
        raise UserError("the network has no layer before its head, so there is no representation to compare")
    return with_their_weights(root.module, [*groups, [head]])


def stages(root: Call, head: Call) -> list[Call]:
    """List the calls before the head that follow each other: as few as there can be, but at least `FEWEST`.

    A call that contains the head is split into the calls within it, so that the head stands alone.
    """
    found = list(root.calls)
    while within := [call for call in found if head in call.walk() and call is not head]:
        found = split(found, within[0])
    found = found[: found.index(head)]  # whatever follows the head changes the logits only
    while sum(map(_size, found)) and sum(bool(_size(call)) for call in found) < FEWEST:
        largest = max((call for call in found if call.calls), key=_size, default=None)
        if largest is None or _size(largest) < 2:
            break
        found = split(found, largest)
    return found


def split(calls: Sequence[Call], one: Call) -> list[Call]:
    """Replace one of some calls by the calls within it."""
    place = calls.index(one)
    return [*calls[:place], *one.calls, *calls[place + 1 :]]


def grouped(calls: Iterable[Call]) -> Iterator[list[Call]]:
    """Yield blocks of consecutive calls. A call with others within it is a block by itself."""
    row: list[Call] = []
    for call in calls:
        if not call.calls:
            row.append(call)
            continue
        yield from of_row(row)
        yield [call]
        row = []
    yield from of_row(row)


def of_row(row: Sequence[Call]) -> Iterator[list[Call]]:
    """Yield the blocks of a row of single layers."""
    pools = [place for place, call in enumerate(row, 1) if _pools(call)]
    if len(pools) > 1:
        for start, stop in pairwise([0, *pools]):
            yield list(row[start:stop])
        row = row[pools[-1] :]
    block: list[Call] = []
    for call in row:
        if _transforms(call) and any(map(_transforms, block)):
            yield block
            block = []
        block.append(call)
    if block:
        yield block


def with_an_output(groups: Iterable[list[Call]]) -> Iterator[list[Call]]:
    """Yield blocks whose last call returns a tensor. Calls after it are part of the next block, or of none."""
    begun: list[Call] = []
    for group in groups:
        begun += group
        ends = [place for place, call in enumerate(begun, 1) if call.shape is not None]
        if ends:
            yield begun[: ends[-1]]
            begun = begun[ends[-1] :]


def with_their_weights(network: nn.Module, groups: Sequence[Sequence[Call]]) -> list[Block]:
    """Return named blocks with their weights by the weights' names in the network.

    A weight that belongs to a module around several blocks, such as the class token of a vision transformer, is part of
    the first of these blocks. A weight that the forward pass does not use is part of the head.
    """
    names = {weight: name for name, weight in network.named_parameters()}
    found = [Block(group[-1].name) for group in groups]
    left = dict(names)
    for block, group in zip(found, groups, strict=True):
        around = [name for call in group for name in _around(call.name)]
        for path, module in network.named_modules():
            recurse = any(module is call.module for call in group)
            if recurse or path in around:
                for weight in module.parameters(recurse=recurse):
                    if weight in left:
                        block.weights[left.pop(weight)] = weight
    found[-1].weights |= {name: weight for weight, name in left.items()}
    return found


def _around(name: str) -> list[str]:
    """List the paths of the modules around a module, with the network itself first."""
    parts = name.split(".")
    return [".".join(parts[:depth]) for depth in range(len(parts))]


def _has_no_weights(group: Sequence[Call]) -> bool:
    return not any(map(_size, group))


def _size(call: Call) -> int:
    return sum(bool(each.weights) for each in call.walk())


def _pools(call: Call) -> bool:
    return "pool" in type(call.module).__name__.lower()


def _transforms(call: Call) -> bool:
    return any(weight.ndim > 1 for weight in call.weights)
