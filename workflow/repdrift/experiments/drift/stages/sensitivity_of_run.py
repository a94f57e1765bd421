"""Compare a run with its references under other choices: size of the probe, BN mode, estimator; for one seed.

The activations of thousands of images are many gigabytes for a study, and read in seconds: they are not kept.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from torch import Tensor, nn

from repdrift import command
from repdrift.data.task_files import load_probe
from repdrift.errors import UserError
from repdrift.experiments.drift.specs import SensitivitySpec
from repdrift.machine.devices import device_name, prepare
from repdrift.networks import checkpoints
from repdrift.networks.representations import calibrated, read, representations
from repdrift.provenance.artifacts import Job, write_csv
from repdrift.similarity.cka import linear_cka_matrices
from repdrift.similarity.registry import estimator

COLUMNS = ("run", "seed", "reference", "layer", "estimator", "n", "bn", "usual", "value")
LINEAR = ("cka-biased", "cka-debiased")  # the estimators that take thousands of images

Layers = dict[str, Tensor]
Values = dict[str, float | None]  # for each reference; None where a similarity is undefined


def similarities(
    final: Layers, references: dict[str, Layers], estimators: Sequence[str]
) -> Iterator[tuple[str, str, Values]]:
    """Give layer, estimator, and the similarities of the final network to its references."""
    for layer, ours in final.items():
        theirs = {name: layers[layer] for name, layers in references.items()}
        linear = linear_values(ours, theirs) if set(estimators) & set(LINEAR) else {}
        for name in estimators:
            yield layer, name, linear.get(name) or other_values(name, ours, theirs, layer)


def linear_values(ours: Tensor, theirs: Layers) -> dict[str, Values]:
    """Linear CKA by both estimators, which share their work."""
    matrices = linear_cka_matrices([ours, *theirs.values()])
    return {f"cka-{name}": dict(zip(theirs, matrix[0, 1:].tolist(), strict=True)) for name, matrix in matrices.items()}


def other_values(name: str, ours: Tensor, theirs: Layers, layer: str) -> Values:
    """Similarity by name; a layer that the estimator cannot take is printed, and does not stop the others."""
    method = estimator(name)
    try:
        state = method.prepare(ours)
        return {reference: method.compare(state, method.prepare(values)) for reference, values in theirs.items()}
    except UserError as error:
        print(f"{layer}, {name}: undefined: {error}")
        return dict.fromkeys(theirs)


def measurements(spec: SensitivitySpec) -> Iterator[tuple[str, int, bool, Sequence[str]]]:
    """Give BN mode, size of the probe, whether both are the study's own, and the estimators for them.

    All combinations; beyond the usual size of linear CKA alone, for the others would take many times as long.
    """
    usual = spec.usual
    linear = [name for name in spec.estimators if name in LINEAR]
    for bn in spec.bn:
        for images in spec.sizes:
            own = bn == usual.bn and images == usual.images
            estimators = spec.estimators if images <= usual.images else linear
            if estimators:
                yield bn, images, own, estimators


def main() -> None:
    flags = command.parser(__doc__, SensitivitySpec)
    flags.add_argument("--final", type=Path, required=True, help="weights of the run")
    flags.add_argument("--references", type=Path, nargs="+", required=True)
    flags.add_argument("--images", type=Path, nargs=2, required=True, help="of calibration and of the probe")
    flags.add_argument("--gpus", type=int, default=0)
    args = flags.parse_args()
    spec: SensitivitySpec = args.spec

    device = prepare(args.gpus)
    job = Job(spec, args.code, [args.final, *args.references, *sorted(set(args.images))], device_name(device))
    probe, calibration = load_probe(args.images, spec.probe, spec.calibration, device)
    networks = [checkpoints.load(path, spec.network).to(device) for path in (args.final, *args.references)]
    modes: dict[str, tuple[Sequence[nn.Module], Callable[[nn.Module, Tensor], Layers]]]
    modes = {"batch": (networks, representations)}
    if calibration is not None:
        modes["calibrated"] = ([calibrated(network, calibration) for network in networks], read)
    rows: list[dict[str, object]] = []
    for bn, images, own, estimators in measurements(spec):
        measured, measure = modes[bn]
        final, *references = (
            {layer: values.to(device) for layer, values in measure(network, probe[:images]).items()}
            for network in measured
        )
        named = dict(zip(spec.references, references, strict=True))
        for layer, name, values in similarities(final, named, estimators):
            for reference, value in values.items():
                row = (spec.run, spec.seed, reference, layer, name, images, bn, int(own), value)
                rows.append(dict(zip(COLUMNS, row, strict=True)))
    job.save(args.output, lambda file: write_csv(file, rows, COLUMNS))
