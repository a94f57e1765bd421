"""Which trainings of a study the authors have published numbers of, see docs/reference/README.md.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Iterator

from repdrift.experiments.drift.specs import Counterpart
from repdrift.places import ROOT
from repdrift.study.architectures import NONE
from repdrift.study.runs import Run
from repdrift.study.study import CROSS_DOMAIN, DOMAIN, Study
from repdrift.study.tasks import Part

NUMBERS = ROOT / "docs" / "reference" / "goerttler2024.csv"

# The settings behind the authors' numbers.
ESTIMATOR = "cka-biased"
NETWORK = {"name": "conv4", "block": "conv-relu-bn", "classes": 10}
PROBE, BN = 500, "batch"
PRETRAINED = 4096  # images of the networks that they fine-tuned
EPOCHS, TARGET_EPOCHS, TARGET_IMAGES = 150, 25, 5000
SIZES, DEGREES = (64, 256, 1024, 4096), (0, 1, 2, 4, 9)  # of training from scratch, and of label randomness
DATASETS = ("cifar10", "svhn")  # names that stand for the authors' data sets; their own readers read the same images


def counterparts(study: Study) -> tuple[Counterpart, ...]:
    """Return the trainings of a study that were done as the authors' were."""
    config = study.config
    probe = config.probe
    measured = (study.network, probe.images, probe.bn, probe.reduce) == (NETWORK, PROBE, BN, NONE)
    if (
        not study.trains_source
        or not measured
        or ESTIMATOR not in config.similarity.estimators
        or config.pretrain.epochs != EPOCHS
    ):
        return ()
    return (*_from_scratch(study), *_fine_tuned(study))


def _from_scratch(study: Study) -> Iterator[Counterpart]:
    config = study.config
    if config.source.dataset == DATASETS[0] and 0 in config.pretrain.sizes_random:
        for size in sorted(set(config.pretrain.sizes) & set(SIZES)):
            yield _counterpart(study, "scratch", study.scratch_run(0, size), "init")


def _fine_tuned(study: Study) -> Iterator[Counterpart]:
    config = study.config
    if Part.parse(config.source.train).size != PRETRAINED or config.finetune.epochs != TARGET_EPOCHS:
        return
    for role, name in ((DOMAIN, DATASETS[0]), (CROSS_DOMAIN, DATASETS[1])):
        target = getattr(config.finetune, role)
        if target.dataset == name and Part.parse(target.train).size == TARGET_IMAGES:
            known = (one for one in study.transforms(role) if one.kind == "shift" or one.value in DEGREES)
            for transform in known:
                yield _counterpart(study, "finetune", study.target_run(role, transform), "pretrained")


def _counterpart(study: Study, phase: str, run: Run, reference: str) -> Counterpart:
    task = run.task
    labels = "shift" if task.transform.kind == "shift" else f"random {task.transform.value}"
    return Counterpart(
        phase=phase,
        dataset=task.dataset,
        labels=labels,
        images=task.size,
        run=run.name,
        reference=reference,
        same_images=study.config.datasets[task.dataset].reader == task.dataset,
    )
