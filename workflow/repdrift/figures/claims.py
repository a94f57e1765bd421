"""The figure of the claims: the paired difference of every contrast and layer, coloured by its verdict."""

import math
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from repdrift.claims.verdict import ERRORS, MIN_SEEDS, SHARE, together
from repdrift.figures import style, verdicts
from repdrift.figures.style import Strip
from repdrift.figures.table import joined, ordered

COLUMNS = ("claim", "sentence", "contrast", "layer", "decides", "estimator", "seeds", "mean", "se", "verdict")
CLAIM, ROW, SPACE, HEAD = 0.16, 0.135, 0.05, 0.36  # heights in inches
INDENT, BADGE = 0.62, 0.085  # widths in inches
TEXT = 2.75  # width of the column of contrasts in inches
GAP = 0.08  # gap between the blocks of two estimators in inches
NUMBER = 5.2  # font size of numbers in points
WITH_ERROR = 0.75  # least width in inches of a cell that also shows the standard error


@dataclass(frozen=True)
class Grid:
    """The positions of the cells in inches. Each estimator has a block with one column for each layer."""

    estimators: list[str]
    layers: list[str]

    @property
    def width(self) -> float:
        free = style.DOUBLE - TEXT - verdicts.LEFT - GAP * (len(self.estimators) - 1)
        return free / (len(self.estimators) * len(self.layers))

    def left(self, estimator: str, layer: str = "") -> float:
        block = self.estimators.index(estimator)
        column = self.layers.index(layer) if layer else 0
        return TEXT + block * (GAP + len(self.layers) * self.width) + column * self.width

    @property
    def block(self) -> float:
        return len(self.layers) * self.width

    @property
    def all(self) -> float:
        return style.DOUBLE - verdicts.LEFT - TEXT


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a heading for each claim and a row for each of its contrasts.

    The squares in the heading are the verdicts on the claim under each estimator.
    """
    claims = ordered(table["claim"])
    rows = sum(table.loc[table["claim"] == claim, "contrast"].nunique() for claim in claims)
    height = len(claims) * (CLAIM + SPACE) + rows * ROW
    strip = Strip(1, style.wrap(footer(table, network), style.DOUBLE - 0.1, style.TINY))
    figure = style.make_figure(style.DOUBLE, HEAD + height, strip)
    axes = verdicts.canvas(figure, height, HEAD)
    names = [estimator for estimator in ordered(table["estimator"]) if estimator] or [""]
    grid = Grid(names, verdicts.layers(table, ["claim", "contrast"]) or [""])
    write_head(axes, grid)
    top = HEAD
    for claim in claims:
        top = draw_claim(axes, table[table["claim"] == claim], grid, top + SPACE)
    verdicts.legend(figure, axes, strip.legend_top)
    return figure


def footer(table: pd.DataFrame, network: str) -> str:
    """Return the text of the footer: the number of seeds, the rule of the verdicts, and the network."""
    seeds = sorted({int(count) for count in table["seeds"]})
    noun = "seed" if seeds == [1] else "seeds"
    return joined(
        [
            f"{' or '.join(map(str, seeds))} {noun}, mean paired difference (positive: as the claim says)",
            f"supported: at least {SHARE:.0%} of the seeds have the claimed sign, and the mean lies beyond {ERRORS:g} "
            f"SE; contradicted: the same for the opposite sign; inconclusive: otherwise, or fewer than {MIN_SEEDS} "
            "seeds",
            "a claim needs all rows below it except those in brackets",
            network,
        ]
    )


def write_head(axes: Axes, grid: Grid) -> None:
    for estimator in grid.estimators:
        left = grid.left(estimator)
        title = style.wrap(verdicts.estimator_label(estimator), grid.block, style.SMALL) if estimator else ""
        axes.text(left + grid.block / 2, HEAD - 0.13, title, fontsize=style.SMALL, ha="center", va="bottom")
        for layer in grid.layers:
            middle = grid.left(estimator, layer) + grid.width / 2
            label = style.wrap(layer, grid.width - 0.02, NUMBER)
            axes.text(middle, HEAD, label, fontsize=NUMBER, color=style.GREY, ha="center", va="bottom")


def draw_claim(axes: Axes, table: pd.DataFrame, grid: Grid, top: float) -> float:
    """Draw a claim and its contrasts, and return the position of their lower edge in inches from the top."""
    middle = top + CLAIM / 2
    for place, (_, rows) in enumerate(table[table["decides"] == 1].groupby("estimator", sort=False)):
        colour = verdicts.COLOURS[together(rows["verdict"])]
        verdicts.cell(axes, (verdicts.LEFT + place * BADGE, middle - BADGE / 2), BADGE, BADGE, colour)
    axes.text(
        verdicts.LEFT + 3 * BADGE + 0.03,
        middle,
        table["claim"].iloc[0],
        fontsize=style.SMALL,
        weight="bold",
        va="center",
    )
    axes.text(INDENT, middle, table["sentence"].iloc[0], fontsize=style.SMALL, va="center")
    top += CLAIM
    for contrast, rows in table.groupby("contrast", sort=False):
        label = str(contrast) if (rows["decides"] == 1).all() else f"({contrast})"
        axes.text(INDENT, top + ROW / 2, label, fontsize=NUMBER, color=style.GREY, va="center")
        for row in rows.to_dict("records"):
            draw_cell(axes, {str(name): value for name, value in row.items()}, grid, top)
        top += ROW
    return top


def draw_cell(axes: Axes, row: dict[str, object], grid: Grid, top: float) -> None:
    """Draw the cell of a paired difference.

    It spans the column of its layer, all layers of its estimator if it has no layer, or the whole width if it has no
    estimator.
    """
    estimator, layer, verdict = str(row["estimator"]), str(row["layer"]), str(row["verdict"])
    mean = float(str(row["mean"]))
    error = float(str(row["se"]))
    in_block = estimator in grid.estimators
    left = grid.left(estimator, layer) if in_block else TEXT
    width = (grid.width if layer else grid.block) if in_block else grid.all
    text = verdicts.number(mean)
    if width > WITH_ERROR and not math.isnan(error):
        text += f" ± {verdicts.number(error).lstrip('+')}"
    verdicts.cell(axes, (left, top), width, ROW, verdicts.COLOURS[verdict])
    colour = verdicts.LETTERS[verdict]
    axes.text(left + width / 2, top + ROW / 2, text, fontsize=NUMBER, color=colour, ha="center", va="center_baseline")
