"""Line drawings as lists of segments, and their placement in an image."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from repdrift.data.rendered.stream import Field, Integers

Point = tuple[float, float]
Path = tuple[Point, ...]
Drawing = tuple[Path, ...]

# Cosines of 0, 15, ... 90 degrees. They are written out because the cosines of different libraries differ in the last
# bit.
_QUARTER = (1.0, 0.9659258, 0.8660254, 0.7071068, 0.5, 0.2588190, 0.0)
_COSINES = (*_QUARTER, *(-value for value in _QUARTER[5::-1]))
_CIRCLE = (*_COSINES, *_COSINES[11:0:-1])


def arc(centre: Point, radii: Point, first: int, last: int, step: int = 2) -> Path:
    """Return points on an ellipse, from angle `first` to angle `last`, both included.

    Angles are in twenty-fourths of a turn: 0 is right, 6 is down, 12 is left, and 18 or -6 is up. The path runs
    clockwise on the screen if `last` is larger than `first`.
    """
    stop = last + (1 if last >= first else -1)
    turns = range(first, stop, step if last >= first else -step)
    return tuple(
        (centre[0] + radii[0] * _CIRCLE[turn % 24], centre[1] + radii[1] * _CIRCLE[(turn - 6) % 24]) for turn in turns
    )


def closed(*points: Point) -> Path:
    """Return the path through some points and back to the first."""
    return (*points, points[0])


def segment_table(drawings: Sequence[Drawing]) -> tuple[Field, Integers]:
    """Pack drawings into one array.

    Returns
    -------
    segments : float32 [drawings, most segments, 2, 2]
        Start and end (x, y) of each segment. Zeros follow the last segment of a drawing.
    counts : int64 [drawings]
        Number of segments of each drawing.
    """
    lists = [[pair for path in drawing for pair in pairwise(path)] for drawing in drawings]
    counts = np.array([len(pairs) for pairs in lists], dtype=np.int64)
    table = np.zeros((len(lists), int(counts.max()), 2, 2), dtype=np.float32)
    for number, pairs in enumerate(lists):
        table[number, : len(pairs)] = pairs
    return table, counts


def transformed(segments: Field, across: Field, down: Field, centre: Field) -> Field:
    """Map one drawing onto each image.

    Parameters
    ----------
    segments : float32 [images, segments, 2, 2]
        Start and end (x, y) of each segment, in the units of the drawing.
    across, down : float32 [images, 2]
        The vectors (x, y) in pixels that one unit of the drawing to the right, or down, becomes.
    centre : float32 [images, 2]
        Position in pixels of the drawing's origin.

    Returns
    -------
    float32 [images, segments, 2, 2]
        Start and end of each segment, in pixels.
    """
    right = segments[..., 0:1] * across[:, None, None]
    return right + segments[..., 1:2] * down[:, None, None] + centre[:, None, None]
