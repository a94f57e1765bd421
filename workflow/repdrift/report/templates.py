"""The files of the templates of pages.

The Snakefile imports this module, so it needs nothing heavy.
"""

from pathlib import Path

FOLDER = Path(__file__).parent / "page_templates"


def templates() -> list[Path]:
    """List the files of all templates, which include each other by name."""
    return sorted(path for path in FOLDER.iterdir() if path.suffix in (".html", ".css", ".js"))
