"""A job of a study as a person sees it: what it is called, what it takes, and how far it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from repdrift.provenance.planned_jobs import PlannedJob
from repdrift.watch.training_log import Reached

TRAIN = "train"  # the program of a training
FORECAST_FILE = Path(".snakemake/repdrift/forecast.json")  # where `repdrift run` leaves its forecast


class State(StrEnum):
    """Where a job is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"  # told to stop, and saved


@dataclass
class Job:
    """A job of a study.

    Attributes
    ----------
    rule, wildcards : str
        As Snakemake shows them.
    outputs, inputs : tuple of str
        Files.
    log : str
        The file of its log, or nothing.
    program : str
        The program that it runs, ``train`` for a training.
    steps, batch : int
        The length of a training, and its images in a step; 0 for other jobs.
    seconds : float or None
        The forecast of its processor time.
    state : State
    began, ended : float or None
        Seconds since 1970.
    first, reached : Reached or None
        What its log said of a training at the first look and at the last one.
    """

    rule: str
    wildcards: str = ""
    outputs: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    log: str = ""
    program: str = ""
    steps: int = 0
    batch: int = 0
    seconds: float | None = None
    state: State = State.WAITING
    began: float | None = None
    ended: float | None = None
    first: Reached | None = None
    reached: Reached | None = None

    @property
    def key(self) -> str:
        """The name by which the job is found: its first output."""
        return self.outputs[0] if self.outputs else self.rule

    @property
    def name(self) -> str:
        """The job in words: its rule and what its wildcards are, without the rule for a training."""
        pairs = [pair.partition("=") for pair in self.wildcards.split(", ") if pair]
        words = [f"seed {value}" if name == "seed" else value for name, _, value in pairs]
        return " ".join(words if self.program == TRAIN else [self.rule.replace("_", " "), *words])

    @property
    def seconds_per_step(self) -> float | None:
        """The time that a step takes, since the first look or since the training began; None before it is known.

        At the first look a training may have gone on from a saved state, so its first steps were not made in this run.
        """
        if self.reached is None or self.first is None or self.began is None:
            return None
        before, at = self.first.step, self.first.at
        if self.reached.step == before and self.first.epoch:
            before, at = 0, self.began
        if self.reached.at <= at or self.reached.step <= before:
            return None
        return (self.reached.at - at) / (self.reached.step - before)

    @property
    def images_per_second(self) -> float | None:
        """The speed of a training; None before it is known."""
        return self.batch / self.seconds_per_step if self.seconds_per_step else None

    def seconds_left(self, now: float) -> float | None:
        """Return the time that a training takes from now; None before it is known."""
        if self.reached is None or self.seconds_per_step is None:
            return None
        return max(0.0, (self.steps - self.reached.step) * self.seconds_per_step - (now - self.reached.at))


def job_of(planned: PlannedJob, seconds: float | None = None) -> Job:
    """Return a planned job with the forecast of its processor time."""
    training: Mapping[str, Any] = planned.spec.get("training", {}) if planned.program == TRAIN else {}
    return Job(
        rule=planned.rule,
        wildcards=planned.wildcards,
        outputs=tuple(map(str, planned.outputs)),
        inputs=tuple(map(str, planned.inputs)),
        log=planned.log,
        program=planned.program,
        steps=training.get("steps", 0),
        batch=training.get("batch_size", 0),
        seconds=seconds,
    )


@dataclass
class Forecast:
    """The jobs that a run was started for, and the command that started it.

    Attributes
    ----------
    study : str
        The folder of the study.
    command : str
        The command with which the run goes on after it was stopped.
    jobs : list of Job
    """

    study: str
    command: str
    jobs: list[Job] = field(default_factory=list)

    def write(self, path: Path) -> None:
        """Write it to a file, for the process that shows the run."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.encode(self))

    @classmethod
    def read(cls, path: Path) -> "Forecast":
        """Read it from a file."""
        return msgspec.json.decode(path.read_bytes(), type=cls)
