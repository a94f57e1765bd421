"""The targets of a study: names that a user can give in place of files."""

from collections.abc import Iterable
from difflib import get_close_matches

from repdrift.errors import UserError
from repdrift.plan.plan import Plan

OTHERS = ("all", "report")
NEAR = 3  # names that are offered first


def targets_of(plan: Plan) -> list[str]:
    """List the targets of a study: its figures, its experiments, the report, and all of them."""
    return list(dict.fromkeys([*plan.figures, *plan.experiments, *OTHERS]))


def check_targets(given: Iterable[str], plan: Plan) -> None:
    """Refuse a target that the study does not have, and name those that it has, the nearest first.

    What has a slash is a file, and Snakemake knows whether it can be made.

    Raises
    ------
    UserError
        For the first such target.
    """
    known = targets_of(plan)
    for name in given:
        if "/" not in name and name not in known:
            near = get_close_matches(name, known, n=NEAR)
            others = [each for each in known if each not in near]
            raise UserError(f"{name}: this study has no such target; it has {', '.join([*near, *others])}")
