"""Measure the similarity of all layers of some networks to all layers of these, on one probe, for one seed."""

from pathlib import Path

from repdrift import command
from repdrift.errors import UserError
from repdrift.experiments.drift.specs import LayersSpec
from repdrift.provenance.artifacts import Job, write_csv
from repdrift.similarity.cka import linear_cka_matrices
from repdrift.similarity.files import layers_of, load

COLUMNS = ("run", "seed", "reference", "layer", "reference_layer", "estimator", "n", "value")


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
    try:
        matrices = linear_cka_matrices(representations)
    except UserError as error:
        names = ", ".join(f"{number} {network} {layer}" for number, (network, layer) in enumerate(places, 1))
        raise UserError(f"{error}; the representations are {names}") from None
    rows = []
    for estimator, matrix in matrices.items():
        for (run, layer), values in zip(places, matrix.tolist(), strict=True):
            for (reference, other), value in zip(places, values, strict=True):
                row = (run, spec.seed, reference, layer, other, f"cka-{estimator}", len(representations[0]), value)
                rows.append(dict(zip(COLUMNS, row, strict=True)))
    job.save(args.output, lambda file: write_csv(file, rows, COLUMNS))
