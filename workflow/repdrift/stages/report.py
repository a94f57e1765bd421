"""Write the report of a study into one HTML file: verdicts, figures with captions, settings, run times and versions."""

import base64
import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
import yaml

from repdrift import command
from repdrift.claims.contrasts import CALIBRATED
from repdrift.claims.judging import REGIME
from repdrift.claims.looks import ORDER, SPLIT, looks
from repdrift.claims.rule import IN_WORDS
from repdrift.figures.verdicts import COLOURS, LETTERS, effect_in_words, estimator_label
from repdrift.provenance.artifacts import Job, record
from repdrift.provenance.verification import with_origins
from repdrift.similarity.choice import main_estimator
from repdrift.specs import ReportSpec

NUMBERS = ["effect", "low", "high", "margin", "seeds"]  # columns of the table of claims


def claim_rows(verdicts: pd.DataFrame, multiverse: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a row for each claim.

    A row has the verdict under each estimator, the looks at the data by their verdicts, and what the verdict under the
    main estimator hangs on.
    """
    numeric = verdicts.assign(**{name: pd.to_numeric(verdicts[name], errors="coerce") for name in NUMBERS})
    names = [name for name in numeric["estimator"].unique() if name and not name.endswith(CALIBRATED)]
    rows = []
    for name, found in numeric.groupby("claim", sort=False):
        main = main_estimator(names) if names else ""
        of_main = found[found["estimator"].isin(["", main])]
        first = (of_main if len(of_main) else found).iloc[0]
        tried = multiverse[(multiverse["claim"] == name) & (multiverse["layer"] == "")]
        count = looks(tried)
        rows.append(
            {
                "name": name,
                **{
                    column: first[column] for column in ("sentence", "source", "origin", "figure", "reason", "evidence")
                },
                "verdict": first["verdict"],
                "verdicts": by_verdict(pd.concat([of_main, found.drop(of_main.index)])),
                "effect": "" if math.isnan(first["effect"]) else in_words(first),
                "margin": "" if math.isnan(first["margin"]) else f"{first['margin']:.3g} {first['unit']}",
                "about": ", ".join(part for part in (first["contrast"], first["layer"]) if part),
                "seeds": int(first["seeds"]),
                "looks": {verdict: count[verdict] for verdict in ORDER if count[verdict]},
                "tried": count.total(),
            }
        )
    return rows


def in_words(row: "pd.Series[Any]") -> str:
    """Return the effect of a row with its interval and unit."""
    return effect_in_words(row["effect"], row["low"], row["high"], row["unit"])


def by_verdict(found: pd.DataFrame) -> list[tuple[str, str]]:
    """Return each verdict on a claim with the estimators that give it. They are not named if all give the same one."""
    verdicts = found["verdict"].unique()
    if len(verdicts) == 1:
        return [(verdicts[0], "")]
    labels = found["estimator"].map(estimator_label)
    return [(verdict, ", ".join(labels[found["verdict"] == verdict])) for verdict in verdicts]


def regimes(verdicts: pd.DataFrame) -> list[dict[str, Any]]:
    """Return what the verdicts hold for, each with the first and the last claim that it is about."""
    columns = list(REGIME)
    return [
        {**dict(zip(columns, values, strict=True)), "first": found["claim"].iloc[0], "last": found["claim"].iloc[-1]}
        for values, found in verdicts.groupby(columns, sort=False)
    ]


def given_weights(config: dict[str, Any]) -> str:
    """Return the name of the weights that a study begins with; empty if it pre-trains its network itself."""
    weights = config.get("weights") or ""
    return weights if isinstance(weights, str) else str(weights["file"])


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
        rule=IN_WORDS,
        regimes=regimes(verdicts),
        given=given_weights(spec.config),
        claims={
            figure["title"]: [claim for claim in claims if claim["figure"] == figure["name"]] for figure in figures
        },
        figures=figures,
        colours=COLOURS,
        letters=LETTERS,
        split=SPLIT,
        times=run_times(args.figures),
        versions=versions(args.figures),
        adopted=adoptions(args.figures),
        config=yaml.safe_dump(spec.config, sort_keys=False),
    )
    job = Job(spec, args.code, [args.verdicts, args.multiverse, *args.figures, args.template])
    job.save(args.output, lambda file: file.write_text(page, encoding="utf-8"))
