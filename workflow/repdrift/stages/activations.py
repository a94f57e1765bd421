"""Read the representations of one checkpoint on the probe into one cached file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from repdrift import command
from repdrift.machine.devices import device_name, prepare
from repdrift.networks import checkpoints
from repdrift.networks.representations import representations
from repdrift.provenance.artifacts import Job


def load_images(path: Path, part: dict[str, Any], device: torch.device) -> Tensor:
    """Images uint8 [n, 3, 32, 32] (channels_last) of a range of a split."""
    with safe_open(path, framework="pt") as file:
        images: Tensor = file.get_slice("images")[part["start"] : part["stop"]]
    return images.to(device).contiguous(memory_format=torch.channels_last)


def load_probe(paths: Sequence[Path], spec: dict[str, Any], device: torch.device) -> tuple[Tensor, Tensor | None]:
    """Images of the probe, and those of the calibration if the spec asks for one; paths are the latter's first."""
    calibration_path, probe_path = paths
    probe = load_images(probe_path, spec["probe"], device)
    return probe, load_images(calibration_path, spec["calibration"], device) if spec["calibration"] else None


def main() -> None:
    flags = command.parser(__doc__)
    flags.add_argument("--checkpoint", type=Path, required=True)
    flags.add_argument("--images", type=Path, nargs=2, required=True, help="of calibration and of the probe")
    flags.add_argument("--gpus", type=int, default=0)
    args = flags.parse_args()
    spec = args.spec

    device = prepare(args.gpus)
    job = Job(spec, args.code, [args.checkpoint, *sorted(set(args.images))], device_name(device))
    probe, calibration = load_probe(args.images, spec, device)
    network = checkpoints.load(args.checkpoint, spec["network"]).to(device)
    layers = representations(network, probe, calibration)
    print(", ".join(f"{layer} {tuple(values.shape)}" for layer, values in layers.items()))
    # safetensors orders tensors by itself; the network's order is kept beside them.
    order = {"layers": ",".join(layers)}
    job.save(args.output, lambda file: save_file(layers, file, metadata=order))


if __name__ == "__main__":
    command.run(main)
