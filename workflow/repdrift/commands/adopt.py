"""Accept results of an earlier version as results of the present code, without running anything.

The sidecars record which code made a file, and when and by which version the file was adopted. Files that were altered,
or whose settings have changed, are refused. In that case no file is adopted, and the exit code is 1.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from repdrift.errors import UserError
from repdrift.provenance.adoption import Decision, adopting, decide, plan_of, tell_snakemake, vanished
from repdrift.provenance.planned_jobs import PlannedJob, planned_jobs, recorded_jobs
from repdrift.provenance.verification import Verification


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", help="name of the study (`study` in the config)")
    parser.add_argument("--configfile", nargs="+", default=[], metavar="FILE", help="as for snakemake")


def run(args: argparse.Namespace) -> None:
    folder = Path("results", Path(args.study).name)
    verification = Verification(folder)
    plan = plan_of(planned_jobs([], args.configfile, "--forceall"))
    if not any(folder in path.parents for path in plan):
        raise UserError(f"{folder}: the config is of another study: give this one's config files with --configfile")
    recorded = recorded_jobs(args.configfile) if vanished(plan) else {}
    decision = decide(plan, recorded, verification)
    for fault in decision.refused:
        print(fault)
    if decision.refused:
        count = len({fault.path for fault in decision.refused})
        sys.exit(
            f"error: refused artifacts: {count}; nothing was changed: use the settings that they were made with, or "
            "delete them, their sidecars, and what was made of them"
        )
    with adopting(decision, time.time()):
        tell_snakemake(decision, args.configfile)
    others = [path for path in verification.own if path not in plan]
    print("\n".join(told(decision, others, planned_jobs([], args.configfile))))


def told(decision: Decision, others: list[Path], left: list[PlannedJob]) -> Iterator[str]:
    """Yield lines: what was adopted, which artifacts the config does not make, and which jobs are left to do."""
    yield f"artifacts adopted: {len(decision.adopted)}, up to date before: {len(decision.current)}"
    if decision.reworded:
        yield f"artifacts that show words that have changed, and are to be made again: {len(decision.reworded)}"
    if others:
        yield f"artifacts that this config does not make, and that stay as they are: {len(others)} ({others[0]}, ...)"
    rules = Counter(job.rule for job in left)
    yield f"jobs left to do: {', '.join(f'{count} {rule}' for rule, count in rules.items()) or 'none'}"
