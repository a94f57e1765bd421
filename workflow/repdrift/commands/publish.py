"""Write the tables that the verdicts of a study are made of into a folder: a few compressed CSV files and the config.

`repdrift judge FOLDER` makes the verdicts and their figures from them, without a network having been trained. Config
files are given as for snakemake.
"""

import argparse
from pathlib import Path

import yaml

from repdrift.claims import judging, published
from repdrift.claims.published import Tables
from repdrift.commands.configs import add_configfile, checked
from repdrift.errors import UserError
from repdrift.experiments.drift.experiment import Drift
from repdrift.plan import specs
from repdrift.plan.plan import Plan
from repdrift.provenance.csv_tables import read_csv


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="where the tables are written, such as docs/results/STUDY")
    add_configfile(parser)


def run(args: argparse.Namespace) -> None:
    config = checked(args)
    tables = tables_of(Plan(config))
    published.write(tables, args.folder)
    (args.folder / published.CONFIG).write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    size = sum(path.stat().st_size for path in args.folder.iterdir())
    print(f"{args.folder}: {len(list(args.folder.iterdir()))} files, {size / 1e6:.1f} MB")


def tables_of(plan: Plan) -> Tables:
    """Read the tables of a finished study.

    Raises
    ------
    UserError
        If a table is missing.
    """
    figures = list(plan.claims)
    drifts = [one for one in plan.experiments.values() if isinstance(one, Drift)]
    files = {
        published.SIMILARITIES: [path for name in figures for path in plan.claim_similarities(name)],
        published.HALVES: [path for name in figures for path in plan.claim_halves(name)],
        published.CURVES: [path for name in figures for path in plan.claim_curves(name)],
        published.CHOICES: [path for one in drifts for path in one.tried()],
    }
    judged = [owner for name in figures for owner in specs.judge(plan, name).histories]
    validated = [owner for one in drifts for owner in one.validation_spec().histories]
    owners = list(dict.fromkeys([*judged, *validated]))
    histories = [Path(plan.study.history(owner.run, owner.seed)) for owner in owners]
    keys = {table: columns for name in figures for table, columns in plan.claim_tables(name).items()}
    others = {table: Path(plan.study.table(table)) for table in keys}
    for path in [*(Path(path) for paths in files.values() for path in paths), *histories, *others.values()]:
        if not path.exists():
            raise UserError(f"{path}: there is no such table; run the whole study first")
    similarities, halves, curves, choices = (judging.read(list(map(Path, paths))) for paths in files.values())
    return Tables(
        similarities,
        halves,
        curves,
        choices,
        judging.read_histories(owners, histories),
        {table: read_csv(path, keys[table]) for table, path in others.items()},
    )
