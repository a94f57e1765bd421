"""Write the report of a study into one HTML file: verdicts, figures with captions, settings, run times and versions."""

import base64
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
import yaml

from repdrift import command
from repdrift.claims.rule import CONTRADICTED, SUPPORTED
from repdrift.figures.verdicts import COLOURS, LETTERS, estimator_label
from repdrift.provenance.artifacts import Job, record
from repdrift.provenance.verification import with_origins
from repdrift.specs import ReportSpec


def claim_rows(verdicts: pd.DataFrame, multiverse: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a row for each claim.

    A row has the verdict under each estimator, the first reason against the claim, and how often the claim is supported
    and contradicted under all combinations of measurement choices that were tried.
    """
    rows = []
    for name, found in verdicts.groupby("claim", sort=False):
        tried = multiverse.loc[(multiverse["claim"] == name) & (multiverse["layer"] == ""), "verdict"]
        first = found.iloc[0]
        by = dict(zip(found["estimator"], found["verdict"], strict=True))
        rows.append(
            {
                "name": name,
                **{column: first[column] for column in ("sentence", "source", "figure", "seeds")},
                "verdicts": by,
                "reason": next((reason for reason in found["reason"] if reason), ""),
                "tried": len(tried),
                "supported": int((tried == SUPPORTED).sum()),
                "contradicted": int((tried == CONTRADICTED).sum()),
            }
        )
    return rows


def run_times(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """Return the jobs, seconds and devices of each step behind some artifacts, as their sidecars record them."""
    jobs: dict[tuple[str, str], dict[str, Any]] = {}
    for path in with_origins(paths):
        made = record(path)
        if made:
            # Each file of a job records the seconds up to its own writing, so the largest number is that of the job.
            key = (step(path), json.dumps(made["spec"], sort_keys=True))
            seconds = max(made.get("seconds", 0.0), jobs.get(key, {}).get("seconds", 0.0))
            jobs[key] = {"step": key[0], "seconds": seconds, "device": made.get("device", "")}
    table = pd.DataFrame(jobs.values())
    steps = table.groupby("step", sort=False)
    return [
        {
            "name": str(name),
            "jobs": len(rows),
            "seconds": float(rows["seconds"].sum()),
            "median": float(rows["seconds"].median()),
            "device": ", ".join(sorted(set(rows["device"]))),
        }
        for name, rows in steps
    ][::-1]


def step(path: Path) -> str:
    """Return the step that made an artifact: the name of its folder, such as ``models`` in ``results/STUDY/models``."""
    return "data sets" if path.parts[1] == "datasets" else path.parts[2]


def versions(paths: Iterable[Path]) -> dict[str, str]:
    """Return the versions of Python and of all packages. Where jobs had several versions of one, all are listed."""
    found: dict[str, dict[str, None]] = {}
    for path in with_origins(paths):
        made = record(path) or {}
        for package, version in {"python": made.get("python", "?"), **made.get("packages", {})}.items():
            found.setdefault(package, {})[version] = None
    return {package: ", ".join(sorted(each)) for package, each in found.items()}


def adoptions(paths: Iterable[Path]) -> dict[str, Any]:
    """Count the artifacts that were adopted from other code, and list the versions that made them."""
    made = [found for path in with_origins(paths) if (found := record(path))]
    adopted = [found for found in made if found.get("adopted")]
    makers = sorted({found.get("packages", {}).get("repdrift", "?") for found in adopted})
    return {"files": len(adopted), "of": len(made), "versions": ", ".join(makers)}


def embedded(path: Path) -> str:
    """Return an SVG file as a data URL, so that its identifiers cannot clash with those of other figures."""
    return "data:image/svg+xml;base64," + base64.b64encode(path.read_bytes()).decode()


def main() -> None:
    flags = command.parser(__doc__, ReportSpec)
    flags.add_argument("--verdicts", type=Path, required=True)
    flags.add_argument("--multiverse", type=Path, required=True)
    flags.add_argument("--figures", type=Path, nargs="+", required=True, help="SVG files, in order")
    flags.add_argument("--template", type=Path, required=True)
    args = flags.parse_args()
    spec: ReportSpec = args.spec
    verdicts = pd.read_csv(args.verdicts, keep_default_na=False)
    multiverse = pd.read_csv(args.multiverse, keep_default_na=False)
    figures = [{**vars(shown), "image": embedded(path)} for shown, path in zip(spec.figures, args.figures, strict=True)]
    claims = claim_rows(verdicts, multiverse)
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    page = environment.from_string(args.template.read_text(encoding="utf-8")).render(
        study=spec.study,
        seeds=len(spec.config["seeds"]),
        others=any(figure["name"].endswith("_claims") for figure in figures),
        estimators=[(name, estimator_label(name)) for name in verdicts["estimator"].unique() if name],
        claims={
            figure["title"]: [claim for claim in claims if claim["figure"] == figure["name"]] for figure in figures
        },
        figures=figures,
        colours=COLOURS,
        letters=LETTERS,
        times=run_times(args.figures),
        versions=versions(args.figures),
        adopted=adoptions(args.figures),
        config=yaml.safe_dump(spec.config, sort_keys=False),
    )
    job = Job(spec, args.code, [args.verdicts, args.multiverse, *args.figures, args.template])
    job.save(args.output, lambda file: file.write_text(page, encoding="utf-8"))
