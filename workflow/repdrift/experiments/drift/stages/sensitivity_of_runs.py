"""Measure the similarity of runs to their references under other samples of images, BN modes and estimators.

One job is for one seed, and for runs that share references, so that each network is read and prepared once. Activations
are not saved: those of thousands of images would take many gigabytes for a study, and computing them takes seconds.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

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
from repdrift.similarity.estimator import Estimator, UndefinedError, check
from repdrift.similarity.gram import Representation
from repdrift.similarity.null import permutation_nulls
from repdrift.similarity.permutations import Permutations
from repdrift.similarity.registry import estimator, needs_features

COLUMNS = (
    "run", "seed", "reference", "layer", "probe", "estimator", "n", "bn", "sample", "usual", "value", "null_mean",
    "calibrated",
)  # fmt: skip
REDUCE = "reduce"  # a column of studies that try several reductions of layers
LINEAR = {"cka-biased": "biased", "cka-debiased": "debiased"}  # those that are fast enough for thousands of images

Layers = dict[str, Representation]
States = dict[tuple[str, str], Any]  # by layer and estimator: what it prepares; None where the similarity is undefined
# A similarity, its mean under permutations, and its calibrated value; None where it is undefined or not measured.
Found = tuple[float | None, float | None, float | None]
UNDEFINED: Found = (None, None, None)


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
    estimators: tuple[str, ...]

    @property
    def count(self) -> int:
        """Number of images."""
        return int(self.images.stop - self.images.start)


Row = tuple[str, str, str, str, Found]  # run, reference, layer, estimator, values


def measurements(spec: SensitivitySpec) -> Iterator[Measurement]:
    """Yield the measurements.

    Every number of images is combined with every BN mode and every reduction. Beyond the usual number, only linear CKA
    is measured, since the other estimators would take many times as long. The samples after the first have the usual
    number of images, the usual BN mode and the usual reduction.
    """
    usual = spec.usual
    linear = tuple(name for name in spec.estimators if name in LINEAR)
    for bn, reduce, images in product(spec.bn, spec.reduce, spec.sizes):
        own = (bn, reduce, images) == (usual.bn, usual.reduce, usual.images)
        estimators = spec.estimators if images <= usual.images else linear
        if estimators:
            yield Measurement(bn, reduce, slice(0, images), 1, own, estimators)
    for sample in range(1, spec.samples):
        chosen = slice(sample * usual.images, (sample + 1) * usual.images)
        yield Measurement(usual.bn, usual.reduce, chosen, sample + 1, False, spec.estimators)


class Reader:
    """Reads the representations of one network.

    It loads the network for each measurement, since all networks of a job may be too large for the memory.

    Parameters
    ----------
    path : Path
        Its weights.
    settings : dict
        See `repdrift.networks.building.build`.
    probe, calibration : uint8 Tensor [n, C, H, W], or None for the calibration images if no mode needs them
    folder : Path
        The folder of temporary files.
    """

    def __init__(
        self, path: Path, settings: dict[str, Any], probe: Tensor, calibration: Tensor | None, folder: Path
    ) -> None:
        self.path, self.settings, self.folder = path, settings, folder
        self.probe, self.calibration = probe, calibration
        self._statistics: dict[str, Tensor] = {}  # of batch normalisation, re-estimated

    @torch.inference_mode()
    def read(self, one: Measurement) -> Layers:
        """Return the representations of all layers, on the device of the images."""
        images = self.probe[one.images]
        network = checkpoints.load_with_its_head(self.path, self.settings).to(images.device)
        if one.bn == "batch":
            found = representations(network, images, reduce=one.reduce, folder=self.folder)
        else:
            found = read(self._calibrated(network), images, reduce=one.reduce, folder=self.folder)
        return {layer: values.to(images.device) for layer, values in found.items()}

    def _calibrated(self, network: Network) -> Network:
        if self.calibration is None:
            raise ValueError("there are no images for the statistics of batch normalisation")
        if not self._statistics:
            self._statistics = dict(calibrated(network, self.calibration).named_buffers())
        network.load_state_dict(self._statistics, strict=False)
        return network.eval()


def states(layers: Layers, estimators: Sequence[str], network: str) -> States:
    """Return what each estimator prepares of each layer. Where it cannot, the reason is printed.

    Raises
    ------
    UserError
        If a layer has values that are not finite.
    """
    found: States = {}
    for layer, values in layers.items():
        kept = smaller(values)  # all estimators share the inner products of the images
        with suppress(UndefinedError):  # each estimator says below that a layer is the same for all images
            check(kept, f"{network}, layer {layer}")
        for name in estimators:
            try:
                found[layer, name] = estimator(name).prepare(values if needs_features(name) else kept)
            except UserError as error:
                print(f"{network}, {layer}, {name}: undefined: {error}")
                found[layer, name] = None
    return found


def compared(method: Estimator[Any], ours: object, theirs: object, permutations: Permutations | None) -> Found:
    """Return the values of two states. One that is None has no similarity to anything."""
    if ours is None or theirs is None:
        return UNDEFINED
    if permutations is not None:
        (null,) = permutation_nulls(method, [ours], [theirs], permutations)
        return null.value, null.mean, null.calibrated
    return method.compare(ours, theirs), method.null_mean(ours, theirs), None


def permutations_of(spec: SensitivitySpec, run: str, reference: str, one: Measurement) -> Permutations | None:
    """Draw the permutations behind the calibrated values of a comparison, or return None if it has none."""
    if not (one.usual and spec.permutations):
        return None
    seed = seed_for("permutation null", spec.seed, f"{run}/{reference}/{spec.role}")
    return Permutations.random(one.count, spec.permutations, seed)


def of_few_images(spec: SensitivitySpec, readers: Mapping[str, Reader], one: Measurement) -> Iterator[Row]:
    """Yield the rows of a measurement with all estimators.

    Linear CKA is not calibrated here: the similarities of the study itself are.
    """

    def prepared(name: str) -> States:
        return states(readers[name].read(one), one.estimators, name)

    references = {name: prepared(name) for name in dict.fromkeys(theirs for _, theirs in pairs_of(spec))}
    for run in spec.runs:
        ours = references[run.network] if run.network in references else prepared(run.network)
        for reference, network in run.references.items():
            permutations = permutations_of(spec, run.name, reference, one)
            for (layer, name), state in ours.items():
                drawn = None if name in LINEAR else permutations
                found = compared(estimator(name), state, references[network][layer, name], drawn)
                yield run.name, reference, layer, name, found


def of_many_images(spec: SensitivitySpec, readers: Mapping[str, Reader], one: Measurement) -> Iterator[Row]:
    """Yield the rows of a measurement with linear CKA alone, in which all networks share the expensive products."""
    read_by = {name: reader.read(one) for name, reader in readers.items()}
    for layer in next(iter(read_by.values())):
        found = linear_values({name: layers[layer] for name, layers in read_by.items()}, pairs_of(spec))
        for run in spec.runs:
            for reference, network in run.references.items():
                for name in one.estimators:
                    yield run.name, reference, layer, name, found[name][run.network, network]


def pairs_of(spec: SensitivitySpec) -> list[tuple[str, str]]:
    """Return the pairs of networks that are compared: each run's own and that of a reference."""
    return list(dict.fromkeys((run.network, name) for run in spec.runs for name in run.references.values()))


def linear_values(
    representations: Mapping[str, Representation], pairs: Sequence[tuple[str, str]]
) -> dict[str, dict[tuple[str, str], Found]]:
    """Return linear CKA of pairs of networks by both estimators. Where it is undefined, its values are None."""
    try:
        found = linear_cka_and_nulls(list(representations.values()))
    except UndefinedError as error:
        if len(representations) == 2:
            print(f"linear CKA of {' and '.join(representations)}: {error}")
            return {name: dict.fromkeys(pairs, UNDEFINED) for name in LINEAR}
        each = [linear_values({name: representations[name] for name in pair}, [pair]) for pair in pairs]
        return {name: {pair: value for one in each for pair, value in one[name].items()} for name in LINEAR}
    places = {name: place for place, name in enumerate(representations)}

    def values(name: str, pair: tuple[str, str]) -> Found:
        value, mean = (matrix[places[pair[0]], places[pair[1]]].item() for matrix in found[LINEAR[name]])
        return value, mean, None

    return {name: {pair: values(name, pair) for pair in pairs} for name in LINEAR}


def main() -> None:
    flags = command.parser(__doc__, SensitivitySpec)
    flags.add_argument("--networks", type=Path, nargs="+", required=True, help="weights of the networks")
    flags.add_argument("--images", type=Path, nargs=2, required=True, help="calibration images, probe")
    flags.add_argument("--gpus", type=int, default=0)
    args = flags.parse_args()
    spec: SensitivitySpec = args.spec

    device = prepare(args.gpus)
    job = Job(spec, args.code, [*args.networks, *sorted(set(args.images))], device_name(device))
    probe, calibration = load_probe(args.images, spec.probe, spec.calibration, device)
    readers = {
        name: Reader(path, spec.network, probe, calibration, args.output.parent)
        for name, path in zip(spec.networks, args.networks, strict=True)
    }
    rows: list[dict[str, object]] = []
    for one in measurements(spec):
        measure = of_few_images if one.count <= spec.usual.images else of_many_images
        for run, reference, layer, name, found in measure(spec, readers, one):
            where = (run, spec.seed, reference, layer, spec.role)
            values = (*where, name, one.count, one.bn, one.sample, int(one.usual), *found)
            rows.append({**dict(zip(COLUMNS, values, strict=True)), REDUCE: one.reduce})
    order = {run.name: place for place, run in enumerate(spec.runs)}
    rows.sort(key=lambda row: order[str(row["run"])])
    columns = (*COLUMNS, REDUCE) if len(spec.reduce) > 1 else COLUMNS
    written = [{column: row[column] for column in columns} for row in rows]
    job.save(args.output, lambda file: write_csv(file, written, columns))
