"""The checks of the section ``grounding`` of a config that its schema cannot make.

The Snakefile imports this module, so it needs nothing heavy.
"""

from repdrift.experiments.checks import check_own_estimators, check_tokens
from repdrift.experiments.grounding.experiment import Grounding, Settings
from repdrift.similarity.registry import images_needed
from repdrift.study.refusal import refusal
from repdrift.study.study import SOURCE, Study


def check(study: Study, settings: Settings) -> None:
    """Refuse settings that do not fit the study.

    Raises
    ------
    UserError
        At the first setting that is wrong.
    """
    experiment = Grounding(study, settings)
    least = images_needed(experiment.estimators)
    if experiment.probe.size < least:
        sentence = f"the estimators need {least} images, and source.test has {study.test_size(SOURCE)}"
        raise refusal("grounding.images", settings.images, f"{sentence}; use {least} or more of these")
    check_own_estimators("grounding.estimators", settings.estimators)
    check_tokens(study, "", "grounding.reduce", settings.reduce)
