"""Measure how well each estimator finds the networks that were trained alike: its average precision in each layer."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from repdrift import command
from repdrift.claims.estimates import estimate
from repdrift.claims.judging import without_nan
from repdrift.experiments.grounding.chance import chance, pairs
from repdrift.experiments.grounding.precision import average_precision, by_seed
from repdrift.experiments.grounding.specs import PrecisionSpec, Question
from repdrift.experiments.grounding.tables import AUPRC, BY_SEED, CHANCE, COLUMNS
from repdrift.provenance.artifacts import Job, write_csv
from repdrift.provenance.csv_tables import read_csv

Row = dict[str, object]


def rows(similarities: pd.DataFrame, question: Question, spec: PrecisionSpec) -> Iterator[Row]:
    """Yield the rows of a question under one reduction of layers, given the similarities of all pairs.

    Where a similarity of a pair is undefined, or there are no pairs, the average precision is left empty.
    """
    seeds = spec.seeds
    count, _ = pairs(len(question.runs), len(seeds))
    yield {"measure": CHANCE, "value": chance(len(question.runs), len(seeds)), "n": count}
    asked = similarities[similarities["run"].isin(question.runs) & similarities["other"].isin(question.runs)]
    cells = dict(iter(asked.groupby(["layer", "estimator"], sort=False)))
    for layer, estimator in product(spec.layers, spec.compared):
        about = {"layer": layer, "estimator": estimator, "n": count}
        table = cells.get((layer, estimator))
        precision, numbers = np.nan, np.full(len(seeds), np.nan)
        if table is not None and table["value"].notna().all():
            values, same = table["value"].to_numpy(float), (table["run"] == table["other"]).to_numpy()
            of_pairs = table[["seed", "other_seed"]].apply(lambda column: column.map(seeds.index)).to_numpy()
            precision = average_precision(values, same)[0]
            numbers = by_seed(values, same, of_pairs, len(seeds))
        found = estimate(numbers)
        yield without_nan({**about, "measure": AUPRC, "value": precision, "low": found.low, "high": found.high})
        for seed, value in zip(seeds, numbers, strict=True):
            yield without_nan({**about, "measure": BY_SEED, "seed": seed, "value": value})


def main() -> None:
    flags = command.parser(__doc__, PrecisionSpec)
    flags.add_argument("--pairs", type=Path, nargs="+", required=True, help="similarities under each reduction")
    args = flags.parse_args()
    spec: PrecisionSpec = args.spec
    job = Job(spec, args.code, args.pairs)
    found: list[Row] = []
    for reduce, path in zip(spec.reductions, args.pairs, strict=True):
        similarities = read_csv(path, ["other"])
        for question in spec.questions:
            where = {"panel": question.name, "reduce": reduce, "layer": "", "estimator": ""}
            found += ({**dict.fromkeys(COLUMNS), **where, **row} for row in rows(similarities, question, spec))
    job.save(args.output, lambda file: write_csv(file, found, COLUMNS))
    print(f"{len(spec.questions)} questions, {len(spec.seeds)} seeds, {len(found)} numbers")
