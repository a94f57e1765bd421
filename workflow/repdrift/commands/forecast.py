"""Say what a study will take: its trainings and jobs, core-hours on this machine, the time until it is done, and disk.

Config files are given as for snakemake: `repdrift forecast --configfile my-study.yaml`. What is done already is not
counted. The time of a training step and of a forward pass is measured here, by a handful of them on one core.
"""

import argparse
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from repdrift.canonical import canonical
from repdrift.commands.configs import add_configfile, checked
from repdrift.plan.plan import Plan
from repdrift.provenance.planned_jobs import PlannedJob, planned_jobs
from repdrift.specs import ActivationsSpec, parse
from repdrift.study.runs import GIVEN
from repdrift.watch.costs import Costs, description_of, training_of
from repdrift.watch.job import TRAIN, Job, job_of
from repdrift.watch.passes import UNKNOWN
from repdrift.watch.schedule import wall_seconds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_configfile(parser)
    parser.add_argument("--cores", type=int, metavar="N", help="number of jobs at a time, by default all cores")
    parser.add_argument("-s", "--snakefile", metavar="FILE", help="as for snakemake")


def run(args: argparse.Namespace) -> None:
    plan = Plan(checked(args))  # what is wrong with the config is told in one line, and not by Snakemake
    jobs = planned_jobs([], [str(path) for path in args.configfile], snakefile=args.snakefile)
    costed = Costed.of(jobs)
    print(*forecast(costed, args.cores or cores_of_this_machine(), plan), *hints(costed), sep="\n")


def cores_of_this_machine() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Costed:
    """Planned jobs, the processor time of each in seconds, and what told these times."""

    planned: list[PlannedJob]
    seconds: list[float]
    costs: Costs

    @classmethod
    def of(cls, planned: Sequence[PlannedJob]) -> "Costed":
        """Measure this machine, and forecast the time of each job."""
        costs = Costs()
        return cls(list(planned), [costs.seconds(job) for job in planned], costs)

    def jobs(self) -> list[Job]:
        """Return the jobs as they are shown."""
        return [job_of(job, seconds) for job, seconds in zip(self.planned, self.seconds, strict=True)]


def forecast(costed: Costed, cores: int | None, plan: Plan) -> list[str]:
    """Return the lines of a forecast.

    Parameters
    ----------
    costed : Costed
    cores : int, optional
        The number of jobs that run at a time on this machine, or None if others run them too.
    plan : Plan
        The plan of the study, which knows what is there already.
    """
    if not costed.planned:
        return ["everything is there already"]
    trainings = [training_of(job) for job in costed.planned if job.program == TRAIN]
    times = list(zip(costed.planned, costed.seconds, strict=True))
    training = sum(seconds for job, seconds in times if job.program == TRAIN)
    other = sum(seconds for job, seconds in times if job.program != TRAIN)
    steps = sum(spec.training.steps for spec in trainings)
    there = already(plan)
    at_least = "at least " if any(job.program in UNKNOWN for job in costed.planned) else ""
    return [
        f"{len(trainings):,} trainings with {steps:,} steps: {hours(training)}" + there,
        f"{len(times) - len(trainings):,} other jobs: {at_least}{hours(other)}",
        f"in all: {at_least}{hours(training + other)} of one core of this machine" + on_cores(costed, cores),
        f"disk: {gigabytes(sum(map(weight_bytes, costed.planned)))} for weights, "
        f"{gigabytes(sum(map(layer_bytes, costed.planned)))} for representations",
    ]


def already(plan: Plan) -> str:
    """Say how many of the trainings of a study are there already, or nothing if none is."""
    every = [(name, seed) for name in plan.runs if name != GIVEN for seed in plan.study.seeds]
    there = sum(Path(plan.study.model((name, "final"), seed)).exists() for name, seed in every)
    return f"; {there:,} of the study's {len(every):,} are there already" if there else ""


def on_cores(costed: Costed, cores: int | None) -> str:
    """Say how long the jobs take on some cores, which is longer than their share where some wait for others."""
    if cores is None:
        return ""
    jobs = costed.jobs()
    took = wall_seconds(jobs, {job.key: job.seconds or 0.0 for job in jobs}, cores)
    return f"; about {duration(took)} on {cores} core{'s' if cores != 1 else ''}"


def hints(costed: Costed, fewest: int = 1) -> Iterator[str]:
    """Yield what bfloat16 would save with at least `fewest` steps in float32, and the number of networks if several."""
    from repdrift.training.offer import FLOAT32, offer  # noqa: PLC0415  it imports torch

    trainings = [training_of(job) for job in costed.planned if job.program == TRAIN]
    exact = [spec for spec in trainings if spec.training.precision == FLOAT32]
    if sum(spec.training.steps for spec in exact) >= fewest:
        yield offer(*costed.costs.offered(exact))
    kinds = Counter(canonical({**spec.network, "classes": 0}) for spec in trainings)
    if len(kinds) > 1:
        yield f"the trainings are of {len(kinds)} networks or variants"


def weight_bytes(job: PlannedJob) -> int:
    """Return the bytes of the weights that a job saves."""
    saved = sum(path.suffix == ".safetensors" for path in job.outputs) if job.program in ("train", "initialise") else 0
    return saved and 4 * saved * description_of(job.spec["network"]).parameters


def layer_bytes(job: PlannedJob) -> int:
    """Return the bytes of the representations that a job saves."""
    if job.program != "activations":
        return 0
    from repdrift.similarity.compact import bytes_of_smaller  # noqa: PLC0415

    spec = parse(ActivationsSpec, canonical(job.spec))
    widths = description_of(spec.network).widths(spec.network.get("layers"), spec.reduce).values()
    if spec.features:
        return sum(4 * spec.probe.size * each for each in widths)
    return sum(bytes_of_smaller(spec.probe.size, each) for each in widths)


def hours(seconds: float) -> str:
    """Return a processor time in words."""
    return f"{seconds / 3600:.1f} core-hours" if seconds >= 360 else f"{seconds / 60:.1f} core-minutes"


def duration(seconds: float) -> str:
    """Return a time in words."""
    return f"{seconds / 3600:.1f} hours" if seconds >= 5400 else f"{max(1, round(seconds / 60))} min"


def gigabytes(count: int) -> str:
    """Return a size in words."""
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.0f} MB"
