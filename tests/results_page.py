"""Write the tables of docs/results.md from the published tables of studies: `python -m tests.results_page`.

On the page a table stands between two marks, such as ``<!-- verdicts of confirmation -->`` and
``<!-- end of verdicts of confirmation -->``. They name a table and the folders in docs/results that it is made from.
`repdrift judge` writes most of these tables; `layers` of two studies and `figure1` of a study are made here.
"""

import re
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pandas as pd

from repdrift import cli
from repdrift.claims import published
from repdrift.claims.markdown import table
from repdrift.claims.numbers import effect_in_words
from repdrift.experiments.drift.validation import ESTIMATOR
from repdrift.provenance.csv_tables import read_csv
from tests.checkout import REPOSITORY

PAGE = REPOSITORY / "docs" / "results.md"
STUDIES = REPOSITORY / "docs" / "results"
FIGURE1 = REPOSITORY / "docs" / "reference" / "goerttler2022-figure1.csv"
MARKED = re.compile(r"(<!-- (\w+) of ([\w -]+) -->\n)(.*?)(\n<!-- end of \2 of \3 -->)", flags=re.DOTALL)
LAYERS = ("pool1", "pool2", "pool3", "pool4", "logits")
MAIN = "cka-debiased"
BY_LAYER = {  # claims about the same contrast in each layer, and the name of that contrast
    "G6": "CKA to initial, d = 0 to 9",
    "G8": "CKA to pre-trained, d = 0 to 9",
    "G10": "CKA to where it began, initial less pre-trained",
    "G11": "CKA to pre-trained, d = 0 to 9",
    "G15": "CKA to initial less to pre-trained",
    "G19": "CKA to initial, d = 0 to 9",
}


@cache
def judged(study: str) -> tuple[dict[str, str], pd.DataFrame]:
    """Judge the published tables of a study.

    The result has the tables that this makes for a page, by name, and the contrasts of the paper's claims.
    """
    with tempfile.TemporaryDirectory() as folder:
        cli.main(["judge", str(STUDIES / study), "--output", folder])
        pages = {path.stem: path.read_text(encoding="utf-8").strip() for path in Path(folder).glob("*.md")}
        return pages, read_csv(Path(folder) / "claims.csv")


def layers(studies: list[str]) -> str:
    """Return a table of the effects in each layer, with a row for each claim and study."""
    rows = []
    for claim, contrast in BY_LAYER.items():
        for study in studies:
            found = judged(study)[1]
            found = found[(found["claim"] == claim) & (found["contrast"] == contrast) & (found["estimator"] == MAIN)]
            numbers = found.set_index("layer")[["effect", "low", "high"]]
            effects = {layer: effect_in_words(*cells, "").strip() for layer, *cells in numbers.itertuples()}
            rows.append((claim, contrast, study, *(effects.get(layer, "") for layer in LAYERS)))
    return table(("claim", "contrast", "study", *LAYERS), rows)


def figure1(study: str) -> str:
    """Return a table of the similarities over epochs, with a row for each epoch: ours, and those behind figure 1."""
    curves = read_csv(STUDIES / study / f"{published.CURVES}.csv.gz")
    curves = curves[(curves["reference"] == "init") & (curves["estimator"] == ESTIMATOR)]
    ours = curves.groupby(["epoch", "layer"])["value"].mean()
    theirs = read_csv(FIGURE1).set_index(["epoch", "layer"])["mean"]
    rows = [
        (str(epoch), *(f"{ours[epoch, layer]:.3f} / {theirs[epoch, layer]:.3f}" for layer in LAYERS))
        for epoch in theirs.index.unique("epoch")
    ]
    return table(("epoch", *LAYERS), rows)


def made(name: str, studies: str) -> str:
    """Return the table that marks name, given the names of its studies."""
    if name == "layers":
        return layers(studies.split(" and ")).strip()
    return figure1(studies).strip() if name == "figure1" else judged(studies)[0][name]


def tables(page: str) -> Iterator[tuple[str, str, str]]:
    """Yield the name, the studies and the text of each marked table of a page."""
    for _, name, studies, text, _ in MARKED.findall(page):
        yield name, studies, text.strip()


def main() -> None:
    page = PAGE.read_text(encoding="utf-8")
    written = MARKED.sub(lambda found: f"{found[1]}\n{made(found[2], found[3])}\n{found[5]}", page)
    PAGE.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()
