"""The look of figures: the width of texts."""

import string

import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from repdrift.figures import style, venue

TEXTS = (*string.printable.strip(), "(a) CKA to initial, d = 0 to 9: \u2212.034 \u00b1 2, \u00e9 \u00b7", "oO08")


@pytest.mark.parametrize("points", [style.TINY, style.SMALL])
def test_the_width_of_a_text_is_that_of_its_curves(points):
    font = FontProperties(family=venue.FONT, size=points)
    for text in TEXTS:
        extent = TextPath((0, 0), text, prop=font).get_extents().width
        assert style.text_width(text, points) == pytest.approx(extent / 72)
    assert style.text_width("  ", points) == 0
