"""What rewinding a part costs, and the loss around its weights before, during and after training."""

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
    """Draw rewinding for each target above the landscapes of the first: a row for each path, a column for each part."""
    targets, networks = ordered(table["images"]), ordered(table["network"])
    landscapes = table[(table["images"] == targets[0]) & (table["path"] != "")]
    paths = [(one, path) for one in networks for path in ordered(landscapes["path"])]
    parts = ordered(landscapes["part"])
    words = [
        seeds(table),
        f"landscapes: {targets[0]}, mean loss over seeds; number: median criticality",
        network,
    ]
    strip = Strip(1, style.wrap(joined(words), style.DOUBLE - 0.1, style.TINY))
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
    """Smallest and largest mean loss; at least a factor of ten apart, so that noise does not fill the scale."""
    cells = (
        landscapes[landscapes["measure"] == TRAINING_LOSS]
        .groupby(["network", "path", "part", "at", "noise"])["value"]
        .mean()
    )
    low, high = max(float(cells.min()), 1e-3), float(cells.max())
    return low, max(high, 10 * low)


def draw_landscape(axes: Axes, shown: pd.DataFrame, norm: LogNorm, part: str) -> None:
    """Draw the mean loss over places (across) and noises (up), and write the criticality above."""
    loss = shown[shown["measure"] == TRAINING_LOSS]
    cells = loss.groupby(["noise", "at"])["value"].mean().unstack()
    axes.pcolormesh(np.arange(cells.shape[1] + 1), np.arange(cells.shape[0] + 1), cells, norm=norm, cmap=MAP)
    number = criticality_in_words(shown.loc[shown["measure"] == PART_CRITICALITY, "value"].to_list())
    axes.set_title(f"{part}: {number}", fontsize=style.SMALL, pad=2)
    axes.set_xticks([])
    axes.set_yticks(np.arange(len(cells)) + 0.5, [f"{noise:g}" for noise in cells.index], fontsize=style.TINY - 1)
    axes.tick_params(length=0)


def criticality_in_words(values: Sequence[float]) -> str:
    """Median over seeds, short."""
    middle = float(np.median(values))
    return "∞" if math.isinf(middle) else f"{middle:.2g}" if middle < 10 else f"{middle:,.0f}"
