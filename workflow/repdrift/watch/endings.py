"""The last lines of a run: what was made, what has failed, what was saved, and how to go on."""

import time
from collections.abc import Iterator
from pathlib import Path

from repdrift.provenance.artifacts import PROGRESS
from repdrift.training.progress import values_of
from repdrift.watch.job import TRAIN, Job, State
from repdrift.watch.progress import Progress
from repdrift.watch.snapshot import clock
from repdrift.watch.training_log import last_line

PATIENCE = 10.0  # seconds in which trainings that were told to stop have saved


def ending(progress: Progress, command: str, interrupted: bool) -> Iterator[str]:
    """Yield the last lines of a run.

    Parameters
    ----------
    progress : Progress
    command : str
        The command with which the run goes on.
    interrupted : bool
        Whether it was told to stop.
    """
    done, every = len(progress.of(State.DONE)), len(progress.jobs)
    if interrupted:
        saved = [f"{job.name}{at_step(job)}" for job in stopped(progress)]
        some = f"{', '.join(saved[:3])}{f' and {len(saved) - 3} more' if len(saved) > 3 else ''}"
        yield f"Stopped: {done:,} of {every:,} jobs are done and kept" + (
            f"; saved on the way: {some}" if saved else ""
        )
        yield f"Go on with: {command}"
        return
    took = clock(time.time() - progress.began)
    yield from (f"warning: {' '.join(each.split())}" for each in progress.warnings[-3:])
    if progress.failures:
        yield f"{progress.title}: {done:,} of {every:,} jobs are done after {took}. What failed:"
        for failure in progress.failures.values():
            yield f"  {failure.name}: {failure.line}"
            yield f"    {failure.log}"
        yield f"When it is mended, go on with: {command}"
    else:
        where = f"; see {progress.report or progress.figure}" if progress.report or progress.figure else ""
        yield f"{progress.title}: {done:,} of {every:,} jobs are done after {took}{where}"


def stopped(progress: Progress) -> list[Job]:
    """List the trainings that have saved their state after they were told to stop, and wait a little for them."""
    trainings = [job for job in progress.of(State.RUNNING, State.STOPPED) if job.program == TRAIN]
    until = time.monotonic() + PATIENCE
    while not all(map(has_stopped, trainings)) and time.monotonic() < until:
        time.sleep(0.1)
    return [job for job in trainings if has_stopped(job)]


def has_stopped(job: Job) -> bool:
    """Return whether the log of a training says that it was stopped."""
    return last_line(Path(job.log)).startswith("stopped by ")


def at_step(job: Job) -> str:
    """Return the step at which a training was saved, in words."""
    states = sorted(Path(job.key).parent.glob(f"{PROGRESS}/*/state.safetensors"), key=lambda path: path.stat().st_mtime)
    values = values_of(states[-1]) if states else None
    return f" at step {values['step']:,} of {job.steps:,}" if values else ""
