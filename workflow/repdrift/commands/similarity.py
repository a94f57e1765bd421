"""Compare the representations in two files.

A safetensors file has one tensor for each layer. A tensor has one row for each image: [n, p], or [n, ...], which is
flattened. The files of activations that a study makes are read too. Both files must show the same images in the same
order. Layers of the same name are compared; with --all-pairs, every layer is compared with every layer.
"""

import argparse
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pandas as pd

from repdrift.errors import UserError
from repdrift.similarity.files import layers_of, load
from repdrift.similarity.gram import Representation
from repdrift.similarity.registry import estimator

DEFAULT = ("cka-debiased", "cka-biased")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    usual = " and ".join(DEFAULT)
    parser.add_argument("first", type=Path, metavar="A.safetensors")
    parser.add_argument("second", type=Path, metavar="B.safetensors")
    parser.add_argument(
        "--estimator", action="append", metavar="NAME", help=f"estimator; may be repeated (default: {usual})"
    )
    parser.add_argument("--all-pairs", action="store_true", help="compare every layer with every layer")
    parser.add_argument(
        "--permutations",
        type=int,
        default=0,
        metavar="N",
        help="permute the images N times for the null (200 or more are advised)",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the permutations (default: 0)")
    parser.add_argument("--csv", action="store_true", help="print CSV with all digits")


def run(args: argparse.Namespace) -> None:
    ours, theirs = read(args.first), read(args.second)
    pairs = list(product(ours, theirs)) if args.all_pairs else [(layer, layer) for layer in ours if layer in theirs]
    if not pairs:
        found = f"{args.first} has {', '.join(ours)}; {args.second} has {', '.join(theirs)}"
        raise UserError(f"no layer has the same name in both ({found}): compare all with --all-pairs")
    representations = [(layer, other, ours[layer], theirs[other]) for layer, other in pairs]
    table = compare(representations, args.estimator or DEFAULT, args.permutations, args.seed)
    if args.csv:
        table.to_csv(sys.stdout, index=False, lineterminator="\n")
    else:
        # Adding 0 turns -0.0, the rounding of a null mean of 0, into 0.0.
        digits = "{:.4f}".format
        print(
            table.to_string(index=False, float_format=lambda value: digits(round(value, 4) + 0.0), na_rep="undefined")
        )


def read(path: Path) -> dict[str, Representation]:
    """Return the representations of a file by layer, see `repdrift.similarity.files`."""
    return {layer: load(path, layer) for layer in layers_of(path)}


def compare(
    representations: Sequence[tuple[str, str, Representation, Representation]],
    estimators: Sequence[str],
    permutations: int = 0,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare pairs of named representations.

    Parameters
    ----------
    representations : sequence of (name, name, Tensor or Gram [n, p], Tensor or Gram [n, q])
    estimators : sequence of str
        Names in `repdrift.similarity.registry`.
    permutations : int
        Number of permutations of the images for the null. 0 is for no null.
    seed : int
        The seed of the permutations.

    Returns
    -------
    DataFrame
        Columns layer, with, n, estimator and value, and with permutations also null_mean, null_q95, p, p_max and
        calibrated, which `repdrift.similarity.null.Null` explains. The same permutations are used for all pairs of as
        many images, and p_max is over these pairs. A value is NaN if it is undefined, and the reason is printed to
        standard error.

    Raises
    ------
    UserError
        If an estimator is unknown, the numbers of images differ, or the number of permutations is 1 or negative.
    """
    from repdrift.similarity.null import Permuted, nulls, permuted  # noqa: PLC0415  torch takes a second
    from repdrift.similarity.permutations import Permutations  # noqa: PLC0415

    methods = {name: estimator(name) for name in estimators}
    if permutations == 1 or permutations < 0:
        raise UserError(f"permutations {permutations}: allowed are 0 (no null), or 2 and more")
    rows: list[dict[str, object]] = []
    samples: dict[tuple[str, int], list[tuple[dict[str, object], Permuted]]] = {}
    for layer, other, x, y in representations:
        if len(x) != len(y):
            raise UserError(
                f"{layer} has {len(x)} images and {other} of the second {len(y)}; needed are the same images"
            )
        for name, method in methods.items():
            row: dict[str, object] = {"layer": layer, "with": other, "n": len(x), "estimator": name}
            rows.append(row)
            try:
                a, b = method.prepare(x), method.prepare(y)
                row["value"] = method.compare(a, b)
                if permutations:
                    sample = permuted(method, a, b, Permutations.random(len(x), permutations, seed))
                    samples.setdefault((name, len(x)), []).append((row, sample))
            except UserError as error:
                print(f"{layer} with {other}, {name}: {error}", file=sys.stderr)
                row["value"] = float("nan")
    for found in samples.values():
        for (row, _), null in zip(found, nulls([sample for _, sample in found]), strict=True):
            row |= {"null_mean": null.mean, "null_q95": null.q95}
            row |= {"p": null.p, "p_max": null.p_max, "calibrated": null.calibrated}
    return pd.DataFrame(rows)
