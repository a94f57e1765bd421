"""The units of contrasts, each with the smallest effect of interest, which was declared before the data.

The Snakefile imports this module, so it needs nothing heavy.
"""

import math

from repdrift.claims.contrasts import Scale

# Another probe of 500 images changes a CKA by .005 to .013 (standard deviation), and the authors' data change by .01
# between epochs that their figure shows as equal.
CKA = Scale("CKA", 0.01)
POINTS = Scale("points", 1.0)  # percentage points of accuracy
# For claims that an accuracy is no worse. Their contrast is the difference plus the margin of 1 point. It is above 0 if
# the accuracy is worse by less than that, so this scale needs no margin of its own.
NO_WORSE = Scale("points", 0.0)
NATS = Scale("nats", 0.01)
LOG_ACCURACY = Scale("ln accuracy", math.log(1.02))  # a fiftieth of the accuracy
LOG_RATIO = Scale("ln ratio", math.log(1.05))  # a twentieth of a distance, or of T of Chen et al. (2022)
DECADES = Scale("log10 ratio", math.log10(1.25))  # a quarter of a cost
RANK_CORRELATION = Scale("rank correlation", 0.2)
KAPPA = Scale("kappa", 0.02)
SHARE = Scale("share", 0.02)
AUPRC = Scale("AUPRC", 0.05)  # of finding pairs of networks that are alike, where 1 is perfect
# As NO_WORSE, with a margin of .05.
AUPRC_NO_WORSE = Scale("AUPRC", 0.0)
CONTAINED = {POINTS.unit: POINTS.margin, AUPRC.unit: AUPRC.margin}  # the margins that such contrasts contain
# The change of ln T of Chen et al. (2022) for one standard deviation of a property of targets; their largest is .8.
COEFFICIENT = Scale("ln ratio per SD", math.log(1.05))
