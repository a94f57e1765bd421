"""What the package offers to who imports it: names, types of errors, time of import, and processes of any kind."""

import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
import torch
from tests.checkout import REPOSITORY

import repdrift
from repdrift.comparison.comparing import DEFAULT
from repdrift.similarity import linear_cka
from repdrift.similarity.registry import ESTIMATORS

NOTEBOOKS = "module://matplotlib_inline.backend_inline"


def test_what_is_offered_is_there_and_listed():
    assert sorted(repdrift.OFFERED) == sorted(repdrift.__all__)
    assert set(repdrift.__all__) <= set(dir(repdrift))
    for name in repdrift.__all__:
        assert getattr(repdrift, name) is not None
    assert repdrift.ESTIMATORS is ESTIMATORS and set(DEFAULT) <= set(ESTIMATORS)
    with pytest.raises(AttributeError, match="module repdrift has no attribute nix"):
        _ = repdrift.nix


def test_the_package_is_imported_without_anything_heavy():
    lines = (
        "import repdrift, sys; print(*(name for name in ('torch', 'pandas', 'numpy', 'scipy') if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == ""


def test_a_notebook_shows_the_table_and_the_heatmap(monkeypatch):
    monkeypatch.delenv("MPLBACKEND", raising=False)  # other tests have imported our figures, which are drawn to files
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    lines = [
        "import repdrift, numpy; x = numpy.random.rand(9, 3); found = repdrift.compare(x, x); found",
        "found.heatmap()",
        "import matplotlib.pyplot; matplotlib.pyplot.plot([1, 2]);",  # pictures of others are shown as before
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(line) for line in lines])
    nbclient.NotebookClient(notebook, timeout=200, kernel_name="python3").execute()
    kinds = [{kind for output in cell.outputs for kind in output.get("data", ())} for cell in notebook.cells]
    assert "text/html" in kinds[0] and "image/png" in kinds[1] and "image/png" in kinds[2]


@pytest.mark.parametrize("name", ["biased", "debiased"])
def test_linear_cka_takes_the_names_of_the_registry_and_the_shorter_ones(name):
    x, y = torch.rand(10, 4), torch.rand(10, 3)
    assert linear_cka(x, y, estimator=f"cka-{name}") == linear_cka(x, y, estimator=name)
    with pytest.raises(ValueError, match="estimator 'cka': use one of cka-biased, cka-debiased"):
        linear_cka(x, y, estimator="cka")


def compared(seed):
    x = np.random.default_rng(seed).normal(size=(30, 5))
    options = {"estimators": ["cka-debiased", "procrustes"], "permutations": 5}
    return repdrift.compare({"u": x, "v": x**2}, {"u": x + 1}, **options).table


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_comparisons_run_in_processes_of_either_kind(start):
    context = multiprocessing.get_context(start)
    with ProcessPoolExecutor(1, mp_context=context) as processes:
        found = list(processes.map(compared, [1, 2], timeout=200))
    assert all(table.equals(compared(seed)) for table, seed in zip(found, [1, 2], strict=True))


def block_of_readme(heading):
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    return text.partition(f"## {heading}")[2].partition("```python\n")[2].partition("```")[0]


def test_the_lines_of_the_readme_run_as_printed(tmp_path, monkeypatch):
    lines = block_of_readme("Compare two models in three lines")
    assert len([line for line in lines.splitlines() if line and not line.startswith(("import", "from"))]) == 3
    monkeypatch.chdir(tmp_path)
    exec(lines, {})
    assert (tmp_path / "heatmap.png").stat().st_size > 10_000


def test_files_and_page_of_a_comparison(tmp_path, monkeypatch):
    # A shell that a notebook starts has the backend of the notebook in its environment.
    monkeypatch.setenv("MPLBACKEND", NOTEBOOKS)
    x = np.random.default_rng(0).normal(size=(30, 5))
    names = ["cka-debiased", "procrustes"]
    found = repdrift.compare({"u": x, "<v>": x**2}, {"u": x + 1}, estimators=names, names=("A & B", "US$ and $"))
    written = found.save(tmp_path / "new" / "folder")
    pictures = [f"{stem}.{ending}" for stem in ("heatmap", "heatmap-procrustes") for ending in ("png", "svg", "pdf")]
    assert sorted(path.name for path in written) == sorted(["table.csv", *pictures])
    assert all(path.stat().st_size > 100 for path in written)
    assert os.environ["MPLBACKEND"] == NOTEBOOKS
    page = found._repr_html_()
    assert "A &amp; B" in page and "&lt;v&gt;" in page and page.count("<tr") == 5
    assert "1.0000" in repr(found) and "30 images" in repr(found)
    axes, bar = found.heatmap("procrustes").axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["u", "<v>"]
    assert (axes.get_ylabel(), bar.get_ylabel()) == ("A & B", "Procrustes")
    assert next(text.get_text() for text in axes.texts) == "1"
    with pytest.raises(ValueError, match="the comparison has no estimator 'svcca'; it has cka-debiased, procrustes"):
        found.heatmap("svcca")


def test_a_comparison_needs_no_extra_and_its_heatmap_names_the_one_that_it_needs(tmp_path):
    (tmp_path / "seaborn.py").write_text("raise ModuleNotFoundError('no seaborn', name='seaborn')\n")
    lines = """
import repdrift, numpy, sys
x = numpy.random.rand(9, 3)
found = repdrift.compare(x, x)
assert not {"matplotlib", "seaborn", "torchvision", "snakemake", "jsonschema", "psutil"} & set(sys.modules)
found.save("out")
"""
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{REPOSITORY / 'workflow'}"}
    command = [sys.executable, "-c", lines]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].endswith(
        'UserError: a heatmap needs the package seaborn, which is not installed: pip install "repdrift[plots]"'
    )
    assert (tmp_path / "out" / "table.csv").exists()
