"""Measure the similarity of the final network of a run to its references in every layer, for one probe and one seed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from repdrift import command
from repdrift.claims.contrasts import HALF
from repdrift.errors import UserError
from repdrift.provenance.artifacts import Job, write_csv
from repdrift.seeds import seed_for
from repdrift.similarity.estimator import state_if_defined
from repdrift.similarity.files import layers_of, load
from repdrift.similarity.gram import Representation
from repdrift.similarity.null import Null as NullOfLayer
from repdrift.similarity.null import Permuted, nulls, permuted
from repdrift.similarity.permutations import Permutations
from repdrift.similarity.registry import estimator
from repdrift.similarity.resampling import half_samples, resampled
from repdrift.specs import SimilaritySpec

KEYS = ("run", "seed", "reference", "layer", "probe", "estimator")
COLUMNS = (*KEYS, "n", "value", "null_mean", "null_sd", "null_q95", "p", "p_max", "calibrated")
DIGITS = 6  # of the similarities on halves, whose errors are much larger

Row = dict[str, object]
Null = tuple[str, str]  # a reference and an estimator


@dataclass(frozen=True)
class Layer:
    """A layer of a network on the probe, and what each estimator prepares from it.

    The state of an estimator is None if the layer has no similarity by it, such as logits of a head that begins at 0.
    """

    values: Representation
    states: dict[str, Any]


def prepared(path: Path, layer: str, estimators: Sequence[str]) -> Layer:
    """Read a layer from a file of activations and prepare it for each estimator.

    Raises
    ------
    UserError
        If an estimator cannot take the layer.
    """
    values, where = load(path, layer), f"{path}, layer {layer}"
    try:
        states = {name: state_if_defined(estimator(name), values, f"{where}, {name}") for name in estimators}
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    return Layer(values, states)


def compare(final: Path, references: Mapping[str, Path], spec: SimilaritySpec) -> tuple[list[Row], list[Row]]:
    """Return the rows of both tables: similarities with their nulls, and similarities on halves of the probe.

    Only one layer is read at a time, so memory does not grow with their number. All layers share the permutations, so
    that the largest of all layers has a null of its own. All runs and seeds share the halves of a probe.
    """
    layers = layers_of(final)
    images = len(load(final, layers[0]))
    permutations = {
        reference: Permutations.random(
            images,
            spec.permutations,
            seed_for("permutation null", spec.seed, f"{spec.run}/{reference}/{spec.probe}"),
        )
        for reference in references
    }
    halves = half_samples(images, spec.halves, seed_for("halves of the probe", 0, spec.probe))
    measured: dict[Null, list[Permuted | None]] = {}
    on_halves: list[Row] = []
    for layer in layers:
        ours = prepared(final, layer, spec.estimators)
        for reference, path in references.items():
            theirs = prepared(path, layer, spec.estimators)
            for name in spec.estimators:
                states = ours.states[name], theirs.states[name]
                found = None if is_undefined(states) else permuted(estimator(name), *states, permutations[reference])
                measured.setdefault((reference, name), []).append(found)
                values = similarities_on(halves, name, ours, theirs)
                keys = (spec.run, spec.seed, reference, layer, spec.probe, name)
                on_halves.append(dict(zip(half_columns(spec.halves), (*keys, *values), strict=True)))
    return list(rows(measured, layers, images, spec)), on_halves


def is_undefined(states: tuple[Any, Any]) -> bool:
    """Return whether one of two layers has no similarity by an estimator."""
    return any(state is None for state in states)


def rows(
    measured: Mapping[Null, Sequence[Permuted | None]], layers: Sequence[str], images: int, spec: SimilaritySpec
) -> Iterator[Row]:
    """Yield the rows of the table of similarities with their nulls, given the measurements in all layers.

    A measurement is None where the similarity is undefined. Its numbers are left empty.
    """
    for (reference, name), in_layers in measured.items():
        known = iter(nulls([found for found in in_layers if found is not None]))
        for layer, found in zip(layers, in_layers, strict=True):
            keys = (spec.run, spec.seed, reference, layer, spec.probe, name, images)
            null = None if found is None else next(known)
            yield dict(zip(COLUMNS, (*keys, *numbers(null)), strict=True))


def numbers(null: NullOfLayer | None) -> tuple[float | None, ...]:
    """Return the numbers of a null in the order of the columns; None for each if there is no null."""
    if null is None:
        return (None,) * 7
    return null.value, null.mean, null.sd, null.q95, null.p, null.p_max, null.calibrated


def similarities_on(halves: Tensor, name: str, ours: Layer, theirs: Layer) -> list[float | None]:
    """Return the similarity of two layers on each half of the probe; None for all if one of them is undefined."""
    states = ours.states[name], theirs.states[name]
    if is_undefined(states):
        return [None] * halves.shape[1]
    try:
        values = resampled(estimator(name), ours.values, theirs.values, halves, states)
    except UserError as error:
        print(f"{name} on halves of the probe is undefined: {error}")
        return [None] * halves.shape[1]
    return [round(value, DIGITS) for value in values.tolist()]


def half_columns(count: int) -> tuple[str, ...]:
    return (*KEYS, *(f"{HALF}{number}" for number in range(1, count + 1)))


def main() -> None:
    flags = command.parser(__doc__, SimilaritySpec)
    flags.add_argument("--final", type=Path, required=True, help="activations of the final network")
    flags.add_argument("--references", type=Path, nargs="+", required=True, help="activations of its references")
    flags.add_argument("--halves", type=Path, required=True, help="output: similarities on halves of the probe")
    args = flags.parse_args()
    spec: SimilaritySpec = args.spec
    job = Job(spec, args.code, [args.final, *args.references])
    found, on_halves = compare(args.final, dict(zip(spec.references, args.references, strict=True)), spec)
    print(f"{spec.run}, seed {spec.seed}, probe {spec.probe}: {len(found)} similarities")
    job.save(args.output, lambda file: write_csv(file, found, COLUMNS))
    job.save(args.halves, lambda file: write_csv(file, on_halves, half_columns(spec.halves)))
