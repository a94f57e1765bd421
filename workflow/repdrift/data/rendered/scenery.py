"""The scenery of both data sets: surfaces to draw on, and stray strokes over them."""

import numpy as np

from repdrift.data.rendered.raster import coverage, distances
from repdrift.data.rendered.stream import Field, Stream
from repdrift.data.rendered.texture import colours, painted, pattern, value_noise


def surface(stream: Stream, brightness: Field, saturation: float, periods: tuple[float, float]) -> Field:
    """Paint a picture [images, 3, 32, 32] with a pattern in two colours and uneven light.

    Parameters
    ----------
    stream : Stream
    brightness : float32 [images]
        Mean brightness of each picture, 0..1.
    saturation : float
        Largest saturation of the two colours, 0..1.
    periods : tuple of float
        The shortest and the longest period of the pattern, in pixels.
    """
    spread = stream.uniform(0.02, 0.12)
    dark = colours(stream, brightness - spread, saturation)
    bright = colours(stream, brightness + spread, saturation)
    light = (value_noise(stream, 2) - np.float32(0.5)) * np.float32(0.3)
    return painted(pattern(stream, periods), dark, bright) + light[:, None]


def stray_strokes(stream: Stream, most: int) -> Field:
    """Draw up to `most` stray strokes in each image, and return the share 0..1 of each pixel that they cover."""
    starts = stream.uniform(-18.0, 18.0, most, 1, 2)
    strokes = np.concatenate([starts, starts + stream.uniform(-12.0, 12.0, most, 1, 2)], axis=2)
    distance, _ = distances(strokes, stream.integers(most + 1))
    return coverage(distance - stream.uniform(0.5, 1.7, 1, 1))
