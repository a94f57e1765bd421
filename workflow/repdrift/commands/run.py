"""Run a study: say what it will take, then let Snakemake run it, and show how far it is.

Targets and config files stand in any order: `repdrift run fig3 my.yaml`. A preset is named without its path: `repdrift
run --study laptop`. Without a config it is the paper in full. What stands after `--` is given to Snakemake as it is.
"""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from repdrift.commands.forecast import Costed, cores_of_this_machine, forecast, hints
from repdrift.errors import UserError
from repdrift.places import LIBRARY, ROOT, snakefile_flags
from repdrift.plan.checking import check
from repdrift.plan.experiments import KNOWN
from repdrift.plan.offer import LONG
from repdrift.plan.plan import Plan
from repdrift.plan.targets import check_targets
from repdrift.provenance.planned_jobs import planned_jobs
from repdrift.study.config import complete, load
from repdrift.watch.job import FORECAST_FILE, Forecast
from repdrift.watch.session import FORECAST

# Options with which Snakemake does not run the study; there is nothing to forecast then, and nothing to show.
OTHER_USES = {
    "--unlock", "--touch", "--lint", "--report", "--dag", "--rulegraph", "--filegraph", "--summary", "--list-rules",
    "--list-target-rules", "--cleanup-metadata", "--delete-all-output", "--delete-temp-output",
    "--help", "-h", "--version",
}  # fmt: skip
ELSEWHERE = ("--workflow-profile", "--profile", "--executor", "-e")  # with these, other machines may run the jobs


@dataclass
class Words:
    """What a user has named: targets, and config files in the order in which they are laid over each other."""

    targets: list[str] = field(default_factory=list)
    configs: list[Path] = field(default_factory=list)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "repdrift run [TARGET | CONFIG ...] [--study PRESET | CONFIG ...] [--cores N] [-- SNAKEMAKE OPTIONS]"
    parser.add_argument("words", nargs="*", metavar="TARGET", help="figures, experiments or files; config files")
    parser.add_argument("--study", nargs="+", action="extend", default=[], metavar="NAME", help="presets, config files")
    parser.add_argument("--cores", type=int, metavar="N", help="number of jobs at a time, by default all cores")
    parser.add_argument("-s", "--snakefile", metavar="FILE", help="as for snakemake")


def more_words(unknown: Sequence[str]) -> list[str]:
    """Return the words that stand behind options, such as a target behind ``--cores 2``.

    Raises
    ------
    UserError
        If one of them is an option that this command does not have.
    """
    for word in unknown:
        if word.startswith("-"):
            raise UserError(f"{word}: this command has no such option; Snakemake's stand after --, as in -- {word}")
    return list(unknown)


def run(args: argparse.Namespace) -> None:
    words = sorted_out([*args.words, *more_words(args.unknown)], args.study)
    config = check(complete(load(words.configs)))
    plan = Plan(config)
    check_targets(words.targets, plan)
    command = snakemake(words, args)
    if OTHER_USES & {option.partition("=")[0] for option in args.behind}:
        become(command)
    os.environ[FORECAST] = str(FORECAST_FILE.absolute())
    write_forecast(plan, words, args)
    become([*command, "--logger", "repdrift"])


def sorted_out(words: Sequence[str], studies: Sequence[str]) -> Words:
    """Tell targets, config files and presets apart.

    After ``--study`` a name is a preset if there is such a preset, and elsewhere it is a target if it may be one.
    """
    found = Words()
    for word, is_study in (*((word, False) for word in words), *((word, True) for word in studies)):
        path = preset(word)
        if word.endswith((".yaml", ".yml", ".json")) and not word.startswith("results/"):
            found.configs.append(Path(word))
        elif path is not None and (is_study or word not in KNOWN):
            found.configs.append(path)
        else:
            found.targets.append(word)
    return found


def preset(name: str) -> Path | None:
    """Return the file of a preset, in the current folder or of repdrift itself; None if there is none of this name."""
    if "/" in name:
        return None
    paths = (folder / "presets" / f"{name}.yaml" for folder in (Path(), ROOT))
    return next((path for path in paths if path.exists()), None)


def snakemake(words: Words, args: argparse.Namespace) -> list[str]:
    """Return the command of Snakemake."""
    command = [sys.executable, "-m", "snakemake"]
    command += snakefile_flags(args.snakefile)
    command += ["--cores", str(args.cores)] if args.cores else []
    command += args.behind
    command += ["--configfile", *map(str, words.configs)] if words.configs else []
    # What stands behind `--` is a target. Snakemake takes all other words behind --configfile for config files.
    return command if not words.targets else [*command[:3], *words.targets, *command[3:]]


def write_forecast(plan: Plan, words: Words, args: argparse.Namespace) -> None:
    """Print what the run will take, and write it to a file for the display."""
    waiting = "Looking at what there is to do ..." if sys.stderr.isatty() else ""
    print(waiting, end="\r", file=sys.stderr, flush=True)
    configs = [str(path) for path in words.configs]
    targets = [Path(target) for target in words.targets]
    jobs = planned_jobs(targets, configs, *args.behind, snakefile=args.snakefile)
    elsewhere = any(option.partition("=")[0] in ELSEWHERE for option in args.behind)
    costed = Costed.of(jobs)
    cores = None if elsewhere else args.cores or cores_of_this_machine()
    print(" " * len(waiting), end="\r", file=sys.stderr, flush=True)
    if jobs:
        print(*forecast(costed, cores, plan), *hints(costed, LONG), sep="\n", flush=True)
    again = shlex.join(["repdrift", *args.given])
    Forecast(str(plan.study.folder), again, costed.jobs()).write(FORECAST_FILE)


def become(command: Sequence[str]) -> Any:  # noqa: ANN401  it never returns
    """Let Snakemake take the place of this process, so that it has its terminal and its signals."""
    path = os.pathsep.join(filter(None, [str(LIBRARY), os.environ.get("PYTHONPATH")]))
    sys.stdout.flush()
    os.execve(command[0], list(command), {**os.environ, "PYTHONPATH": path})
