"""All claims that a study can judge: the paper's, and those of its experiments.

Standard library only: the Snakefile imports it.
"""

from repdrift.claims.contrasts import Claim
from repdrift.experiments.drift import claims as goerttler2022
from repdrift.plan.plan import Plan

PAPER = "claims"  # figure of the paper's own


def claims(plan: Plan) -> dict[str, list[Claim]]:
    """Claims by the name of the figure that shows their verdicts, the paper's own first."""
    found = {f"{name}_claims": experiment.claims() for name, experiment in plan.experiments.items()}
    return {PAPER: goerttler2022.claims(plan), **found}
