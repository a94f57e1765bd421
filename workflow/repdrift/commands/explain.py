"""Tell where a file comes from, back to the raw images, and why it would be made again now.

Files whose names differ in numbers alone (seeds, epochs) share a line.
"""

import argparse
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from repdrift.artifacts import record, sidecar
from repdrift.errors import UserError
from repdrift.fingerprint import fingerprint, stages


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", type=Path, help="a file of a study, such as results/STUDY/figures/fig4.png")
    parser.add_argument("--configfile", nargs="+", default=[], metavar="FILE", help="as for snakemake")


def run(args: argparse.Namespace) -> None:
    if record(args.target) is None:
        raise UserError(f"{args.target}: there is no sidecar {sidecar(args.target).name} that says what it is made of")
    for line in origins(args.target):
        print(line)
    print()
    for line in reasons(args.target, args.configfile):
        print(line)


def origins(target: Path) -> list[str]:
    """Lines for the target, for what it is made of, for what that is made of, and so on."""
    stage_of = {fingerprint(stage): stage.removeprefix("stages.") for stage in stages()}
    lines: list[str] = []
    level, seen = [target], {target}
    while level:
        groups: dict[str, list[Path]] = {}
        for path in level:
            groups.setdefault(pattern(path), []).append(path)
        for name, members in groups.items():
            lines += described(name, members, stage_of)
        found = [Path(name) for path in level for name in (record(path) or {}).get("inputs", {})]
        level = [path for path in dict.fromkeys(found) if path not in seen]
        seen.update(level)
    return lines


def pattern(path: Path) -> str:
    """Name with the numbers of seeds, epochs and shifts left open."""
    return re.sub(r"(seed|epoch)\d+", r"\1*", str(path))


def described(name: str, paths: list[Path], stage_of: dict[str, str]) -> list[str]:
    """Lines for files of one pattern."""
    count = f"{len(paths)} files {name}" if len(paths) > 1 else str(paths[0])
    made = [found for path in paths if (found := record(path)) is not None]
    if not made:
        return [count, "    a file that no job made"]
    first = made[0]
    codes = {stage_of.get(found.get("code", ""), "code that has changed since") for found in made}
    # The files of one job each tell how long it had taken by then.
    by_job: dict[str, float] = {}
    for found in made:
        job = json.dumps(found["spec"], sort_keys=True)
        by_job[job] = max(by_job.get(job, 0.0), found.get("seconds", 0.0))
    seconds = sum(by_job.values())
    devices = sorted({found.get("device", "?") for found in made})
    packages = ", ".join(f"{name} {version}" for name, version in first.get("packages", {}).items() if name == "torch")
    return [
        count,
        f"    {', '.join(sorted(codes))}; {first.get('started')}; {seconds:,.1f} s on {', '.join(devices)}; {packages}",
        f"    SHA-256 {first['sha256'][:16]}{' (the first)' if len(paths) > 1 else ''}",
        f"    {shortened(common([found['spec'] for found in made]))}",
    ]


def common(specs: list[dict[str, Any]]) -> dict[str, Any]:
    """What all specs share; a setting that differs is given as all its values."""
    keys = list(dict.fromkeys(key for spec in specs for key in spec))
    found: dict[str, Any] = {}
    for key in keys:
        values = list({json.dumps(spec.get(key), sort_keys=True): spec.get(key) for spec in specs}.values())
        found[key] = values[0] if len(values) == 1 else values
    return found


def shortened(spec: dict[str, Any]) -> str:
    """Give a spec as JSON; long values are cut."""
    parts = [f"{key}: {json.dumps(value)}" for key, value in spec.items()]
    return "; ".join(part if len(part) <= 100 else part[:97] + "..." for part in parts)


def reasons(target: Path, configfiles: list[str]) -> list[str]:
    """Ask Snakemake what it would run for the target, and why."""
    configs = ["--configfile", *configfiles] if configfiles else []
    command = [sys.executable, "-m", "snakemake", str(target), "--dry-run", "--nocolor", *configs]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    if done.returncode:
        raise UserError(f"snakemake refuses: {' '.join(output.strip().splitlines()[-1:])}")
    jobs = re.findall(r"^(?:local)?rule (\w+):\n(?:    .*\n)*?    reason: (.*)$", output, flags=re.MULTILINE)
    if not jobs:
        return ["It would not be made again: it is up to date."]
    counts = Counter((rule, pattern(Path(reason))) for rule, reason in jobs)
    lines = ["It would be made again:"]
    return lines + [f"    {count} {rule}: {reason}" for (rule, reason), count in counts.items()]
