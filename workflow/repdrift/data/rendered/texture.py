"""Smooth noise, patterns, colours and grain."""

import numpy as np

from repdrift.data.rendered.raster import COLUMNS, ROWS, SIZE, any_direction, clamped
from repdrift.data.rendered.stream import Field, Stream

# Weights of red, green and blue in the brightness (Rec. 601), rounded to binary fractions that add up to exactly one.
_LUMA = (77 / 256, 150 / 256, 29 / 256)


def value_noise(stream: Stream, cells: int) -> Field:
    """Draw smooth noise [images, 32, 32] in 0..1 by interpolating random values at the corners of a grid of cells."""
    lattice = stream.uniform(0.0, 1.0, cells + 1, cells + 1)
    place = (np.arange(SIZE, dtype=np.float32) + np.float32(0.5)) * np.float32(cells / SIZE)
    low = np.floor(place).astype(np.int64)
    share = place - low.astype(np.float32)
    share = share * share * (3 - 2 * share)
    tall: Field = lattice[:, low] + (lattice[:, low + 1] - lattice[:, low]) * share[:, None]
    smooth: Field = tall[:, :, low] + (tall[:, :, low + 1] - tall[:, :, low]) * share
    return smooth


def _wave(place: Field, period: Field, phase: Field) -> Field:
    """Return a triangle wave between 0 and 1."""
    turns: Field = place / period + phase
    return np.abs(2 * (turns - np.floor(turns)) - 1)


def _sharpened(field: Field) -> Field:
    """Push values away from one half, so that a wave becomes bands with soft edges."""
    return clamped((field - np.float32(0.5)) * 3 + np.float32(0.5))


def pattern(stream: Stream, periods: tuple[float, float]) -> Field:
    """Draw a pattern [images, 32, 32] in 0..1 for each image: stripes, checks, dots, a gradient or mottle.

    `periods` are the shortest and the longest period of the pattern, in pixels.
    """
    cosine, sine = (part[:, None, None] for part in any_direction(stream))
    period = stream.uniform(*periods, 1, 1)
    phase = stream.uniform(0.0, 1.0, 2, 1, 1)
    along, across = COLUMNS * cosine + ROWS * sine, ROWS * cosine - COLUMNS * sine
    first, second = _wave(along, period, phase[:, 0]), _wave(across, period, phase[:, 1])
    from_dot = np.sqrt(first * first + second * second)
    slope = clamped(along * np.float32(1 / SIZE) + np.float32(0.5))
    mottle = value_noise(stream, 5) * np.float32(0.6) + value_noise(stream, 11) * np.float32(0.4)
    opposite = np.abs(_sharpened(first) - _sharpened(second))
    choices = (_sharpened(first), opposite, _sharpened(from_dot), slope, _sharpened(mottle))
    kind = stream.integers(len(choices))[:, None, None]
    chosen = choices[0]
    for number, choice in enumerate(choices[1:], start=1):
        chosen = np.where(kind == number, choice, chosen)
    return chosen


def colours(stream: Stream, brightness: Field, saturation: float) -> Field:
    """Draw colours [images, 3] with the given brightness [images], any hue, and at most the given saturation."""
    hue = stream.uniform(0.0, 6.0)
    strength = stream.uniform(0.0, saturation)
    pure = []
    for offset in (0, 4, 2):
        turned = hue + offset
        turned = turned - 6 * np.floor(turned * np.float32(1 / 6))
        pure.append(clamped(np.abs(turned - 3) - 1))
    luma = pure[0] * np.float32(_LUMA[0]) + pure[1] * np.float32(_LUMA[1]) + pure[2] * np.float32(_LUMA[2])
    return np.stack([brightness + strength * (channel - luma) for channel in pure], axis=1)


def painted(pattern_field: Field, dark: Field, bright: Field) -> Field:
    """Return a picture [images, 3, 32, 32] whose colours run from `dark` to `bright` [images, 3] with the pattern."""
    return dark[:, :, None, None] + (bright - dark)[:, :, None, None] * pattern_field[:, None]


def grain(stream: Stream, strength: Field) -> Field:
    """Draw nearly normal noise [images, 3, 32, 32], as of a camera; `strength` [images] is its standard deviation."""
    raw = stream.bits(SIZE * SIZE // 2 * 3)
    # The sum of four random bytes is nearly normal, so every 64-bit draw serves two values.
    summed = np.zeros((len(stream), 2, SIZE * SIZE // 2 * 3), dtype=np.float32)
    for half in range(2):
        for byte in range(4):
            summed[:, half] += ((raw >> np.uint64(8 * (4 * half + byte))) & np.uint64(255)).astype(np.float32)
    centred = (summed.reshape(len(stream), 3, SIZE, SIZE) - np.float32(510)) * np.float32(1 / 148)
    return centred * strength[:, None, None, None]
