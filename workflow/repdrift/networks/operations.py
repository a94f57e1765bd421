"""Reading the results of operations that belong to no module, such as an addition in the code of a block.

They are found in the graph of the network that torchvision's feature extraction traces. A network whose code depends on
values of its input cannot be traced, and has no such layers.
"""

from collections.abc import Collection
from typing import Any

from torch import Tensor, fx, nn
from torchvision.models.feature_extraction import NodePathTracer

from repdrift.errors import UserError
from repdrift.networks.evaluation import in_eval_mode


class Operations(fx.Interpreter):
    """The graph of a network, which is computed operation by operation.

    Its modules are those of the network, so they have the modes and weights that the network has when it is called.
    What the code itself decides by the mode of the network, such as a dropout function, is traced in eval mode.

    The names of operations, such as ``layer1.0.add``, are those that torchvision's ``get_graph_node_names`` gives them.

    Raises
    ------
    UserError
        If the network cannot be traced.
    """

    def __init__(self, module: nn.Module) -> None:
        tracer = NodePathTracer()
        try:
            with in_eval_mode(module):
                graph = tracer.trace(module)
        except Exception as error:  # tracing runs the user's own code on symbols
            raise UserError(f"its code cannot be traced ({type(error).__name__}: {error})") from None
        super().__init__(fx.GraphModule(tracer.root, graph))
        self.name_of = {
            node.name: name
            for node, name in tracer.node_to_qualname.items()
            if node.op not in ("placeholder", "output")
        }
        self._wanted: Collection[str] | None = ()
        self._found: dict[str, Tensor] = {}

    def run_node(self, n: fx.Node) -> Any:  # noqa: ANN401
        """Compute a node, and copy its result if it is wanted: a later operation may change it in place."""
        result = super().run_node(n)
        name = self.name_of.get(n.name, "")
        if isinstance(result, Tensor) and (self._wanted is None or name in self._wanted):
            self._found[name] = result.clone()
        return result

    def read(self, images: Tensor, wanted: Collection[str] | None) -> dict[str, Tensor]:
        """Return the results of some operations that are tensors, by their names; None is for all.

        Parameters
        ----------
        images : float32 Tensor [B, C, H, W]
        wanted : collection of str, optional
        """
        self._wanted, self._found = wanted, {}
        self.run(images)
        return self._found
