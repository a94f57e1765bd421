"""The figure of several studies: for each claim, one effect in every study, in units of its margin."""

import math
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from repdrift.claims.numbers import effect_in_words
from repdrift.claims.rule import CONFIDENCE
from repdrift.figures import style, verdicts
from repdrift.figures.forest_places import Places, places
from repdrift.figures.margins import BAND, HEAD, TALLEST, Scale, attributed, draw_head, draw_interval, drawn_margin
from repdrift.figures.style import Strip
from repdrift.figures.table import joined, ordered

COLUMNS = (
    "claim", "sentence", "origin", "series", "images", "contrast", "layer", "seeds", "effect", "low", "high", "margin",
    "unit", "verdict",
)  # fmt: skip
LINE, SPACE = 0.105, 0.05  # heights in inches of a row, and of what is between two claims
SENTENCE = 6.0  # font size of sentences in points; all other text has the size TINY
MARK = 4.0  # size of the marks in points
LAYER = 0.65  # width in inches of the names of layers, between the sentences and the plot


@dataclass(frozen=True)
class Claim:
    """A claim with a row of the table for each study that has an effect of it, and its sentence in lines."""

    name: str
    sentence: str
    rows: list[dict[str, Any]]
    stacked: bool

    @property
    def head(self) -> float:
        """The height in inches of the lines above the rows. Beside the plot, sentences need none of their own."""
        return LINE * (self.sentence.count("\n") + 1) if self.stacked else 0.0

    @property
    def height(self) -> float:
        return SPACE + max(self.head + LINE * len(self.rows), LINE * (self.sentence.count("\n") + 1))

    @property
    def differs(self) -> bool:
        """Whether two effects differ by the margin at least."""
        effects = [row["effect"] for row in self.rows]
        return bool(max(effects) - min(effects) >= drawn_margin(self.rows[0]["margin"], self.rows[0]["unit"]))

    @property
    def mark(self) -> str:
        """What is added to the name of a claim whose rows have different contrasts."""
        return "*" if len({(row["contrast"], row["layer"]) for row in self.rows}) > 1 else ""


def claims_of(table: pd.DataFrame, at: Places) -> list[Claim]:
    """Return the claims of a table in its order."""
    width = at.sentence_width if at.stacked else at.plot - LAYER - at.sentence
    found = []
    for name in ordered(table["claim"]):
        rows: list[dict[str, Any]] = [dict(row) for _, row in table[table["claim"] == name].iterrows()]
        sentence = style.wrap(attributed(rows[0]["sentence"], rows[0]["origin"]), width, SENTENCE)
        found.append(Claim(name, sentence, rows, at.stacked))
    return found


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a row for each claim and study. The marker tells the study, and the colour its verdict.

    If this is higher than a page, claims whose effects differ by less than the margin are left out, unless these are
    all. (Verdicts would not do: a study with few seeds has none.)
    """
    at = places()
    studies = ordered(table["series"])
    shapes = dict(zip(studies, cycle(style.MARKERS), strict=False))
    scale = Scale.of(table, at)
    claims = claims_of(table, at)
    fits = HEAD + sum(one.height for one in claims) <= TALLEST
    shown = claims if fits else [one for one in claims if one.differs] or claims
    look: dict[str, Any] = {"linestyle": "none", "markerfacecolor": "0.5", "markeredgecolor": "0.3"}
    regimes = dict(zip(table["series"], table["images"], strict=True))
    marks = [Line2D([], [], marker=shapes[name], label=f"{name} ({regimes[name]})", **look) for name in studies]
    handles = [*marks, *verdicts.handles(), Patch(color=BAND, label="within the margin")]
    columns = style.legend_columns([str(handle.get_label()) for handle in handles], at.width - 0.2)
    left_out = len(claims) - len(shown)
    text = joined(
        [
            f"effects with {CONFIDENCE:.0%} intervals and their verdicts; one contrast in all studies that have it",
            "*: the studies have no such contrast in common" if any(one.mark for one in shown) else "",
            f"{left_out} claims whose effects differ by less than the margin are left out" if left_out else "",
            network,
        ]
    )
    strip = Strip(math.ceil(len(handles) / columns), style.wrap(text, at.width - 0.1, style.TINY))
    height = sum(one.height for one in shown)
    figure = style.make_figure(at.width, HEAD + height, strip)
    axes = verdicts.canvas(figure, height, HEAD)
    draw_head(axes, scale, HEAD + height)
    top = HEAD
    for number, claim in enumerate(shown):
        draw_claim(axes, claim, scale, shapes, top, shaded=number % 2 == 1)
        top += claim.height
    style.legend(axes, handles, columns, strip.legend_top)
    return figure


def draw_claim(axes: Axes, claim: Claim, scale: Scale, shapes: dict[str, str], top: float, *, shaded: bool) -> None:
    """Draw a claim, whose upper edge is `top` inches from the top. Every other claim is shaded."""
    at = scale.places
    ground = "0.965" if shaded else "white"
    verdicts.cell(axes, (verdicts.LEFT, top), at.width, claim.height, ground, zorder=0.1)
    if claim.stacked:  # the lines of the axis do not cross the sentence
        verdicts.cell(axes, (verdicts.LEFT, top), at.width, claim.head, ground, zorder=0.8)
    top += SPACE / 2
    axes.text(verdicts.LEFT + 0.02, top, claim.name + claim.mark, fontsize=SENTENCE, weight="bold", va="top")
    axes.text(at.sentence, top, claim.sentence, fontsize=SENTENCE, va="top", linespacing=1.1)
    top += claim.head
    if claim.rows[0]["margin"] > 0:
        left, right = scale.place(-1), scale.place(1)
        verdicts.cell(axes, (left, top), right - left, LINE * len(claim.rows), BAND, zorder=0.2)
    for number, row in enumerate(claim.rows):
        draw_row(axes, row, scale, shapes[row["series"]], top + LINE * (number + 0.5))


def draw_row(axes: Axes, row: dict[str, Any], scale: Scale, shape: str, y: float) -> None:
    """Draw the effect of a claim in a study, with its interval, its number and its layer."""
    at = scale.places
    margin = drawn_margin(row["margin"], row["unit"])
    ink = verdicts.INK[row["verdict"]]
    if not math.isnan(row["low"]):
        limits = (row["low"] / margin, row["high"] / margin)
        draw_interval(axes, scale, limits, y, color=ink, linewidth=0.9, zorder=4)
    colour = verdicts.shade(row["verdict"], row["effect"], row["margin"])
    look: dict[str, Any] = {"markerfacecolor": colour, "markeredgecolor": ink, "markeredgewidth": 0.5, "zorder": 5}
    axes.plot([scale.place(row["effect"] / margin)], [y], marker=shape, markersize=MARK, label=row["series"], **look)
    words = effect_in_words(row["effect"], row["low"], row["high"], row["unit"])
    text: dict[str, Any] = {"fontsize": style.TINY, "va": "center"}
    axes.text(at.numbers, y, words, color=ink, **text)
    if not at.stacked:  # a narrow figure has no room for layers; its table has them
        axes.text(at.plot - 0.06, y, row["layer"], color=style.GREY, ha="right", **text)
