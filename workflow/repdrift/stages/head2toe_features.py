"""Read the features of all layers of a frozen network on the examples of a target, pooled, into one cached file."""

from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor

from repdrift import checkpoints
from repdrift.artifacts import Job
from repdrift.devices import device_name, prepare
from repdrift.head2toe.examples import LABELS, extracted
from repdrift.members import load_part
from repdrift.stages import command


def main() -> None:
    flags = command.parser(__doc__)
    flags.add_argument("--networks", type=Path, nargs="+", required=True, help="pre-trained; and a second, if any")
    flags.add_argument("--task", type=Path, required=True)
    flags.add_argument("--images", type=Path, nargs=2, required=True, help="of training and of testing")
    flags.add_argument("--gpus", type=int, default=0)
    args = flags.parse_args()
    spec = args.spec
    device = prepare(args.gpus)
    job = Job(spec, args.code, [*args.networks, args.task, *sorted(set(args.images))], device_name(device))
    network, *others = (checkpoints.load(path, spec["network"]).to(device) for path in args.networks)
    tensors: dict[str, Tensor] = {}
    for part, path, most in zip(("train", "test"), args.images, (None, spec["test_images"]), strict=True):
        images, labels = (values[:most] for values in load_part(path, args.task, part, device))
        features = extracted(network, others[0] if others else None, images, spec["target_sizes"])
        tensors |= {f"{part}/{name}": values for name, values in features.items()}
        tensors[f"{part}/{LABELS}"] = labels.cpu().contiguous()
    job.save(args.output, lambda file: save_file(tensors, file))
    print(f"{len(tensors)} tensors")


if __name__ == "__main__":
    command.run(main)
