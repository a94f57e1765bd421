"""The provenance of a report: how long all jobs took, and what made their files, as their sidecars say."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from repdrift.provenance.artifacts import record
from repdrift.provenance.verification import with_origins

Records = Mapping[Path, dict[str, Any]]
STEPS = {
    "dataset": "images decoded or rendered",
    "task": "labels",
    "initialise": "initial weights",
    "weights": "given weights",
    "train": "trainings",
    "activations": "representations",
    "similarity": "similarities",
    "judge": "verdicts",
    "table": "tables",
    "figure": "figures",
}


def records_behind(paths: Iterable[Path]) -> dict[Path, dict[str, Any]]:
    """Return the sidecars of some artifacts and of all artifacts that they are made of, by path."""
    return {path: made for path in with_origins(paths) if (made := record(path))}


def run_times(records: Records) -> list[dict[str, Any]]:
    """Return the jobs, seconds and devices of each step behind some artifacts, the longest step first.

    Files are of the same job if they were made by the same program with the same settings from the same inputs. The
    settings alone do not tell jobs apart: those of activations name neither the seed nor the training, which are in
    the paths of their inputs.
    """
    jobs: dict[tuple[str, str], dict[str, Any]] = {}
    for path, made in records.items():
        # Each file of a job records the seconds up to its own writing, so the largest number is that of the job.
        key = (step(path, made), json.dumps([made["spec"], made.get("inputs", {})], sort_keys=True))
        seconds = max(made.get("seconds", 0.0), jobs.get(key, {}).get("seconds", 0.0))
        jobs[key] = {"step": key[0], "seconds": seconds, "device": made.get("device", "")}
    table = pd.DataFrame(jobs.values(), columns=["step", "seconds", "device"])
    steps = [
        {
            "name": str(name),
            "jobs": len(rows),
            "seconds": float(rows["seconds"].sum()),
            "median": float(rows["seconds"].median()),
            "device": ", ".join(sorted(set(rows["device"]))),
        }
        for name, rows in table.groupby("step", sort=False)
    ]
    return sorted(steps, key=lambda one: float(str(one["seconds"])), reverse=True)


def step(path: Path, made: Mapping[str, Any]) -> str:
    """Return the step that made an artifact in words: that of its program, or the name of its folder."""
    program = made.get("program")
    return STEPS.get(program, program.replace("_", " ")) if program else path.parts[-2]


def versions(records: Records) -> dict[str, str]:
    """Return the versions of Python and of all packages. Where jobs had several versions of one, all are listed."""
    found: dict[str, dict[str, None]] = {}
    for made in records.values():
        for package, version in {"python": made.get("python", "?"), **made.get("packages", {})}.items():
            found.setdefault(package, {})[version] = None
    return {package: ", ".join(sorted(each)) for package, each in found.items()}


def adoptions(records: Records) -> dict[str, Any]:
    """Count the artifacts that were adopted from other code, and list the versions that made them."""
    adopted = [found for found in records.values() if found.get("adopted")]
    makers = sorted({found.get("packages", {}).get("repdrift", "?") for found in adopted})
    return {"files": len(adopted), "of": len(records), "versions": ", ".join(makers)}
