"""Reading of tables: names that look like numbers or like missing values stay names."""

import pandas as pd
import pytest

from repdrift.claims.judging import read
from repdrift.provenance.artifacts import write_csv
from repdrift.provenance.csv_tables import read_csv

NAMES = ["NA", "null", "nan", "None", "N/A", "#N/A", "", "2024", "1e3", "inf", "True", "-0"]


@pytest.mark.parametrize("writer", ["csv", "pandas"])
def test_names_stay_as_they_are_and_numbers_are_numbers(writer, tmp_path):
    rows = [{"run": name, "series": name, "seed": 1, "value": float("nan")} for name in NAMES]
    rows[0]["value"] = 0.1
    path = tmp_path / "table.csv"
    if writer == "csv":
        write_csv(path, rows, list(rows[0]))
    else:
        pd.DataFrame(rows).to_csv(path, index=False)
    table = read_csv(path)
    assert list(table["run"]) == list(table["series"]) == NAMES
    assert table["value"].dtype == float
    assert list(table["value"].notna()) == [True] + [False] * (len(NAMES) - 1)
    assert table["seed"].dtype == int
    assert list(read([path])["run"]) == NAMES


def test_columns_that_only_one_experiment_has_can_be_named_as_texts(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("kind,value\n1,2\n,\n")
    table = read_csv(path, ["kind"])
    assert list(table["kind"]) == ["1", ""]
    assert list(table["value"].isna()) == [False, True]
