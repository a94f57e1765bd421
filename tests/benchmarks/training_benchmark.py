"""Measure training beside the usual loop; needs torch, torchvision and this package alone.

    python -m tests.benchmarks.training_benchmark [--images 2048] [--json FILE]

Threads are those of the environment (OMP_NUM_THREADS). The usual loop has a process of its own: ours tells the C
library to keep freed memory, which nobody tells it in a usual loop.
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
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torch.utils.flop_counter import FlopCounterMode
from torchvision import transforms

from repdrift.data import rendered
from repdrift.machine.devices import prepare
from repdrift.networks import checkpoints
from repdrift.networks.building import build, initialise
from repdrift.networks.network import Network
from repdrift.specs import TrainingSettings
from repdrift.training.training import Epoch, Training
from tests.benchmarks.report import markdown, met, of_rate, seconds
from tests.benchmarks.timing import Timing, alternate

ROOT = Path(__file__).parents[2]
CIFAR = ROOT / "data" / "cifar-10-batches-py" / "data_batch_1"
NETWORKS: dict[str, dict[str, Any]] = {
    "conv4": {"name": "conv4", "block": "conv-relu-bn", "classes": 10},
    "ResNet-18": {"name": "torchvision:resnet18", "arguments": {"stem": "small"}, "classes": 10, "size": 32},
}
SHARES = {"conv4": 1, "ResNet-18": 8}  # ResNet-18 takes 20 times as long, and is timed on fewer images
SGD = {"learning_rate": 0.001, "momentum": 0.9, "weight_decay": 0.0, "batch_size": 32}
PRECISIONS = ("float32", "bfloat16")
# By network, the precision of the usual loop, and ours: the smallest ratio that is wanted on a CPU.
TARGETS = {
    ("conv4", "float32", "float32"): 1.5,
    ("conv4", "bfloat16", "bfloat16"): 1.5,
    ("conv4", "float32", "bfloat16"): 3,
    ("ResNet-18", "float32", "float32"): 1.2,
    ("ResNet-18", "bfloat16", "bfloat16"): 1.2,
}
REPEATS = 5
WORKERS = (0, 2)  # of the usual loop's DataLoader: its faster time counts
SIDE = 2048  # of the square matrices whose product gives the rate that a training is compared with


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


def new_network(name: str, device: torch.device, seed: int = 1) -> Network:
    network = build(NETWORKS[name])
    initialise(network, "initialisation", seed)
    return network.to(device)


class UsualLoop:
    """Epochs as in torchvision's tutorial, in a process of its own: a loader, NCHW, the loss read after every step."""

    def __init__(self, name: str, precision: str, count: int, workers: int) -> None:
        # The process is started before ours sets anything up, and a spawned one inherits nothing.
        self.pool = ProcessPoolExecutor(1, get_context("spawn"), _begin_usual, (name, precision, count, workers))
        self.pool.submit(int).result()

    def __call__(self) -> None:
        self.pool.submit(_usual_epoch).result()


_USUAL: dict[str, Callable[[], None]] = {}


def _begin_usual(name: str, precision: str, count: int, workers: int) -> None:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", torch.get_num_threads())))
    _USUAL["epoch"] = usual_epoch(name, precision, loader(count, workers), device)


def _usual_epoch() -> None:
    _USUAL["epoch"]()


def loader(count: int, workers: int) -> DataLoader:
    pixels, targets = image_arrays(count)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(0)).tolist()
    return DataLoader(UsualDataset(pixels, targets), 32, sampler=order, num_workers=workers)


def usual_epoch(name: str, precision: str, batches: DataLoader, device: torch.device) -> Callable[[], None]:
    network = new_network(name, device).to(memory_format=torch.contiguous_format).train()
    normalise = torch.nn.Identity()
    network.normalise = normalise.forward  # type: ignore[method-assign]  the data set has done it
    optimiser = torch.optim.SGD(network.parameters(), lr=0.001, momentum=0.9)
    criterion = nn.CrossEntropyLoss()

    def epoch() -> None:
        total = 0.0
        for inputs, labels in batches:
            optimiser.zero_grad()
            with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"):
                loss = criterion(network(inputs.to(device)), labels.to(device))
            loss.backward()
            optimiser.step()
            total += loss.item()

    return epoch


def ours(name: str, precision: str, images: Tensor, labels: Tensor) -> Callable[[], None]:
    """One epoch of ours on the same device; the measurements before and after it are of one batch."""
    network = new_network(name, images.device)
    steps = -(-len(labels) // 32)

    def epoch() -> None:
        training = begun(network, precision, images, labels, steps)
        for _ in training.events():
            pass

    return epoch


def begun(network: Network, precision: str, images: Tensor, labels: Tensor, steps: int) -> Training:
    settings = TrainingSettings(**SGD, precision=precision, steps=steps, test_every=10**9)
    few = (images[:32], labels[:32])
    training = Training(network, (images, labels), few, settings, torch.Generator().manual_seed(0))
    training.history.append(Epoch(0, 0, None, None, None, None))  # it need not be measured: the usual loop has none
    return training


def synchronised(function: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        function()
        if torch.cuda.is_available():
            torch.cuda.synchronize()

    return run


def pipelines(batches: DataLoader, images: Tensor) -> list[Callable[[], object]]:
    """Give the batches of an epoch, and do nothing with them."""
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0)).to(images.device)
    normalise = new_network("conv4", images.device).normalise
    return [lambda: list(batches), lambda: [normalise(images[batch]) for batch in order.split(32)]]


def training_flops(name: str) -> float:
    """Count the floating-point operations of convolutions and matrix products in a training step, for each image."""
    network = new_network(name, torch.device("cpu")).train()
    with FlopCounterMode(display=False) as counter:
        network(torch.zeros(32, 3, 32, 32, dtype=torch.uint8)).sum().backward()
    return counter.get_total_flops() / 32


def matrix_product(precision: str, device: torch.device) -> Callable[[], object]:
    generator = torch.Generator().manual_seed(0)
    left, right = torch.randn(2, SIDE, SIDE, generator=generator).to(device, getattr(torch, precision))
    return lambda: left @ right


def start_seconds() -> Timing:
    """Time a whole job of one step: from the start of the process to its last file."""
    pixels, labels = image_arrays(64)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save_file({"images": torch.from_numpy(np.ascontiguousarray(pixels))}, folder / "images.safetensors")
        index = np.arange(64)
        np.savez(folder / "task.npz", train_index=index, train_label=labels, test_index=index, test_label=labels)
        checkpoints.write(new_network("conv4", torch.device("cpu")), folder / "init.safetensors")
        spec = {
            "run": "r",
            "task": "t",
            "network": NETWORKS["conv4"],
            "head": "keep",
            "order": 1,
            "seed": 1,
            "checkpoints": [],
        }
        spec |= {"training": {**SGD, "precision": "float32", "steps": 1, "test_every": 1}}
        command = [sys.executable, "-m", "repdrift.stages", "train", "--spec", json.dumps(spec), "--parent"]
        command += ["init.safetensors", "--task", "task.npz", "--images", "images.safetensors", "images.safetensors"]

        def job() -> None:
            output = folder / str(time.time_ns()) / "final.safetensors"
            subprocess.run([*command, "--output", str(output)], cwd=folder, check=True, capture_output=True)

        return alternate([job], [REPEATS])[0]


def measure(count: int) -> list[dict[str, Any]]:
    """Give rows with a name, the times of the peer and ours, and the target of their ratio."""
    # The faster of the loops with and without workers counts.
    usual = {
        (name, precision): [UsualLoop(name, precision, count // SHARES[name], workers) for workers in WORKERS]
        for name in NETWORKS
        for precision in PRECISIONS
    }
    device = prepare(int(torch.cuda.is_available()))
    threads, gpu = torch.get_num_threads(), device.type == "cuda"
    pixels, targets = image_arrays(count)
    images = torch.from_numpy(np.ascontiguousarray(pixels)).to(device).contiguous(memory_format=torch.channels_last)
    labels = torch.from_numpy(targets).to(device)
    rows: list[dict[str, Any]] = []
    for name, share in SHARES.items():
        some = count // share
        own = [synchronised(ours(name, precision, images[:some], labels[:some])) for precision in PRECISIONS]
        loops = [loop for precision in PRECISIONS for loop in usual[name, precision]]
        products = [synchronised(matrix_product(precision, device)) for precision in PRECISIONS]
        functions = [*products, *loops, *own]
        timed = alternate(functions, [REPEATS] * len(functions))
        rates = dict(zip(PRECISIONS, (2 * SIDE**3 / each.median for each in timed), strict=False))
        del timed[: len(products)]
        peers = {
            precision: fastest(timed[place * len(WORKERS) :][: len(WORKERS)])
            for place, precision in enumerate(PRECISIONS)
        }
        mine = dict(zip(PRECISIONS, timed[len(loops) :], strict=True))
        for (network, theirs, precision), target in TARGETS.items():
            if network == name:
                what = f"{name}, {some:,} images, {precision} beside the usual loop in {theirs}"
                rows.append(row(what, peers[theirs], mine[precision], 5 if gpu else target))
        flops = training_flops(name) * some
        for precision in PRECISIONS:
            reached = {"rate": flops / mine[precision].median, "product_rate": rates[precision]}
            rows.append({"name": f"{name}, {precision}: share of the rate of a matrix product", **reached})
    (slow, quick) = alternate([synchronised(each) for each in pipelines(loader(count, 0), images)], [REPEATS] * 2)
    rows.append(row("the input of an epoch of conv4 alone", slow, quick, 10))
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
        where = f"{each['threads']} thread{'s' if each['threads'] > 1 else ''}, {each['device']}"
        if "rate" in each:
            lines.append([each["name"], where, "", of_rate(each["rate"], each["product_rate"]), "", "", ""])
            continue
        ours_median = float(np.median(each["ours"]))
        peer = each.get("peer")
        ratio = f"**{np.median(peer) / ours_median:.2f}**" if peer else ""
        good, target = "", ""
        if peer and each["target"]:
            target, good = f">= {each['target']:g}", met(np.median(peer) / ours_median >= each["target"])
        if "limit" in each:
            target, good = f"<= {each['limit']} s", met(ours_median <= each["limit"])
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
