"""The checks of the section ``decodability`` of a config that its schema cannot make.

The Snakefile imports this module, so it needs nothing heavy.
"""

from repdrift.experiments.checks import check_images
from repdrift.experiments.decodability.experiment import Settings
from repdrift.study.study import COMPARED_ROLES, Study

LEAST = 4  # images that a probe is fitted on, as few as representations can be compared on


def check(study: Study, settings: Settings) -> None:
    """Refuse a source or targets that have too few training images.

    Raises
    ------
    UserError
        At the first that has.
    """
    check_images(study, "decodability", COMPARED_ROLES, "train", LEAST)
