"""Write the report of a study into one HTML file: what was found, figures with their data, settings and provenance."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from repdrift import command
from repdrift.claims.findings import findings
from repdrift.claims.glossary import glossary
from repdrift.claims.looks import SPLIT
from repdrift.claims.rule import IN_WORDS, MIN_SEEDS
from repdrift.provenance.artifacts import Job
from repdrift.report.accuracies import accuracies
from repdrift.report.claims import claim_rows, regimes
from repdrift.report.embedding import embedded, shown_figure
from repdrift.report.pages import render
from repdrift.report.provenance import adoptions, records_behind, run_times, versions
from repdrift.specs import ReportSpec, ShownFigure


def given_weights(config: dict[str, Any]) -> str:
    """Return the name of the weights that a study begins with; empty if it pre-trains its network itself."""
    weights = config.get("weights") or ""
    return weights if isinstance(weights, str) else str(weights["file"])


def command_of(figure: ShownFigure, configfiles: Sequence[str]) -> str:
    """Return the command that makes a figure, given the config files of the study."""
    return shlex.join(["snakemake", figure.name, *(["--configfile", *configfiles] if configfiles else [])])


def by_experiment(figures: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the figures that show measurements, by the title of their experiment."""
    found: dict[str, list[dict[str, Any]]] = {}
    for figure in figures:
        if not figure["claims"]:
            found.setdefault(figure["experiment"], []).append(figure)
    return found


def of_claims(figures: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the figures that show verdicts on claims, in the order of the first figures of their experiments."""
    order = list(dict.fromkeys(figure["experiment"] for figure in figures))
    return sorted((one for one in figures if one["claims"]), key=lambda one: order.index(one["experiment"]))


def main() -> None:
    flags = command.parser(__doc__, ReportSpec)
    flags.add_argument("--verdicts", type=Path, required=True)
    flags.add_argument("--multiverse", type=Path, required=True)
    flags.add_argument("--figures", type=Path, nargs="+", required=True, help="SVG files, in order")
    flags.add_argument("--pdfs", type=Path, nargs="+", required=True, help="the same figures as PDF files")
    flags.add_argument("--tables", type=Path, nargs="+", required=True, help="the tables of the same figures")
    flags.add_argument("--histories", type=Path, nargs="*", required=True, help="of each training, those of all seeds")
    flags.add_argument("--templates", type=Path, nargs="+", required=True)
    flags.add_argument("--configfiles", nargs="*", default=[], help="those of the study, for the commands on the page")
    args = flags.parse_args()
    spec: ReportSpec = args.spec
    verdicts = pd.read_csv(args.verdicts, keep_default_na=False)
    multiverse = pd.read_csv(args.multiverse, keep_default_na=False)
    files = zip(args.figures, args.pdfs, args.tables, strict=True)
    figures = [
        shown_figure(figure, files, command_of(figure, args.configfiles))
        for figure, files in zip(spec.figures, files, strict=True)
    ]
    claims, found = claim_rows(verdicts, multiverse), findings(verdicts, multiverse)
    records = records_behind([args.verdicts, args.multiverse, *args.figures, *args.histories])
    page = render(
        args.templates,
        "page.html",
        study=spec.study,
        title=spec.title,
        studied=spec.studied,
        findings=found,
        glossary=glossary(text for one in found for text in (one.context, one.sentence, one.text)),
        rule=IN_WORDS,
        least=MIN_SEEDS,
        regimes=regimes(verdicts),
        given=given_weights(spec.config),
        claims=claims,
        claims_file=embedded(args.verdicts),
        figures=figures,
        overview=of_claims(figures),
        groups=by_experiment(figures),
        split=SPLIT,
        trainings=accuracies(spec.trainings, args.histories),
        seeds=len(spec.config["seeds"]),
        times=run_times(records),
        versions=versions(records),
        adopted=adoptions(records),
        config=yaml.safe_dump(spec.config, sort_keys=False),
    )
    inputs = [args.verdicts, args.multiverse, *args.figures, *args.pdfs, *args.tables, *args.histories]
    job = Job(spec, args.code, [*inputs, *args.templates])
    job.save(args.output, lambda file: file.write_text(page, encoding="utf-8"))
