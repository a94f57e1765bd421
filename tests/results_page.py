"""Write the tables of docs/results.md from the published tables of the confirmation: `python -m tests.results_page`."""

import re
import tempfile
from pathlib import Path

from repdrift import cli
from tests.checkout import REPOSITORY

PAGE = REPOSITORY / "docs" / "results.md"
STUDY = REPOSITORY / "docs" / "results" / "confirmation"
TABLES = ("validation", "verdicts")


def judged(folder: Path) -> dict[str, str]:
    """Judge the published tables, and return the tables of the page by name."""
    cli.main(["judge", str(STUDY), "--output", str(folder)])
    return {name: (folder / f"{name}.md").read_text(encoding="utf-8") for name in TABLES}


def block(page: str, name: str) -> str:
    """Return what stands on the page between the marks of a table."""
    (found,) = re.findall(rf"<!-- {name} -->\n(.*)<!-- end of {name} -->", page, flags=re.DOTALL)
    return str(found)


def main() -> None:
    page = PAGE.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        for name, table in judged(Path(folder)).items():
            page = page.replace(
                f"<!-- {name} -->\n{block(page, name)}<!-- end of {name} -->",
                f"<!-- {name} -->\n\n{table}\n<!-- end of {name} -->",
            )
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
