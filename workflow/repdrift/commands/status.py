"""Print how many trainings of a study are done, running, stopped or to do, or show its run as it goes on.

Config files are given as for snakemake: `repdrift status --configfile presets/laptop.yaml`. With `--watch` it shows
what `repdrift run` shows, for a run that was started elsewhere.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

from repdrift.commands.configs import add_configfile, checked
from repdrift.plan.plan import Plan
from repdrift.provenance.artifacts import PROGRESS
from repdrift.provenance.planned_jobs import planned_jobs
from repdrift.study.runs import Run
from repdrift.training.progress import values_of
from repdrift.watch.holders import holder_lives

SILENCE = 120.0  # time in seconds without a saved state after which a training on another machine counts as stopped


@dataclass(frozen=True)
class Training:
    """One training of a study and its state: ``done``, ``running``, ``stopped`` or ``to do``."""

    run: str
    seed: int
    state: str
    note: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_configfile(parser)
    parser.add_argument("--watch", action="store_true", help="show the run until it ends")
    parser.add_argument("-s", "--snakefile", metavar="FILE", help="as for snakemake, for --watch")


def run(args: argparse.Namespace) -> None:
    config = checked(args)
    plan = Plan(config)
    if args.watch:
        from repdrift.watch.following import follow  # noqa: PLC0415  rich takes a while to import

        follow(plan.study.folder, planned_jobs([], list(map(str, args.configfile)), snakefile=args.snakefile))
        return
    found = [training(plan, run, seed) for run in plan.runs.values() for seed in plan.study.seeds]
    counts = {state: sum(one.state == state for one in found) for state in ("done", "running", "stopped", "to do")}
    told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    print(f"{plan.study.folder}: {len(found)} trainings: {told}")
    width = max(map(len, plan.runs))
    for name in plan.runs:
        of_run = [one for one in found if one.run == name]
        done = sum(one.state == "done" for one in of_run)
        notes = "; ".join(
            f"seed {one.seed} {one.state}{one.note}" for one in of_run if one.state in ("running", "stopped")
        )
        print(f"  {name:<{width}}  {done} of {len(of_run)}  {notes}".rstrip())


def training(plan: Plan, run: Run, seed: int) -> Training:
    """Return the state of one training, as its files show it."""
    final = Path(plan.study.model((run.name, "final"), seed))
    if final.exists():
        return Training(run.name, seed, "done")
    states = list(final.parent.glob(f"{PROGRESS}/*/state.safetensors"))
    if not states:
        return Training(run.name, seed, "to do")
    state = max(states, key=lambda path: path.stat().st_mtime)
    silent = time.time() - state.stat().st_mtime
    alive = holder_lives(final.parent / PROGRESS / "lock")
    running = silent < SILENCE if alive is None else alive
    return Training(run.name, seed, "running" if running else "stopped", note(state, run))


def note(state: Path, run: Run) -> str:
    """Return the step and the training accuracy of a saved state, in words."""
    values = values_of(state)
    if not values:
        return ""
    accuracy = [epoch["train_accuracy"] for epoch in values["history"] if epoch["train_accuracy"] is not None][-1:]
    text = f" at step {values['step']:,} of {run.steps:,}"
    return text + "".join(f", training accuracy {value:.1f} %" for value in accuracy)
