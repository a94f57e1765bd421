"""Measure the similarity of all layers of some networks to all layers of these, on one probe, for one seed."""

from itertools import product
from pathlib import Path

from repdrift import command
from repdrift.experiments.drift.specs import LayersSpec
from repdrift.provenance.artifacts import Job, write_csv
from repdrift.similarity.cka import linear_cka_matrices
from repdrift.similarity.estimator import UndefinedError, check
from repdrift.similarity.files import layers_of, load
from repdrift.similarity.gram import Representation

COLUMNS = ("run", "seed", "reference", "layer", "reference_layer", "estimator", "n", "value")


def is_defined(place: tuple[str, str], values: Representation) -> bool:
    """Return whether a layer of a network has a similarity to others. The reason is printed if it has not.

    Raises
    ------
    UserError
        If the layer cannot be compared for another reason.
    """
    try:
        check(values, f"{place[0]}, layer {place[1]}")
    except UndefinedError as error:
        print(error)
        return False
    return True


def main() -> None:
    flags = command.parser(__doc__, LayersSpec)
    flags.add_argument("--activations", type=Path, nargs="+", required=True, help="one file for each network")
    args = flags.parse_args()
    spec: LayersSpec = args.spec

    job = Job(spec, args.code, args.activations)
    places, representations = [], []
    for network, path in zip(spec.networks, args.activations, strict=True):
        for layer in layers_of(path):
            places.append((network, layer))
            representations.append(load(path, layer))
    defined = [place for place, values in zip(places, representations, strict=True) if is_defined(place, values)]
    compared = [values for place, values in zip(places, representations, strict=True) if place in defined]
    rows = []
    for estimator, matrix in linear_cka_matrices(compared).items():
        known = {
            (one, other): value
            for one, values in zip(defined, matrix.tolist(), strict=True)
            for other, value in zip(defined, values, strict=True)
        }
        for (run, layer), (reference, other) in product(places, places):
            value = known.get(((run, layer), (reference, other)))
            row = (run, spec.seed, reference, layer, other, f"cka-{estimator}", len(representations[0]), value)
            rows.append(dict(zip(COLUMNS, row, strict=True)))
    job.save(args.output, lambda file: write_csv(file, rows, COLUMNS))
