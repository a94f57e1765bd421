"""Where the columns of the forest plot stand, in inches from the left edge of the figure."""

from dataclasses import dataclass

from repdrift.figures import venue

WIDTH = 7.0  # of the text on a page
NUMBERS_WIDTH = 1.4  # of the numbers, with their intervals and units
LEAST_PLOT = 1.2  # of the plot beside labels and numbers


@dataclass(frozen=True)
class Places:
    """The columns of a forest plot.

    Attributes
    ----------
    width : float
        The width of the figure.
    sentence : float
        The left edge of the sentences.
    indent : float
        The left edge of the labels of the rows.
    plot, plot_width : float
        The left edge of the plot, and its width.
    numbers : float
        The left edge of the numbers.
    stacked : bool
        Whether labels and sentences have lines of their own above the plot, because the figure is narrow.
    """

    width: float
    sentence: float
    indent: float
    plot: float
    plot_width: float
    numbers: float
    stacked: bool

    @property
    def label_width(self) -> float:
        return (self.width - 0.1 if self.stacked else self.plot) - self.indent - 0.05

    @property
    def sentence_width(self) -> float:
        return (self.width - 0.15 if self.stacked else self.numbers - 0.15) - self.sentence


def places() -> Places:
    """Return the places of the columns for the venue's width, or for a page."""
    width = venue.asked() or WIDTH
    plot_width = 1.76 + width - WIDTH
    if plot_width >= LEAST_PLOT:
        return Places(width, 0.45, 0.45, 3.74, plot_width, 5.6 + width - WIDTH, stacked=False)
    numbers = width - NUMBERS_WIDTH
    return Places(width, 0.36, 0.14, 0.14, numbers - 0.2, numbers, stacked=True)
