"""Measure the similarity of a run to its initialisation at every epoch whose weights are kept, for one seed."""

from pathlib import Path
from typing import Any

from repdrift import command
from repdrift.data.task_files import load_probe
from repdrift.experiments.drift.specs import CurveSpec
from repdrift.machine.devices import device_name, prepare
from repdrift.networks import checkpoints
from repdrift.networks.representations import representations
from repdrift.provenance.artifacts import Job, write_csv
from repdrift.similarity.compact import smaller
from repdrift.similarity.estimator import state_if_defined
from repdrift.similarity.registry import estimator, needs_features

COLUMNS = ("run", "seed", "reference", "epoch", "layer", "estimator", "n", "value", "null_mean")


def main() -> None:
    flags = command.parser(__doc__, CurveSpec)
    flags.add_argument(
        "--checkpoints", type=Path, nargs="+", required=True, help="initial weights, then those of each epoch"
    )
    flags.add_argument("--images", type=Path, nargs=2, required=True, help="calibration images, probe")
    flags.add_argument("--gpus", type=int, default=0)
    args = flags.parse_args()
    spec: CurveSpec = args.spec

    device = prepare(args.gpus)
    job = Job(spec, args.code, [*args.checkpoints, *sorted(set(args.images))], device_name(device))
    probe, calibration = load_probe(args.images, spec.probe, spec.calibration, device)
    rows: list[dict[str, object]] = []
    initial: dict[tuple[str, str], Any] = {}
    for epoch, path in zip([0, *spec.epochs], args.checkpoints, strict=True):
        network = checkpoints.load(path, spec.network).to(device)
        found = representations(network, probe, calibration, reduce=spec.reduce, folder=args.output.parent)
        for layer, values in found.items():
            kept = smaller(values.to(device))  # all estimators share its inner products
            for name in spec.estimators:
                method = estimator(name)
                given = values if needs_features(name) else kept
                state = state_if_defined(method, given, f"{path}, layer {layer}, {name}")
                first = initial.setdefault((layer, name), state)
                # Without a closed form there is no null.
                value = null = None
                if first is not None and state is not None:
                    value, null = method.compare(first, state), method.null_mean(first, state)
                row = (spec.run, spec.seed, "init", epoch, layer, name, len(probe), value, null)
                rows.append(dict(zip(COLUMNS, row, strict=True)))
    job.save(args.output, lambda file: write_csv(file, rows, COLUMNS))
