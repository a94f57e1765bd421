"""The figure of the claims: a forest plot of the effects of all contrasts that decide, in units of their margins."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from repdrift.claims.contrasts import CALIBRATED
from repdrift.claims.numbers import effect_in_words
from repdrift.claims.rule import CONFIDENCE, MIN_SEEDS, UNDECIDED
from repdrift.claims.verdict import seeds_in_words, together
from repdrift.figures import style, verdicts
from repdrift.figures.colours import Colour
from repdrift.figures.forest import Claim, Effect, Row, claims_in
from repdrift.figures.forest_places import Places, places
from repdrift.figures.margins import BAND, EQUAL, HEAD, TALLEST, Scale, attributed, draw_head, draw_interval
from repdrift.figures.style import Strip, mixed
from repdrift.figures.table import joined, ordered
from repdrift.similarity.choice import main_estimator

COLUMNS = (
    "claim", "sentence", "origin", "contrast", "layer", "decides", "needs", "estimator", "seeds", "effect", "low",
    "high", "margin", "unit", "equal", "p", "verdict",
)  # fmt: skip
CLAIM, LINE, SPACE = 0.117, 0.097, 0.024  # heights in inches
MOST = 8  # the most rows of a claim if not all contrasts fit on the page
SENTENCE = 6.5  # font size of sentences in points; all other text has the size TINY
SHAPES = ("o", "s", "^", "D")  # the estimators
TICK: dict[str, Any] = {"marker": "|", "markersize": 4.0, "markeredgewidth": 0.6, "color": "0.6", "zorder": 1.5}
LARGE, LITTLE = 4.0, 2.4  # sizes in points of the markers of the main estimator and of the others
ASIDE = 0.026  # distance in inches of the other estimators from the middle of a row
BESIDE, NO_ESTIMATOR = "beside", "measured"  # labels of marks on the row of another contrast, and without an estimator


@dataclass(frozen=True)
class Forest:
    """The figure: its claims, main estimators and horizontal axis, and the usual number of seeds."""

    claims: list[Claim]
    estimators: list[str]
    scale: Scale
    seeds: int

    @property
    def main(self) -> str:
        """The estimator whose numbers are written; empty if there is none."""
        return main_estimator(self.estimators) if self.estimators else ""

    @property
    def places(self) -> Places:
        return self.scale.places

    def shape(self, estimator: str) -> str:
        names = sorted(self.estimators, key=lambda name: name != self.main)
        plain = estimator.removesuffix(CALIBRATED)
        return SHAPES[names.index(plain) % len(SHAPES)] if plain in names else SHAPES[0]

    def texts(self, row: Row) -> tuple[str, str]:
        """Return the label of a row, and its number, both broken into lines."""
        one = row.main
        words = effect_in_words(one.effect, one.low, one.high, one.unit)
        words += "" if one.seeds == self.seeds else f", n = {one.seeds}"
        label = style.wrap(row.label, self.places.label_width, style.TINY)
        return label, style.wrap(words, self.places.width - self.places.numbers - 0.02, style.TINY)

    def lines(self, row: Row) -> int:
        """Return the number of lines of a row."""
        label, words = (text.count("\n") + 1 for text in self.texts(row))
        return label + words if self.places.stacked else max(label, words)

    def head_height(self, claim: Claim) -> float:
        """Return the height in inches of the sentence of a claim and of its verdict."""
        lines = sentence(claim, self.places).count("\n") + self.places.stacked
        return CLAIM + LINE * lines

    @property
    def height(self) -> float:
        """The height in inches of all claims."""
        lines = [self.lines(row) for claim in self.claims for row in claim.rows]
        heads = [self.head_height(claim) + SPACE for claim in self.claims]
        return LINE * sum(lines) + sum(heads) + 0.04


def sentence(claim: Claim, places: Places) -> str:
    """Return the sentence of a claim, and who makes it if the paper does not, broken into lines."""
    return style.wrap(attributed(claim.sentence, claim.origin), places.sentence_width, SENTENCE)


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a heading with the verdict for each claim, and a row for each contrast that decides.

    If this is higher than a page, contrasts that differ in nothing but their layer or target share a row, and then
    claims have fewer rows, see `repdrift.figures.forest.claims_in`.
    """
    names = [name for name in ordered(table["estimator"]) if name and not name.endswith(CALIBRATED)]
    main = main_estimator(names) if names else ""
    columns_at = places()
    scale = Scale.of(table, columns_at)
    handles = legend_handles(table, names, main)
    columns = style.legend_columns([str(handle.get_label()) for handle in handles], columns_at.width - 0.2)
    every = len(table)
    for most in (every, *range(MOST, 0, -1)):
        forest = Forest(list(claims_in(table, main, most)), names, scale, int(table["seeds"].mode().iloc[0]))
        text = style.wrap(footer(forest, network, folded=most < every), columns_at.width - 0.1, style.TINY)
        strip = Strip(math.ceil(len(handles) / columns), text)
        if HEAD + forest.height + strip.height <= TALLEST:
            break
    figure = style.make_figure(columns_at.width, HEAD + forest.height, strip)
    axes = verdicts.canvas(figure, forest.height, HEAD)
    draw_head(axes, scale, HEAD + forest.height)
    top = HEAD
    for claim in forest.claims:
        top = draw_claim(axes, claim, forest, top + SPACE)
    style.legend(axes, handles, columns, strip.legend_top)
    return figure


def footer(forest: Forest, network: str, *, folded: bool) -> str:
    """Return the text of the footer, which explains the marks."""
    numbers = f", numbers by {verdicts.estimator_label(forest.main)}" if forest.main else ""
    few = "" if forest.seeds >= MIN_SEEDS else f" (no verdict, which needs at least {MIN_SEEDS})"
    return joined(
        [
            f"{seeds_in_words(forest.seeds)}{few}, effects with {CONFIDENCE:.0%} intervals, paler if smaller{numbers}",
            "a row for several layers or targets shows the one that the verdict hangs on, and small points for the "
            "others"
            if folded
            else "",
            "grey ticks do not decide",
            network,
        ]
    )


def legend_handles(table: pd.DataFrame, estimators: Sequence[str], main: str) -> list[Artist]:
    """Return the entries of the legend: the verdicts, the margin and the estimators."""
    found: list[Artist] = [*verdicts.handles(), Patch(color=BAND, label="within the margin")]
    if (table["equal"] == 1).any():
        found.append(Patch(color=EQUAL, label="within it, as claimed"))
    look: dict[str, Any] = {"linestyle": "none", "markeredgecolor": "0.3", "markeredgewidth": 0.5}
    if len(estimators) > 1:
        for name, shape in zip(sorted(estimators, key=lambda name: name != main), SHAPES, strict=False):
            label = verdicts.estimator_label(name)
            found.append(Line2D([], [], marker=shape, label=label, markerfacecolor="0.5", **look))
    if table["estimator"].str.endswith(CALIBRATED).any():
        found.append(Line2D([], [], marker=SHAPES[0], label="calibrated", markerfacecolor="white", **look))
    return found


def draw_claim(axes: Axes, claim: Claim, forest: Forest, top: float) -> float:
    """Draw a claim and its rows, and return the position of their lower edge in inches from the top."""
    at = forest.places
    words = sentence(claim, at)
    height, middle = forest.head_height(claim), top + CLAIM / 2
    # The lines of the axis end at a sentence, which may reach over them.
    reach = (at.width if at.stacked else at.numbers - 0.05) - verdicts.LEFT
    verdicts.cell(axes, (verdicts.LEFT, top), reach, height, "white", zorder=0.8)
    bold: dict[str, Any] = {"fontsize": SENTENCE, "weight": "bold", "va": "center_baseline"}
    axes.text(verdicts.LEFT, middle, claim.name, **bold)
    below = LINE if at.stacked else 0.0  # the verdict stands beside the name of the claim then
    verdict_left = at.sentence if at.stacked else at.numbers
    axes.text(at.sentence, top + below + 0.02, words, fontsize=SENTENCE, va="top", linespacing=1.1)
    by = {estimator: together(found, claim.needs) for estimator, found in claim.verdicts.items()}
    verdict = by.get(forest.main) or next(iter(by.values()), UNDECIDED)
    # With too few seeds no claim has a verdict, which the footer says once.
    if forest.seeds >= MIN_SEEDS:
        axes.text(verdict_left, middle, verdict, color=verdicts.INK[verdict], **bold)
    if len(by) > 1 and forest.seeds >= MIN_SEEDS:
        left = verdict_left + style.text_width(verdict, SENTENCE) * 1.15 + 0.1
        for place, (estimator, each) in enumerate(by.items()):
            looks = look_of(estimator, mixed(verdicts.COLOURS[each], "white", 0.0), each, forest)
            axes.plot([left + 0.085 * place], [middle], markersize=LARGE, **looks)
    top += height
    for row in claim.rows:
        top = draw_row(axes, row, forest, top)
    return top


def draw_row(axes: Axes, row: Row, forest: Forest, top: float) -> float:
    """Draw the label, the marks and the number of a row, and return the position of its lower edge."""
    label, words = forest.texts(row)
    at = forest.places
    of_label = top + LINE * (label.count("\n") + 1) / 2
    if at.stacked:
        # The lines of the axis do not cross the label.
        verdicts.cell(axes, (verdicts.LEFT, top), at.width, LINE * (label.count("\n") + 1), "white", zorder=0.8)
        top += LINE * (label.count("\n") + 1)
    height = LINE * (words.count("\n") + 1 if at.stacked else forest.lines(row))
    middle = top + height / 2
    if row.main.margin > 0:
        left, right = forest.scale.place(-1), forest.scale.place(1)
        verdicts.cell(axes, (left, top), right - left, height, EQUAL if row.main.equal else BAND, zorder=0.2)
    text: dict[str, Any] = {"fontsize": style.TINY, "va": "center", "linespacing": 1.05}
    axes.text(at.indent, of_label if at.stacked else middle, label, color="0.3", **text)
    axes.text(at.numbers, middle, words, color="0.1", **text)
    for one in row.beside:
        draw_beside(axes, one, forest, middle)
    for one in reversed(row.effects):  # the main estimator comes last, on top of the others
        draw_effect(axes, one, forest, middle, main=one is row.main)
    return top + height


def draw_effect(axes: Axes, one: Effect, forest: Forest, middle: float, *, main: bool) -> None:
    """Draw an effect with its interval. It is smaller, and above or below the middle, if it is not the main one."""
    if math.isnan(one.effect):
        return
    y = middle if main else middle + (-ASIDE if one.estimator.endswith(CALIBRATED) else ASIDE)
    scale, width, order = forest.scale, 0.9 if main else 0.5, 5.0 if main else 2.5
    if not math.isnan(one.low):
        ink = mixed(verdicts.INK[one.verdict], "white", 0.0 if main else 0.55)
        limits = (one.in_margins(one.low), one.in_margins(one.high))
        draw_interval(axes, scale, limits, y, color=ink, linewidth=width, zorder=order)
    colour = verdicts.shade(one.verdict, one.effect, one.margin, equal=one.equal)
    looks = look_of(one.estimator, colour, one.verdict, forest)
    axes.plot([scale.place(one.in_margins(one.effect))], [y], markersize=LARGE if main else LITTLE, **looks)


def look_of(estimator: str, colour: Colour, verdict: str, forest: Forest) -> dict[str, Any]:
    """Return the look of the marker of an estimator. That of calibrated values is nearly hollow."""
    calibrated = estimator.endswith(CALIBRATED)
    return {
        "marker": forest.shape(estimator),
        "markerfacecolor": mixed(colour, "white", 0.75) if calibrated else colour,
        "markeredgecolor": colour if calibrated else verdicts.INK[verdict],
        "markeredgewidth": 0.5,
        "linestyle": "none",
        "zorder": 4,
        "label": estimator or NO_ESTIMATOR,
    }


def draw_beside(axes: Axes, one: Effect, forest: Forest, middle: float) -> None:
    """Draw a contrast without a row: a small point coloured by its verdict, or a grey tick if it does not decide."""
    if math.isnan(one.effect):
        return
    colour = verdicts.shade(one.verdict, one.effect, one.margin, equal=one.equal)
    point = {"marker": "o", "markersize": 2.2, "markeredgecolor": verdicts.INK[one.verdict], "markeredgewidth": 0.3}
    look: dict[str, Any] = {"color": colour, "zorder": 3.5, **point} if one.decides else TICK
    axes.plot([forest.scale.place(one.in_margins(one.effect))], [middle], linestyle="none", label=BESIDE, **look)
