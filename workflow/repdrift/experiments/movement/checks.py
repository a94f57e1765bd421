"""The checks of the section ``movement`` of a config that its schema cannot make.

The Snakefile imports this module, so it needs nothing heavy.
"""

from repdrift.experiments.movement.experiment import Movement, Settings
from repdrift.study.refusal import refusal
from repdrift.study.study import Study


def check(study: Study, settings: Settings) -> None:
    """Refuse settings that leave nothing to measure.

    Raises
    ------
    UserError
        If the study has no training of any of the roles.
    """
    if not Movement(study, settings).roles:
        sentence = "the study begins with given weights, so it has no pre-training; name domain or cross_domain too"
        raise refusal("movement.roles", list(settings.roles), sentence)
