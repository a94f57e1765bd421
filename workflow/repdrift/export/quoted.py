"""Numbers as a text quotes them, in LaTeX."""

import math

from repdrift.claims.numbers import number
from repdrift.export.latex import escaped


def signed(value: float) -> str:
    """Return a number with its sign and three digits, such as ``+0.034``. It can stand in a text and in a formula."""
    text = number(value).replace("\u2212", "-")
    return rf"\ensuremath{{{text[0]}0{text[1:]}}}" if text[1:2] == "." else rf"\ensuremath{{{text}}}"


def interval(low: float, high: float) -> str:
    """Return an interval in brackets."""
    return f"[{signed(low)}, {signed(high)}]"


def plain(value: float, digits: int) -> str:
    """Return a number with some decimal places and without a plus."""
    return rf"\ensuremath{{{value:z.{digits}f}}}"


def probability(value: float) -> str:
    """Return a p-value with two digits. One below 0.001 is said to be so."""
    return r"\ensuremath{<0.001}" if value < 0.001 else rf"\ensuremath{{{value:.2g}}}"


def effect(mean: float, low: float, high: float, unit: str) -> str:
    """Return an effect with its interval, if it has one, and its unit."""
    known = "" if math.isnan(low) else f" {interval(low, high)}"
    return f"{signed(mean)}{known} {escaped(unit)}".rstrip()
