"""Networks on the straight line between two networks."""

from collections.abc import Mapping

from torch import Tensor

State = Mapping[str, Tensor]


def interpolated(first: State, second: State, share: float) -> dict[str, Tensor]:
    """Return ``(1 - share) * first + share * second`` of all parameters and buffers of two networks.

    The result equals the ends exactly at 0 and 1. The integer counters of batch normalisation are those of the first.
    """
    return {
        name: value.lerp(second[name], share) if value.is_floating_point() else value for name, value in first.items()
    }
