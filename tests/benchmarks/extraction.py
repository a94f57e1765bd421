"""Reading the layers of networks: memory and disk for wide layers, and time beside torchvision's own extractor.

``python -m tests.benchmarks.extraction memory --images 2000`` reads the stages of a ResNet-50 at 224 x 224 pixels and
prints JSON: the peak of the resident memory of the whole process, the sizes of the temporary files and of the file of
activations, all in bytes, and seconds. ``python -m tests.benchmarks.extraction time`` prints a table of times. The
networks have random weights, and the images are noise: neither has an effect on what is measured.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torchvision.models.feature_extraction import create_feature_extractor

from repdrift.networks.building import build
from repdrift.networks.network import Network
from repdrift.networks.representations import read, shapes
from repdrift.similarity.compact import smaller
from repdrift.similarity.files import save
from repdrift.similarity.gram import Gram
from tests.benchmarks.memory import ENVIRONMENT, ROOT, status
from tests.benchmarks.timing import alternate

SIDE = 224
LAYERS = ("relu", "layer1", "layer2", "layer3", "layer4")
REPEATS = 5


def resnet(name: str, side: int) -> Network:
    """Make a ResNet of torchvision that is read after its stem, after each stage, and at the logits."""
    settings = {"name": f"torchvision:{name}", "classes": 1000, "size": side, "arguments": {}, "layers": LAYERS}
    return build(settings).eval()


def noise(images: int, side: int) -> Tensor:
    return torch.randint(0, 256, (images, 3, side, side), dtype=torch.uint8)


def memory(images: int, folder: Path | None) -> dict[str, float]:
    """Read all layers of a ResNet-50 as the job of a study does, and write their file."""
    network, probe = resnet("resnet50", SIDE), noise(images, SIDE)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=folder) as place:
        found = read(network, probe, folder=Path(place))
        spilled = sum(4 * images * x.width for x in found.values() if isinstance(x, Gram))
        details = {layer: {"shape": shape} for layer, shape in shapes(network, probe).items()}
        output = Path(place) / "activations.safetensors"
        save(output, {layer: smaller(x) for layer, x in found.items()}, details)
        size = output.stat().st_size
    seconds = round(time.perf_counter() - start, 1)
    return {"images": images, "peak": status("VmHWM"), "spilled": spilled, "file": size, "seconds": seconds}


def measured_memory(images: int) -> dict[str, float]:
    """Return what `memory` does in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.extraction", "memory", f"--images={images}"]
    done = subprocess.run(command, check=True, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def with_torchvision(
    model: torch.nn.Module, nodes: dict[str, str], prepare: Callable[[Tensor], Tensor]
) -> Callable[[Tensor], dict[str, Tensor]]:
    """Return a function that reads layers by torchvision's extractor, in batches of 32 as ours."""
    extractor = create_feature_extractor(model, nodes)

    def extract(images: Tensor) -> dict[str, Tensor]:
        with torch.inference_mode():
            batches = [extractor(prepare(batch)) for batch in images.split(32)]
            return {layer: torch.cat([batch[layer].flatten(1) for batch in batches]) for layer in batches[0]}

    return extract


def times(images: int) -> list[str]:
    """Return a Markdown table of the times for each network, after a check that both give the same features."""
    conv4, small = build({"name": "conv4", "block": "conv-relu-bn", "classes": 10}).eval(), resnet("resnet18", 64)
    pools = {f"blocks.{number}.max_pool2d": f"pool{number + 1}" for number in range(4)}
    stages = {layer: layer for layer in LAYERS}
    peers = {
        "conv4, 32 x 32": (conv4, 32, with_torchvision(conv4, pools | {"head": "logits"}, lambda batch: batch)),
        "ResNet-18, 64 x 64": (
            small, 64, with_torchvision(small.module, stages | {"fc": "logits"}, small.normalise)
        ),
    }  # fmt: skip
    lines = ["| network | torchvision | repdrift | ratio |", "|---|---|---|---|"]
    for name, (network, side, peer) in peers.items():
        probe = noise(images, side)
        for layer, values in peer(probe).items():
            torch.testing.assert_close(read(network, probe)[layer], values, rtol=1e-4, atol=1e-4)
        timings = alternate([lambda: peer(probe), lambda: read(network, probe)], [REPEATS] * 2)  # noqa: B023
        theirs, ours = (timing.median for timing in timings)
        lines.append(f"| {name} | {theirs:.2f} s | {ours:.2f} s | {ours / theirs:.2f} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["memory", "time"])
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--folder", type=Path, help="folder of the temporary files")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    if arguments.what == "memory":
        print(json.dumps(memory(arguments.images, arguments.folder)))
    else:
        print("\n".join(times(arguments.images)))


if __name__ == "__main__":
    main()
