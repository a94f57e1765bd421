"""The checks of the section ``head2toe`` of a config that its schema cannot make.

The Snakefile imports this module, so it needs nothing heavy.
"""

from repdrift.experiments.checks import check_images, check_sides, check_targets
from repdrift.experiments.head2toe.experiment import PARTS, Settings
from repdrift.study.refusal import refusal
from repdrift.study.study import Study

LEAST = 2 * PARTS  # least number of training images of a target, so that each part has two
LEAST_LAYERS = 2  # before the logits: the penultimate one, and an intermediate one that it is compared with
LEAST_TESTS = 2  # least number of test images, so that each half has one


def check(study: Study, settings: Settings) -> None:
    """Refuse settings that do not fit the study.

    Raises
    ------
    UserError
        At the first setting that is wrong.
    """
    check_targets(study, "head2toe", settings.targets, settings.sweeps)
    check_sides(study, "head2toe", settings.shuffle)
    check_images(study, "head2toe", settings.targets, "train", LEAST)
    check_images(study, "head2toe", settings.targets, "test", LEAST_TESTS)
    hidden = study.architecture.hidden
    if len(hidden) < LEAST_LAYERS:
        sentence = f"head2toe needs at least {LEAST_LAYERS} layers before the logits; name more, or set head2toe: null"
        raise refusal("network.layers", list(hidden), sentence)
    warmup, shortest = study.config.training.warmup, min(settings.epochs)
    if warmup >= shortest:
        sentence = f"use less than {shortest} epochs, the shortest training of head2toe (head2toe.epochs)"
        raise refusal("training.warmup", warmup, sentence)
