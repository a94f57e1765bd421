"""Show several studies side by side in one HTML file: their claims in one matrix, and their figures beside each other.

A study is the folder of its results, such as results/laptop, whose report has been made, or a folder of published
tables, such as docs/results/confirmation. Of published tables the figures of verdicts are drawn again.
"""

import argparse
import json
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from repdrift import figures
from repdrift.claims import published
from repdrift.claims.judging import CLAIMS, CONTRASTS
from repdrift.commands import judge
from repdrift.errors import UserError
from repdrift.figures import regime
from repdrift.plan import specs
from repdrift.provenance.artifacts import record, write_atomically, write_csv
from repdrift.report.compared import Shown, agreement, effects, figures_beside, headings, matrix
from repdrift.report.embedding import shown_figure
from repdrift.report.pages import render
from repdrift.report.templates import templates
from repdrift.specs import ReportSpec, ShownFigure, parse

REGIME = ShownFigure(
    name="regime",
    title="What changes with the study",
    caption="An effect of each claim that two studies or more have measured, in units of its margin, with its 95 % "
    "interval and its verdict. It is the effect of one contrast in all studies that have measured it: of the one on "
    "which the claim's verdict depends in the first study with a verdict. A study that has not measured it shows the "
    "contrast on which its own verdict depends, and the claim has an asterisk. Where a claim depends on the estimator "
    "of similarity, it is the main one of the study.",
    experiment="",
    claims=True,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER", help="of results, or of published tables")
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: results/compared/STUDY-STUDY.html")


def run(args: argparse.Namespace) -> None:
    names = names_of(args.folders)
    studies = [study_in(folder, name) for folder, name in zip(args.folders, names, strict=True)]
    output = args.output or Path("results", "compared", f"{'-'.join(name.replace('/', '_') for name in names)}.html")
    folder = output.with_name(f"{output.name.removesuffix('.html')}-effects")
    drawn = draw_effects(studies, folder)
    rows = matrix(studies)
    page = render(
        templates(),
        "compared.html",
        studies=studies,
        headings=headings(studies),
        rows=rows,
        agreement=agreement(rows, len(studies)),
        effects=drawn,
        figures=figures_beside(studies),
    )
    write_atomically(output, lambda file: file.write_text(page, encoding="utf-8"))
    if drawn:
        print(f"Made: {folder}/")
    print(f"Made: {output}")


def draw_effects(studies: list[Shown], folder: Path) -> dict[str, Any] | None:
    """Draw figure `regime` into a folder, and return what the page shows of it; None if studies share no claim."""
    rows = effects(studies)
    if not rows:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / f"{REGIME.name}.csv"
    write_csv(table, [{name: row[name] for name in regime.COLUMNS} for row in rows], regime.COLUMNS)
    networks = dict.fromkeys(str(row["network"]) for row in rows)
    figures.write_beside(figures.draw(table, REGIME.name, "; ".join(networks)), table)
    return shown(REGIME, folder, folder)


def names_of(folders: list[Path]) -> list[str]:
    """Return a name for each folder: its last part, or the whole path if two folders end alike.

    Raises
    ------
    UserError
        If a folder is given twice.
    """
    for folder, times in Counter(folder.resolve() for folder in folders).items():
        if times > 1:
            raise UserError(f"{folder}: this folder is given {times} times; give each study once")
    lasts = [folder.resolve().name for folder in folders]
    return [last if lasts.count(last) == 1 else str(folder) for folder, last in zip(folders, lasts, strict=True)]


def study_in(folder: Path, name: str) -> Shown:
    """Read a study from the folder of its results, or from a folder of published tables.

    Raises
    ------
    UserError
        If the folder is neither, or if its report is not made or is of an earlier version.
    """
    if (folder / published.CONFIG).exists():
        return published_study(folder, name)
    page = folder / "report.html"
    made = record(page)
    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such folder")
    if made is None or not page.exists():
        raise UserError(
            f"{folder}: has neither a report nor published tables; make the report first (`snakemake report`)"
        )
    try:
        spec = parse(ReportSpec, json.dumps(made["spec"]))
    except ValueError:
        raise UserError(f"{page}: is of an earlier version; make the report again (`snakemake report`)") from None
    contrasts = [table_in(folder / "tables" / f"{figure.name}.csv") for figure in spec.figures if figure.claims]
    together = pd.concat([pd.DataFrame(columns=CONTRASTS), *contrasts], ignore_index=True)
    drawn = figures_in(folder, spec)
    return Shown(name, spec.title, dict(spec.studied), table_in(folder / "claims.csv"), together, drawn)


def figures_in(folder: Path, spec: ReportSpec) -> dict[str, dict[str, Any]]:
    """Return what the page shows of each figure of a folder of results."""
    return {figure.name: shown(figure, folder / "figures", folder / "tables") for figure in spec.figures}


def shown(figure: ShownFigure, drawn: Path, tables: Path) -> dict[str, Any]:
    """Return what the page shows of a figure, given the folders of the drawn figures and of the tables.

    Raises
    ------
    UserError
        If one of its files is missing.
    """
    files = (drawn / f"{figure.name}.svg", drawn / f"{figure.name}.pdf", tables / f"{figure.name}.csv")
    for path in files:
        if not path.exists():
            raise UserError(f"{path}: there is no such file; make the figures of the study again (`snakemake`)")
    return shown_figure(figure, files)


def table_in(path: Path) -> pd.DataFrame:
    """Read a table of the claims of a study, or of their contrasts. Empty cells are empty texts.

    Raises
    ------
    UserError
        If there is none.
    """
    if not path.exists():
        raise UserError(f"{path}: there is no such table; make the report of the study again (`snakemake report`)")
    return pd.read_csv(path, keep_default_na=False)


def published_study(folder: Path, name: str) -> Shown:
    """Judge the published tables of a study, and draw the figures of its verdicts."""
    plan = judge.published_plan(folder)
    tables = published.read(folder, judge.keys_of(plan))
    spec = specs.report(plan)
    with TemporaryDirectory() as made:
        output = Path(made)
        verdicts, contrasts, drawn = [], [], {}
        by_name = {figure.name: figure for figure in spec.figures}
        for figure in (by_name[name] for name in plan.claims):
            compared, found = judge.judge(plan, figure.name, tables)
            contrasts += compared
            verdicts += found
            if compared:
                write_csv(output / f"{figure.name}.csv", compared, CONTRASTS)
                judge.draw(plan, figure.name, output)
                drawn[figure.name] = shown(figure, output, output)
        # Tables are read again, so that they are what a study's own tables are.
        write_csv(output / "verdicts.csv", verdicts, CLAIMS)
        write_csv(output / "contrasts.csv", contrasts, CONTRASTS)
        judged, measured = (table_in(output / f"{table}.csv") for table in ("verdicts", "contrasts"))
        return Shown(name, spec.title, dict(spec.studied), judged, measured, drawn)
