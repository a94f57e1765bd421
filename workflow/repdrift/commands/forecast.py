"""Say what a study will take: its trainings and jobs, core-hours on this machine, and disk.

Config files are given as for snakemake: `repdrift forecast --configfile my-study.yaml`. What is done already is not
counted. The time of a training step and of a forward pass is measured here, by a handful of them on one core.
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from repdrift.canonical import canonical
from repdrift.commands.configs import add_configfile, checked
from repdrift.provenance.planned_jobs import PlannedJob, planned_jobs
from repdrift.specs import ActivationsSpec, TrainSpec, parse
from repdrift.study.description import Description, described

JOB_SECONDS = 5.0  # processor time of a job before it begins its work: it imports torch or the drawing library
READS = (
    "activations",
    "sensitivity_of_runs",
    "curve",
    "grounding_of_pairs",
)  # programs whose forward passes are counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_configfile(parser)
    parser.add_argument("-s", "--snakefile", metavar="FILE", help="as for snakemake")


def run(args: argparse.Namespace) -> None:
    checked(args)  # what is wrong with the config is told in one line, and not by Snakemake
    jobs = planned_jobs([], [str(path) for path in args.configfile], snakefile=args.snakefile)
    print("\n".join(forecast(jobs)))


def forecast(jobs: Sequence[PlannedJob]) -> list[str]:
    """Return the lines of a forecast."""
    from repdrift.training.offer import BFLOAT16, FLOAT32, offer  # noqa: PLC0415  these import torch
    from repdrift.training.timing import seconds_per_image, seconds_per_step  # noqa: PLC0415

    trainings = [parse(TrainSpec, canonical(job.spec)) for job in jobs if job.program == "train"]
    others = [job for job in jobs if job.program != "train"]
    step = by_settings(seconds_per_step)
    training = sum(step(spec.network, spec.training) * spec.training.steps for spec in trainings)
    image = by_settings(seconds_per_image)
    reading = sum(image(job.spec["network"]) * images_read(job) for job in others if job.program in READS)
    steps = sum(spec.training.steps for spec in trainings)
    starting = JOB_SECONDS * len(jobs)
    lines = [
        f"{len(trainings):,} trainings with {steps:,} steps: {hours(training)}",
        f"{len(others):,} other jobs: at least {hours(reading + JOB_SECONDS * len(others))}",
        f"in all: {hours(training + reading + starting)} of one core of this machine",
        f"disk: {gigabytes(sum(map(weight_bytes, jobs)))} for weights, {gigabytes(sum(map(layer_bytes, others)))} for "
        "representations",
    ]
    exact = [spec for spec in trainings if spec.training.precision == FLOAT32]
    if exact:
        times = (
            sum(step(one.network, replace(one.training, precision=precision)) * one.training.steps for one in exact)
            for precision in (FLOAT32, BFLOAT16)
        )
        lines.append(offer(*times))
    kinds = Counter(canonical({**spec.network, "classes": 0}) for spec in trainings)
    if len(kinds) > 1:
        lines.append(f"the trainings are of {len(kinds)} networks or variants")
    return lines


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


def images_read(job: PlannedJob) -> int:
    """Return the number of images that a job reads the layers of, over all its networks and ways of measuring."""
    spec = job.spec
    images: int = spec["probe"]["stop"] - spec["probe"]["start"]
    if job.program == "curve":
        return images * (1 + len(spec["epochs"]))
    if job.program == "activations":
        return images
    if job.program == "grounding_of_pairs":
        return images * sum(path.suffix == ".safetensors" for path in job.inputs)
    every: int = sum(spec["sizes"]) * len(spec["bn"]) + (spec["samples"] - 1) * spec["usual"]["images"]
    return every * len(spec["networks"])


@cache
def _description(settings: str) -> Description:
    return described(json.loads(settings))


def weight_bytes(job: PlannedJob) -> int:
    """Return the bytes of the weights that a job saves."""
    saved = sum(path.suffix == ".safetensors" for path in job.outputs) if job.program in ("train", "initialise") else 0
    return saved and 4 * saved * _description(canonical(bare(job.spec["network"]))).parameters


def layer_bytes(job: PlannedJob) -> int:
    """Return the bytes of the representations that a job saves."""
    if job.program != "activations":
        return 0
    from repdrift.similarity.compact import bytes_of_smaller  # noqa: PLC0415

    spec = parse(ActivationsSpec, canonical(job.spec))
    found = _description(canonical(bare(spec.network)))
    widths = found.widths(spec.network.get("layers"), spec.reduce).values()
    if spec.features:
        return sum(4 * spec.probe.size * each for each in widths)
    return sum(bytes_of_smaller(spec.probe.size, each) for each in widths)


def bare(network: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a network without the layers that are compared."""
    return {name: value for name, value in network.items() if name != "layers"}


def hours(seconds: float) -> str:
    """Return a time in words."""
    return f"{seconds / 3600:.1f} core-hours" if seconds >= 360 else f"{seconds / 60:.1f} core-minutes"


def gigabytes(count: int) -> str:
    """Return a size in words."""
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.0f} MB"
