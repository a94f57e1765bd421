"""Follow a run that was started elsewhere, by the files that it leaves: outputs, logs, and Snakemake's lock."""

import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from repdrift.machine.failures import ERROR
from repdrift.provenance.planned_jobs import PlannedJob
from repdrift.watch.job import FORECAST_FILE, Forecast, Job, State, job_of
from repdrift.watch.progress import ENDED, Progress
from repdrift.watch.screen import Screen
from repdrift.watch.snapshot import Snapshot, snapshot
from repdrift.watch.training_log import last_line

EVERY = 1.0  # seconds between two looks at the files
LOCKS = Path(".snakemake/locks")
MARGIN = 2.0  # seconds by which the clocks of file systems may differ


class Following:
    """The jobs that were left to do when watching began, and what has become of them since.

    Attributes
    ----------
    progress : Progress
    """

    def __init__(self, title: str, planned: Sequence[PlannedJob]) -> None:
        self.progress = Progress(title=title)
        known = forecast_seconds()
        jobs = map(job_of, planned)
        self.progress.expect(replace(job, seconds=known.get(job.key)) for job in jobs)
        self.progress.began = run_began() or time.time()
        self._before = {job.key: modified(Path(job.key)) for job in self.progress.jobs.values()}
        self._makers = {path: job for job in self.progress.jobs.values() for path in job.outputs}

    def look(self) -> None:
        """See which jobs run, have ended or have failed, and how far trainings are."""
        for job in self.progress.of(State.WAITING, State.RUNNING):
            self._look_at(job)
        for job in self.progress.of(State.RUNNING, State.DONE):
            for path in job.inputs:  # what it reads was there, also if it is deleted by now
                maker = self._makers.get(path)
                if maker is not None and maker.state not in ENDED:
                    self.progress.finish(maker, time.time())
        self.progress.cores = max(self.progress.cores, len(self.progress.of(State.RUNNING)))
        self.progress.look()

    def _look_at(self, job: Job) -> None:
        made, logged = modified(Path(job.key)), modified(Path(job.log)) if job.log else None
        if made is not None and made != self._before[job.key]:
            self.progress.finish(job, made)
            return
        if logged is None or logged < self.progress.began - MARGIN:
            return
        if job.state == State.WAITING:
            self.progress.begin(job, logged if logged > self.progress.began else self.progress.began)
        line = last_line(Path(job.log))
        if ERROR.match(line) or line.startswith("stopped by "):
            self.progress.fail(job, logged)

    def snapshot(self) -> Snapshot:
        """Return what there is to show now."""
        self.look()
        return snapshot(self.progress, time.time())

    def over(self) -> bool:
        """Return whether there is nothing more to follow: all jobs have ended, or nobody runs the study."""
        return run_began() is None and not self.progress.of(State.RUNNING)


def follow(title: str, planned: Sequence[PlannedJob]) -> None:
    """Show a run until it ends, or until Ctrl-C, which ends the watching and not the run."""
    if not planned:
        print(f"{title}: everything is done")
        return
    following = Following(title, planned)
    if following.over():
        following.look()
    if following.over():
        print(f"{title}: {len(planned):,} jobs are left to do, and nobody runs them in this folder")
        return
    screen = Screen(following.snapshot, sys.stdout)
    screen.begin()
    with suppress(KeyboardInterrupt):
        while not following.over():
            time.sleep(EVERY)
    screen.end()
    shown = following.snapshot()
    print(f"{title}: {shown.done:,} of {shown.jobs:,} jobs are done")
    for each in shown.failures:
        print(f"  failed: {each.name}: {each.line}")


def forecast_seconds() -> dict[str, float | None]:
    """Return the forecast of jobs by their key, if `repdrift run` has made one in this folder."""
    if not FORECAST_FILE.exists():
        return {}
    return {job.key: job.seconds for job in Forecast.read(FORECAST_FILE).jobs}


def modified(path: Path) -> float | None:
    """Return when a file was modified, in seconds since 1970; None if there is no such file."""
    try:
        return path.stat().st_mtime
    except OSError:
        return None


def run_began() -> float | None:
    """Return when the run that holds Snakemake's lock of this folder began; None if none does."""
    times = [found for path in LOCKS.glob("*.lock") if (found := modified(path)) is not None]
    return min(times, default=None)
