"""The representations of all layers of a model, as they come in batches, in bounded memory."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from torch import Tensor

from repdrift.errors import UserError
from repdrift.networks.collecting import Held, Spill
from repdrift.networks.evaluation import BATCH
from repdrift.similarity.compact import gram_is_smaller, smaller
from repdrift.similarity.gram import Representation
from repdrift.study.description import IN_MEMORY

AUTO, FEATURES, GRAM = KEPT = ("auto", "features", "gram")


class Collected:
    """The layers of a model on the images so far.

    Parameters
    ----------
    keep : str
        ``auto`` keeps features, and turns the widest layers into inner products if the features of all layers would
        take more than 512 MB. ``features`` keeps features, whatever their size. ``gram`` keeps the inner products of
        every layer with more units than images.
    folder : Path, optional
        The folder of temporary files. None is for the system's.
    files : ExitStack
        What closes these files.
    """

    def __init__(self, keep: str, folder: Path | None, files: ExitStack) -> None:
        if keep not in KEPT:
            raise UserError(f"keep {keep!r}: use one of {', '.join(KEPT)}")
        self.keep, self.folder, self.files = keep, folder, files
        self.layers: dict[str, Held | Spill] = {}

    def add(self, batch: Mapping[str, Tensor]) -> None:
        """Take the features float32 [B, p] of all layers on the next images.

        Raises
        ------
        UserError
            If a layer has another number of units than before, or the disk of the temporary files is full.
        """
        for layer, values in batch.items():
            kept = self.layers.setdefault(layer, Held(0, values.shape[1]))
            if kept.width != values.shape[1]:
                raise UserError(
                    f"layer {layer} has {kept.width} units on the first images and {values.shape[1]} on others: give "
                    "images of one size, or reduce the layer (reduce='mean')"
                )
            kept.add(values)
        if self.keep != FEATURES:
            self._spill()

    def _spill(self) -> None:
        """Move the widest layers to temporary files if there is not enough memory for all."""
        held = sorted(((x.width, name, x) for name, x in self.layers.items() if isinstance(x, Held)), reverse=True)
        size = sum(4 * x.filled * x.width for _, _, x in held)
        for width, name, x in held:
            if size <= IN_MEMORY or not gram_is_smaller(x.filled, width):
                break
            spilled = self.layers[name] = self.files.enter_context(Spill(width, self.folder))
            for values in x.result().split(BATCH):
                spilled.add(values)
            size -= 4 * x.filled * width

    def result(self) -> dict[str, Representation]:
        """Return the layers, each as its features or its inner products."""
        found: dict[str, Representation] = {name: kept.result() for name, kept in self.layers.items()}
        return {name: smaller(x) for name, x in found.items()} if self.keep == GRAM else found
