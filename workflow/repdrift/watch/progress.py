"""How far a study is: its jobs and what has happened to them, whoever says so."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from repdrift.machine.failures import ERROR
from repdrift.watch.job import TRAIN, Job, State
from repdrift.watch.schedule import wall_seconds
from repdrift.watch.training_log import last_line, reached

AT_LEAST = 0.1  # share of its whole time that a job still takes, however long it has run
PRIOR = 10.0  # seconds of work that count as if they had taken what the forecast says
ENDED = (State.DONE, State.FAILED, State.STOPPED)


@dataclass(frozen=True)
class Failure:
    """A job that has failed: its name, the line that says why, and its log."""

    name: str
    line: str
    log: str


@dataclass
class Progress:
    """The jobs of a run, and what is worth telling about them.

    Attributes
    ----------
    title : str
        The folder of the study.
    jobs : dict of str to Job
        By their key.
    cores : int
        The number of jobs that run at a time.
    began : float
        When the run began, in seconds since 1970.
    warnings : list of str
    failures : dict of str to Failure
        By the key of the job. A job that is tried again is no longer in it.
    figure : str
        The last finished figure.
    report : str
        The report, when it is finished.
    """

    title: str = ""
    jobs: dict[str, Job] = field(default_factory=dict)
    cores: int = 1
    began: float = field(default_factory=time.time)
    warnings: list[str] = field(default_factory=list)
    failures: dict[str, Failure] = field(default_factory=dict)
    figure: str = ""
    report: str = ""

    def expect(self, jobs: Iterable[Job]) -> None:
        """Add jobs that are to run."""
        self.jobs |= {job.key: job for job in jobs}

    def expect_counts(self, counts: Mapping[str, int]) -> None:
        """Add a job without a name for each that a rule has more than is known of already."""
        known = Counter(job.rule for job in self.jobs.values())
        for rule, count in counts.items():
            self.expect(Job(rule, outputs=(f"{rule} {number}",)) for number in range(known[rule], count))

    def begin(self, job: Job, at: float) -> None:
        """Note that a job runs, or waits in the queue of a cluster. It takes the place of one without a name."""
        known = self.jobs.get(job.key)
        if known is None:
            unnamed = [key for key, one in self.jobs.items() if one.rule == job.rule and not one.wildcards]
            if unnamed and not Path(unnamed[-1]).exists():
                del self.jobs[unnamed[-1]]
        else:
            job.seconds = known.seconds
        self.jobs[job.key] = job
        self.failures.pop(job.key, None)  # it is tried again
        job.state, job.began = State.RUNNING, at

    def finish(self, job: Job, at: float) -> None:
        """Note that a job has ended well."""
        job.state, job.ended = State.DONE, at
        if job.rule.endswith("figure"):
            self.figure = next((path for path in job.outputs if path.endswith(".png")), job.key)
        if job.key.endswith("report.html"):
            self.report = job.key

    def fail(self, job: Job, at: float) -> None:
        """Note that a job has failed or was told to stop; its log says which."""
        job.ended = at
        line = last_line(Path(job.log)) if job.log else ""
        if line.startswith("stopped by "):
            job.state = State.STOPPED
            return
        job.state = State.FAILED
        if ERROR.match(line) or not job.log:
            self.failures[job.key] = Failure(job.name, line or "it has no log", job.log)
        else:
            self.failures[job.key] = Failure(job.name, f"its log ends with: {line}" if line else "killed", job.log)

    def look(self) -> None:
        """Read the logs of the trainings that run."""
        for job in self.running():
            if job.program == TRAIN and job.log:
                job.reached = reached(Path(job.log)) if begun(job) else None
                job.first = job.first or job.reached

    def of(self, *states: State) -> list[Job]:
        """List the jobs in some states."""
        return [job for job in self.jobs.values() if job.state in states]

    def running(self) -> list[Job]:
        """List the jobs that run, or are in a queue, the oldest first."""
        return sorted(self.of(State.RUNNING), key=lambda job: job.began or 0.0)

    # Time

    def pace(self, training: bool) -> float:
        """Return how much longer jobs take than the forecast says, those that train or all others."""
        took = forecast = PRIOR
        for job in self.of(State.DONE, State.RUNNING):
            if (job.program == TRAIN) is not training or not job.seconds or job.began is None:
                continue
            if job.state == State.DONE and job.ended is not None:
                took, forecast = took + job.ended - job.began, forecast + job.seconds
            elif job.seconds_per_step is not None:
                took, forecast = took + job.seconds_per_step * job.steps, forecast + job.seconds
        return took / forecast

    def usual(self) -> dict[str, float]:
        """Return the mean time that a finished job of each rule took, and under no name that of all."""
        times: dict[str, list[float]] = {}
        for job in self.of(State.DONE):
            if job.began is not None and job.ended is not None:
                for name in (job.rule, ""):
                    times.setdefault(name, []).append(job.ended - job.began)
        return {name: sum(found) / len(found) for name, found in times.items()}

    def seconds_left(self, now: float) -> float | None:
        """Return the time until the last job ends at the speeds that were measured; None where nothing is known."""
        jobs = self.of(State.WAITING, State.RUNNING)
        usual = self.usual()
        paces = {training: self.pace(training) for training in (True, False)}
        left: dict[str, float] = {}
        for job in jobs:
            whole = job.seconds
            if whole is None:
                whole = usual.get(job.rule, usual.get(""))
                if whole is None:
                    return None
            else:
                whole *= paces[job.program == TRAIN]
            elapsed = now - job.began if job.state == State.RUNNING and job.began is not None else 0.0
            known = job.seconds_left(now)
            left[job.key] = max(whole - elapsed, AT_LEAST * whole) if known is None else known
        return wall_seconds(jobs, left, self.cores)


def begun(job: Job) -> bool:
    """Return whether a job has written to its log since it was started. On a cluster it may wait in a queue before."""
    try:
        return job.began is not None and Path(job.log).stat().st_mtime >= job.began - 1
    except OSError:
        return False
