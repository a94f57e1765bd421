"""The probe that a search has found: how many features it had to choose from, and what its fit took."""

from collections.abc import Mapping

from repdrift.experiments.head2toe.probing import cost
from repdrift.experiments.head2toe.probing.features import Features
from repdrift.experiments.head2toe.probing.methods import Method
from repdrift.experiments.head2toe.probing.search import Found


def widths(method: Method, found: Found, features: Mapping[int | None, Features]) -> dict[str, int]:
    """Return the number of features that the method selects from, by layer. `features` are given by target size."""
    every = features[found.configuration.target_size].widths
    return {layer: width for layer, width in every.items() if method.layers is None or layer in method.layers}


def flops(
    method: Method, found: Found, features: Mapping[int | None, Features], forward: int, classes: int
) -> dict[int, int]:
    """Return the floating-point operations of the final fit, by the way of counting: `cost.PAPER` and `cost.OURS`.

    They consist of the forward passes of all examples and of the fits of the heads on their features.

    Parameters
    ----------
    method : Method
    found : Found
    features : mapping of int or None to Features
        The features of all examples by target size.
    forward : int
        Operations of the forward pass of one example.
    classes : int
    """
    every, kept = sum(widths(method, found, features).values()), found.probe.selection.count
    fitted, steps = ([every, kept] if method.selector == "scores" else [kept]), found.configuration.setting.steps
    examples = len(features[found.configuration.target_size])
    return {
        passes: cost.probe_flops(
            forward, examples, sum(cost.head_flops(width, classes, steps, passes) for width in fitted)
        )
        for passes in (cost.PAPER, cost.OURS)
    }
