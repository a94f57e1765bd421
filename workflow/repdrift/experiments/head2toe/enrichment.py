"""Whether a selection prefers some layers: their features are kept at a rate that is compared with that of the others.

The share of a layer among the kept features depends on how many features it has. The early layers have 74 % of the
features of conv4 at a target size of 256, and 92 % at 1,024. A ratio of rates does not depend on that.
"""

import math
from collections.abc import Collection, Mapping


def enrichment(kept: Mapping[str, int], available: Mapping[str, int], layers: Collection[str]) -> float:
    """Return ln(rate of some layers / rate of the others), where a rate is the share of the features that is kept.

    Half a feature is added to the kept ones and to the left ones of either side, so that a side of which nothing is
    kept has a rate above 0 (Haldane 1956). It is 0 if there are no other layers.

    Parameters
    ----------
    kept : mapping of str to int
        Number of kept features by layer. Layers without kept features may be left out.
    available : mapping of str to int
        Number of features by layer.
    layers : collection of str
        The names of the layers whose rate stands in the numerator.
    """
    others = [name for name in available if name not in layers]
    if not others:
        return 0.0
    return math.log(_rate(kept, available, layers) / _rate(kept, available, others))


def _rate(kept: Mapping[str, int], available: Mapping[str, int], layers: Collection[str]) -> float:
    return (sum(kept.get(name, 0) for name in layers) + 0.5) / (sum(available[name] for name in layers) + 1)
