"""What the commands that compare two networks share: their options, and how they show what was found.

Torch and pandas are imported when they are needed, because they take seconds.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from repdrift.comparison.comparison import Comparison
    from repdrift.comparison.recording import Recording

ESTIMATORS = ("cka-debiased", "cka-biased")  # those that are taken if none is named; two cost no more than one
ALL = ("*",)  # the layers that are compared if none is named


def add_options(parser: argparse.ArgumentParser, layers: str = "all") -> None:
    """Add the options of a comparison to a command. `layers` are those that are compared by default, in words."""
    parser.add_argument(
        "--layers",
        action="append",
        metavar="NAME",
        help=f"a layer that is compared, or a pattern such as 'layer*'; may be repeated (default: {layers})",
    )
    parser.add_argument(
        "--all-pairs",
        action="store_true",
        help="compare every layer with every layer, not only those of the same name",
    )
    parser.add_argument(
        "--estimator",
        action="append",
        metavar="NAME",
        help="an estimator by its name in a config, or path/to/file.py:FUNCTION; may be repeated "
        f"(default: {' and '.join(ESTIMATORS)})",
    )
    parser.add_argument(
        "--permutations",
        type=int,
        default=0,
        metavar="N",
        help="permute the images N times for the null (200 or more are advised)",
    )
    parser.add_argument(
        "--intervals",
        type=int,
        default=0,
        metavar="N",
        help="take N random halves of the images for 95 %% intervals over images (200 are advised)",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the permutations and halves (default: 0)")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FOLDER",
        help="also write table.csv and heatmap.png, .svg and .pdf to this folder",
    )
    printed = parser.add_mutually_exclusive_group()
    printed.add_argument("--csv", action="store_true", help="print CSV with all digits")
    printed.add_argument("--json", action="store_true", help="print JSON with all digits")


def show_comparison(first: Recording, second: Recording, args: argparse.Namespace) -> None:
    """Compare two networks as the options of `add_options` say, print the similarities, and write them to files.

    All layers of the recordings are compared: whoever recorded or read them has chosen those of ``--layers``.

    Raises
    ------
    UserError
        As `repdrift.comparison.comparing.compare_recordings` does.
    """
    from repdrift.comparison.comparing import compare_recordings  # noqa: PLC0415

    comparison = compare_recordings(
        first,
        second,
        all_pairs=args.all_pairs,
        estimators=args.estimator or ESTIMATORS,
        permutations=args.permutations,
        seed=args.seed,
        intervals=args.intervals,
    )
    for note in comparison.notes:
        print(note, file=sys.stderr)
    if args.csv:
        comparison.table.to_csv(sys.stdout, index=False, lineterminator="\n")
    elif args.json:
        print(as_json(comparison))
    else:
        print(for_people(comparison.table))
    if args.output:
        comparison.save(args.output)


def for_people(table: pd.DataFrame) -> str:
    """Return a table as text, with four digits of each value."""

    def digits(value: float) -> str:
        return f"{round(value, 4) + 0.0:.4f}"  # adding 0 turns -0.0, the rounding of a null mean of 0, into 0.0

    return table.to_string(index=False, float_format=digits, na_rep="undefined")


def as_json(comparison: Comparison) -> str:
    """Return a comparison as a JSON object: the names of the networks, the rows of the table, and the notes.

    What is undefined is null.
    """
    rows = [
        {
            str(column): None if isinstance(value, float) and math.isnan(value) else value
            for column, value in row.items()
        }
        for row in comparison.table.to_dict("records")
    ]
    return json.dumps({"names": comparison.names, "table": rows, "notes": comparison.notes}, indent=1)
