"""Write the tables of docs/results.md from the published tables of studies: `python -m tests.results_page`.

On the page a table stands between two marks, such as ``<!-- verdicts of confirmation -->`` and
``<!-- end of verdicts of confirmation -->``. They name a table that `repdrift judge` writes, and a folder in
docs/results.
"""

import re
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from repdrift import cli
from tests.checkout import REPOSITORY

PAGE = REPOSITORY / "docs" / "results.md"
STUDIES = REPOSITORY / "docs" / "results"
MARKED = re.compile(r"(<!-- (\w+) of ([\w-]+) -->\n)(.*?)(\n<!-- end of \2 of \3 -->)", flags=re.DOTALL)


@cache
def judged(study: str) -> dict[str, str]:
    """Judge the published tables of a study, and return the tables that this makes for a page, by name."""
    with tempfile.TemporaryDirectory() as folder:
        cli.main(["judge", str(STUDIES / study), "--output", folder])
        return {path.stem: path.read_text(encoding="utf-8").strip() for path in Path(folder).glob("*.md")}


def tables(page: str) -> Iterator[tuple[str, str, str]]:
    """Yield the study, the name and the text of each marked table of a page."""
    for _, name, study, text, _ in MARKED.findall(page):
        yield study, name, text.strip()


def main() -> None:
    page = PAGE.read_text(encoding="utf-8")
    made = MARKED.sub(lambda found: f"{found[1]}\n{judged(found[3])[found[2]]}\n{found[5]}", page)
    PAGE.write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main()
