"""The change of the representation of each layer against the movement of its weights, for every fine-tuning."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy import stats

from repdrift.experiments.transferability.figures.transferability import PRETRAINED, set_log_axis
from repdrift.experiments.transferability.tables import MOVEMENT
from repdrift.figures import style
from repdrift.figures.grid import Grid, seeds
from repdrift.figures.style import Look
from repdrift.figures.table import ordered

COLUMNS = (
    "run", "images", "seed", "labels", "reference", "measure", "item", "layer", "estimator", "value",
)  # fmt: skip


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw axes for each target, with a point for each fine-tuning and layer at the means over seeds."""
    estimator = style.main_estimator(ordered(table.loc[table["estimator"] != "", "estimator"]))
    found = joint(table, estimator)
    targets, layers, labels = (ordered(found[name]) for name in ("images", "item", "labels"))
    grouped = found.groupby(["images", "run", "labels", "item"], sort=False)[["moved", "changed"]]
    means = grouped.mean().join(grouped.sem().add_suffix(" error")).reset_index()
    left_out = int((means["changed"] <= 0).sum())
    footer = [
        seeds(found),
        "numbers: Spearman's rank correlation over fine-tunings and layers, mean over seeds",
        f"{left_out} points with a mean change of at most 0 left out" if left_out else "",
        network,
    ]
    grid = Grid.of(targets, 1, labels, footer, height=2.4)
    colours = Look.of_layers(layers).colours
    for axes, target in zip(grid.axes[0], targets, strict=True):
        draw_target(axes, means[means["images"] == target], colours, grid.look.markers)
        write_correlation(axes, found[found["images"] == target])
        axes.set_xlabel("movement of the weights\n‖fine-tuned \u2212 pre-trained‖ / ‖pre-trained‖")
    grid.axes[0][0].set_ylabel(f"change of the representation\n1 \u2212 {style.estimator_label(estimator)}")
    by_layer = [Line2D([], [], color=colour, label=name) for name, colour in colours.items()]
    grid.axes[0][-1].legend(handles=by_layer, loc="lower right", handlelength=1.0)
    by_labels = [
        Line2D([], [], color="0.3", linestyle="", marker=marker, label=name)
        for name, marker in grid.look.markers.items()
    ]
    style.legend(grid.axes[0][0], by_labels, grid.columns, grid.strip.legend_top)
    return grid.figure


def draw_target(
    axes: Axes, means: pd.DataFrame, colours: Mapping[str, tuple[float, float, float]], markers: Mapping[str, str]
) -> None:
    """Draw points with standard errors in both directions, coloured by layer, and a line through those of each run."""
    means = means[means["changed"] > 0]
    for _, run in means.groupby("run", sort=False):
        axes.plot(run["moved"], run["changed"], color="0.85", linewidth=0.6, zorder=0)
    for row in means.to_dict("records"):
        axes.errorbar(
            row["moved"],
            row["changed"],
            xerr=row["moved error"],
            yerr=row["changed error"],
            color=colours[row["item"]],
            marker=markers[row["labels"]],
            markersize=4,
            elinewidth=0.6,
            **style.MARKER_EDGE,
        )
    set_log_axis(axes, "x")
    set_log_axis(axes, "y")


def write_correlation(axes: Axes, found: pd.DataFrame) -> None:
    each = [stats.spearmanr(rows["moved"], rows["changed"]).statistic for _, rows in found.groupby("seed")]
    text = f"Spearman {np.mean(each):z.2f}".replace("-", "\u2212")
    axes.text(0.03, 0.97, text, transform=axes.transAxes, fontsize=style.SMALL, ha="left", va="top")


def joint(table: pd.DataFrame, estimator: str) -> pd.DataFrame:
    """Return a row for each fine-tuning, seed and layer, with the columns ``moved`` and ``changed``."""
    by = ["run", "seed", "item"]
    moved = table[table["measure"] == MOVEMENT].rename(columns={"value": "moved"})
    similar = table[(table["estimator"] == estimator) & (table["reference"] == PRETRAINED)]
    item = similar["layer"].str.replace("pool", "conv").replace("logits", "head")
    changed = similar.assign(item=item, changed=1 - similar["value"])[[*by, "changed"]]
    return moved[[*by, "images", "labels", "moved"]].merge(changed, on=by)
