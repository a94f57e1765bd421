"""The notebook in docs/notebooks is run from its first cell to its last, and says what is true."""

from io import StringIO

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient
from tests.checkout import REPOSITORY

NOTEBOOK = REPOSITORY / "docs" / "notebooks" / "compare.ipynb"
SHOW_CHANGE = "print(change.table.to_csv(index=False))"  # a cell that is added for the test


@pytest.fixture(scope="module")
def written():
    return nbformat.read(NOTEBOOK, as_version=4)


def test_no_outputs_are_kept(written):
    code = [cell for cell in written.cells if cell.cell_type == "code"]
    assert [cell for cell in code if cell.outputs or cell.execution_count] == []


def test_the_notebook_runs_and_says_what_is_true(written, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY / "workflow"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.delenv("MPLBACKEND", raising=False)  # other tests have imported our figures, which are drawn to files
    cells = [*written.cells, nbformat.v4.new_code_cell(SHOW_CHANGE)]
    notebook = nbformat.from_dict(written | {"cells": cells})
    NotebookClient(notebook, timeout=900, resources={"metadata": {"path": str(NOTEBOOK.parent)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == 2  # the heatmap and the change of each layer
    change = pd.read_csv(StringIO(outputs[-1].text))["value"]
    assert change[0] == pytest.approx(1, abs=0.01)
    assert change[0] > change[3] > change[5] > max(change[6:])  # "changes the last layers most"
