"""The multiverse: the verdicts on every claim over all looks at the data, and over the looks with each option."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from repdrift.claims.contrasts import CALIBRATED
from repdrift.claims.looks import ORDER, SPLIT, looks
from repdrift.experiments.grounding.tables import ADVANTAGE
from repdrift.figures import style, verdicts
from repdrift.figures.style import Strip
from repdrift.figures.table import joined, ordered

COLUMNS = (
    "claim", "sentence", "layer", "estimator", "n", "bn", "reduce", "variant", "reference", "sample", "look", "verdict",
)  # fmt: skip
TITLES = {
    "layer": "layer", "estimator": "estimator", "values": "values", "n": "images", "sample": "sample", "bn": "BN",
    "reduce": "reduced", "variant": "network", "reference": "init",
}  # fmt: skip
NUMBERS = ("n", "sample")  # choices whose options are numbers
HATCH, WHITE = "//////", "white"  # of looks that are split
NEVER = "never varied: architecture, learning rate, epochs, training images, seeds"
TEXT, BAR, COUNT = 2.0, 0.7, 0.3  # widths in inches
LINE, TITLE, GAP, SPACE = 0.095, 0.16, 0.09, 0.07  # heights and gaps in inches
INDENT = 0.32  # of the sentences in inches
POINTS = 6.0
ROUNDING = 1e-9  # inches


@dataclass(frozen=True)
class Group:
    """A choice of measurement: its column in the table, and its options."""

    column: str
    options: list[str]

    def width(self, cell: float) -> float:
        """Return the width in inches for cells of this width. It is at least the width of the title."""
        return max(len(self.options) * cell, 1.15 * style.text_width(TITLES[self.column], style.SMALL))

    def label(self, option: str) -> str:
        if self.column == "estimator":
            return verdicts.estimator_label(option)
        return f"{int(option):,}" if self.column == "n" else option


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a row for each claim: the verdicts over all looks and their number, and then the same for each option."""
    table = table.assign(**{name: table[name].map("{:g}".format, na_action="ignore").fillna("") for name in NUMBERS})
    table = with_values(table)
    groups = [Group(column, options(table, column)) for column in TITLES]
    groups = [group for group in groups if len(group.options) > 1]
    claims = {claim: table[table["claim"] == claim] for claim in ordered(table["claim"])}
    sentences = {
        claim: style.wrap(str(rows["sentence"].iloc[0]), TEXT - INDENT - 0.1, POINTS) for claim, rows in claims.items()
    }
    heights = {claim: max(2, text.count("\n") + 1) * LINE + SPACE for claim, text in sentences.items()}
    labels = [group.label(option) for group in groups for option in group.options]
    head = max((style.text_width(label, POINTS) for label in labels), default=0.0) + TITLE + 0.1
    strip = Strip(1, style.wrap(footer(table, groups, network), style.DOUBLE - 0.1, style.TINY))
    height = sum(heights.values())
    figure = style.make_figure(style.DOUBLE, head + height + 0.05, strip)
    axes = verdicts.canvas(figure, height + 0.05, head)
    width = cell_width(groups)
    write_head(axes, groups, head, width)
    top = head
    for claim, rows in claims.items():
        write_claim(axes, claim, sentences[claim], top + heights[claim] / 2)
        draw_claim(axes, rows, groups, (top + 0.02, heights[claim] - 0.04), width)
        top += heights[claim]
    style.legend(axes, handles(), len(ORDER), strip.legend_top)
    return figure


def with_values(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the estimators alone, and a column that says whether their values were calibrated."""
    names = table["estimator"].fillna("")
    values = names.str.endswith(CALIBRATED).map({True: "calibrated", False: "as measured"})
    return table.assign(estimator=names.str.removesuffix(CALIBRATED), values=values.where(names != "", ""))


def handles() -> list[Artist]:
    """Return the entries of the legend."""
    plain = {verdict: Patch(facecolor=colour, label=verdict) for verdict, colour in verdicts.COLOURS.items()}
    split = Patch(facecolor=WHITE, hatch=HATCH, edgecolor=style.GREY, linewidth=0, label="split: its rows disagree")
    return [plain.get(verdict, split) for verdict in ORDER]


def options(table: pd.DataFrame, column: str) -> list[str]:
    """Return the options of a choice in the order of the table. Numbers are sorted.

    Estimators are in the order of their advantage in finding known answers, if the study has them.

    Layers are in the order of the network, which is the order in the claim that has the most.
    """
    if column == "layer":
        layers = [ordered(rows["layer"]) for _, rows in table[table["layer"] != ""].groupby("claim", sort=False)]
        return max(layers, key=len, default=[])
    if column == "estimator" and ADVANTAGE in table:
        table = table.sort_values(ADVANTAGE, ascending=False, kind="stable")
    found = [option for option in ordered(table[column]) if option]
    return sorted(found, key=float) if column in NUMBERS else found


def footer(table: pd.DataFrame, groups: Sequence[Group], network: str) -> str:
    """Return the text of the footer, which explains the bars, and says what varied and what never did."""
    varied = [TITLES[group.column] for group in groups if group.column != "layer"]
    initial = options(table, "reference")
    return joined(
        [
            "bars: verdicts over the distinct looks at the data, and their number; probes that share images, and "
            "estimators that nearly equal each other, are one look",
            "cells, from top to bottom: the same over the looks with one option, for a layer over its contrasts only; "
            "empty: not tried",
            f"varied: {', '.join(varied)}" if varied else "",
            "values: as measured, or calibrated by the null" if len(options(table, "values")) > 1 else "",
            "estimators: from the best to the worst by known answers" if ADVANTAGE in table else "",
            f"init: the {' or an '.join(initial)} initial network" if len(initial) > 1 else "",
            NEVER,
            network,
        ]
    )


def cell_width(groups: Sequence[Group]) -> float:
    """Return the width of a cell in inches, so that all groups fit. A group is at least as wide as its title."""
    free = style.DOUBLE - verdicts.LEFT - TEXT - BAR - COUNT - GAP * (len(groups) + 1)
    cell, by_title = 0.2, [group for group in groups if group.width(0.0) > 0.2 * len(group.options)]
    while sum(group.width(cell) for group in groups) > free + ROUNDING and len(by_title) < len(groups):
        by_cells = [group for group in groups if group not in by_title]
        cell = (free - sum(group.width(0.0) for group in by_title)) / sum(len(group.options) for group in by_cells)
        by_title += [group for group in by_cells if group.width(0.0) > cell * len(group.options)]
    return cell


def lefts(groups: Sequence[Group], width: float) -> list[float]:
    """Return the left edges of the groups in inches."""
    edges, left = [], verdicts.LEFT + TEXT + BAR + COUNT + GAP
    for group in groups:
        edges.append(left)
        left += group.width(width) + GAP
    return edges


def write_head(axes: Axes, groups: Sequence[Group], bottom: float, width: float) -> None:
    axes.text(verdicts.LEFT + TEXT, bottom - 0.03, "all looks", fontsize=style.SMALL, weight="bold", va="bottom")
    for group, left in zip(groups, lefts(groups, width), strict=True):
        axes.text(left, TITLE - 0.03, TITLES[group.column], fontsize=style.SMALL, weight="bold", va="bottom")
        for place, option in enumerate(group.options):
            middle = left + (place + 0.5) * width
            label = group.label(option)
            axes.text(middle, bottom - 0.03, label, fontsize=POINTS, rotation=90, ha="center", va="bottom")


def write_claim(axes: Axes, name: str, sentence: str, middle: float) -> None:
    axes.text(verdicts.LEFT, middle, name, fontsize=style.SMALL, weight="bold", va="center")
    axes.text(verdicts.LEFT + INDENT, middle, sentence, fontsize=POINTS, va="center", linespacing=1.0)


def draw_claim(
    axes: Axes, table: pd.DataFrame, groups: Sequence[Group], place: tuple[float, float], width: float
) -> None:
    """Draw the bars of a claim. `place` is their upper edge and their height in inches."""
    whole = table[table["layer"] == ""]
    count = looks(whole)
    left = verdicts.LEFT + TEXT
    draw_bar(axes, count, (left, place[0]), BAR, place[1])
    right, middle = left + BAR + COUNT - 0.05, place[0] + place[1] / 2
    axes.text(right, middle, str(count.total()), fontsize=POINTS, color="0.3", ha="right", va="center")
    for group, edge in zip(groups, lefts(groups, width), strict=True):
        rows = table[table["layer"] != ""] if group.column == "layer" else whole
        for number, option in enumerate(group.options):
            found = looks(rows[rows[group.column] == option])
            draw_bar(axes, found, (edge + number * width + 0.01, place[0]), width - 0.02, place[1], upright=True)


def draw_bar(
    axes: Axes, count: Counter[str], place: tuple[float, float], width: float, height: float, *, upright: bool = False
) -> None:
    """Draw the shares of the verdicts from left to right, or from top to bottom in narrow bars.

    Nothing is drawn if there are no looks.
    """
    left, top = place
    for verdict in ORDER:
        share = count[verdict] / max(1, count.total())
        if share:
            part = (width, height * share) if upright else (width * share, height)
            colour = verdicts.COLOURS.get(verdict, WHITE)
            verdicts.cell(axes, (left, top), *part, colour, hatch=HATCH if verdict == SPLIT else "")
            left, top = (left, top + part[1]) if upright else (left + part[0], top)
