"""The calls of the modules of a network in one forward pass, as a tree, with the shapes of their outputs."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from repdrift.errors import in_one_line
from repdrift.networks.evaluation import in_eval_mode


@dataclass(eq=False)
class Call:
    """A call of a module.

    Attributes
    ----------
    name : str
        The path of the module in the network, such as ``layer1.0.relu``. The second call of a module in a forward pass
        has ``_1`` appended, the third ``_2``, and so on, as in torchvision's feature extraction.
    module : Module
    shape : tuple of int or None
        The shape of the output for one image, without the number of images. It is None if the output is no tensor.
    calls : list of Call
        The calls within this call.
    """

    name: str
    module: nn.Module
    shape: tuple[int, ...] | None = None
    calls: list["Call"] = field(default_factory=list)

    @property
    def weights(self) -> list[nn.Parameter]:
        """The weights that belong to the module itself and to no module within it."""
        return list(self.module.parameters(recurse=False))

    def walk(self) -> Iterator["Call"]:
        """Yield this call and all calls within it, in the order in which they begin."""
        yield self
        for call in self.calls:
            yield from call.walk()

    def returned(self) -> Iterator["Call"]:
        """Yield this call and all calls within it, in the order in which they return."""
        for call in self.calls:
            yield from call.returned()
        yield self


class Counted:
    """The names of calls: the path of a module, and how often it was called before in this forward pass."""

    def __init__(self, network: nn.Module) -> None:
        self.paths = {module: path for path, module in network.named_modules()}
        self.counts: Counter[nn.Module] = Counter()

    def name(self, module: nn.Module) -> str:
        """Return the name of the next call of a module, and count it."""
        before = self.counts[module]
        self.counts[module] += 1
        return f"{self.paths[module]}_{before}" if before else self.paths[module]


@torch.no_grad()
def recorded(module: nn.Module, images: Tensor) -> Call:
    """Call a module in eval mode, and return the tree of the calls of its modules. The module is not changed.

    Parameters
    ----------
    module : Module
    images : float32 Tensor [B, C, H, W]

    Raises
    ------
    UserError
        If the forward pass fails. The message has the error of the module itself.
    """
    counted = Counted(module)
    root = Call("", nn.Identity())
    open_calls = [root]

    def enter(called: nn.Module, _: Any) -> None:  # noqa: ANN401
        call = Call(counted.name(called), called)
        open_calls[-1].calls.append(call)
        open_calls.append(call)

    def leave(_: nn.Module, __: Any, output: Any) -> None:  # noqa: ANN401
        call = open_calls.pop()
        call.shape = tuple(output.shape[1:]) if isinstance(output, Tensor) else None

    with in_eval_mode(module), ExitStack() as hooks:
        for part in module.modules():
            hooks.callback(part.register_forward_pre_hook(enter).remove)
            hooks.callback(part.register_forward_hook(leave).remove)
        try:
            module(images)
        except Exception as error:  # the code is the user's own
            shape = tuple(images.shape[1:])
            raise in_one_line(
                f"the network fails on images of shape {shape}: {type(error).__name__}: {error}"
            ) from None
    return root.calls[0]
