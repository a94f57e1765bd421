"""The checks of the section ``transfer`` of a config that its schema cannot make.

The Snakefile imports this module, so it needs nothing heavy.
"""

from repdrift.experiments.checks import check_images, check_sides, check_targets
from repdrift.experiments.transfer.experiment import Transfer
from repdrift.experiments.transfer.settings import Settings
from repdrift.similarity.registry import images_needed
from repdrift.study.refusal import refusal
from repdrift.study.study import Study


def check(study: Study, settings: Settings) -> None:
    """Refuse settings that do not fit the study.

    Raises
    ------
    UserError
        At the first setting that is wrong.
    """
    check_targets(study, "transfer", settings.targets, settings.sweeps)
    check_sides(study, "transfer", settings.shuffle)
    least = images_needed(study.config.similarity.estimators)
    check_images(study, "transfer", settings.targets, "test", least)
    if settings.test_images < least:
        sentence = f"use {least} or more, so that every estimator of similarity can compare networks"
        raise refusal("transfer.test_images", settings.test_images, sentence)
    epochs = study.config.finetune.epochs
    if settings.converged <= epochs:
        sentence = f"use more than {epochs} (finetune.epochs), the epochs of what it is compared with"
        raise refusal("transfer.converged", settings.converged, sentence)
    if not Transfer(study, settings).checkpoints:
        kept = ", ".join(map(str, [0, *study.checkpoint_epochs]))
        sentence = f"none of these epochs of pre-training is kept; kept are {kept} (pretrain.checkpoints)"
        raise refusal("transfer.checkpoints", list(settings.checkpoints), sentence)
    if settings.criticality.path and min(settings.criticality.path) > epochs:
        sentence = f"fine-tuning ends before the first of these epochs; use epochs of 1 to {epochs} too"
        raise refusal("transfer.criticality.path", list(settings.criticality.path), sentence)
