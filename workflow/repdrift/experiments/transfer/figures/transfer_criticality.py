"""The accuracy with a rewound part, and the loss with noisy weights from before, during or after training."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from repdrift.experiments.transfer.tables import CRITICALITY, NO_PART, PART_CRITICALITY, REWOUND_ACCURACY, TRAINING_LOSS
from repdrift.figures import style
from repdrift.figures.grid import seeds
from repdrift.figures.lines import draw_lines
from repdrift.figures.style import Look, Strip
from repdrift.figures.table import joined, ordered

COLUMNS = ("images", "seed", *CRITICALITY.columns[1:], "value")
MAP = "viridis_r"
TOP, CELL, TITLE = 1.5, 0.75, 0.2  # heights in inches


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw the accuracy with rewound parts for each target, and below it the loss landscapes of the first target.

    The landscapes have a row for each network and path, and a column for each part.
    """
    targets, networks = ordered(table["images"]), ordered(table["network"])
    landscapes = table[(table["images"] == targets[0]) & (table["path"] != "")]
    paths = [(one, path) for one in networks for path in ordered(landscapes["path"])]
    parts = ordered(landscapes["part"])
    footer = [
        seeds(table),
        f"landscapes: {targets[0]}, mean loss over seeds; numbers: criticality, median over seeds",
        network,
    ]
    strip = Strip(1, style.wrap(joined(footer), style.DOUBLE - 0.1, style.TINY))
    height = (CELL + TITLE) * len(paths)
    figure = style.make_figure(style.DOUBLE, TOP + height + 0.5, strip)
    rows = figure.add_gridspec(2, 1, height_ratios=[TOP, height])
    look = Look.of(networks)
    upper = rows[0].subgridspec(1, len(targets)).subplots(sharey=True, squeeze=False)[0]
    rewound = table[table["measure"] == REWOUND_ACCURACY]
    for index, (axes, target) in enumerate(zip(upper, targets, strict=True)):
        draw_lines(
            axes, rewound[rewound["images"] == target], x="part", order=[NO_PART, *parts], look=look, hue="network"
        )
        title = f"{style.letter(index)} {target}, rewound"
        axes.set(title=style.wrap(title, style.DOUBLE / len(targets) - 0.3, 8), ylim=(0, 100))
    upper[0].set_ylabel("test accuracy (%)")
    lower = rows[1].subgridspec(len(paths), len(parts)).subplots(sharey=True, squeeze=False)
    norm = LogNorm(*limits(landscapes))
    for row, (one, path) in zip(lower, paths, strict=True):
        for axes, part in zip(row, parts, strict=True):
            chosen = [landscapes[name] == value for name, value in (("network", one), ("path", path), ("part", part))]
            draw_landscape(axes, landscapes[np.logical_and.reduce(chosen)], norm, part)
        row[0].set_ylabel(f"{one}, {path}\nnoise", fontsize=style.SMALL)
    for axes in lower[-1]:
        axes.set_xlabel("before … after", fontsize=style.SMALL)
    bar = figure.colorbar(ScalarMappable(norm, MAP), ax=lower, aspect=30, pad=0.02, label="training loss (nats)")
    bar.outline.set_visible(False)
    style.legend(upper[0], look.handles(style.DOUBLE), len(networks), strip.legend_top)
    return figure


def limits(landscapes: pd.DataFrame) -> tuple[float, float]:
    """Return the smallest and the largest mean loss, at least a factor of ten apart.

    Otherwise small random differences would fill the colour scale.
    """
    cells = (
        landscapes[landscapes["measure"] == TRAINING_LOSS]
        .groupby(["network", "path", "part", "at", "noise"])["value"]
        .mean()
    )
    low, high = max(float(cells.min()), 1e-3), float(cells.max())
    return low, max(high, 10 * low)


def draw_landscape(axes: Axes, shown: pd.DataFrame, norm: LogNorm, part: str) -> None:
    """Draw the mean loss over places (horizontal) and noises (vertical), and write the criticality above."""
    loss = shown[shown["measure"] == TRAINING_LOSS]
    cells = loss.groupby(["noise", "at"])["value"].mean().unstack()
    axes.pcolormesh(np.arange(cells.shape[1] + 1), np.arange(cells.shape[0] + 1), cells, norm=norm, cmap=MAP)
    number = criticality_in_words(shown.loc[shown["measure"] == PART_CRITICALITY, "value"].to_list())
    axes.set_title(f"{part}: {number}", fontsize=style.SMALL, pad=2)
    axes.set_xticks([])
    axes.set_yticks(np.arange(len(cells)) + 0.5, [f"{noise:g}" for noise in cells.index], fontsize=style.TINY - 1)
    axes.tick_params(length=0)


def criticality_in_words(values: Sequence[float]) -> str:
    """Write the median over seeds with two significant digits, or as a whole number from 10 on."""
    middle = float(np.median(values))
    return "∞" if math.isinf(middle) else f"{middle:.2g}" if middle < 10 else f"{middle:,.0f}"
