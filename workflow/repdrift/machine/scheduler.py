"""Snakemake's scheduler, whose limit on new jobs costs more than it saves."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from snakemake.scheduling.job_scheduler import JobScheduler

# `--max-jobs-per-timespan` of Snakemake: 100 jobs in 1 second.
DEFAULT_LIMIT = (100, 1)


def take_away_rate_limit(scheduler: JobScheduler) -> None:
    """Let Snakemake's scheduler start as many jobs a second as it can, unless the user has set a limit.

    With a limit, each job that ends leaves a thread behind that wakes the scheduler every second, for as long as other
    jobs wait for a core. After 87 of 201 jobs this took 16 % of a core, and it grows with every job (measured with
    Snakemake 9.27). Without a limit the scheduler is woken when a job ends. Another limit than Snakemake's own is taken
    for the user's, and stays.

    Parameters
    ----------
    scheduler : JobScheduler
        The scheduler, before it has started a job.
    """
    limiter = scheduler.job_rate_limiter
    if limiter and (limiter.max_jobs, limiter.timespan) == DEFAULT_LIMIT:
        scheduler.job_rate_limiter = None
