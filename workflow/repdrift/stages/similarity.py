"""Compare the final network of a run with its references, for every seed and layer, into a tidy table."""

from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from repdrift.artifacts import Job, write_csv
from repdrift.seeds import seed_for
from repdrift.similarity import centred_grams, cosine, permutation_null
from repdrift.stages import command

COLUMNS = ("run", "seed", "reference", "layer", "estimator", "n", "value", "null_mean", "null_q95", "images")


def layer_grams(path: Path, layer: str, estimators: list[str]) -> dict[str, Tensor]:
    """Centred Grams of one layer of a file of activations, one for each estimator."""
    with safe_open(path, framework="pt") as file:
        return centred_grams(file.get_tensor(layer), estimators, f"{path}, layer {layer}")


def compare_seed(seed: int, final: Path, references: dict[str, Path], spec: dict[str, Any]) -> list[dict[str, object]]:
    """Rows of one seed; a layer at a time, so that memory does not grow with the number of layers."""
    with safe_open(final, framework="pt") as file:
        layers = file.metadata()["layers"].split(",")
    estimators = spec["estimators"]
    rows: list[dict[str, object]] = []
    for layer in layers:
        grams = layer_grams(final, layer, estimators)
        for reference, path in references.items():
            others = layer_grams(path, layer, estimators)
            for estimator in estimators:
                a, b = grams[estimator], others[estimator]
                generator = torch.Generator().manual_seed(
                    seed_for("permutation null", seed, f"{spec['run']}/{reference}/{layer}")
                )
                permutations = torch.stack(
                    [torch.randperm(len(a), generator=generator) for _ in range(spec["permutations"])]
                )
                null = permutation_null(a, b, permutations)
                values = (spec["run"], seed, reference, layer, estimator, len(a), cosine(a, b), null.mean, null.q95)
                rows.append(dict(zip(COLUMNS, (*values, spec["images"]), strict=True)))
    return rows


def main() -> None:
    flags = command.parser(__doc__)
    flags.add_argument("--final", type=Path, nargs="+", required=True, help="activations of the run, one a seed")
    flags.add_argument("--references", type=Path, nargs="+", required=True, help="of its references, seed by seed")
    args = flags.parse_args()
    spec = args.spec
    count = len(spec["references"])
    rows = []
    for number, (seed, final) in enumerate(zip(spec["seeds"], args.final, strict=True)):
        paths = args.references[number * count : (number + 1) * count]
        rows += compare_seed(seed, final, dict(zip(spec["references"], paths, strict=True)), spec)
    print(f"{spec['run']}: {len(rows)} similarities")
    job = Job(spec, args.code, [*args.final, *args.references])
    job.save(args.output, lambda file: write_csv(file, rows, COLUMNS))


if __name__ == "__main__":
    command.run(main)
