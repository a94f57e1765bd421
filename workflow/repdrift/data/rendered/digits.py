"""House numbers: a digit in the middle, parts of neighbouring digits at the sides, and clutter behind them."""

from dataclasses import dataclass

import numpy as np

from repdrift.data.rendered.glyphs import DESIGNS
from repdrift.data.rendered.outlines import segment_table, transformed
from repdrift.data.rendered.raster import blend, coverage, directions, distances, shifted, softened
from repdrift.data.rendered.scenery import stray_strokes, surface
from repdrift.data.rendered.stream import Field, Integers, Stream
from repdrift.data.rendered.texture import colours, grain, painted, value_noise

CLASSES: tuple[str, ...] = tuple(str(digit) for digit in range(10))

_SEGMENTS, _COUNTS = segment_table([drawing for designs in DESIGNS for drawing in designs])
_DESIGNS_OF = np.array([len(designs) for designs in DESIGNS], dtype=np.int64)
_FIRST_DESIGN = np.cumsum(_DESIGNS_OF) - _DESIGNS_OF


@dataclass(frozen=True)
class _Handwriting:
    """The way in which digits are written, for each image of a batch. All digits of an image are written alike.

    Attributes
    ----------
    across, down : float32 [images, 2]
        The vectors (x, y) in pixels that one unit of a digit's drawing to the right, or down, becomes.
    spacing : float32 [images, 2]
        The vector in pixels from the centre of a digit to the centre of the next one.
    pen : float32 [images]
        Half of the width of the strokes, in pixels.
    """

    across: Field
    down: Field
    spacing: Field
    pen: Field


def _handwriting(stream: Stream) -> _Handwriting:
    height = stream.uniform(8.0, 12.0)
    width = height * stream.uniform(0.7, 1.1)
    slant = stream.uniform(-0.1, 0.25)
    cosine, sine = directions(stream.uniform(-0.1, 0.1), np.zeros(len(stream), dtype=np.int64))
    level, upright = np.stack([cosine, sine], axis=1), np.stack([-sine, cosine], axis=1)
    return _Handwriting(
        across=level * width[:, None],
        down=(upright - level * slant[:, None]) * height[:, None],
        spacing=level * (width * stream.uniform(1.9, 2.5))[:, None],
        pen=height * stream.uniform(0.1, 0.24),
    )


def _digit(stream: Stream, handwriting: _Handwriting, digits: Integers, centre: Field) -> Field:
    """Return the distance [images, 32, 32] to the ink of one digit for each image; it is negative inside the ink."""
    design = _FIRST_DESIGN[digits] + stream.integers(_DESIGNS_OF[digits])
    placed = transformed(_SEGMENTS[design], handwriting.across, handwriting.down, centre)
    distance, _ = distances(placed, _COUNTS[design])
    return distance - handwriting.pen[:, None, None]


def _number(stream: Stream, labels: Integers) -> Field:
    """Return the distance [images, 32, 32] to the ink of a number whose middle digit is the label."""
    handwriting = _handwriting(stream)
    centre = stream.uniform(-2.5, 2.5, 2)
    ink = _digit(stream, handwriting, labels, centre)
    for side in (-1, 1):
        neighbour = _digit(stream, handwriting, stream.integers(10), centre + side * handwriting.spacing)
        missing = stream.chance(0.4)[:, None, None]
        ink = np.where(missing, ink, np.minimum(ink, neighbour))
    return ink


def _flat(colour: Field) -> Field:
    """Return a colour [images, 3] as a picture [images, 3, 1, 1] that broadcasts over the pixels."""
    return colour[:, :, None, None]


def paint(stream: Stream, labels: Integers) -> Field:
    """Paint a number for each label, with that digit in the middle: a picture [images, 3, 32, 32], about 0..1."""
    ground = stream.uniform(0.2, 0.8)
    # Digits are bright on dark walls and dark on bright walls. On walls between the two, they can be either.
    sign = np.where(ground + stream.uniform(-0.2, 0.2) < np.float32(0.5), np.float32(1), np.float32(-1))
    contrast = stream.uniform(0.25, 0.5) * sign
    picture = surface(stream, ground, 0.35, (6.0, 20.0))
    stray = colours(stream, ground + contrast * np.float32(0.6), 0.4)
    picture = blend(picture, _flat(stray), stray_strokes(stream, 3) * np.float32(0.7))

    ink = _number(stream, labels)
    # The light comes from the upper left in every image, but its shadows are not equally dark.
    shadow = coverage(shifted(ink, down=1, right=1), softness=3.0) * stream.uniform(0.0, 0.5, 1, 1)
    picture = picture * (1 - shadow)[:, None]
    weak = colours(stream, ground + contrast * np.float32(0.8), 0.5)
    strong = colours(stream, ground + contrast * np.float32(1.2), 0.5)
    picture = blend(picture, painted(value_noise(stream, 3), weak, strong), coverage(ink, softness=1.4))
    # Some numbers have an outline of another colour.
    outline = coverage(np.abs(ink) - np.float32(0.7)) * np.float32(0.7)
    outlined = stream.chance(0.3)[:, None, None]
    edging = colours(stream, ground - contrast * np.float32(0.5), 0.4)
    picture = blend(picture, _flat(edging), np.where(outlined, outline, np.float32(0)))
    picture = softened(picture, stream.uniform(0.0, 1.0))
    return picture + grain(stream, stream.uniform(0.005, 0.035))
