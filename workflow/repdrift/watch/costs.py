"""The forecast of the processor time of each job of a study, from its settings and the speed of this machine."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from repdrift.canonical import canonical
from repdrift.provenance.planned_jobs import PlannedJob
from repdrift.specs import TrainSpec, parse
from repdrift.study.description import Description, described
from repdrift.watch.job import TRAIN
from repdrift.watch.passes import images_read

# Processor time of a job in seconds, apart from the steps and passes that are counted, and with what Snakemake does for
# it. Measured on the jobs of the preset `demo`, whose programs are forked from one that has imported its libraries.
JOB_SECONDS = 1.0
SECONDS = {"figure": 3.0, "judge": 3.0, "judge_under_choices": 2.0, "report": 2.0, "table": 0.4, "task": 0.4}


class Costs:
    """What jobs take on one core of this machine. Each kind of step and of forward pass is measured once."""

    def __init__(self) -> None:
        from repdrift.training.timing import seconds_per_image, seconds_per_step  # noqa: PLC0415  they import torch

        self.step = by_settings(seconds_per_step)
        self.image = by_settings(seconds_per_image)

    def seconds(self, job: PlannedJob) -> float:
        """Return the processor time of a job in seconds."""
        started = SECONDS.get(job.program, JOB_SECONDS)
        if job.program == TRAIN:
            return started + self.training(training_of(job))
        images = images_read(job, parts_of)
        return started + (self.image(job.spec["network"]) * images if images else 0.0)

    def training(self, spec: TrainSpec, precision: str | None = None) -> float:
        """Return the processor time of the steps of a training, in another precision if one is given."""
        settings = spec.training if precision is None else replace(spec.training, precision=precision)
        return self.step(spec.network, settings) * settings.steps

    def offered(self, trainings: Sequence[TrainSpec]) -> tuple[float, float]:
        """Return the processor times of some trainings in float32 and in bfloat16."""
        from repdrift.training.offer import BFLOAT16, FLOAT32  # noqa: PLC0415

        float32, bfloat16 = (sum(self.training(one, each) for one in trainings) for each in (FLOAT32, BFLOAT16))
        return float32, bfloat16


def training_of(job: PlannedJob) -> TrainSpec:
    """Return the settings of a training."""
    return parse(TrainSpec, canonical(job.spec))


def by_settings(measure: Callable[..., float]) -> Callable[..., float]:
    """Return a function that measures each kind of settings once."""
    known: dict[str, float] = {}

    def measured(*settings: Any) -> float:  # noqa: ANN401
        key = canonical([without_length(each) for each in settings])
        if key not in known:
            known[key] = measure(*settings)
        return known[key]

    return measured


def without_length(settings: object) -> object:
    """Return settings without those on which the time of a step does not depend."""
    values = settings if isinstance(settings, Mapping) else vars(settings)
    return {name: value for name, value in values.items() if name not in ("steps", "test_every", "learning_rate")}


@cache
def _description(settings: str) -> Description:
    return described(json.loads(settings))


def description_of(network: Mapping[str, Any]) -> Description:
    """Return the description of a network, whichever of its layers are compared."""
    return _description(canonical({name: value for name, value in network.items() if name != "layers"}))


def parts_of(network: Mapping[str, Any]) -> int:
    """Return the number of parts of a network."""
    return len(description_of(network).parts)
