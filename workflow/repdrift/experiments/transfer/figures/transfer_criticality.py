"""The accuracy with a rewound part, the criticality of parts, and the loss with noisy weights along the direct path."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from repdrift.experiments.transfer.tables import (
    CRITICALITY,
    DIRECT,
    NO_PART,
    PART_CRITICALITY,
    REWOUND_ACCURACY,
    TRAINING_LOSS,
)
from repdrift.figures import style, venue
from repdrift.figures.lines import lettered
from repdrift.figures.points import draw_points, point_handles, seeds_in_words
from repdrift.figures.style import Look, Strip
from repdrift.figures.table import joined, ordered

COLUMNS = ("images", "seed", "excess", *CRITICALITY.columns[1:], "value")
MAP = "viridis_r"
ROW, CELL, TITLES = 1.35, 0.72, 0.4  # heights in inches
BESIDE = 0.2  # inches that are not for landscapes; with their labels they may be a little narrower than other panels
LEAST = 1e-3  # an excess of the loss in nats below this is drawn as this


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw the accuracy with rewound parts and the criticality, and below them the loss landscapes.

    The landscapes are of the direct path. They have a row for each target and network and a column for each part.
    """
    targets, networks = ordered(table["images"]), ordered(table["network"])
    direct = table[table["path"] == DIRECT]
    parts = ordered(direct["part"])
    excess = float(table["excess"].iloc[0])
    footer = [
        seeds_in_words(table),
        f"landscapes: noise upwards, mean loss over seeds, white contour: {excess:g} nats above the trained network",
        network,
    ]
    strip = Strip(1, style.wrap(joined(footer), venue.double() - 0.1, style.TINY))
    landscapes = len(targets) * len(networks)
    height = (CELL * landscapes + TITLES) * venue.folds(len(parts), BESIDE)
    folds = venue.folds(len(targets))
    above = (2 * ROW + TITLES) * folds
    figure = style.make_figure(venue.double(), 2 * ROW * folds + height + TITLES * folds, strip)
    rows = figure.add_gridspec(2, 1, height_ratios=[above, height])
    look = Look.of(networks)
    upper = venue.panels(figure, 2, len(targets), sharey="row", within=rows[0])
    for axes, target, title in zip(upper[0], targets, lettered(targets), strict=True):
        rewound = table[(table["images"] == target) & (table["measure"] == REWOUND_ACCURACY)]
        draw_points(axes, rewound, x="part", order=[NO_PART, *parts], hue="network", look=look)
        name_parts(axes, [NO_PART, *parts])
        axes.set_title(style.wrap(title, venue.double() / venue.across(len(targets)) - 0.3, 8))
        axes.set_ylim(0, 100)
    for axes, target in zip(upper[1], targets, strict=True):
        found = direct[(direct["images"] == target) & (direct["measure"] == PART_CRITICALITY)]
        draw_points(axes, logarithms(found), x="part", order=parts, hue="network", look=look)
        name_parts(axes, parts)
    # The interval of a few seeds may be longer than the axis.
    highest = logarithms(direct[direct["measure"] == PART_CRITICALITY])["value"].replace(np.inf, np.nan).max()
    upper[1][0].set_ylim(-0.3, 1.2 * max(float(highest), 1.0))
    upper[0][0].set_ylabel("rewound: test\naccuracy (%)", fontsize=style.SMALL)
    upper[1][0].set_ylabel("log10 (1 + criticality)", fontsize=style.SMALL)
    lower = venue.panels(figure, landscapes, len(parts), sharey=True, beside=BESIDE, within=rows[1])
    draw_landscapes(figure, lower, direct[direct["measure"] == TRAINING_LOSS], parts, excess)
    style.legend(upper[1][0], point_handles(look, venue.double()), len(networks), strip.legend_top)
    return figure


def name_parts(axes: Axes, parts: Sequence[str]) -> None:
    axes.set_xticks(range(len(parts)), [part.replace("block", "block\n") for part in parts], fontsize=style.TINY)


def logarithms(found: pd.DataFrame) -> pd.DataFrame:
    """Return rows of criticality with log10 (1 + criticality), which is defined for 0 too."""
    return found.assign(value=np.log10(1 + found["value"]))


def draw_landscapes(
    figure: Figure,
    axes: "np.ndarray[tuple[int, int], np.dtype[np.object_]]",
    losses: pd.DataFrame,
    parts: Sequence[str],
    excess: float,
) -> None:
    """Draw the excess of the loss over that of the trained network, for each target, network and part."""
    above = excess_losses(losses)
    norm = LogNorm(LEAST, max(float(above["value"].max()), 10 * LEAST))
    kinds = list(dict.fromkeys(zip(losses["images"], losses["network"], strict=True)))
    for row, (images, network) in zip(axes, kinds, strict=True):
        for panel, part in zip(row, parts, strict=True):
            chosen = (above["images"] == images) & (above["network"] == network) & (above["part"] == part)
            draw_landscape(panel, above[chosen], norm, excess)
        row[0].set_ylabel(f"{network}\n{style.wrap(images, CELL, style.TINY)}", fontsize=style.TINY)
    for panel, part in zip(axes[0], parts, strict=True):
        panel.set_title(part, fontsize=style.SMALL, pad=2)
    for panel in axes[-1]:
        panel.set_xticks([0, 1], ["before", "after"], fontsize=style.TINY)
    bar = figure.colorbar(ScalarMappable(norm, MAP), ax=axes, aspect=40, pad=0.02)
    bar.outline.set_visible(False)
    bar.set_label("loss above that of the trained network (nats)", fontsize=style.SMALL)


def excess_losses(losses: pd.DataFrame) -> pd.DataFrame:
    """Return the means over seeds of the loss above that of the trained network, which is at 1 without noise."""
    by = ["images", "network", "part"]
    trained = losses[(losses["at"] == 1) & (losses["noise"] == 0)].set_index([*by, "seed"])["value"]
    above = losses.set_index([*by, "seed", "at", "noise"])["value"] - trained
    return above.groupby([*by, "at", "noise"], sort=False).mean().reset_index(name="value")


def draw_landscape(axes: Axes, shown: pd.DataFrame, norm: LogNorm, excess: float) -> None:
    """Draw the excess of the loss over places (horizontal) and noises (vertical), and a contour at the allowed one.

    The noises are evenly spaced, as their ranks are.
    """
    cells = shown.pivot(index="noise", columns="at", values="value")
    ranks = np.arange(len(cells))
    axes.pcolormesh(cells.columns, ranks, cells.clip(lower=LEAST), norm=norm, cmap=MAP, shading="nearest")
    if float(cells.min().min()) < excess < float(cells.max().max()):
        axes.contour(cells.columns, ranks, cells, levels=[excess], colors="white", linewidths=0.9)
    axes.set_xticks([])
    # In a narrow figure no text is smaller than the smallest of the others.
    points, most = (style.TINY, 3) if venue.is_narrow() else (style.TINY - 1, 4)
    step = max(1, len(ranks) // most)
    axes.set_yticks(ranks[::step], [f"{noise:g}" for noise in cells.index[::step]], fontsize=points)
    axes.tick_params(length=0)
