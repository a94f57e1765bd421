"""Line segments become antialiased pixels, by operations whose results IEEE 754 fixes to the last bit.

Lengths are in pixels, and the origin is the middle of the image. The first axis of every array counts the images of a
batch.
"""

import numpy as np
from numpy.typing import NDArray

from repdrift.data.rendered.stream import Field, Integers, Stream

SIZE = 32
_CENTRES = np.arange(SIZE, dtype=np.float32) - np.float32((SIZE - 1) / 2)
COLUMNS: Field = _CENTRES[None, None, :]
ROWS: Field = _CENTRES[None, :, None]


def clamped(field: Field) -> Field:
    """Limit every value to 0..1."""
    limited: Field = np.minimum(np.maximum(field, 0), 1)
    return limited


def directions(half_tangents: Field, quarter_turns: Integers) -> tuple[Field, Field]:
    """Return cosine and sine of the angles 2 arctan(half_tangent) + 90 degrees * quarter_turn.

    Only rational functions are evaluated, because the cosines of different libraries differ in the last bit.
    """
    squares = half_tangents * half_tangents
    cosine = (1 - squares) / (1 + squares)
    sine = 2 * half_tangents / (1 + squares)
    odd = quarter_turns % 2 == 1
    sign = np.where(quarter_turns >= 2, np.float32(-1), np.float32(1))
    return np.where(odd, -sine, cosine) * sign, np.where(odd, cosine, sine) * sign


def any_direction(stream: Stream) -> tuple[Field, Field]:
    """Draw an angle from the whole circle for each image, and return its cosine and its sine."""
    # 0.4142 is the tangent of 22.5 degrees, so the angle lies within 45 degrees of a quarter turn.
    return directions(stream.uniform(-0.4142, 0.4142), stream.integers(4))


def distances(segments: Field, counts: Integers) -> tuple[Field, NDArray[np.bool_]]:
    """Measure how far each pixel is from the nearest segment, and find out whether the segments enclose it.

    Parameters
    ----------
    segments : float32 [images, segments, 2, 2]
        Start and end (x, y) of each segment.
    counts : int64 [images]
        Number of segments of each image. Those that follow are padding.

    Returns
    -------
    distance : float32 [images, 32, 32]
    inside : bool [images, 32, 32]
        By the even-odd rule. It means something only if the segments form closed outlines.
    """
    # The images are sorted by their number of segments, most first. Those with a segment left are then a leading slice.
    order = np.argsort(-counts, kind="stable")
    ordered = segments[order]
    nearest = np.full((len(segments), SIZE, SIZE), 1e9, dtype=np.float32)
    inside = np.zeros(nearest.shape, dtype=np.bool_)
    for number in range(int(counts.max())):
        live = int((counts > number).sum())
        start_x, start_y, end_x, end_y = (
            ordered[:live, number, point, axis][:, None, None] for point in (0, 1) for axis in (0, 1)
        )
        along_x, along_y = end_x - start_x, end_y - start_y
        from_x, from_y = COLUMNS - start_x, ROWS - start_y
        length = np.maximum(along_x * along_x + along_y * along_y, np.float32(1e-6))
        share = from_x * (along_x / length) + from_y * (along_y / length)
        np.minimum(np.maximum(share, 0, out=share), 1, out=share)
        gap_x, gap_y = from_x - share * along_x, from_y - share * along_y
        np.minimum(nearest[:live], gap_x * gap_x + gap_y * gap_y, out=nearest[:live])
        crosses = (start_y <= ROWS) != (end_y <= ROWS)
        left = (along_x * from_y < along_y * from_x) == (along_y > 0)
        inside[:live] ^= crosses & left
    back = np.argsort(order, kind="stable")
    return np.sqrt(nearest)[back], inside[back]


def coverage(signed_distance: Field, softness: float = 1.0) -> Field:
    """Return the share 0..1 of each pixel where the distance is negative. Edges are `softness` pixels wide."""
    return clamped(np.float32(0.5) - signed_distance * np.float32(1 / softness))


def blend(below: Field, above: Field, share: Field) -> Field:
    """Mix two pictures [images, 3, 32, 32]; `share` [images, 32, 32] is the weight of `above` in 0..1."""
    return below + (above - below) * share[:, None]


def shifted(field: Field, down: int, right: int) -> Field:
    """Move a field [images, 32, 32] by whole pixels; the rows and columns that become free repeat the edge."""
    rows = np.maximum(np.arange(SIZE) - down, 0)
    columns = np.maximum(np.arange(SIZE) - right, 0)
    return field[:, rows][:, :, columns]


def softened(picture: Field, amount: Field) -> Field:
    """Blur a picture by the weights 1-2-1 along both axes; `amount` [images] is the weight of the blur in 0..1."""
    padded: Field = np.pad(picture, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    tall: Field = (padded[:, :, :-2] + padded[:, :, 2:]) * np.float32(0.25) + padded[:, :, 1:-1] * np.float32(0.5)
    blurred: Field = (tall[..., :-2] + tall[..., 2:]) * np.float32(0.25) + tall[..., 1:-1] * np.float32(0.5)
    return picture + (blurred - picture) * amount[:, None, None, None]


def quantised(picture: Field) -> NDArray[np.uint8]:
    """Convert intensities 0..1 to the nearest bytes 0..255."""
    rounded: Field = np.floor(clamped(picture) * np.float32(255) + np.float32(0.5))
    return rounded.astype(np.uint8)
