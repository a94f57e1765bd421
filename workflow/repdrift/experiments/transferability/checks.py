"""The checks of the section ``transferability`` of a config that its schema cannot make.

The Snakefile imports this module, so it needs nothing heavy.
"""

from repdrift.experiments.checks import check_images, check_targets
from repdrift.experiments.transferability.experiment import Settings
from repdrift.study.refusal import check_at_most, refusal
from repdrift.study.study import COMPARED_ROLES, Study

LEAST = 2  # images of a domain, so that its features have a variance


def check(study: Study, settings: Settings) -> None:
    """Refuse settings that do not fit the study.

    Raises
    ------
    UserError
        At the first setting that is wrong.
    """
    check_targets(study, "transferability", settings.targets, settings.sweeps)
    # The source and the fine-tunings on the paper's own targets are always measured.
    check_images(study, "transferability", [*COMPARED_ROLES, *settings.targets], "train", LEAST)
    last = min(map(study.classes_of, study.datasets_of(settings.sweeps)))
    allowed = f"use 2 to {last}, the number of classes"
    check_at_most("transferability.classes", settings.classes, last, allowed)
    for dataset in study.datasets_of(settings.sweeps):
        size = study.target_task(dataset).size
        if settings.class_images > size:
            sentence = f"use 2 to {size}, the number of training images of the target {dataset}"
            raise refusal("transferability.class_images", settings.class_images, sentence)
