"""Checks that the settings of several experiments need: each refuses what would fail, or mean nothing, in a job.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Sequence

from repdrift.study.refusal import refusal
from repdrift.study.study import Study

SIDE = 32  # pixels of an image


def check_targets(study: Study, experiment: str, targets: Sequence[str], sweeps: Sequence[str]) -> None:
    """Refuse an experiment without a target, and sweeps over what is no target."""
    if not study.datasets_of(targets):
        raise refusal(f"{experiment}.targets", list(targets), "finetune names no such target; name one that it has")
    for role in sweeps:
        if role not in targets:
            allowed = f"allowed are those of {experiment}.targets: {', '.join(targets)}"
            raise refusal(f"{experiment}.sweeps", list(sweeps), f"{role} is none of the targets; {allowed}")


def check_sides(experiment: str, sides: Sequence[int]) -> None:
    """Refuse blocks that do not fill an image, and those that are the whole image, which shuffle nothing."""
    allowed = [0, *(side for side in range(1, SIDE) if SIDE % side == 0)]
    for place, side in enumerate(sides):
        if side not in allowed:
            names = ", ".join(map(str, allowed))
            sentence = f"blocks of that side do not divide images of {SIDE} pixels into several; allowed are {names}"
            raise refusal(f"{experiment}.shuffle[{place}]", side, sentence)
