"""Figures: what each one shows, the tables that it is drawn from, and its caption.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Series:
    """A line of a panel: its label, and the run whose similarity to a reference, or whose history, it shows."""

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
    """A figure of a study.

    Attributes
    ----------
    name : str
        The name of its target and of its files.
    title : str
        Its title in the report.
    drawing : str
        Name of the module that draws it, see `repdrift.figures`.
    network : str
        The networks in words, for the footer.
    rows : mapping of str to mapping
        Paths of the tables whose rows its own table consists of, with the columns that are added to the rows of each.
        It is empty if a program of its own makes the table.
    panels : sequence of Panel
        The panels, which select rows of the table. If there are none, the figure shows all rows.
    caption_file : Path
        The caption, with the names of phrases in braces.
    phrases : mapping of str to str
        The texts that replace these names. They name the images, settings and seeds of this study.
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
        """The names of the runs that its panels show, in order and without repetition."""
        return list(dict.fromkeys(series.run for panel in self.panels for series in panel.series))
