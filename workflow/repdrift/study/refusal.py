"""How a wrong config is refused: in one line, with the key, its value, what is allowed, and the nearest valid name."""

import difflib
import json
from collections.abc import Iterable, Sequence

from repdrift.errors import UserError, in_one_line


def refusal(key: str, value: object, sentence: str) -> UserError:
    """Make the error for a key: the key, its value, and a sentence that says what is allowed."""
    shown = json.dumps(value, default=str, ensure_ascii=False, skipkeys=True)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    return in_one_line(f"{key}: {shown}: {sentence}")


def nearest(name: object, names: Iterable[str], parent: str = "") -> str:
    """Write ``; did you mean ...?``, or nothing where no name is near."""
    folded = {each.lower(): each for each in names}
    close = difflib.get_close_matches(str(name).lower(), folded, n=1)
    return f"; did you mean {joined(parent, folded[close[0]])}?" if close else ""


def joined(key: str, name: object) -> str:
    """Write the key of something in a section."""
    return f"{key}.{name}" if key else str(name)


def check_at_most(key: str, values: Sequence[int], last: int, allowed: str) -> None:
    """Refuse the first value of a list that is larger than the last that is allowed."""
    for place, value in enumerate(values):
        if value > last:
            raise refusal(f"{key}[{place}]", value, allowed)
