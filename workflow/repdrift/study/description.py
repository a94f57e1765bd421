"""Descriptions of networks: what a plan must know of a network before any job, without torch.

The names of conv4 follow from its settings. Any other network is built once in a process of its own, which also finds
out whether it works on the images of the study. Its description is kept in ``results/networks``.

The Snakefile imports this module, so it needs nothing heavy.
"""

import hashlib
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from repdrift.canonical import canonical
from repdrift.errors import UserError, in_one_line
from repdrift.study import architectures
from repdrift.study.architectures import CONV4, TORCHVISION, Architecture, Layer, chosen_layers, width
from repdrift.study.sections import Weights

FOLDER = Path("results/networks")
IN_MEMORY = 2**29  # bytes of the features of all layers that are held in memory; conv4 takes fewer on 5,000 images
SECONDS = 300  # the longest time that a network may take to be built and called once


@dataclass(frozen=True)
class Description:
    """A network before any job.

    Attributes
    ----------
    layers : tuple of Layer
        All layers that a config can name, in the order of the forward pass. The last one is the logits.
    parts, ends, matrices : tuple of str
        As for `repdrift.study.architectures.Architecture`.
    parameters : int
        Number of parameters.
    multiplications : int
        Number of multiplications in convolutions and matrix products for one image.
    classes : int
        Number of classes. Weights that somebody else has trained bring their own.
    needs_pairs : bool
        Whether a batch of training needs two images, since batch normalisation sees maps of 1 x 1.
    """

    layers: tuple[Layer, ...]
    parts: tuple[str, ...]
    ends: tuple[str, ...]
    matrices: tuple[str, ...]
    parameters: int
    multiplications: int
    classes: int
    needs_pairs: bool

    @property
    def megabytes(self) -> int:
        """Memory in MB of a training step on 32 images, roughly: half of all layers, and four copies of the parameters.

        The other half are layers that work in place, or repeat the output of a layer within them.
        """
        values = 32 * sum(layer.size for layer in self.layers) // 2 + 4 * self.parameters
        return 4 * values // 10**6

    def widths(self, patterns: Sequence[str] | None, reduce: str) -> dict[str, int]:
        """Return the number of values of each compared layer, which patterns choose, after a reduction."""
        names = self.architecture(patterns).layers
        return {layer.name: width(layer.shape, reduce) for layer in self.layers if layer.name in names}

    def architecture(self, patterns: Sequence[str] | None) -> Architecture:
        """Return the names of the compared layers, which patterns choose, and of the parts.

        Raises
        ------
        UserError
            If no layer has a name or fits a pattern.
        """
        return Architecture(chosen_layers(self.layers, patterns), self.parts, self.ends, self.matrices)


def described(settings: Mapping[str, Any], weights: Weights | None = None) -> Description:
    """Return the description of a network, see `repdrift.networks.building.build`.

    `weights` are those that it is given in place of pre-training.

    Raises
    ------
    UserError
        If the network cannot be built, does not work on the images of the study, or does not fit its weights.
    """
    if settings["name"] == CONV4 and weights is None:
        return conv4(**{key: value for key, value in settings.items() if key in ("classes", "width", "depth", "size")})
    made_by = {name: version(name) for name in ("torch", "torchvision")}
    asked = [settings, weights, _version(weights), made_by, list(Description.__annotations__)]
    digest = hashlib.sha256(canonical(asked).encode()).hexdigest()[:16]
    path = FOLDER / f"{digest}.json"
    if not path.exists():
        from repdrift.provenance.artifacts import write_atomically  # noqa: PLC0415  few studies need it

        text = _describe(settings, weights)
        write_atomically(path, lambda file: file.write_text(text))
    return msgspec.json.decode(path.read_bytes(), type=Description)


def conv4(classes: int = 10, width: int = 64, depth: int = 4, size: int = 32) -> Description:
    """Describe a conv4 with these settings."""
    names = architectures.conv4(depth)
    sides = [size // 2**number for number in range(1, depth + 1)]
    shapes = [*((width, side, side) for side in sides), (classes,)]
    layers = tuple(Layer(name, shape, default=True) for name, shape in zip(names.layers, shapes, strict=True))
    kernels = [9 * inputs * width for inputs in (3, *[width] * (depth - 1))]
    head = width * sides[-1] ** 2 * classes
    parameters = sum(kernel + 3 * width for kernel in kernels) + head + classes
    # A block halves the images after its convolution.
    multiplications = sum(kernel * (2 * side) ** 2 for kernel, side in zip(kernels, sides, strict=True)) + head
    # Batch normalisation comes before pooling, so it never sees maps of 1 x 1.
    return Description(
        layers, names.parts, names.ends, names.matrices, parameters, multiplications, classes, needs_pairs=False
    )


def _version(weights: Weights | None) -> list[int]:
    """Return size and time of the file of some weights, so that a replaced file is described again."""
    if weights is None or weights.file.startswith(TORCHVISION):
        return []
    try:
        found = Path(weights.file).stat()
    except OSError:
        raise UserError(f"weights: there is no file {weights.file}") from None
    return [found.st_size, found.st_mtime_ns]


def _describe(settings: Mapping[str, Any], weights: Weights | None) -> str:
    command = [sys.executable, "-m", "repdrift.networks.describe", canonical(settings), canonical(weights)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise UserError(f"{settings['name']}: it takes more than {SECONDS} s to be built") from None
    if done.returncode:
        *_, last = [line for line in done.stderr.splitlines() if line.strip()] or ["it ends without a word"]
        raise in_one_line(last)
    *_, last = done.stdout.splitlines()  # a user's code may print before it
    return last
