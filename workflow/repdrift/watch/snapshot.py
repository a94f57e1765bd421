"""What there is to show of a run at one moment, in words and numbers."""

from dataclasses import dataclass, replace

from repdrift.watch.job import TRAIN, Job, State
from repdrift.watch.progress import ENDED, Failure, Progress, begun
from repdrift.watch.stages import STAGES, stage_of


@dataclass(frozen=True)
class Stage:
    """A stage of the study, its numbers of jobs, and how many of them are done, run, or have failed."""

    name: str
    jobs: int
    done: int
    running: int
    failed: int


@dataclass(frozen=True)
class Now:
    """A job that runs: its name and its time in seconds, and of a training its epoch, speed and accuracy in words."""

    name: str
    seconds: float
    epoch: str = ""
    speed: str = ""
    accuracy: str = ""


@dataclass(frozen=True)
class Snapshot:
    """What is shown of a run; `left` is the time in seconds until it ends, if it is known."""

    title: str
    jobs: int
    done: int
    seconds: float
    left: float | None
    stages: tuple[Stage, ...]
    now: tuple[Now, ...]
    queued: int
    figure: str
    warnings: tuple[str, ...]
    failures: tuple[Failure, ...]


def snapshot(progress: Progress, at: float) -> Snapshot:
    """Return what there is to show at a time, given in seconds since 1970."""
    by_stage: dict[str, list[State]] = {name: [] for name in STAGES}
    for job in progress.jobs.values():
        by_stage[stage_of(job.rule)].append(job.state)
    stages = tuple(
        Stage(
            name,
            len(states),
            states.count(State.DONE),
            states.count(State.RUNNING),
            states.count(State.FAILED) + states.count(State.STOPPED),
        )
        for name, states in by_stage.items()
        if states
    )
    running = progress.running()
    active = [job for job in running if not job.log or begun(job)]
    ended = len(progress.of(*ENDED))
    return Snapshot(
        title=progress.title,
        jobs=len(progress.jobs),
        done=len(progress.of(State.DONE)),
        seconds=at - progress.began,
        left=0.0 if ended == len(progress.jobs) else progress.seconds_left(at),
        stages=stages,
        now=tuple(now_of(job, at) for job in active),
        queued=len(running) - len(active),
        figure=progress.figure,
        warnings=tuple(progress.warnings),
        failures=tuple(progress.failures.values()),
    )


def now_of(job: Job, at: float) -> Now:
    """Return what there is to show of a job that runs."""
    shown, found = Now(job.name, at - (job.began or at)), job.reached
    if job.program != TRAIN or found is None:
        return shown
    if not found.epoch:
        return replace(shown, epoch=f"from step {found.step:,}" if found.step else "begins")
    epochs = max(found.epoch, round(found.epoch * job.steps / found.step)) if found.step else found.epoch
    speed, accuracy = job.images_per_second, found.accuracies.get("training")
    return replace(
        shown,
        epoch=f"{found.epoch:,} of {epochs:,}",
        speed="" if speed is None else f"{speed:,.0f}",
        accuracy="" if accuracy is None else f"{accuracy:.0f} %",
    )


def clock(seconds: float) -> str:
    """Return a time as hours, minutes and seconds."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def about(seconds: float | None) -> str:
    """Return a time that is left in words."""
    if seconds is None:
        return "time left not known yet"
    if seconds < 60:
        return "less than a minute left"
    if seconds < 5400:
        return f"about {round(seconds / 60)} min left"
    return f"about {seconds / 3600:.1f} h left"
