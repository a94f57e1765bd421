"""Ten shapes. Each is cut from one pattern and laid on another."""

import numpy as np

from repdrift.data.rendered.outlines import Drawing, arc, closed, segment_table, transformed
from repdrift.data.rendered.raster import blend, coverage, directions, distances, shifted, softened
from repdrift.data.rendered.scenery import stray_strokes, surface
from repdrift.data.rendered.stream import Field, Integers, Stream
from repdrift.data.rendered.texture import grain, value_noise

_DRAWINGS: dict[str, Drawing] = {
    "disc": (arc((0, 0), (0.9, 0.9), 0, 24, step=1),),
    "ring": (arc((0, 0), (1, 1), 0, 24, step=1), arc((0, 0), (0.52, 0.52), 0, 24)),
    "square": (closed((-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)),),
    "triangle": (closed((0, -1.05), (1, 0.75), (-1, 0.75)),),
    "cross": (
        closed(
            *((-0.32, -1), (0.32, -1), (0.32, -0.32), (1, -0.32), (1, 0.32), (0.32, 0.32)),
            *((0.32, 1), (-0.32, 1), (-0.32, 0.32), (-1, 0.32), (-1, -0.32), (-0.32, -0.32)),
        ),
    ),
    "star": (
        closed(
            *((0, -1.1), (0.27, -0.37), (1.046, -0.34), (0.437, 0.142), (0.647, 0.89)),
            *((0, 0.46), (-0.647, 0.89), (-0.437, 0.142), (-1.046, -0.34), (-0.27, -0.37)),
        ),
    ),
    "crescent": (closed(*arc((0.2, 0), (1, 1), 3, 21), *arc((0.8, 0), (0.7, 0.7), 18, 6)),),
    "heart": (closed((0, 1), *arc((0.48, -0.35), (0.54, 0.54), 2, -10), *arc((-0.48, -0.35), (0.54, 0.54), -2, -14)),),
    "arrow": (closed((-1.05, -0.24), (0.05, -0.24), (0.05, -0.8), (1.1, 0), (0.05, 0.8), (0.05, 0.24), (-1.05, 0.24)),),
    "bar": (closed((-1.15, -0.3), (1.15, -0.3), (1.15, 0.3), (-1.15, 0.3)),),
}
CLASSES: tuple[str, ...] = tuple(_DRAWINGS)
_SEGMENTS, _COUNTS = segment_table(tuple(_DRAWINGS.values()))


def _signed_distance(stream: Stream, labels: Integers) -> Field:
    """Return the distance [images, 32, 32] to the edge of the shape of each image; it is negative inside."""
    cosine, sine = directions(stream.uniform(-0.18, 0.18), np.zeros(len(stream), dtype=np.int64))
    size = stream.uniform(8.5, 12.0)
    stretch = stream.uniform(0.85, 1.15)
    shear = stream.uniform(-0.15, 0.15)
    level, upright = np.stack([cosine, sine], axis=1), np.stack([-sine, cosine], axis=1)
    across = level * (size * stretch)[:, None]
    down = (upright + level * shear[:, None]) * size[:, None]
    placed = transformed(_SEGMENTS[labels], across, down, stream.uniform(-2.75, 2.75, 2))
    distance, inside = distances(placed, _COUNTS[labels])
    # Edges wander by less than a pixel, as if the shapes were cut by hand.
    wobble = (value_noise(stream, 6) - np.float32(0.5)) * np.float32(1.5)
    signed: Field = np.where(inside, -distance, distance) + wobble
    return signed


def paint(stream: Stream, labels: Integers) -> Field:
    """Paint a shape for each label: a picture [images, 3, 32, 32] with values of about 0..1."""
    ground = stream.uniform(0.35, 0.65)
    # A shape is darker than its ground as often as it is brighter, so brightness says nothing about the class.
    sign = np.where(stream.chance(0.5), np.float32(1), np.float32(-1))
    figure = ground + stream.uniform(0.22, 0.4) * sign
    picture = surface(stream, ground, 0.35, (5.0, 14.0))
    litter = surface(stream, figure, 0.4, (5.0, 14.0))
    picture = blend(picture, litter, stray_strokes(stream, 4) * np.float32(0.5))

    edge = _signed_distance(stream, labels)
    # The light comes from the upper left in every image.
    shadow = coverage(shifted(edge, down=2, right=1), softness=4.0) * np.float32(0.45)
    picture = picture * (1 - shadow)[:, None]
    body = surface(stream, figure, 0.5, (4.0, 10.0))
    picture = blend(picture, body, coverage(edge, softness=1.4))
    picture = softened(picture, stream.uniform(0.0, 0.8))
    return picture + grain(stream, stream.uniform(0.005, 0.04))
