"""Compare the numbers of a study with those that the authors of the paper published."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from repdrift import command
from repdrift.claims.contrasts import HistoryOf
from repdrift.claims.judging import read, read_histories
from repdrift.claims.measurements import number_at
from repdrift.experiments.drift.specs import Counterpart, ValidationSpec
from repdrift.provenance.artifacts import Job, write_csv
from repdrift.provenance.csv_tables import read_csv

KEYS = ["phase", "dataset", "labels", "images"]
COLUMNS = (*KEYS, "measure", "published", "published_se", "mean", "se", "seeds", "difference", "errors", "same_images")
ROUNDED = {"train_loss": 0.0005, "test_accuracy": 0.05, "train_accuracy": 0.05}  # half of the last published digit
ROUNDED_SIMILARITY = 0.0005
HISTORY = ("test_accuracy", "train_accuracy", "train_loss")


def comparison(
    spec: ValidationSpec,
    published: pd.DataFrame,
    similarities: pd.DataFrame,
    histories: Mapping[HistoryOf, pd.DataFrame],
) -> list[dict[str, object]]:
    """Return the rows of all trainings of a study that have a counterpart among the published numbers."""
    similarity = similarities[similarities["estimator"] == spec.estimator]
    return [
        row
        for one in spec.counterparts
        for row in compared(
            one, published, similarity, [table for owner, table in histories.items() if owner.run == one.run]
        )
    ]


def compared(
    one: Counterpart, published: pd.DataFrame, similarity: pd.DataFrame, histories: Sequence[pd.DataFrame]
) -> Iterator[dict[str, object]]:
    """Yield a row for each published number of a training.

    Parameters
    ----------
    one : Counterpart
    published : DataFrame
        All published numbers.
    similarity : DataFrame
        The similarities of the study by one estimator.
    histories : sequence of DataFrame
        The history of the training in each seed.
    """
    chosen = similarity[(similarity["run"] == one.run) & (similarity["reference"] == one.reference)]
    layers = {str(layer): rows["value"].to_numpy() for layer, rows in chosen.groupby("layer", sort=False)}
    values = layers | {name: np.array([number_at(history, name, "last") for history in histories]) for name in HISTORY}
    same = np.logical_and.reduce([published[key].astype(str) == str(getattr(one, key)) for key in KEYS])
    for row in published[same].to_dict("records"):
        measure = str(row["measure"])
        ours = values[measure]
        mean, error = float(ours.mean()), float(ours.std(ddof=1) / np.sqrt(len(ours))) if len(ours) > 1 else np.nan
        # Published numbers are rounded, and a standard error of 0.000 is not 0.
        rounding = ROUNDED.get(measure, ROUNDED_SIMILARITY) / np.sqrt(3)
        combined = float(np.sqrt(error**2 + row["se"] ** 2 + rounding**2))
        difference = mean - row["mean"]
        yield {
            **{key: getattr(one, key) for key in KEYS},
            "measure": measure,
            "published": row["mean"],
            "published_se": row["se"],
            "mean": mean,
            "se": None if np.isnan(error) else error,
            "seeds": len(ours),
            "difference": difference,
            "errors": None if np.isnan(combined) else difference / combined,
            "same_images": int(one.same_images),
        }


def main() -> None:
    flags = command.parser(__doc__, ValidationSpec)
    flags.add_argument("--published", type=Path, required=True, help="the authors' numbers")
    flags.add_argument("--similarities", type=Path, nargs="+", required=True)
    flags.add_argument("--histories", type=Path, nargs="+", required=True)
    args = flags.parse_args()
    spec: ValidationSpec = args.spec
    histories = read_histories(spec.histories, args.histories)
    rows = comparison(spec, read_csv(args.published), read(args.similarities), histories)
    job = Job(spec, args.code, [args.published, *args.similarities, *args.histories])
    job.save(args.output, lambda file: write_csv(file, rows, COLUMNS))
    print(f"{len(rows)} numbers compared")
