"""The grid of axes that many figures share: a row for each measure, a column for each target, and one legend."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from repdrift.figures import style, venue
from repdrift.figures.lines import lettered
from repdrift.figures.style import Look, Strip
from repdrift.figures.table import joined


@dataclass(frozen=True)
class Grid:
    """A figure with a row of axes for each measure and a column for each target.

    Attributes
    ----------
    figure : Figure
    axes : list of list of Axes
        Indexed by row and then by column.
    look : Look
        The colours and markers of the lines.
    strip : Strip
        The space for the legend and the footer.
    columns : int
        Number of columns of the legend.
    """

    figure: Figure
    axes: list[list[Axes]]
    look: Look
    strip: Strip
    columns: int

    @classmethod
    def of(
        cls,
        targets: Sequence[str],
        rows: int,
        labels: Sequence[str],
        footer: Sequence[str],
        *,
        height: float = 1.45,
    ) -> "Grid":
        """Make an empty grid.

        Parameters
        ----------
        targets : sequence of str
            The titles of the columns.
        rows : int
        labels : sequence of str
            The labels of the lines.
        footer : sequence of str
            The parts of the footer.
        height : float
            Height of a row in inches.
        """
        width = venue.double() if len(targets) > 1 else venue.single()
        columns = style.legend_columns(labels, width - (0.9 if venue.is_narrow() else 0.6))
        strip = Strip(math.ceil(len(labels) / columns), style.wrap(joined(footer), width - 0.1, style.TINY))
        folds = venue.folds(len(targets))
        room = (width - (0.8 if venue.is_narrow() else 0.5)) / venue.across(len(targets)) - 0.1
        titles = [style.wrap(title, room, 8) for title in lettered(targets)]
        lines = max(title.count("\n") + 1 for title in titles)
        figure = style.make_figure(width, folds * (height * rows + 0.3 + 0.15 * lines), strip)
        axes = venue.panels(figure, rows, len(targets), sharey="row")
        for column, title in zip(axes[0], titles, strict=True):
            column.set_title(title)
        return cls(figure, [list(row) for row in axes], Look.of(labels), strip, columns)

    def legend(self) -> None:
        style.legend(self.axes[-1][0], self.look.handles(venue.double() - 0.6), self.columns, self.strip.legend_top)


def name_ticks(axes: Axes, names: Mapping[int, str], order: Sequence[int]) -> None:
    """Label the ticks of the values in `order` with their names, or with the value itself where it has no name."""
    axes.set_xticks(range(len(order)), [names.get(value, str(value)) for value in order])
