"""Refuse wrong settings of trainings before any job starts.

The Snakefile imports this module, so it needs nothing heavy.
"""

from repdrift.plan.experiments import planned
from repdrift.study.phrases import count
from repdrift.study.refusal import refusal
from repdrift.study.runs import prefix_of
from repdrift.study.sections import ADAMW, SGD, Training
from repdrift.study.study import Study
from repdrift.study.trained import first_trained


def check_training(study: Study) -> None:
    """Check the settings of trainings of a study and its variants, and which parts fine-tuning trains.

    Raises
    ------
    UserError
        At the first thing that is wrong.
    """
    for variant, choice in study.choices.items():
        key = f"variants.{variant}.training" if variant else "training"
        _check_settings(key, choice.training, study.side)
        first_trained(choice.train, study.architecture_of(prefix_of(variant)))
    _check_warmup(study)
    _check_last_batches(study)


def _check_settings(key: str, training: Training, side: int) -> None:
    """Check the settings of trainings in the section of a key. `side` is the side of the images."""
    momentum, crop = training.momentum, training.augmentation.crop
    if training.optimizer == ADAMW and momentum is not None:
        sentence = f"{ADAMW} has no momentum; use null, or {key}.optimizer: {SGD}"
        raise refusal(f"{key}.momentum", momentum, sentence)
    if training.optimizer == SGD and momentum is None:
        raise refusal(f"{key}.momentum", momentum, f"{SGD} needs it; use a number of at least 0 and below 1")
    if crop >= side:
        sentence = f"use less than {side}, the height and width of the images"
        raise refusal(f"{key}.augmentation.crop", crop, sentence)


def _check_warmup(study: Study) -> None:
    warmup = study.config.training.warmup
    if warmup == 0:
        return
    runs = [run for experiment in planned(study).values() for run in experiment.runs()]
    shortest = min(runs, key=study.epochs_of)
    if warmup >= study.epochs_of(shortest):
        sentence = f"the run {shortest.name} has {count(study.epochs_of(shortest), 'epoch')}; use less than that"
        raise refusal("training.warmup", warmup, sentence)


def _check_last_batches(study: Study) -> None:
    """Refuse trainings whose last batch has one image, if the network normalises maps of 1 x 1."""
    for experiment in planned(study).values():
        for run in experiment.runs():
            choice = study.choice(run.name)
            batch_size = choice.training.batch_size
            if run.task.size % batch_size == 1 and study.description_of(run.name).needs_pairs:
                sentence = (
                    f"a last batch of one image remains of the {run.task.size:,} images of {run.task.name}, and "
                    f"{choice.label} has batch normalisation of 1 x 1 maps, which needs two; use another number"
                )
                raise refusal("training.batch_size", batch_size, sentence)
