"""Modules that are made by name: of torchvision, or by a function in a user's own file."""

import inspect
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from torch import nn
from torchvision import models

from repdrift.errors import UserError, in_one_line
from repdrift.study.architectures import TORCHVISION
from repdrift.user_code import function_in

SMALL_STEM = "small"


def make_module(name: str, classes: int, size: int, arguments: Mapping[str, Any]) -> nn.Module:
    """Make a module with random weights, drawn from the global generators.

    Parameters
    ----------
    name : str
        ``torchvision:NAME`` for a function or a class of `torchvision.models`, or ``path/to/file.py:NAME`` for one in a
        user's file.
    classes : int
        Number of classes D. It is given as ``classes`` or ``num_classes``, whichever the function takes.
    size : int
        Side of the images in pixels. It is given as ``size``, ``image_size`` or ``input_size``, if the function takes
        one of these.
    arguments : mapping
        Further arguments. A network of torchvision also takes ``stem: small``, which keeps the resolution of small
        images.

    Raises
    ------
    UserError
        If there is no such file or function, it does not take the arguments, or it makes no module.
    """
    if name.startswith(TORCHVISION):
        return _of_torchvision(name.removeprefix(TORCHVISION), classes, size, dict(arguments))
    path, _, function = name.rpartition(":")
    return _called(function_in(Path(path), function), classes, size, arguments)


def _of_torchvision(name: str, classes: int, size: int, arguments: dict[str, Any]) -> nn.Module:
    made = getattr(models, name, None)
    if not callable(made) or not (inspect.isfunction(made) or isinstance(made, type)):
        near = get_close_matches(name, models.list_models(module=models), n=5, cutoff=0.3)
        raise UserError(f"torchvision has no network {name!r}; did you mean {', '.join(near) or 'resnet18'}?")
    stem = arguments.pop("stem", None)
    if name.startswith("vit_"):
        arguments.setdefault("image_size", size)
    elif name.startswith("maxvit_"):
        arguments.setdefault("input_size", (size, size))
    elif name in ("googlenet", "inception_v3"):
        # Their additional classifiers are used in training only, and would return several logits.
        arguments = {"aux_logits": False, "init_weights": True, **arguments}
    module = _called(made, classes, size, arguments)
    if stem is not None:
        _give_small_stem(module, stem)
    return module


def _give_small_stem(module: nn.Module, stem: str) -> None:
    """Replace the first layers of a ResNet, which divide the resolution by 4, by a 3x3 convolution (He et al. 2016)."""
    if stem != SMALL_STEM or not isinstance(module, models.ResNet):
        raise UserError(f"it has no stem {stem!r}; ResNets have the stem {SMALL_STEM!r}")
    first = module.conv1
    module.conv1 = nn.Conv2d(3, first.out_channels, kernel_size=3, stride=1, padding=1, bias=False)
    nn.init.kaiming_normal_(module.conv1.weight, mode="fan_out", nonlinearity="relu")
    module.maxpool = nn.Identity()


def module_made(make: Callable[[], object]) -> nn.Module:
    """Call what makes a module, and say in one line what is wrong if it makes none.

    Raises
    ------
    UserError
        If the call raises any error, because the code may be a user's own, or returns something else.
    """
    try:
        module = make()
    except UserError:
        raise
    except Exception as error:
        raise in_one_line(f"{type(error).__name__}: {error}") from None
    if not isinstance(module, nn.Module):
        raise UserError(f"it returns a {type(module).__name__} and no torch.nn.Module")
    return module


def _called(function: Callable[..., object], classes: int, size: int, arguments: Mapping[str, Any]) -> nn.Module:
    return module_made(lambda: function(**_arguments_for(function, classes, size, arguments)))


def _arguments_for(
    function: Callable[..., object], classes: int, size: int, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """Add the number of classes and the size of the images to the arguments, by the names that the function takes."""
    parameters = inspect.signature(function).parameters
    given = dict(arguments)
    for value, names in ((classes, ("classes", "num_classes")), (size, ("size", "image_size", "input_size"))):
        known = [one for one in names if one in parameters]
        if known:
            given.setdefault(known[0], (value, value) if known[0] == "input_size" else value)
    if "classes" not in given and "num_classes" not in given:
        if not any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values()):
            raise UserError("it takes no argument `classes` or `num_classes`, for the head")
        given["num_classes"] = classes
    return given
