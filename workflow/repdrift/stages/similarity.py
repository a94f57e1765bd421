"""Measure the similarity of the final network of a run to its references in every layer, for one seed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safetensors import safe_open

from repdrift import command
from repdrift.errors import UserError
from repdrift.provenance.artifacts import Job, write_csv
from repdrift.seeds import seed_for
from repdrift.similarity.null import permutation_nulls
from repdrift.similarity.permutations import Permutations
from repdrift.similarity.registry import estimator
from repdrift.specs import SimilaritySpec

COLUMNS = ("run", "seed", "reference", "layer", "estimator", "n", "value", "null_mean", "null_q95")


def prepare_layer(path: Path, layer: str, estimators: Sequence[str]) -> dict[str, Any]:
    """Return what each estimator prepares from one layer of a file of activations, by estimator.

    Raises
    ------
    UserError
        If an estimator cannot take the layer.
    """
    with safe_open(path, framework="pt") as file:
        values = file.get_tensor(layer)
    try:
        return {name: estimator(name).prepare(values) for name in estimators}
    except UserError as error:
        raise UserError(f"{path}, layer {layer}: {error}") from None


def compare(final: Path, references: dict[str, Path], spec: SimilaritySpec) -> list[dict[str, object]]:
    """Return the rows of the table. Only one layer is read at a time, so memory does not grow with their number."""
    with safe_open(final, framework="pt") as file:
        layers = file.metadata()["layers"].split(",")
        images: int = file.get_slice(layers[0]).get_shape()[0]
    seed, estimators = spec.seed, spec.estimators
    rows: list[dict[str, object]] = []
    for layer in layers:
        ours = prepare_layer(final, layer, estimators)
        for reference, path in references.items():
            theirs = prepare_layer(path, layer, estimators)
            null_seed = seed_for("permutation null", seed, f"{spec.run}/{reference}/{layer}")
            permutations = Permutations.random(images, spec.permutations, null_seed)
            for name in estimators:
                (null,) = permutation_nulls(estimator(name), [ours[name]], [theirs[name]], permutations)
                values = (spec.run, seed, reference, layer, name, images, null.value, null.mean, null.q95)
                rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def main() -> None:
    flags = command.parser(__doc__, SimilaritySpec)
    flags.add_argument("--final", type=Path, required=True, help="activations of the final network")
    flags.add_argument("--references", type=Path, nargs="+", required=True, help="activations of its references")
    args = flags.parse_args()
    spec: SimilaritySpec = args.spec
    job = Job(spec, args.code, [args.final, *args.references])
    rows = compare(args.final, dict(zip(spec.references, args.references, strict=True)), spec)
    print(f"{spec.run}, seed {spec.seed}: {len(rows)} similarities")
    job.save(args.output, lambda file: write_csv(file, rows, COLUMNS))
