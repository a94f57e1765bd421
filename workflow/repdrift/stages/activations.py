"""Compute the representations of one checkpoint on the probe, and save them to one file.

Each layer is kept as its features or as the inner products of the images, whichever takes less disk. It is kept as its
features if an estimator of the study needs these.
"""

from pathlib import Path

from repdrift import command
from repdrift.data.task_files import load_probe
from repdrift.machine.devices import device_name, prepare
from repdrift.networks import checkpoints
from repdrift.networks.representations import representations, shapes
from repdrift.provenance.artifacts import Job
from repdrift.similarity.compact import smaller
from repdrift.similarity.files import save
from repdrift.specs import ActivationsSpec


def main() -> None:
    flags = command.parser(__doc__, ActivationsSpec)
    flags.add_argument("--checkpoint", type=Path, required=True)
    flags.add_argument("--images", type=Path, nargs=2, required=True, help="calibration images, probe")
    flags.add_argument("--gpus", type=int, default=0)
    args = flags.parse_args()
    spec: ActivationsSpec = args.spec

    device = prepare(args.gpus)
    job = Job(spec, args.code, [args.checkpoint, *sorted(set(args.images))], device_name(device))
    probe, calibration = load_probe(args.images, spec.probe, spec.calibration, device)
    network = checkpoints.load_with_its_head(args.checkpoint, spec.network).to(device)
    found = representations(network, probe, calibration, reduce=spec.reduce, folder=args.output.parent)
    layers = found if spec.features else {layer: smaller(x) for layer, x in found.items()}
    print(", ".join(f"{layer} {tuple(x.shape)}" for layer, x in layers.items()))
    details = {layer: {"shape": shape, "reduce": spec.reduce} for layer, shape in shapes(network, probe).items()}
    job.save(args.output, lambda file: save(file, layers, details))
