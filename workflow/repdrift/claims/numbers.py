"""How effects are written in figures and reports."""

import math


def number(value: float) -> str:
    """Write a number with its sign and three digits, such as ``+.024``, ``-1.05`` and ``+45.2``.

    The minus is the true minus sign, U+2212.
    """
    if math.isnan(value):
        return "?"
    size = abs(value)
    decimals = next((3 - power for power in range(3) if size < 10**power - 0.5 * 10 ** (power - 3)), 0)
    text = f"{size:.{decimals}f}"
    text = text.removeprefix("0") if decimals else text
    return ("\u2212" if value < 0 else "+") + text


def effect_in_words(effect: float, low: float, high: float, unit: str) -> str:
    """Write an effect with its interval and its unit, such as ``+.034 [+.021, +.047] CKA``, or that it is undefined."""
    if math.isnan(effect):
        return "undefined"
    interval = "" if math.isnan(low) else f" [{number(low)}, {number(high)}]"
    return f"{number(effect)}{interval} {unit}"
