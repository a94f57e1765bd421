"""Print the origins of a file, back to the raw images, and the reasons why it would be made again now.

Files whose names differ only in numbers, such as seeds and epochs, share an entry.
"""

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from repdrift.errors import UserError
from repdrift.provenance.artifacts import record, sidecar
from repdrift.provenance.causes import causes
from repdrift.provenance.differences import shortened
from repdrift.provenance.planned_jobs import PlannedJob, planned_jobs
from repdrift.provenance.verification import changed_modules, declared_code


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", type=Path, help="a file of a study, such as results/STUDY/figures/fig4.png")
    parser.add_argument("-s", "--snakefile", metavar="FILE", help="as for snakemake")
    parser.add_argument("--configfile", nargs="+", default=[], metavar="FILE", help="as for snakemake")


def run(args: argparse.Namespace) -> None:
    if record(args.target) is not None:
        print("\n".join(origins(args.target)), end="\n\n")
    elif args.target.exists():
        raise UserError(f"{args.target}: there is no sidecar {sidecar(args.target).name} that says what it is made of")
    print("\n".join(reasons(planned_jobs([args.target], args.configfile, snakefile=args.snakefile))))


def origins(target: Path) -> list[str]:
    """Return lines for the target, for its inputs, for their inputs, and so on back to the raw images."""
    lines: list[str] = []
    level = {target: ""}
    seen = {target}
    while level:
        groups: dict[str, list[Path]] = {}
        for path in level:
            groups.setdefault(pattern(path), []).append(path)
        for name, members in groups.items():
            lines += described(name, members, level[members[0]])
        inputs = {
            Path(name): digest for path in level for name, digest in (record(path) or {}).get("inputs", {}).items()
        }
        level = {path: digest for path, digest in inputs.items() if path not in seen}
        seen.update(level)
    return lines


def pattern(text: Path | str) -> str:
    """Return a name with a star in place of each number of a seed or an epoch."""
    return re.sub(r"(seed|epoch)\d+", r"\1*", str(text))


def described(name: str, paths: list[Path], digest: str) -> list[str]:
    """Return lines for files of one pattern. `digest` is the SHA-256 of the first, as recorded by its first user."""
    heading = f"{name}  ({len(paths)} files)" if len(paths) > 1 else str(paths[0])
    made = [found for path in paths if (found := record(path)) is not None]
    if not made:
        return [heading, f"    raw: no job made it; SHA-256 {digest}"]
    programs = ", ".join(sorted({str(declared_code(found).get("program")) for found in made}))
    devices = ", ".join(sorted({found.get("device", "?") for found in made}))
    changed = sorted({module for found in made for module in changed_modules(found)})
    lines = [
        heading,
        f"    made by {programs}, {made[0].get('started')}, in {seconds(made):,.1f} s on {devices}",
        f"    SHA-256 {made[0]['sha256']}{' (the first)' if len(paths) > 1 else ''}",
        *(f"    {key}: {value}" for key, value in settings([found["spec"] for found in made])),
    ]
    if not any(found.get("inputs") for found in made):
        lines.append("    made of nothing but these settings and the code")
    lines += [f"    {line}" for line in adoptions(made)]
    if changed:
        lines.append(f"    its code has changed since: {', '.join(changed)}")
    return lines


def adoptions(made: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield a line for each adoption of some files: its time, its version, and the code that it accepted."""
    entries = (entry for found in made for entry in found.get("adopted", []))
    told = ((entry["at"], entry["version"], entry["code"], entry["before"]) for entry in entries)
    for (at, version, code, before), count in sorted(Counter(told).items()):
        files = f" ({count} files)" if count > 1 else ""
        yield f"adopted {at} by repdrift {version}: code {before} counts as code {code}{files}"


def seconds(made: Iterable[dict[str, Any]]) -> float:
    """Return the seconds that some jobs took in all, given the sidecars of their files.

    Each file of a job records the seconds up to its own writing, so the largest number is that of the job.
    """
    by_job: dict[str, float] = {}
    for found in made:
        job = json.dumps(found["spec"], sort_keys=True)
        by_job[job] = max(by_job.get(job, 0.0), found.get("seconds", 0.0))
    return sum(by_job.values())


def settings(specs: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield the name and the value of each setting of some specs. A setting that differs between them has a list."""
    for key in dict.fromkeys(key for spec in specs for key in spec):
        values = list(dict.fromkeys(json.dumps(spec.get(key), sort_keys=True) for spec in specs))
        yield key, shortened(json.loads(values[0]) if len(values) == 1 else [json.loads(value) for value in values])


def reasons(jobs: list[PlannedJob]) -> list[str]:
    """Return lines that name the jobs that would run, with their causes, and those that run because of them."""
    if not jobs:
        return ["It would not be made again: nothing that it is made of has changed."]
    groups: dict[tuple[str, ...], list[PlannedJob]] = {}
    derived: Counter[str] = Counter()
    for job in jobs:
        if causes(job):
            groups.setdefault((job.rule, *map(pattern, causes(job))), []).append(job)
        else:
            derived[job.rule] += 1
    lines = ["It would be made again:"]
    for (rule, *why), members in groups.items():
        named = "; ".join(job.wildcards for job in members[:3])
        more = f" and {len(members) - 3} more" if len(members) > 3 else ""
        lines.append(f"    {len(members)} {rule} ({named}{more})")
        lines += [f"        {cause}" for cause in (why if len(members) > 1 else causes(members[0]))]
    if derived:
        lines.append(f"    and of what these make: {', '.join(f'{count} {rule}' for rule, count in derived.items())}")
    return lines
