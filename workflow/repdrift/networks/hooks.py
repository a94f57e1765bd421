"""Reading the outputs of a network's modules while it computes its logits.

Each output is copied at once. Without a copy, a later operation that works in place, such as ``ReLU(inplace=True)``,
would change what was read.
"""

from collections.abc import Collection
from contextlib import ExitStack
from typing import Any

from torch import Tensor, nn

from repdrift.errors import UserError
from repdrift.networks.calls import Counted


def read_outputs(module: nn.Module, images: Tensor, wanted: Collection[str]) -> tuple[Tensor, dict[str, Tensor]]:
    """Call a module, and return its logits and copies of the outputs of some calls within it by their names.

    Parameters
    ----------
    module : Module
    images : float32 Tensor [B, C, H, W]
    wanted : collection of str
        Names of calls, see `repdrift.networks.calls.Call`.

    Raises
    ------
    UserError
        If a call returns no tensor.
    """
    counted = Counted(module)
    found: dict[str, Tensor] = {}

    def keep(called: nn.Module, _: Any, output: Any) -> None:  # noqa: ANN401
        name = counted.name(called)
        if name in wanted:
            if not isinstance(output, Tensor):
                kind = type(output).__name__
                raise UserError(f"layer {name} returns a {kind} and no tensor: name a layer within it or after it")
            found[name] = output.clone()

    with ExitStack() as hooks:
        for part in module.modules():
            hooks.callback(part.register_forward_hook(keep).remove)
        output: Tensor = module(images)
    return output, found
