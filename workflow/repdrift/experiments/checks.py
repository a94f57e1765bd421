"""Checks of settings that several experiments have. They refuse what would make a job fail or its result meaningless.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Sequence

from repdrift.errors import UserError
from repdrift.study.architectures import MEAN, NONE, TOKEN
from repdrift.study.config import image_sections
from repdrift.study.refusal import refusal
from repdrift.study.study import Study
from repdrift.study.tasks import Part
from repdrift.user_code import code_of, defined_names, file_and_function, is_own


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
            allowed = f"use those of {experiment}.targets: {', '.join(targets)}"
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
            sentence = f"use at least {least} images; {experiment} needs them"
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
            sentence = f"blocks of that side do not divide images of {whole} pixels into several; use one of {names}"
            raise refusal(f"{experiment}.shuffle[{place}]", side, sentence)


def check_own_estimators(key: str, estimators: Sequence[str]) -> None:
    """Check the files of the estimators of a user's own in the list of a key.

    Raises
    ------
    UserError
        If there is no such file, it is no Python file, or it does not define the function at its top level.
    """
    for name in filter(is_own, estimators):
        path, function = file_and_function(name)
        try:
            code_of(path)
        except UserError as error:
            raise refusal(key, name, str(error)) from None
        known = defined_names(path)
        if function not in known:
            names = ", ".join(one for one in known if not one.startswith("_")) or "none"
            raise refusal(key, name, f"the file has no function {function!r}; it has {names}")


def check_tokens(study: Study, network: str, key: str, reductions: Sequence[str]) -> None:
    """Check that every compared layer has tokens, or no positions, if layers are reduced to the first token.

    Parameters
    ----------
    study : Study
    network : str
        The name of a run or of initial weights, whose network is checked.
    key : str
        The key of the reductions.
    reductions : sequence of str

    Raises
    ------
    UserError
        At the first layer without tokens.
    """
    compared = study.architecture_of(network).layers
    for layer in study.description_of(network).layers:
        if TOKEN in reductions and layer.name in compared and len(layer.shape) > 2:
            where = f"layer {layer.name} of {study.choice(network).label}"
            raise refusal(key, TOKEN, f"{where} is {layer.in_words}, without tokens; use {NONE} or {MEAN}")
