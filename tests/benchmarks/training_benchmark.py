"""Measure training beside the usual loop, in this process; needs torch, torchvision and this package alone.

    python -m tests.benchmarks.training_benchmark [--images 2048] [--json FILE]

Threads are those of the environment (OMP_NUM_THREADS).
"""

import argparse
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from repdrift.data import rendered
from repdrift.machine.devices import prepare
from repdrift.networks import checkpoints
from repdrift.networks.building import build, initialise
from repdrift.networks.network import Network
from repdrift.specs import TrainingSettings
from repdrift.training.training import Epoch, Training
from tests.benchmarks.report import markdown, met, seconds
from tests.benchmarks.timing import Timing, alternate

ROOT = Path(__file__).parents[2]
CIFAR = ROOT / "data" / "cifar-10-batches-py" / "data_batch_1"
NETWORK = {"name": "conv4", "block": "conv-relu-bn", "classes": 10}
SGD = {"learning_rate": 0.001, "momentum": 0.9, "weight_decay": 0.0, "batch_size": 32, "precision": "float32"}
REPEATS = 5
WORKERS = (0, 2)  # of the usual loop's DataLoader: its faster time counts


def image_arrays(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 [N, 3, 32, 32] and labels: real ones where they are, else rendered ones."""
    if CIFAR.exists() and count <= 10_000:
        with CIFAR.open("rb") as file:
            batch = pickle.load(file, encoding="bytes")
        return batch[b"data"][:count].reshape(-1, 3, 32, 32), np.array(batch[b"labels"][:count])
    return rendered.render("objects", "train", count)


class UsualDataset(Dataset):
    """What torchvision's data sets do: a PIL image for each item, then the transforms."""

    def __init__(self, images: np.ndarray, labels: np.ndarray) -> None:
        self.images, self.labels = images.transpose(0, 2, 3, 1), labels
        self.transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,) * 3, (0.5,) * 3)])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(Image.fromarray(self.images[index])), int(self.labels[index])


def new_network(device: torch.device, seed: int = 1) -> Network:
    network = build(NETWORK)
    initialise(network, "initialisation", seed)
    return network.to(device)


def usual_loop(loader: DataLoader, device: torch.device) -> Callable[[], None]:
    """One epoch as in torchvision's tutorial: a loader, NCHW, the loss read after every step."""
    network = new_network(device).to(memory_format=torch.contiguous_format).train()
    optimiser = torch.optim.SGD(network.parameters(), lr=0.001, momentum=0.9)
    criterion = nn.CrossEntropyLoss()

    def epoch() -> None:
        total = 0.0
        for inputs, labels in loader:
            optimiser.zero_grad()
            loss = criterion(network.logits_from("block1", inputs.to(device)), labels.to(device))
            loss.backward()
            optimiser.step()
            total += loss.item()

    return epoch


def ours(images: Tensor, labels: Tensor, order: int) -> Callable[[], None]:
    """One epoch of ours on the same device; the measurements before and after it are of one batch."""
    network = new_network(images.device)
    steps = -(-len(labels) // SGD["batch_size"])

    def epoch() -> None:
        training = begun(network, images, labels, steps, order)
        for _ in training.events():
            pass

    return epoch


def begun(network: Network, images: Tensor, labels: Tensor, steps: int, order: int) -> Training:
    settings = TrainingSettings(**SGD, steps=steps, test_every=10**9)
    few = (images[:32], labels[:32])
    training = Training(network, (images, labels), few, settings, torch.Generator().manual_seed(order))
    training.history.append(Epoch(0, 0, None, None, None, None))  # it need not be measured: the usual loop has none
    return training


def synchronised(function: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        function()
        if torch.cuda.is_available():
            torch.cuda.synchronize()

    return run


def pipelines(loader: DataLoader, images: Tensor) -> list[Callable[[], object]]:
    """Give the batches of an epoch, and do nothing with them."""
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0)).to(images.device)
    normalise = new_network(images.device).normalise
    return [lambda: list(loader), lambda: [normalise(images[batch]) for batch in order.split(32)]]


def start_seconds() -> Timing:
    """Time a whole job of one step: from the start of the process to its last file."""
    pixels, labels = image_arrays(64)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save_file({"images": torch.from_numpy(np.ascontiguousarray(pixels))}, folder / "images.safetensors")
        index = np.arange(64)
        np.savez(folder / "task.npz", train_index=index, train_label=labels, test_index=index, test_label=labels)
        checkpoints.write(new_network(torch.device("cpu")), folder / "init.safetensors")
        spec = {"run": "r", "task": "t", "network": NETWORK, "head": "keep", "order": 1, "seed": 1, "checkpoints": []}
        spec |= {"training": {**SGD, "steps": 1, "test_every": 1}}
        command = [sys.executable, "-m", "repdrift.stages", "train", "--spec", json.dumps(spec), "--parent"]
        command += ["init.safetensors", "--task", "task.npz", "--images", "images.safetensors", "images.safetensors"]

        def job() -> None:
            output = folder / str(time.time_ns()) / "final.safetensors"
            subprocess.run([*command, "--output", str(output)], cwd=folder, check=True, capture_output=True)

        return alternate([job], [REPEATS])[0]


def measure(count: int) -> list[dict[str, Any]]:
    """Give rows with a name, the times of the peer and ours, and the target of their ratio."""
    device = prepare(int(torch.cuda.is_available()))
    pixels, targets = image_arrays(count)
    images = torch.from_numpy(np.ascontiguousarray(pixels)).to(device).contiguous(memory_format=torch.channels_last)
    labels = torch.from_numpy(targets).to(device)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(0)).tolist()
    loaders = [DataLoader(UsualDataset(pixels, targets), 32, sampler=order, num_workers=each) for each in WORKERS]
    threads, gpu = torch.get_num_threads(), device.type == "cuda"
    target = 5 if gpu else {1: 1.6, 2: 1.4}.get(threads)
    loops = [synchronised(usual_loop(loader, device)) for loader in loaders]
    *usual, our = alternate([*loops, synchronised(ours(images, labels, 0))], [REPEATS] * (len(loops) + 1))
    rows = [row(f"an epoch of {count:,} images", fastest(usual), our, target)]
    (slow, quick) = alternate([synchronised(each) for each in pipelines(loaders[0], images)], [REPEATS] * 2)
    rows.append(row("the input of an epoch alone", slow, quick, 10))
    rows.append(
        {"name": "a whole job of one step, process start included", "ours": start_seconds().seconds, "limit": 3.5}
    )
    return [{"threads": threads, "device": device.type, "images": count, **each} for each in rows]


def fastest(timings: Sequence[Timing]) -> Timing:
    return min(timings, key=lambda timing: timing.median)


def row(name: str, peer: Timing, our: Timing, target: float | None) -> dict[str, Any]:
    return {"name": name, "peer": peer.seconds, "ours": our.seconds, "target": target}


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Write the rows as a table in Markdown."""
    lines = []
    for each in rows:
        ours_median = float(np.median(each["ours"]))
        peer = each.get("peer")
        ratio = f"**{np.median(peer) / ours_median:.2f}**" if peer else ""
        good, target = "", ""
        if peer and each["target"]:
            target, good = f">= {each['target']:g}", met(np.median(peer) / ours_median >= each["target"])
        if "limit" in each:
            target, good = f"<= {each['limit']} s", met(ours_median <= each["limit"])
        where = f"{each['threads']} thread{'s' if each['threads'] > 1 else ''}, {each['device']}"
        lines.append([each["name"], where, seconds(peer) if peer else "", seconds(each["ours"]), ratio, target, good])
    return markdown(["what", "on", "usual loop, s", "ours, s", "ratio", "target", "met"], lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=2048)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", torch.get_num_threads())))
    rows = measure(arguments.images)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1))
    print(table(rows))


if __name__ == "__main__":
    main()
