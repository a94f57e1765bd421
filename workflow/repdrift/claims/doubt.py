"""The order of contrasts from the strongest to the weakest, which tells on which of them a verdict hangs."""

import math


def doubt(p_value: float, effect: float, *, equal: bool) -> tuple[float, float]:
    """Return a key that sorts contrasts from the strongest to the weakest: by p-values, and then by effects.

    A single seed has no p-value, so that effects alone tell. An undefined p-value counts as 1.

    Parameters
    ----------
    p_value : float
        Of the hypothesis that the contrast is not as the claim says.
    effect : float
        An undefined effect is the weakest.
    equal : bool
        Whether the claim says that the effect is 0, and not that it is above 0.
    """
    against = abs(effect) if equal else -effect
    return (1.0 if math.isnan(p_value) else p_value, math.inf if math.isnan(effect) else against)
