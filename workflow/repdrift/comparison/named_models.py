"""Models by name: of torchvision, of this project, or what a function in a user's own file makes."""

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import nn

from repdrift.comparison.reading import Prepare
from repdrift.errors import UserError
from repdrift.networks.building import generators_seeded, initial
from repdrift.networks.making import module_made
from repdrift.networks.weights import with_weights
from repdrift.seeds import seed_for
from repdrift.study.architectures import CONV4, HALF, TORCHVISION
from repdrift.user_code import file_and_function, function_in, is_own

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # mean and standard deviation, as torchvision's weights need

PURPOSE = "compared network"  # for which weights are drawn from a seed

Colours = tuple[Sequence[float], Sequence[float]]  # mean and standard deviation of the channels


def named_model(
    text: str, size: int, classes: int, seed: int, colours: Colours | None = None
) -> tuple[nn.Module, Prepare | None]:
    """Make a model, and what images uint8 [B, 3, size, size] are prepared by before it is called with them.

    Parameters
    ----------
    text : str
        ``NAME`` or ``NAME@WEIGHTS``. NAME is ``resnet18`` or another network of torchvision, ``conv4``, or
        ``path/to/file.py:FUNCTION`` for what a function of a user's own file returns. WEIGHTS is the name of weights of
        torchvision, such as ``IMAGENET1K_V1``, or the path of a file that ends in ``.safetensors``, ``.pt`` or
        ``.pth``. Without WEIGHTS, they are drawn from the seed, unless the function itself loads some.
    size : int
        Height and width of the images in pixels.
    classes : int
        The number of classes, if no weights say it.
    seed : int
    colours : (mean, std), optional
        The mean and the std by which images are normalised, with pixels in 0..1. None is for those of ImageNet
        if the model has weights of torchvision, and otherwise for 0.5 and 0.5.

    Raises
    ------
    UserError
        If there is no such network or function, or the weights do not fit it.
    """
    name, _, weights = text.partition("@")
    mean, std = colours or (IMAGENET if weights and not _is_file(weights) else (HALF, HALF))
    if is_own(name) and not _takes_classes(name):
        if weights:
            raise UserError(f"{text}: the function takes no number of classes, so it must load its own weights")
        with generators_seeded(seed_for(PURPOSE, seed)):
            return _made(name), _normaliser(mean, std)
    network = name if name == CONV4 or is_own(name) or name.startswith(TORCHVISION) else f"{TORCHVISION}{name}"
    settings = {"name": network, "classes": classes, "size": size, "mean": mean, "std": std}
    if not weights:
        made = initial(settings, PURPOSE, seed)
    else:
        made = with_weights(settings, weights if _is_file(weights) else f"{TORCHVISION}{weights}")
    # conv4 normalises its images itself. The layers of another network are those of the module within it.
    return (made, None) if made.saved is made else (made.saved, _normaliser(mean, std))


def _is_file(weights: str) -> bool:
    return Path(weights).suffix in (".safetensors", ".pt", ".pth")


def _takes_classes(name: str) -> bool:
    parameters = inspect.signature(_function(name)).parameters
    return "classes" in parameters or "num_classes" in parameters


def _function(name: str) -> Callable[..., object]:
    try:
        return function_in(*file_and_function(name))
    except UserError as error:
        raise UserError(f"{name}: {error}") from None


def _made(name: str) -> nn.Module:
    function = _function(name)
    try:
        return module_made(function)
    except UserError as error:
        raise UserError(f"{name}: {error}") from None


def _normaliser(mean: Sequence[float], std: Sequence[float]) -> Prepare:
    """Return what normalises images uint8 [B, 3, H, W] to float32."""
    centre, spread = (torch.tensor(values, dtype=torch.float32)[:, None, None] for values in (mean, std))
    return lambda images: images.float().div_(255).sub_(centre).div_(spread)


def colours_of(mean: Sequence[float] | None, std: Sequence[float] | None) -> Colours | None:
    """Return mean and standard deviation, given both or none of them."""
    if mean is None and std is None:
        return None
    if mean is None or std is None:
        raise UserError("the mean and the standard deviation of the channels: give both, or none")
    if min(std) <= 0:
        raise UserError(f"standard deviation {min(std)}: it must be above 0")
    return mean, std


def names_of(first: str, second: str) -> list[tuple[str, str]]:
    """Return both models with their names in tables and figures, which differ."""
    return [(first, first), (second, second)] if first != second else [(first, f"{first} 1"), (second, f"{second} 2")]
