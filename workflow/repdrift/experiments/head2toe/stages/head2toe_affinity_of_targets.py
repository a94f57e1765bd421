"""Compute the affinity and the gain of Head2Toe for each target and seed, and their rank correlation over targets."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from repdrift import command
from repdrift.experiments.head2toe.specs import AffinitySpec
from repdrift.experiments.head2toe.tables import (
    AFFINITY,
    EARLY_SHARE,
    GAIN,
    GAIN_CORRELATION,
    HEAD2TOE,
    LINEAR,
    SCRATCH,
    SHARE,
    SHARE_CORRELATION,
    TEST_ACCURACY,
)
from repdrift.provenance.artifacts import Job

RANKED = {GAIN_CORRELATION: GAIN, SHARE_CORRELATION: EARLY_SHARE}  # rank correlations with affinity over the targets
ALL = ""  # the name in place of a target for numbers over all targets


def of_targets(table: pd.DataFrame, late: Sequence[str]) -> pd.DataFrame:
    """Return the rows of the targets, with the columns images, target, seed, measure and value.

    `late` has the penultimate layer and those after it, which are neither early nor intermediate.
    """
    by = ["images", "target", "seed"]
    accuracy = table[table["measure"] == TEST_ACCURACY].pivot(index=by, columns="method", values="value")
    shares = table[(table["method"] == HEAD2TOE) & (table["measure"] == SHARE) & ~table["item"].isin(late)]
    found = {
        AFFINITY: accuracy[LINEAR] - accuracy[SCRATCH],
        GAIN: accuracy[HEAD2TOE] - accuracy[LINEAR],
        EARLY_SHARE: shares.groupby(by)["value"].sum(),
    }
    rows = pd.concat(found, names=["measure"]).rename("value").reset_index()
    # Figures show the targets in the order in which they are given.
    rows["images"] = pd.Categorical(rows["images"], table["images"].unique())
    return rows.sort_values(["measure", "images", "seed"]).astype({"images": "str"})


def over_targets(found: pd.DataFrame) -> Iterator[dict[str, object]]:
    """Yield Spearman's rank correlations over the targets for each seed. They are NaN if all values are equal."""
    for seed, rows in found.groupby("seed"):
        wide = rows.pivot(index="target", columns="measure", values="value")
        for name, measure in RANKED.items():
            alike = len(wide) < 2 or wide[[AFFINITY, measure]].nunique().min() < 2
            value = np.nan if alike else float(stats.spearmanr(wide[AFFINITY], wide[measure]).statistic)
            yield {"target": ALL, "seed": seed, "measure": name, "value": value}


def main() -> None:
    flags = command.parser(__doc__, AffinitySpec)
    flags.add_argument("--tables", type=Path, nargs="+", required=True, help="tables of all targets and seeds")
    args = flags.parse_args()
    spec: AffinitySpec = args.spec
    job = Job(spec, args.code, args.tables)
    tables = [pd.read_csv(path).assign(images=images) for path, images in zip(args.tables, spec.images, strict=True)]
    found = of_targets(pd.concat(tables), spec.late)
    table = pd.concat([found, pd.DataFrame(over_targets(found))])
    job.save(args.output, lambda file: table.to_csv(file, index=False, lineterminator="\n"))
    print(f"{found['target'].nunique()} targets, {found['seed'].nunique()} seeds")
