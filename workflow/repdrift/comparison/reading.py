"""Recording the representations of models on images, which pass through all models once."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from repdrift.comparison.batches import batches, count
from repdrift.comparison.collected import AUTO, Collected
from repdrift.comparison.model_layers import ModelLayers
from repdrift.comparison.recording import Recording
from repdrift.errors import UserError, first_line, in_one_line
from repdrift.networks.evaluation import BATCH, in_eval_mode
from repdrift.networks.network import Network
from repdrift.networks.reduction import reduced
from repdrift.study.architectures import MEAN, NONE, TOKEN, chosen_layers

Prepare = Callable[[Tensor], Tensor]

LOOK = 2  # images with which the layers of a model are found


@dataclass(frozen=True, eq=False)
class Subject:
    """A model whose layers are recorded.

    Attributes
    ----------
    model : Module
    name : str
        Its name in the recording and in messages.
    layers : sequence of str, optional
        Names or patterns of its layers. None is for the default, see `record`.
    prepare : function, optional
        What is done to a batch of images before the model is called with it. None is for nothing.
    """

    model: nn.Module
    name: str
    layers: Sequence[str] | None = None
    prepare: Prepare | None = None


@dataclass(frozen=True)
class Settings:
    """How models are read; see `record` for each."""

    reduce: str = NONE
    keep: str = AUTO
    device: torch.device | str | None = None
    batch_size: int = BATCH
    eval_mode: bool = True
    folder: str | Path | None = None


def record(
    model: nn.Module,
    images: Any,  # noqa: ANN401  a tensor, a loader, or batches
    layers: Sequence[str] | str | None = None,
    *,
    ids: Iterable[object] | None = None,
    reduce: str = NONE,
    keep: str = AUTO,
    device: torch.device | str | None = None,
    batch_size: int = BATCH,
    eval_mode: bool = True,
    folder: str | Path | None = None,
    name: str = "",
    progress: bool = True,
) -> Recording:
    """Record the representations of layers of a model on some images.

    The model is in eval mode meanwhile, so batch normalisation uses its running statistics and dropout is off. No
    gradients are computed. Afterwards the model is as it was: its modes, its device, its buffers and its hooks, also if
    it fails. Each output is copied at once, so a later operation that works in place does not change it.

    Parameters
    ----------
    model : Module
        A model that is called with images [B, ...] in the type of its weights, such as float16 or bfloat16.
    images : Tensor or array [n, ...], DataLoader, Dataset, or iterable of batches
        The images as the model takes them. A batch is [B, ...], or (images, labels), or (images, labels, ids), or a
        mapping with ``images`` and perhaps ``ids``. Labels are not used.
    layers : sequence of str, optional
        Names of modules such as ``layer1.0.relu``, patterns such as ``layer*``, and ``logits`` for the output of the
        model. The second call of a module in a forward pass has ``_1`` appended. None is for the end of each block, and
        the logits.
    ids : iterable of str, optional
        The sample ids of the images, if the batches have none.
    reduce : str
        ``none`` takes all values of a layer. ``mean`` takes the mean of each channel over all positions. ``token``
        takes the first token, which is the class token of a vision transformer.
    keep : str
        ``auto``, ``features`` or ``gram``, see `repdrift.comparison.collected.Collected`. By default the widest layers
        are kept as inner products of the images if all features would take more than 512 MB.
    device : device or str, optional
        Where the model is called. None is for where it is.
    batch_size : int
        Number of images in a batch, if the images do not come in batches.
    eval_mode : bool
        False leaves the model in its present mode. Its buffers are restored afterwards.
    folder : str or Path, optional
        Where temporary files are made, by default the system's folder for them.
    name : str
        The name of the model, by default that of its class.
    progress : bool
        Whether a progress bar is shown.

    Returns
    -------
    Recording
        Its layers are float32 Tensors [n, p], or Grams, on the CPU.

    Raises
    ------
    UserError
        If the model fails on the images, there are no images, a name fits no layer, or a layer has no row of floats for
        each image.
    """
    if not isinstance(model, nn.Module):
        raise UserError(f"the model is a {type(model).__name__}; expected a torch.nn.Module")
    patterns = [layers] if isinstance(layers, str) else layers
    subject = Subject(model, name or type(model).__name__, patterns)
    settings = Settings(reduce, keep, device, batch_size, eval_mode, folder)
    return record_together([subject], images, settings, ids=ids, progress=progress)[0]


@torch.no_grad()
def record_together(
    subjects: Sequence[Subject],
    images: Any,  # noqa: ANN401  as for `record`
    settings: Settings,
    *,
    ids: Iterable[object] | None = None,
    progress: bool = True,
    elsewhere: Collection[str] = (),
) -> list[Recording]:
    """Record several models on the same images, which are read once.

    So all models get the same images in the same order, also of a loader that shuffles or of an iterator. The
    parameters are those of `record`. Each name or pattern of a layer must fit one of the models, unless it is in
    `elsewhere`, the names and patterns that fit something else.
    """
    if settings.reduce not in (NONE, MEAN, TOKEN):
        raise UserError(f"reduce {settings.reduce!r}: use {NONE}, {MEAN} or {TOKEN}")
    all_batches = batches(images, settings.batch_size)
    first = next(all_batches)
    found_ids: list[str] = []
    with ExitStack() as stack:
        folder = None if settings.folder is None else Path(settings.folder)
        collected = [Collected(settings.keep, folder, stack) for _ in subjects]
        places = [stack.enter_context(_ready(subject, settings)) for subject in subjects]
        readers = [
            _named(subject.name, ModelLayers, subject.model, place.images(first.images[:LOOK]), subject.layers)
            for subject, place in zip(subjects, places, strict=True)
        ]
        unknown = frozenset.intersection(*(reader.unknown for reader in readers)).difference(elsewhere)
        if unknown:  # it has the names of the layers in its message
            _named(subjects[0].name, chosen_layers, readers[0].layers, sorted(unknown))
        bar = stack.enter_context(_bar(count(images), " and ".join(each.name for each in subjects), progress))
        read = 0
        for batch in chain([first], all_batches):
            for subject, place, reader, kept in zip(subjects, places, readers, collected, strict=True):
                kept.add(_named(subject.name, _features, reader, place.images(batch.images), settings.reduce))
            found_ids += batch.ids or ()
            read += len(batch.images)
            bar.update(len(batch.images))
        if found_ids and len(found_ids) != read:
            raise UserError(f"{len(found_ids)} of {read} images have sample ids: expected ids of all, or of none")
        named = tuple(found_ids) or (None if ids is None else tuple(map(str, ids)))
        return [
            Recording(kept.result(), named, subject.name) for subject, kept in zip(subjects, collected, strict=True)
        ]


@dataclass(frozen=True)
class Place:
    """The device of a model, and the type of the images that it takes; None is for images as they are."""

    device: torch.device
    dtype: torch.dtype | None
    prepare: Prepare | None

    def images(self, images: Tensor) -> Tensor:
        """Return images as the model takes them."""
        images = images if self.prepare is None else self.prepare(images)
        return images.to(self.device, self.dtype if images.is_floating_point() else None)


def _features(reader: ModelLayers, images: Tensor, reduce: str) -> dict[str, Tensor]:
    """Return the features float32 [B, p] of all layers, on the CPU.

    They are converted before they are reduced, because a sum of float16 may leave its range.
    """
    layers = reader.read(images)
    return {layer: reduced(values.float(), reduce, layer).cpu() for layer, values in layers.items()}


@contextmanager
def _ready(subject: Subject, settings: Settings) -> Iterator[Place]:
    """Bring a model to the device and into the mode that were asked for, and leave it as it was."""
    model = subject.model
    tensors = [*model.parameters(), *model.buffers()]
    devices = {tensor.device for tensor in tensors} or {torch.device("cpu")}
    here = tensors[0].device if tensors else torch.device("cpu")
    wanted = here if settings.device is None else _device(settings.device)
    floats = [tensor.dtype for tensor in tensors if tensor.is_floating_point()]
    dtype = floats[0] if floats and not isinstance(model, Network) else None
    with ExitStack() as stack:
        if settings.device is not None:
            if len(devices) > 1:
                raise UserError(f"the model is on {', '.join(sorted(map(str, devices)))}: leave out device")
            stack.callback(model.to, here)
            model.to(wanted)
        if settings.eval_mode:
            stack.enter_context(in_eval_mode(model))
        else:
            stack.enter_context(_buffers_kept(model))
        yield Place(wanted, dtype, subject.prepare)


def _device(wanted: torch.device | str) -> torch.device:
    try:
        return torch.empty(0, device=wanted).device
    except (RuntimeError, AssertionError) as error:  # a misspelt name, or no such device here
        raise in_one_line(f"device {wanted}: {first_line(error)}") from None


@contextmanager
def _buffers_kept(model: nn.Module) -> Iterator[None]:
    """Restore the buffers of a model, such as running statistics, after a `with` block."""
    before = {buffer: buffer.clone() for buffer in model.buffers()}
    try:
        yield
    finally:
        for buffer, values in before.items():
            buffer.copy_(values)


def _named(name: str, call: Any, *arguments: Any) -> Any:  # noqa: ANN401
    """Call a function, and put the name of the model before the message of an error."""
    try:
        return call(*arguments)
    except UserError as error:
        raise UserError(f"{name}: {error}") from None


def _bar(total: int | None, label: str, shown: bool) -> Any:  # noqa: ANN401
    """Return a progress bar, in a notebook one of its own kind."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # in a notebook without widgets it warns, and then draws a bar of text
        from tqdm.auto import tqdm  # noqa: PLC0415

        return tqdm(total=total, desc=label, unit="image", disable=not shown)
