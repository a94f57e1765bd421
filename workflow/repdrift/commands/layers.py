"""List the layers of a study's network that a config can name, and mark those that are compared.

Config files are given as for snakemake: `repdrift layers --configfile my-study.yaml`. A layer is the output of a
module, or the result of an operation in the code of a module. `*` marks the layers that are compared with this config.
"""

import argparse

from repdrift.commands.configs import add_configfile, checked
from repdrift.errors import UserError
from repdrift.study.refusal import nearest
from repdrift.study.runs import prefix_of
from repdrift.study.sections import parse
from repdrift.study.study import Study


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_configfile(parser)
    parser.add_argument("--variant", default="", help="list the layers of the network of this variant")


def run(args: argparse.Namespace) -> None:
    config = checked(args)
    study = Study(parse(config))
    if args.variant and args.variant not in study.variants:
        names = ", ".join(study.variants) or "none"
        raise UserError(
            f"there is no variant {args.variant!r}; there are {names}{nearest(args.variant, study.variants)}"
        )
    name = prefix_of(args.variant)
    found, compared = study.description_of(name), study.architecture_of(name).layers
    rows = [
        ("*" if layer.name in compared else "", layer.name, layer.in_words, f"{layer.size:,}") for layer in found.layers
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for mark, layer, shape, size in rows:
        print(f"{mark:<{widths[0]}} {layer:<{widths[1]}}  {shape:>{widths[2]}}  {size:>{widths[3]}}")
    print(f"{study.choice(name).network.name}: {found.parameters:,} parameters in {len(found.parts)} parts")
    print(f"parts: {', '.join(found.parts)}")
