"""Figures: what each one shows, which tables it is drawn from, and its caption.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Series:
    """A line of a panel: a run (its similarity to a reference, or its history) and its label."""

    label: str
    run: str
    reference: str


@dataclass(frozen=True)
class Panel:
    """One pair of axes of a figure."""

    title: str
    series: tuple[Series, ...]


@dataclass(frozen=True)
class Figure:
    """A figure of a study. Its name is the name of its target and of its files.

    Attributes
    ----------
    name, title : str
        The title is what the report calls it.
    drawing : str
        Name of the module that draws it, see `repdrift.figures`.
    network : str
        The networks in words, for the footer.
    rows : mapping of str to mapping
        The tables that its own table is collected from, and the columns that are added to the rows of each. Empty for a
        figure whose table a program of its own makes.
    panels : sequence of Panel
        Which of these rows it shows; empty for all of them.
    caption_file : Path
        A text with the names of phrases in braces.
    phrases : mapping of str to str
        What stands in their places: they say which images, settings and seeds this study has.
    """

    name: str
    title: str
    drawing: str
    network: str
    rows: Mapping[str, Mapping[str, object]]
    panels: Sequence[Panel]
    caption_file: Path
    phrases: Mapping[str, str]

    @property
    def caption(self) -> str:
        """The caption in whole sentences, without the title."""
        text = self.caption_file.read_text(encoding="utf-8")
        return " ".join(text.format_map(self.phrases).split())

    @property
    def runs(self) -> list[str]:
        """Names of the runs that its panels show, each once, in order."""
        return list(dict.fromkeys(series.run for panel in self.panels for series in panel.series))
