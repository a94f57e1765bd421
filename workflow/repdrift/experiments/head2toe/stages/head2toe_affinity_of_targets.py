"""Compute affinity, gain and enrichment for each target and seed, and their rank correlations over targets.

Affinity and gain both contain the accuracy of the linear probe, with opposite signs. So its noise alone would make
their correlation negative: -.5, if the three accuracies have equal noise. Therefore the correlation is computed from
numbers that share neither a network nor a test image: the affinity is the mean of the other seeds, on one half of the
test images, and the gain is that of the seed itself, on the other half. They share the training examples.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from repdrift import command
from repdrift.experiments.head2toe.correlation import interval, rank_correlations
from repdrift.experiments.head2toe.specs import AffinitySpec
from repdrift.experiments.head2toe.tables import (
    AFFINITY,
    EARLY,
    EARLY_ENRICHMENT,
    ENRICHMENT,
    ENRICHMENT_CORRELATION,
    EVEN,
    GAIN,
    GAIN_CORRELATION,
    HALF_ACCURACY,
    HEAD2TOE,
    HIGH,
    LINEAR,
    LOW,
    ODD,
    SCRATCH,
    SEPARATE_AFFINITY,
    SEPARATE_GAIN,
    TEST_ACCURACY,
)
from repdrift.provenance.artifacts import Job
from repdrift.provenance.csv_tables import read_csv

# The measures whose rank correlation over targets is computed, by the name of the correlation.
RANKED = {
    GAIN_CORRELATION: (SEPARATE_AFFINITY, SEPARATE_GAIN),
    ENRICHMENT_CORRELATION: (AFFINITY, EARLY_ENRICHMENT),
}
ALL = ""  # the name in place of a target for numbers over all targets
KEYS = ["images", "target", "seed"]


def of_targets(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the targets, with the columns images, target, seed, measure and value."""
    whole = accuracies(table, TEST_ACCURACY, "")
    even, odd = (accuracies(table, HALF_ACCURACY, item) for item in (EVEN, ODD))
    early = table[(table["method"] == HEAD2TOE) & (table["measure"] == ENRICHMENT) & (table["item"] == EARLY)]
    found = {
        AFFINITY: whole[LINEAR] - whole[SCRATCH],
        GAIN: whole[HEAD2TOE] - whole[LINEAR],
        SEPARATE_AFFINITY: mean_of_others(even[LINEAR] - even[SCRATCH]),
        SEPARATE_GAIN: odd[HEAD2TOE] - odd[LINEAR],
        EARLY_ENRICHMENT: early.set_index(KEYS)["value"],
    }
    rows: pd.DataFrame = pd.concat(found, names=["measure"]).rename("value").reset_index()
    # Figures show the targets in the order in which they are given.
    rows["images"] = pd.Categorical(rows["images"], table["images"].unique())
    return rows.sort_values(["measure", "images", "seed"]).astype({"images": "str"})


def accuracies(table: pd.DataFrame, measure: str, item: str) -> pd.DataFrame:
    """Return an accuracy by target and seed, with a column for each method."""
    chosen = table[(table["measure"] == measure) & (table["item"].fillna("") == item)]
    return chosen.pivot(index=KEYS, columns="method", values="value")


def mean_of_others(values: "pd.Series[float]") -> "pd.Series[float]":
    """Return for each target and seed the mean over the other seeds. It is NaN if there is one seed."""
    of_target = values.groupby(["images", "target"])
    others = of_target.transform("count") - 1
    return (of_target.transform("sum") - values) / others.where(others > 0)


def over_targets(found: pd.DataFrame) -> Iterator[dict[str, object]]:
    """Yield the rank correlations over the targets for each seed, and the ends of the interval of their mean.

    They are NaN if all values are equal. The interval is over targets and seeds.
    """
    for name, measures in RANKED.items():
        wide = [
            found[found["measure"] == measure].pivot(index="seed", columns="target", values="value")
            for measure in measures
        ]
        first, second = (values.to_numpy(np.float64) for values in wide)
        for seed, value in zip(wide[0].index, rank_correlations(first, second), strict=True):
            yield {"target": ALL, "seed": seed, "measure": name, "value": value}
        for end, value in zip((LOW, HIGH), interval(first, second), strict=True):
            yield {"target": ALL, "measure": name + end, "value": value}


def main() -> None:
    flags = command.parser(__doc__, AffinitySpec)
    flags.add_argument("--tables", type=Path, nargs="+", required=True, help="tables of all targets and seeds")
    args = flags.parse_args()
    spec: AffinitySpec = args.spec
    job = Job(spec, args.code, args.tables)
    tables = [read_csv(path).assign(images=images) for path, images in zip(args.tables, spec.images, strict=True)]
    found = of_targets(pd.concat(tables))
    table = pd.concat([found, pd.DataFrame(over_targets(found))]).astype({"seed": "Int64"})
    job.save(args.output, lambda file: table.to_csv(file, index=False, lineterminator="\n"))
    print(f"{found['target'].nunique()} targets, {found['seed'].nunique()} seeds")
