"""The rendering of pages from their templates."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2

from repdrift.figures.verdicts import COLOURS

DARK, WHITE = "#262626", "#ffffff"  # letters on the colours of verdicts
LETTERS = {"supported": WHITE, "negligible": DARK, "undecided": DARK, "contradicted": WHITE}


def render(templates: Sequence[Path], page: str, **shown: Any) -> str:  # noqa: ANN401  whatever a template shows
    """Return a page.

    Parameters
    ----------
    templates : sequence of Path
        The files of all templates, which include each other by name.
    page : str
        The name of the page's own template.
    **shown
        What the template shows.
    """
    texts = {path.name: path.read_text(encoding="utf-8") for path in templates}
    environment = jinja2.Environment(
        loader=jinja2.DictLoader(texts), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    return environment.get_template(page).render(colours=COLOURS, letters=LETTERS, **shown)
