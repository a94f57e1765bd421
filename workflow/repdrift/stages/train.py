"""Pre-train or fine-tune: train a network from given weights on a task, keep its checkpoints and its history."""

import dataclasses
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor
from tqdm import tqdm

from repdrift import checkpoints
from repdrift.artifacts import Job, write_csv
from repdrift.devices import device_name, prepare
from repdrift.networks import initialise
from repdrift.seeds import seed_for
from repdrift.stages import command
from repdrift.training import Epoch, Settings, train


def load_part(images_path: Path, task_path: Path, part: str, device: torch.device) -> tuple[Tensor, Tensor]:
    """Images uint8 [N, 3, 32, 32] (channels_last) and labels int64 [N] of a task's train or test part."""
    with np.load(task_path) as arrays:
        index, labels = arrays[f"{part}_index"], torch.from_numpy(arrays[f"{part}_label"])
    with safe_open(images_path, framework="pt") as file:
        images = file.get_slice("images")[int(index[0]) : int(index[-1]) + 1]
    return images.to(device).contiguous(memory_format=torch.channels_last), labels.to(device)


def main() -> None:
    flags = command.parser(__doc__)
    flags.add_argument("--parent", type=Path, required=True, help="the weights to start from")
    flags.add_argument("--task", type=Path, required=True)
    flags.add_argument("--images", type=Path, nargs=2, required=True, help="of training and of testing")
    flags.add_argument("--gpus", type=int, default=0)
    args = flags.parse_args()
    spec, folder = args.spec, args.output.parent

    device = prepare(args.gpus)
    job = Job(spec, args.code, sorted({args.parent, args.task, *args.images}), device_name(device))
    network = checkpoints.load(args.parent, spec["network"])
    if spec["head"] == "new":
        initialise(network.head, "new head", spec["seed"])
    network.to(device)
    train_set, test_set = (
        load_part(images, args.task, part, device) for images, part in zip(args.images, ("train", "test"), strict=True)
    )
    settings = Settings(**spec["training"])
    order = torch.Generator().manual_seed(seed_for("data order", spec["seed"], spec["task"]))
    history: list[Epoch] = []
    progress = tqdm(total=settings.steps, unit="step", disable=None)

    def after_epoch(epoch: Epoch) -> None:
        history.append(epoch)
        progress.update(epoch.step - progress.n)
        progress.set_postfix(loss=epoch.train_loss)
        if epoch.test_accuracy is not None:
            tqdm.write(f"epoch {epoch.epoch}: loss {epoch.train_loss:.4f}, test accuracy {epoch.test_accuracy:.1f} %")
        if epoch.epoch in spec["checkpoints"]:
            checkpoints.save(network, folder / f"epoch{epoch.epoch}.safetensors", job)

    train(network, train_set, test_set, settings, generator=order, after_epoch=after_epoch)
    columns = [field.name for field in dataclasses.fields(Epoch)]
    job.save(folder / "history.csv", lambda file: write_csv(file, map(dataclasses.asdict, history), columns))
    checkpoints.save(network, args.output, job)


if __name__ == "__main__":
    command.run(main)
