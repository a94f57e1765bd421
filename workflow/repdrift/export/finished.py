"""A finished study as its files tell it: verdicts, histories of trainings, and similarities."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from repdrift.claims.estimates import Estimate, estimate
from repdrift.errors import UserError
from repdrift.provenance.artifacts import record
from repdrift.provenance.csv_tables import read_csv

REPORT, VERDICTS = "report.html", "claims.csv"
ACCURACIES = ("test_accuracy", "train_accuracy")


@dataclass(frozen=True)
class Finished:
    """A finished study.

    Attributes
    ----------
    folder : Path
        The folder of its results, ``results/STUDY``.
    """

    folder: Path

    @classmethod
    def named(cls, study: str) -> "Finished":
        """Return the study of a name or of a folder.

        Raises
        ------
        UserError
            If there is no such study, or if it is not finished.
        """
        folder = Path("results", study) if Path(study).name == study else Path(study)
        if not folder.is_dir():
            raise UserError(f"{folder}: there is no such folder; name a study whose results are in results/")
        for name in (REPORT, VERDICTS):
            if not (folder / name).exists():
                raise UserError(f"{folder / name}: there is no such file; run the whole study first")
        return cls(folder)

    @cached_property
    def report_spec(self) -> dict[str, Any]:
        """The settings of the report: the name of the study, its figures with their captions, and its config."""
        made = record(self.folder / REPORT)
        if made is None:
            raise UserError(f"{self.folder / REPORT}: no sidecar says what it is made of; run the study again")
        spec: dict[str, Any] = made["spec"]
        return spec

    @property
    def name(self) -> str:
        return str(self.report_spec["study"])

    @property
    def config(self) -> dict[str, Any]:
        """Its config, without the settings that have their default."""
        found: dict[str, Any] = self.report_spec["config"]
        return found

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """A row for each claim under each estimator, see `repdrift.claims.judging.CLAIMS`."""
        return read_csv(self.folder / VERDICTS, ("source",))

    @cached_property
    def accuracies(self) -> pd.DataFrame:
        """The accuracies in percent after training, with the columns run, seed and `ACCURACIES`."""
        models = self.folder / "models"
        rows = []
        for path in sorted(models.glob("**/history.csv")):
            *run, seed = path.parent.relative_to(models).parts
            last = read_csv(path).ffill().iloc[-1]
            rows.append({"run": "/".join(run), "seed": int(seed.removeprefix("seed")), **last[list(ACCURACIES)]})
        return pd.DataFrame(rows, columns=["run", "seed", *ACCURACIES]).sort_values(["run", "seed"], kind="stable")

    @cached_property
    def similarities(self) -> pd.DataFrame:
        """The similarities of final networks to their references, as the program of that name writes them."""
        tables = [read_csv(path) for path in sorted((self.folder / "similarity" / "runs").glob("**/*.csv"))]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def over_seeds(values: "pd.Series[Any]") -> Estimate:
    """Return the mean of the numbers of the seeds with its 95 % interval by Student's t."""
    return estimate(values.to_numpy(dtype=np.float64))
