"""Regress ln T of fine-tunings on gap, width and number of images, for each seed and for the means over seeds."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from repdrift import command
from repdrift.experiments.transferability.regression import regress
from repdrift.experiments.transferability.specs import RegressionSpec
from repdrift.experiments.transferability.tables import (
    AS_IN_THE_PAPER,
    COEFFICIENT,
    COEFFICIENT_OF_MEANS,
    DOMAIN,
    GAP,
    LN_N,
    OVERALL,
    TRAINED,
    TUNED,
    WIDTH,
    T,
    as_in_the_paper,
)
from repdrift.provenance.artifacts import Job
from repdrift.provenance.csv_tables import read_csv

PREDICTORS = (GAP, WIDTH, LN_N)
LONGER = (*PREDICTORS, "ln steps")
KEPT = ("run", "images", *(column for column in TRAINED if column not in ("run", "network")))
# For each regression, whether it uses only true labels and equal epochs, as the paper does, and its predictors.
FITS = {
    AS_IN_THE_PAPER: (True, PREDICTORS),
    "all fine-tunings": (False, PREDICTORS),
    "all, with ln steps": (False, LONGER),
}


def points(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each fine-tuning and seed: T as ``value``, its logarithm, its domain, and the predictors.

    A domain is the images of a target, or of some of its classes.
    """
    tuned = table[table["network"] == TUNED]
    by = ["run", "seed"]
    of_run = tuned.drop_duplicates(by).set_index(by)[list(KEPT[1:])]
    t = tuned[(tuned["measure"] == T) & (tuned["reference"] == "pretrained") & (tuned["item"] == OVERALL)]
    of_domain = tuned[tuned["measure"] == DOMAIN].pivot(index=by, columns="item", values="value")
    found = of_run.join(of_domain).join(t.set_index(by)["value"]).reset_index()
    logs = {LN_N: found["size"], "ln steps": found["steps"], "ln T": found["value"]}
    domain = found["images"] + ", " + found["classes"].astype(str) + " classes"
    return found.assign(measure=T, domain=domain, **{name: np.log(values) for name, values in logs.items()})


def coefficients(chosen: pd.DataFrame, predictors: tuple[str, ...]) -> pd.DataFrame:
    """Regress ln T over the fine-tunings with a finite T. Return the columns item, value, se, n and domains."""
    finite = chosen[np.isfinite(chosen["ln T"])]
    numbers = finite[list(predictors)].to_numpy(np.float64)
    fit = regress(numbers, finite["ln T"].to_numpy(np.float64), finite["domain"].to_list())
    found = {"item": [*predictors, "R²"], "value": [*fit.coefficients, fit.explained], "se": [*fit.errors, None]}
    return pd.DataFrame(found).assign(n=len(finite), domains=finite["domain"].nunique())


def regressions(found: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the rows of every regression: ``coefficient`` for each seed, and ``coefficient of means`` over seeds."""
    numbers = [*LONGER, "ln T"]
    like_the_paper = [as_in_the_paper(*pair) for pair in zip(found["labels"], found["groups"], strict=True)]
    for name, (narrow, predictors) in FITS.items():
        part = found[like_the_paper] if narrow else found
        for seed, rows in part.groupby("seed"):
            yield coefficients(rows, predictors).assign(series=name, measure=COEFFICIENT, seed=seed)
        means = part.groupby(["run", "domain"])[numbers].mean().reset_index()
        yield coefficients(means, predictors).assign(series=name, measure=COEFFICIENT_OF_MEANS)


def main() -> None:
    flags = command.parser(__doc__, RegressionSpec)
    flags.add_argument("--tables", type=Path, nargs="+", required=True, help="tables of all targets and seeds")
    args = flags.parse_args()
    spec: RegressionSpec = args.spec
    job = Job(spec, args.code, args.tables)
    tables = [read_csv(path).assign(images=title) for path, title in zip(args.tables, spec.images, strict=True)]
    found = points(pd.concat(tables))
    table = pd.concat([found, *regressions(found)])
    job.save(args.output, lambda file: table.to_csv(file, index=False, lineterminator="\n"))
    print(f"{found['run'].nunique()} fine-tunings, {found['seed'].nunique()} seeds")
