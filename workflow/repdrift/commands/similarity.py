"""Compare the representations of two networks, layer by layer, from files.

A file is of the format safetensors, npy, npz, pt, HDF5 or parquet, and has an array for each layer. An array has one
row for each image: [n, p], or [n, ...], which is flattened. The files of activations that a study makes are read too.
If the files of both networks have sample ids, rows are matched by id. Otherwise row i of both must be of the same
image.

Layers of the same name are compared; with --all-pairs, every layer is compared with every layer. A network can have
several files with a batch of images each: a folder, a quoted pattern, or a list of files, with those of the second
network after --with. docs/similarity-files.md has the formats.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from repdrift.commands.comparison_options import ALL, add_options, show_comparison
from repdrift.errors import UserError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="the file, folder or quoted pattern of the first network, then that of the second",
    )
    parser.add_argument(
        "--with",
        nargs="+",
        dest="others",
        metavar="FILE",
        help="files of the second network; those before are of the first, in the order of their images",
    )
    parser.add_argument(
        "--ids",
        type=Path,
        action="append",
        metavar="FILE",
        help="a text file with a sample id for each row, one a line, for files that have none. Given once, it is for "
        "both networks; given twice, for the first and the second",
    )
    parser.add_argument(
        "--npy",
        choices=["batches", "layers"],
        help="what several npy files of a network are (default: batches of one layer if their names differ in a number "
        "only, and otherwise a layer each)",
    )
    add_options(parser)


def run(args: argparse.Namespace) -> None:
    first, second = sides(args.files, args.others)
    given = args.ids or []
    if len(given) > 2:
        raise UserError(f"--ids is given {len(given)} times; it can be given once for both networks, or for each")

    from repdrift.comparison.files.names import short_names  # noqa: PLC0415
    from repdrift.comparison.files.sides import read, read_ids  # noqa: PLC0415  torch takes a second

    ids = [read_ids(path) for path in given]
    layers = args.layers or ALL
    ours = read(first, layers, ids[0] if ids else None, args.npy)
    theirs = read(second, layers, ids[-1] if ids else None, args.npy)
    names = short_names(ours.name, theirs.name)
    if (ours.ids is None) != (theirs.ids is None):
        without = ours.name if ours.ids is None else theirs.name
        print(f"{without} has no sample ids, so rows are compared in their order: --ids can give them", file=sys.stderr)
    show_comparison(replace(ours, name=names[0]), replace(theirs, name=names[1]), args)


def sides(files: list[str], others: list[str] | None) -> tuple[list[str], list[str]]:
    """Return the files of the first and of the second network."""
    if others is not None:
        return files, others
    if len(files) != 2:
        raise UserError(
            f"{len(files)} files without --with: name one file, folder or quoted pattern for each of the two networks, "
            "or put the files of the second network after --with"
        )
    return [files[0]], [files[1]]
