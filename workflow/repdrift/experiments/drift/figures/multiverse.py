"""The multiverse: the verdicts on every claim over all looks at the data, and over the looks with each option."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from repdrift.claims.contrasts import CALIBRATED
from repdrift.claims.looks import ORDER, SPLIT, looks
from repdrift.experiments.grounding.tables import ADVANTAGE
from repdrift.figures import style, venue, verdicts
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
LEAST_CELL = 0.1  # inches that an option needs, whose label is turned by 90 degrees


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


@dataclass(frozen=True)
class Block:
    """A row for each claim, with some of the groups. The first block has the sentences and the bars of all looks."""

    groups: Sequence[Group]
    with_sentences: bool

    @property
    def bar(self) -> float:
        """The left edge in inches of the bars of all looks."""
        text = venue.double() - verdicts.LEFT - BAR - COUNT if venue.is_narrow() else TEXT
        return verdicts.LEFT + text

    @property
    def first(self) -> float:
        """The left edge in inches of the space for the groups."""
        return self.bar + BAR + COUNT if self.with_sentences else verdicts.LEFT + INDENT

    @property
    def cell(self) -> float:
        """The width of a cell in inches."""
        return cell_width(self.groups, venue.double() - self.first)

    @property
    def lefts(self) -> list[float]:
        """The left edges of the groups in inches."""
        edges, left = [], self.first + GAP
        for group in self.groups:
            edges.append(left)
            left += group.width(self.cell) + GAP
        return edges

    @property
    def head(self) -> float:
        """The height in inches of the titles and of the options."""
        labels = [group.label(option) for group in self.groups for option in group.options]
        return max((style.text_width(label, POINTS) for label in labels), default=0.0) + TITLE + 0.1

    def sentence(self, rows: pd.DataFrame) -> str:
        """Return the sentence of a claim, broken into lines, or nothing if the block has none."""
        text = str(rows["sentence"].iloc[0]) if self.with_sentences else ""
        return style.wrap(text, self.bar - verdicts.LEFT - INDENT - 0.1, POINTS)

    def shows(self, rows: pd.DataFrame) -> bool:
        """Return whether a claim was looked at with an option of the block."""
        return self.with_sentences or any(rows[group.column].isin(group.options).any() for group in self.groups)

    def heights(self, claims: Mapping[str, pd.DataFrame]) -> dict[str, float]:
        """Return the height in inches of the row of each claim that the block shows."""
        shown = {claim: rows for claim, rows in claims.items() if self.shows(rows)}
        lines = {claim: self.sentence(rows).count("\n") + 1 for claim, rows in shown.items()}
        least = 2 if self.with_sentences else 1
        return {claim: max(least, count) * LINE + SPACE for claim, count in lines.items()}


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a row for each claim: the verdicts over all looks and their number, and then the same for each option."""
    table = table.assign(**{name: table[name].map("{:g}".format, na_action="ignore").fillna("") for name in NUMBERS})
    table = with_values(table)
    groups = [Group(column, options(table, column)) for column in TITLES]
    groups = [group for group in groups if len(group.options) > 1]
    claims = {claim: table[table["claim"] == claim] for claim in ordered(table["claim"])}
    blocks = [Block(part, with_sentences=place == 0) for place, part in enumerate(parts(groups))]
    heights = [block.heights(claims) for block in blocks]
    labels = style.legend_columns([str(handle.get_label()) for handle in handles()], venue.double() - 0.1)
    strip = Strip(
        math.ceil(len(ORDER) / labels), style.wrap(footer(table, groups, network), venue.double() - 0.1, style.TINY)
    )
    whole = sum(block.head + sum(each.values()) + 0.05 for block, each in zip(blocks, heights, strict=True))
    figure = style.make_figure(venue.double(), whole, strip)
    axes = verdicts.canvas(figure, whole - blocks[0].head, blocks[0].head)
    top = 0.0
    for block, each in zip(blocks, heights, strict=True):
        write_head(axes, block, top)
        top += block.head
        for claim, height in each.items():
            write_claim(axes, claim, block.sentence(claims[claim]), top + height / 2)
            draw_claim(axes, claims[claim], block, (top + 0.02, height - 0.04))
            top += height
        top += 0.05
    style.legend(axes, handles(), labels, strip.legend_top)
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


def parts(groups: Sequence[Group]) -> list[list[Group]]:
    """Return the groups of each block. In a narrow figure, the first has none, and the others have those that fit."""
    if not venue.is_narrow():
        return [list(groups)]
    found: list[list[Group]] = [[]]
    free = 0.0
    for group in groups:
        needed = group.width(LEAST_CELL) + GAP
        if needed > free:
            found.append([])
            free = venue.double() - verdicts.LEFT - INDENT - GAP
        found[-1].append(group)
        free -= needed
    return found


def cell_width(groups: Sequence[Group], free: float) -> float:
    """Return the width of a cell in inches, so that all groups fit. A group is at least as wide as its title."""
    free -= GAP * (len(groups) + 1)
    cell, by_title = 0.2, [group for group in groups if group.width(0.0) > 0.2 * len(group.options)]
    while sum(group.width(cell) for group in groups) > free + ROUNDING and len(by_title) < len(groups):
        by_cells = [group for group in groups if group not in by_title]
        cell = (free - sum(group.width(0.0) for group in by_title)) / sum(len(group.options) for group in by_cells)
        by_title += [group for group in by_cells if group.width(0.0) > cell * len(group.options)]
    return cell


def write_head(axes: Axes, block: Block, top: float) -> None:
    bottom = top + block.head
    if block.with_sentences:
        axes.text(block.bar, bottom - 0.03, "all looks", fontsize=style.SMALL, weight="bold", va="bottom")
    for group, left in zip(block.groups, block.lefts, strict=True):
        axes.text(left, top + TITLE - 0.03, TITLES[group.column], fontsize=style.SMALL, weight="bold", va="bottom")
        for place, option in enumerate(group.options):
            middle = left + (place + 0.5) * block.cell
            label = group.label(option)
            axes.text(middle, bottom - 0.03, label, fontsize=POINTS, rotation=90, ha="center", va="bottom")


def write_claim(axes: Axes, name: str, sentence: str, middle: float) -> None:
    axes.text(verdicts.LEFT, middle, name, fontsize=style.SMALL, weight="bold", va="center")
    axes.text(verdicts.LEFT + INDENT, middle, sentence, fontsize=POINTS, va="center", linespacing=1.0)


def draw_claim(axes: Axes, table: pd.DataFrame, block: Block, place: tuple[float, float]) -> None:
    """Draw the bars of a claim. `place` is their upper edge and their height in inches."""
    whole, width = table[table["layer"] == ""], block.cell
    if block.with_sentences:
        count, left = looks(whole), block.bar
        draw_bar(axes, count, (left, place[0]), BAR, place[1])
        right, middle = left + BAR + COUNT - 0.05, place[0] + place[1] / 2
        axes.text(right, middle, str(count.total()), fontsize=POINTS, color="0.3", ha="right", va="center")
    for group, edge in zip(block.groups, block.lefts, strict=True):
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
