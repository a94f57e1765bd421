"""A run of Snakemake as its logger tells of it, and what is shown of it."""

import logging
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.common import LogEvent

from repdrift.provenance.planned_jobs import planned_job
from repdrift.watch.endings import ending
from repdrift.watch.job import Forecast, Job, job_of
from repdrift.watch.progress import Progress
from repdrift.watch.screen import Screen
from repdrift.watch.snapshot import Snapshot, snapshot
from repdrift.watch.stages import OTHER, stage_of

FORECAST = "REPDRIFT_FORECAST"  # the variable with the file of the forecast that `repdrift run` has made
SHARED = ("datasets", "networks")  # folders beside those of studies
SAME = "the same command"  # where nobody has said which
STOPPING = ("Terminating processes on user request", "Will exit after finishing currently running jobs")
NOISE = ("Exiting because a job execution failed", "At least one job did not complete successfully")
LOOK_EVERY = 0.9  # seconds between two looks at the logs of trainings


class Session:
    """Follows a run of Snakemake from its first record to its end, and shows it."""

    def __init__(self) -> None:
        self.progress = Progress()
        self.command = SAME
        self.interrupted = False
        self._by_number: dict[int, Job] = {}
        self._errors: list[str] = []
        self._lock = threading.RLock()
        self._looked = 0.0
        self._shown: Snapshot | None = None
        path = os.environ.get(FORECAST)
        if path and Path(path).exists():
            forecast = Forecast.read(Path(path))
            self.command, self.progress.title = forecast.command, forecast.study
            self.progress.expect(forecast.jobs)
        self._screen = Screen(self.snapshot, sys.stderr)

    def snapshot(self) -> Snapshot:
        """Return what there is to show now."""
        with self._lock:
            now = time.time()
            if self._shown is None or now - self._looked > LOOK_EVERY:
                self.progress.look()
                self._shown, self._looked = snapshot(self.progress, now), now
            return self._shown

    def record(self, record: logging.LogRecord) -> None:
        """Take note of what Snakemake says."""
        said = vars(record)
        with self._lock:
            self._note(said.get("event"), said, record)
            self._shown = None

    def _note(self, event: LogEvent | None, said: dict[str, Any], record: logging.LogRecord) -> None:
        at, progress = record.created, self.progress
        match event:
            case LogEvent.RESOURCES_INFO:
                progress.cores = said.get("cores") or said.get("nodes") or progress.cores
            case LogEvent.RUN_INFO:
                if not progress.jobs:  # nobody has made a forecast
                    progress.expect_counts(counts_of(said["stats"]))
                self._screen.begin()
            case LogEvent.JOB_INFO if said["output"]:
                job = self._by_number[said["jobid"]] = job_said(said)
                progress.begin(job, at)
                progress.title = progress.title or study_of(job)
            case LogEvent.JOB_FINISHED if said["job_id"] in self._by_number:
                progress.finish(self._by_number[said["job_id"]], at)
            case LogEvent.JOB_ERROR if said["jobid"] in self._by_number:
                progress.fail(self._by_number[said["jobid"]], at)
            case LogEvent.ERROR:
                self._errors.append(record.getMessage().strip())
            case None:
                self._message(record)

    def _message(self, record: logging.LogRecord) -> None:
        text = record.getMessage().strip()
        if text.startswith(STOPPING):
            self.interrupted = True
        elif record.levelno >= logging.ERROR and not text.startswith(NOISE):
            self._errors.append(text)
        elif record.levelno == logging.WARNING and text:
            self.progress.warnings.append(text)

    def end(self) -> None:
        """Leave the screen, and print the last lines."""
        self._screen.end()
        with self._lock:
            if self._errors and not self.progress.failures and not self.interrupted:
                print(*self._errors, sep="\n", file=sys.stderr)
            print(*ending(self.progress, self.command, self.interrupted), sep="\n", file=sys.stderr, flush=True)


def study_of(job: Job) -> str:
    """Return the folder of the study that a job belongs to, or nothing for a job that studies share."""
    results, study, *_ = (*Path(job.key).parts, "", "")
    return "" if study in SHARED else f"{results}/{study}"


def job_said(said: dict[str, Any]) -> Job:
    """Return the job that Snakemake tells of."""
    return job_of(planned_job({**said, "rule": said["rule_name"], "command": said["shellcmd"] or ""}))


def counts_of(stats: dict[str, int]) -> dict[str, int]:
    """Return the numbers of jobs by rule. Rules of one job that no stage has are targets, which make no file."""
    counts = {rule: count for rule, count in stats.items() if rule != "total"}
    return {rule: count for rule, count in counts.items() if count > 1 or stage_of(rule) != OTHER}
