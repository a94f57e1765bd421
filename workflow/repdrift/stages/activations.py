"""Compute the representations of one checkpoint on the probe, and save them to one file."""

from pathlib import Path

from safetensors.torch import save_file

from repdrift import command
from repdrift.data.task_files import load_probe
from repdrift.machine.devices import device_name, prepare
from repdrift.networks import checkpoints
from repdrift.networks.representations import representations
from repdrift.provenance.artifacts import Job
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
    layers = representations(network, probe, calibration)
    print(", ".join(f"{layer} {tuple(values.shape)}" for layer, values in layers.items()))
    # safetensors sorts the tensors in its own way, so the metadata keeps the network's order.
    order = {"layers": ",".join(layers)}
    job.save(args.output, lambda file: save_file(layers, file, metadata=order))
