"""The verdict on every claim: for each contrast and layer the paired difference, coloured by what it says."""

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
INDENT, BADGE = 0.62, 0.085  # widths
TEXT = 2.75  # of the column of contrasts
GAP = 0.08  # between two estimators
NUMBER = 5.2  # points
WITH_ERROR = 0.75  # width of a cell that has room for a standard error


@dataclass(frozen=True)
class Grid:
    """Where the cells are: a block of layers for each estimator, in inches."""

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
    """Draw a heading for each claim with a mark for each estimator's verdict, and below it a row for each contrast."""
    claims = ordered(table["claim"])
    rows = sum(table.loc[table["claim"] == claim, "contrast"].nunique() for claim in claims)
    height = len(claims) * (CLAIM + SPACE) + rows * ROW
    strip = Strip(1, style.wrap(words(table, network), style.DOUBLE - 0.1, style.TINY))
    figure = style.make_figure(style.DOUBLE, HEAD + height, strip)
    axes = verdicts.canvas(figure, height, HEAD)
    names = [estimator for estimator in ordered(table["estimator"]) if estimator] or [""]
    grid = Grid(names, verdicts.layers(table, ["claim", "contrast"]))
    write_head(axes, grid)
    top = HEAD
    for claim in claims:
        top = draw_claim(axes, table[table["claim"] == claim], grid, top + SPACE)
    verdicts.legend(figure, axes, strip.legend_top)
    return figure


def words(table: pd.DataFrame, network: str) -> str:
    seeds = sorted({int(count) for count in table["seeds"]})
    return joined(
        [
            f"{' or '.join(map(str, seeds))} seeds, mean paired difference in the direction of the claim",
            f"supported: at least {SHARE:.0%} of the seeds and the mean beyond {ERRORS:g} SE; contradicted: the same "
            f"against it; inconclusive: neither, or fewer than {MIN_SEEDS} seeds",
            "a claim needs all rows below it, but those in brackets",
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
            words = style.wrap(layer, grid.width - 0.02, NUMBER)
            axes.text(middle, HEAD, words, fontsize=NUMBER, color=style.GREY, ha="center", va="bottom")


def draw_claim(axes: Axes, table: pd.DataFrame, grid: Grid, top: float) -> float:
    """Draw a claim from `top` on, and give where it ends."""
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
    """Draw a difference: in its layer's column, or over all layers, or over all estimators."""
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
