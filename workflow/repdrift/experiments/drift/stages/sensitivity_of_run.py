"""Measure the similarity of a run to its references under other samples of images, BN modes and estimators.

One job is for one seed. Activations are not saved: those of thousands of images would take many gigabytes for a study,
and computing them takes seconds.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from repdrift import command
from repdrift.data.task_files import load_probe
from repdrift.errors import UserError
from repdrift.experiments.drift.specs import SensitivitySpec
from repdrift.machine.devices import device_name, prepare
from repdrift.networks import checkpoints
from repdrift.networks.network import Network
from repdrift.networks.representations import calibrated, read, representations
from repdrift.provenance.artifacts import Job, write_csv
from repdrift.seeds import seed_for
from repdrift.similarity.cka import linear_cka_and_nulls
from repdrift.similarity.compact import smaller
from repdrift.similarity.estimator import Estimator, UndefinedError
from repdrift.similarity.gram import Representation
from repdrift.similarity.null import permutation_nulls
from repdrift.similarity.permutations import Permutations
from repdrift.similarity.registry import estimator

COLUMNS = (
    "run", "seed", "reference", "layer", "probe", "estimator", "n", "bn", "sample", "usual", "value", "null_mean",
    "calibrated",
)  # fmt: skip
REDUCE = "reduce"  # a column of studies that try several reductions of layers
LINEAR = ("cka-biased", "cka-debiased")  # the estimators that are fast enough for thousands of images

Layers = dict[str, Representation]
# A similarity, its mean under permutations, and its calibrated value; None where it is undefined or not measured.
Found = tuple[float | None, float | None, float | None]
Values = dict[str, Found]  # for each reference
Nulls = dict[str, Permutations]  # for each reference; empty if values are not calibrated


def similarities(
    final: Layers, references: dict[str, Layers], estimators: Sequence[str], permutations: Nulls
) -> Iterator[tuple[str, str, Values]]:
    """Yield layer, estimator, and the similarities of the final network to its references."""
    for layer, ours in final.items():
        theirs = {name: layers[layer] for name, layers in references.items()}
        found = linear_values(ours, theirs) if set(estimators) & set(LINEAR) else {}
        others = [name for name in estimators if name not in found]
        if others:  # they share the inner products of the images
            kept = {name: smaller(x) for name, x in theirs.items()}
            found |= other_values(others, smaller(ours), kept, layer, permutations)
        for name in estimators:
            yield layer, name, found[name]


def linear_values(ours: Representation, theirs: Layers) -> dict[str, Values]:
    """Return linear CKA to each reference by both estimators, which share the expensive products.

    They are not calibrated here: the similarities of the study itself are. Where a similarity is undefined, its values
    are None.
    """
    try:
        found = linear_cka_and_nulls([ours, *theirs.values()])
    except UndefinedError as error:
        if len(theirs) == 1:
            print(f"linear CKA: {error}")
            return {name: dict.fromkeys(theirs, (None, None, None)) for name in LINEAR}
        each = [linear_values(ours, {reference: values}) for reference, values in theirs.items()]
        return {name: {key: value for one in each for key, value in one[name].items()} for name in LINEAR}
    return {
        f"cka-{name}": {
            reference: (value, mean, None)
            for reference, value, mean in zip(theirs, *(matrix[0, 1:].tolist() for matrix in both), strict=True)
        }
        for name, both in found.items()
    }


def other_values(
    estimators: Sequence[str], ours: Representation, theirs: Layers, layer: str, permutations: Nulls
) -> dict[str, Values]:
    """Return the similarity to each reference by estimators that compare two representations at a time.

    If an estimator cannot take the layer, the reason is printed, and its values are None.
    """
    found: dict[str, Values] = {}
    for name in estimators:
        try:
            found[name] = values_by(estimator(name), ours, theirs, permutations)
        except UserError as error:
            print(f"{layer}, {name}: undefined: {error}")
            found[name] = dict.fromkeys(theirs, (None, None, None))
    return found


def values_by(method: Estimator[Any], ours: Representation, theirs: Layers, permutations: Nulls) -> Values:
    """Return the similarity to each reference by an estimator."""
    state = method.prepare(ours)
    others = {reference: method.prepare(values) for reference, values in theirs.items()}
    found: Values = {}
    for reference, other in others.items():
        if reference in permutations:
            (null,) = permutation_nulls(method, [state], [other], permutations[reference])
            found[reference] = (null.value, null.mean, null.calibrated)
        else:
            found[reference] = (method.compare(state, other), method.null_mean(state, other), None)
    return found


def permutations_of(spec: SensitivitySpec, images: int) -> Nulls:
    """Draw the permutations behind calibrated values, for each reference. There are none if the spec asks for none."""
    return {
        reference: Permutations.random(
            images, spec.permutations, seed_for("permutation null", spec.seed, f"{spec.run}/{reference}/{spec.role}")
        )
        for reference in spec.references
        if spec.permutations
    }


@dataclass(frozen=True)
class Measurement:
    """A way to measure: BN mode, reduction of layers, the images among those of the probe, and the estimators.

    `sample` is the number of the sample of images, counted from 1. `usual` tells whether all but the estimators are the
    study's own.
    """

    bn: str
    reduce: str
    images: slice
    sample: int
    usual: bool
    estimators: Sequence[str]


def measurements(spec: SensitivitySpec) -> Iterator[Measurement]:
    """Yield the measurements.

    Every number of images is combined with every BN mode and every reduction. Beyond the usual number, only linear CKA
    is measured, since the other estimators would take many times as long. The samples after the first have the usual
    number of images, the usual BN mode and the usual reduction.
    """
    usual = spec.usual
    linear = [name for name in spec.estimators if name in LINEAR]
    for bn, reduce, images in product(spec.bn, spec.reduce, spec.sizes):
        own = (bn, reduce, images) == (usual.bn, usual.reduce, usual.images)
        estimators = spec.estimators if images <= usual.images else linear
        if estimators:
            yield Measurement(bn, reduce, slice(0, images), 1, own, estimators)
    for sample in range(1, spec.samples):
        chosen = slice(sample * usual.images, (sample + 1) * usual.images)
        yield Measurement(usual.bn, usual.reduce, chosen, sample + 1, False, spec.estimators)


def main() -> None:
    flags = command.parser(__doc__, SensitivitySpec)
    flags.add_argument("--final", type=Path, required=True, help="weights of the run")
    flags.add_argument("--references", type=Path, nargs="+", required=True)
    flags.add_argument("--images", type=Path, nargs=2, required=True, help="calibration images, probe")
    flags.add_argument("--gpus", type=int, default=0)
    args = flags.parse_args()
    spec: SensitivitySpec = args.spec

    device = prepare(args.gpus)
    job = Job(spec, args.code, [args.final, *args.references, *sorted(set(args.images))], device_name(device))
    probe, calibration = load_probe(args.images, spec.probe, spec.calibration, device)
    networks = [
        checkpoints.load_with_its_head(path, spec.network).to(device) for path in (args.final, *args.references)
    ]
    folder = args.output.parent
    modes: dict[str, tuple[Sequence[Network], Callable[..., Layers]]]
    modes = {"batch": (networks, partial(representations, folder=folder))}
    if calibration is not None:
        modes["calibrated"] = ([calibrated(network, calibration) for network in networks], partial(read, folder=folder))
    rows: list[dict[str, object]] = []
    for one in measurements(spec):
        measured, measure = modes[one.bn]
        images = probe[one.images]
        read_by = (measure(network, images, reduce=one.reduce) for network in measured)
        final, *references = ({layer: values.to(device) for layer, values in found.items()} for found in read_by)
        by_name = dict(zip(spec.references, references, strict=True))
        permutations = permutations_of(spec, len(images)) if one.usual else {}
        for layer, name, values in similarities(final, by_name, one.estimators, permutations):
            for reference, found in values.items():
                where = (spec.run, spec.seed, reference, layer, spec.role)
                values_of = (*where, name, len(images), one.bn, one.sample, int(one.usual), *found)
                rows.append({**dict(zip(COLUMNS, values_of, strict=True)), REDUCE: one.reduce})
    columns = (*COLUMNS, REDUCE) if len(spec.reduce) > 1 else COLUMNS
    written = [{column: row[column] for column in columns} for row in rows]
    job.save(args.output, lambda file: write_csv(file, written, columns))
