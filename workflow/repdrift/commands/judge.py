"""Make the verdicts of a study, their figures, and its comparison with the authors' numbers from its published tables.

No network is trained. The folder is one that `repdrift publish` has written, such as docs/results/confirmation.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from repdrift import figures
from repdrift.claims import published
from repdrift.claims.judging import (
    CLAIMS,
    CONTRASTS,
    Measured,
    Row,
    judge_claims,
    measured_by_estimators,
    other_numbers,
)
from repdrift.claims.markdown import validation_table, verdict_table
from repdrift.claims.measurements import Numbers
from repdrift.claims.published import Tables
from repdrift.errors import UserError
from repdrift.experiments.drift.claims import multiverse_spec
from repdrift.experiments.drift.experiment import Drift
from repdrift.experiments.drift.stages import compare_with_published, judge_under_choices
from repdrift.experiments.drift.validation import NUMBERS
from repdrift.figures.venue import Venue
from repdrift.plan import specs
from repdrift.plan.plan import Plan
from repdrift.plan.schema import check_schema
from repdrift.provenance.artifacts import write_csv
from repdrift.provenance.csv_tables import read_csv
from repdrift.specs import JudgeSpec
from repdrift.study.config import complete, load

MULTIVERSE, VALIDATION = "multiverse", "validation"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="the folder of the published tables")
    parser.add_argument("--output", type=Path, help="where verdicts and figures go; default: results/judged/STUDY")


def run(args: argparse.Namespace) -> None:
    plan = published_plan(args.folder)
    tables = published.read(args.folder, keys_of(plan))
    output = args.output or Path("results", "judged", plan.study.config.study)
    output.mkdir(parents=True, exist_ok=True)
    verdicts: list[Row] = []
    for name in plan.claims:
        contrasts, found = judge(plan, name, tables)
        write_csv(output / f"{name}.csv", contrasts, CONTRASTS)
        verdicts += found
    write_csv(output / "verdicts.csv", verdicts, CLAIMS)
    rows = list(under_choices(plan, tables))
    write_csv(output / f"{MULTIVERSE}.csv", rows, judge_under_choices.COLUMNS)
    text = verdict_table(verdicts, pd.DataFrame(rows, columns=judge_under_choices.COLUMNS))
    (output / "verdicts.md").write_text(text, encoding="utf-8")
    drawn = [*plan.claims, MULTIVERSE]
    validated = validation(plan, tables)
    if validated:
        write_csv(output / f"{VALIDATION}.csv", validated, compare_with_published.COLUMNS)
        text = validation_table(validated)
        (output / f"{VALIDATION}.md").write_text(text, encoding="utf-8")
        drawn.append(VALIDATION)
    for name in drawn:
        draw(plan, name, output)
    for row in verdicts:
        print(": ".join(str(row[name]) for name in ("claim", "estimator", "verdict", "reason") if row[name]))
    print(f"Made: {output}/")


def published_plan(folder: Path) -> Plan:
    """Return the plan of the study whose tables are published in a folder.

    The files of the study's images are not needed, so only the schema of its config is checked.

    Raises
    ------
    UserError
        If the folder has no config, or one that is wrong.
    """
    path = folder / published.CONFIG
    if not path.exists():
        raise UserError(f"{folder}: has no {published.CONFIG}, so it is no folder of published tables")
    config = complete(load([path]))
    check_schema(config)
    return Plan(config)


def keys_of(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Return the columns that identify a number in each table of the experiments."""
    return {table: columns for name in plan.claims for table, columns in plan.claim_tables(name).items()}


def judge(plan: Plan, claims_figure: str, tables: Tables) -> tuple[list[Row], list[Row]]:
    """Judge the claims of a paper, and return the rows of the contrasts and the rows of the claims."""
    spec = specs.judge(plan, claims_figure)
    estimators, others = measurements_of(spec, tables)
    return judge_claims(spec.claims, list(estimators.items()), others, spec.regime)


def measurements_of(spec: JudgeSpec, tables: Tables) -> tuple[dict[str, Measured], dict[str, Numbers]]:
    """Return the measurements of the claims of a paper by each estimator, and those that depend on no estimator."""
    estimators = measured_by_estimators(tables.similarities, tables.halves, tables.curves, calibrated=spec.calibrated)
    chosen = {name: tables.others[name] for name in spec.tables}
    return dict(estimators), other_numbers(spec.claims, tables.histories, chosen, spec.tables)


def under_choices(plan: Plan, tables: Tables) -> Iterator[Row]:
    """Yield the verdicts under all choices of measurement."""
    for experiment in plan.experiments.values():
        if isinstance(experiment, Drift):
            spec = multiverse_spec(experiment)
            others = other_numbers(spec.claims, tables.histories, {}, {})
            yield from judge_under_choices.verdict_rows(
                spec, tables.similarities, tables.curves, tables.choices, others
            )


def validation(plan: Plan, tables: Tables) -> list[Row]:
    """Return a study's numbers beside those that the authors published, for the trainings that both have."""
    published_numbers = read_csv(NUMBERS)
    return [
        row
        for experiment in plan.experiments.values()
        if isinstance(experiment, Drift)
        for row in compare_with_published.comparison(
            experiment.validation_spec(), published_numbers, tables.similarities, tables.histories
        )
    ]


def draw(plan: Plan, name: str, output: Path) -> None:
    """Draw a figure of verdicts from its table."""
    found = specs.figure(plan, name)
    venue = Venue(found.width, found.font)
    table = output / f"{name}.csv"
    figures.write_beside(figures.draw(table, found.kind, found.network, venue), table)
