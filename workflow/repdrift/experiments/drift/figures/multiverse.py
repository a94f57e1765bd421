"""The multiverse: the verdict on every claim under every combination of measurement choices."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from repdrift.claims.verdict import CONTRADICTED, SUPPORTED, VERDICTS
from repdrift.figures import style, verdicts
from repdrift.figures.style import Strip
from repdrift.figures.table import joined, ordered

COLUMNS = ("claim", "sentence", "layer", "estimator", "n", "bn", "block", "reference", "verdict")
TITLES = {
    "layer": "layer", "estimator": "estimator", "n": "images", "bn": "BN", "block": "block", "reference": "init",
}  # fmt: skip
TEXT, BAR, COUNT = 2.35, 0.75, 0.26  # widths in inches
ROW, TITLE, GAP = 0.22, 0.16, 0.1
POINTS = 5.8


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
    """Draw a row for each claim: the shares of its verdicts over all combinations, and then the balance by option."""
    table = table.assign(n=table["n"].map("{:g}".format, na_action="ignore").fillna(""))
    groups = [Group(column, options(table, column)) for column in TITLES]
    groups = [group for group in groups if len(group.options) > 1]
    claims = ordered(table["claim"])
    labels = [group.label(option) for group in groups for option in group.options]
    head = max(style.text_width(label, POINTS) for label in labels) + TITLE + 0.08
    strip = Strip(1, style.wrap(footer(table, network), style.DOUBLE - 0.1, style.TINY))
    height = ROW * len(claims)
    figure = style.make_figure(style.DOUBLE, head + height + 0.05, strip)
    axes = verdicts.canvas(figure, height + 0.05, head)
    free = style.DOUBLE - verdicts.LEFT - TEXT - BAR - COUNT - GAP * (len(groups) + 1)
    narrow = free / len(labels)
    # A title may be wider than the cells of its group, so the cells of all groups share what is left.
    width = min(0.2, narrow - sum(group.width(narrow) - len(group.options) * narrow for group in groups) / len(labels))
    write_head(axes, groups, head, width)
    for place, claim in enumerate(claims):
        draw_claim(axes, table[table["claim"] == claim], groups, head + place * ROW, width)
    verdicts.legend(figure, axes, strip.legend_top)
    return figure


def options(table: pd.DataFrame, column: str) -> list[str]:
    """Return the options of a choice in the order of the table. Numbers of images are sorted."""
    if column == "layer":
        return verdicts.layers(table, ["claim"])
    found = [option for option in ordered(table[column]) if option]
    return sorted(found, key=float) if column == "n" else found


def footer(table: pd.DataFrame, network: str) -> str:
    """Return the text of the footer, which explains the bars and the cells."""
    return joined(
        [
            "bars: shares of the verdicts over all combinations of choices that were tried, and their number",
            "cells: share of supported less share of contradicted verdicts over the combinations with this option "
            "(blue: all supported, orange: all contradicted, white: not tried); for a layer, over its contrasts only",
            f"init: the {' or an '.join(options(table, 'reference'))} initial network",
            network,
        ]
    )


def lefts(groups: Sequence[Group], width: float) -> list[float]:
    """Return the left edges of the groups in inches."""
    edges, left = [], verdicts.LEFT + TEXT + BAR + COUNT + GAP
    for group in groups:
        edges.append(left)
        left += group.width(width) + GAP
    return edges


def write_head(axes: Axes, groups: Sequence[Group], bottom: float, width: float) -> None:
    axes.text(verdicts.LEFT + TEXT, bottom - 0.03, "all choices", fontsize=style.SMALL, weight="bold", va="bottom")
    for group, left in zip(groups, lefts(groups, width), strict=True):
        axes.text(left, TITLE - 0.03, TITLES[group.column], fontsize=style.SMALL, weight="bold", va="bottom")
        for place, option in enumerate(group.options):
            middle = left + (place + 0.5) * width
            label = group.label(option)
            axes.text(middle, bottom - 0.03, label, fontsize=POINTS, rotation=90, ha="center", va="bottom")


def draw_claim(axes: Axes, table: pd.DataFrame, groups: Sequence[Group], top: float, width: float) -> None:
    middle = top + ROW / 2
    name, sentence = table["claim"].iloc[0], table["sentence"].iloc[0]
    axes.text(verdicts.LEFT, middle, name, fontsize=style.SMALL, weight="bold", va="center")
    text = style.wrap(sentence, TEXT - 0.4, POINTS)
    axes.text(verdicts.LEFT + 0.3, middle, text, fontsize=POINTS, va="center", linespacing=1.0)
    whole = table[table["layer"] == ""]
    left = verdicts.LEFT + TEXT
    for verdict in VERDICTS:
        part = BAR * float((whole["verdict"] == verdict).mean())
        if part:
            verdicts.cell(axes, (left, top), part, ROW, verdicts.COLOURS[verdict])
        left += part
    axes.text(left + COUNT - 0.04, middle, str(len(whole)), fontsize=POINTS, color=style.GREY, ha="right", va="center")
    for group, edge in zip(groups, lefts(groups, width), strict=True):
        rows = table[table["layer"] != ""] if group.column == "layer" else whole
        for place, option in enumerate(group.options):
            found = rows.loc[rows[group.column] == option, "verdict"]
            if len(found):
                balance = float((found == SUPPORTED).mean() - (found == CONTRADICTED).mean())
                colour = verdicts.BALANCE((balance + 1) / 2)
                verdicts.cell(axes, (edge + place * width, top), width, ROW, colour)
