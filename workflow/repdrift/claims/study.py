"""All claims that a study can judge: the paper's, and those of its experiments.

Standard library only: the Snakefile imports it.
"""

from repdrift.claims import Claim, goerttler2022
from repdrift.plan import Plan


def claims(plan: Plan) -> list[Claim]:
    """Claims in the order in which tables and figures show them."""
    return [*goerttler2022.claims(plan), *(claim for found in plan.experiments.values() for claim in found.claims())]
