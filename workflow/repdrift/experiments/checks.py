"""Checks of settings that several experiments have. They refuse what would make a job fail or its result meaningless.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Sequence

from repdrift.study.config import image_sections
from repdrift.study.refusal import refusal
from repdrift.study.study import Study
from repdrift.study.tasks import Part


def check_targets(study: Study, experiment: str, targets: Sequence[str], sweeps: Sequence[str]) -> None:
    """Refuse an experiment without targets, and sweeps over data sets that are not among its targets.

    Raises
    ------
    UserError
        At the first setting that is wrong.
    """
    if not study.datasets_of(targets):
        raise refusal(f"{experiment}.targets", list(targets), "finetune names no such target; name one that it has")
    for role in sweeps:
        if role not in targets:
            allowed = f"allowed are those of {experiment}.targets: {', '.join(targets)}"
            raise refusal(f"{experiment}.sweeps", list(sweeps), f"{role} is none of the targets; {allowed}")


def check_images(study: Study, experiment: str, roles: Sequence[str], part: str, least: int) -> None:
    """Refuse a source or targets that have too few images for an experiment.

    Parameters
    ----------
    study : Study
    experiment : str
        The section of the experiment in the config.
    roles : sequence of str
        The roles of the tasks that are checked.
    part : str
        The images that are counted: ``train`` or ``test``.
    least : int
        The smallest number of images that is allowed.

    Raises
    ------
    UserError
        At the first task that has fewer.
    """
    for key, images in image_sections(study.config.given).items():
        role = key.removeprefix("finetune.").partition("[")[0]
        if role in roles and Part.parse(images[part]).size < least:
            sentence = f"allowed are at least {least} images; {experiment} needs them"
            raise refusal(f"{key}.{part}", images[part], sentence)


def check_sides(study: Study, experiment: str, sides: Sequence[int]) -> None:
    """Refuse blocks that do not tile an image, and a block as large as the image, which shuffles nothing.

    Raises
    ------
    UserError
        At the first side that is wrong.
    """
    whole = study.side
    allowed = [0, *(side for side in range(1, whole) if whole % side == 0)]
    for place, side in enumerate(sides):
        if side not in allowed:
            names = ", ".join(map(str, allowed))
            sentence = f"blocks of that side do not divide images of {whole} pixels into several; allowed are {names}"
            raise refusal(f"{experiment}.shuffle[{place}]", side, sentence)
