"""The accuracy of the networks on the line between two networks that were trained on a target."""

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from repdrift.experiments.transfer.tables import BARRIER, INTERPOLATED, RE_ESTIMATED, TEST_ACCURACY
from repdrift.figures import style
from repdrift.figures.grid import Grid, seeds
from repdrift.figures.table import ordered

COLUMNS = ("images", "seed", *BARRIER.columns[1:], "value")
DASHES = {RE_ESTIMATED: "-", INTERPOLATED: (0, (1, 1.5))}


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw axes for each target, and in them two lines for each pair of networks.

    The BN statistics are re-estimated for solid lines, and interpolated for dotted lines.
    """
    table = table[table["measure"] == TEST_ACCURACY]
    targets, pairs = ordered(table["images"]), ordered(table["pair"])
    footer = [seeds(table), "BN statistics: re-estimated at every point (solid) or interpolated (dotted)", network]
    grid = Grid.of(targets, 1, pairs, footer, height=1.9)
    for axes, target in zip(grid.axes[0], targets, strict=True):
        for bn, dashes in DASHES.items():
            shown = table[(table["images"] == target) & (table["bn"] == bn)]
            sns.lineplot(
                shown,
                x="at",
                y="value",
                hue="pair",
                hue_order=pairs,
                palette=grid.look.colours,
                linestyle=dashes,
                errorbar="se" if shown["seed"].nunique() > 1 else None,
                err_kws={"linewidth": 0, "alpha": 0.2},
                legend=False,
                ax=axes,
            )
        axes.set(xlabel="position on the line", ylabel="", xlim=(0, 1), ylim=(0, 100))
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])
    grid.axes[0][0].set_ylabel("test accuracy (%)")
    legend(grid)
    return grid.figure


def legend(grid: Grid) -> None:
    """Write the legend with entries that have no markers, as the lines have none."""
    handles = grid.look.handles(style.DOUBLE - 0.6)
    for handle in handles:
        handle.set(marker="")
    style.legend(grid.axes[-1][0], handles, grid.columns, grid.strip.legend_top)
