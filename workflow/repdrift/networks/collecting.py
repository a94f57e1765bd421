"""The features of a layer, which come in batches of images: held in memory, or spilled to a temporary file."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import numpy as np
import torch
from torch import Tensor

from repdrift.errors import UserError
from repdrift.provenance.artifacts import FULL
from repdrift.similarity.compact import gram_is_smaller, gram_of_blocks
from repdrift.similarity.gram import Representation

UNITS = 4096  # units that are read at a time: 64 MB in float64 for 2,000 images


class Held:
    """The features float32 [n, p] of a layer in memory. There is room for `images` at first, and it grows if needed."""

    def __init__(self, images: int, width: int) -> None:
        self.width = width
        self.filled = 0
        self._room = torch.empty(images, width)

    def add(self, values: Tensor) -> None:
        """Take the features float32 [B, p] of the next images."""
        end = self.filled + len(values)
        if end > len(self._room):
            room = torch.empty(max(end, 2 * len(self._room)), self.width)
            room[: self.filled] = self.result()
            self._room = room
        self._room[self.filled : end] = values
        self.filled = end

    def result(self) -> Tensor:
        """Return the features of all images so far."""
        return self._room[: self.filled]


class Spill:
    """The features float32 [n, p] of a layer in a temporary file, which is deleted also if the process is killed.

    Each batch of images is written in one piece: a block [B, 4096] of units after the other. A block of units of all
    images is read in pieces of half a megabyte, if batches have 32 images. Memory-mapped files would count as memory of
    the process.

    Parameters
    ----------
    width : int
        Number of units p.
    folder : Path, optional
        Where the file is made, of 4 n p bytes. None is for the system's folder of temporary files.
    """

    def __init__(self, width: int, folder: Path | None) -> None:
        self.width = width
        self._means: list[Tensor] = []  # of each image over the units, in batches
        self._folder = folder or Path(tempfile.gettempdir())
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  closed by __exit__

    def __enter__(self) -> "Spill":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def filled(self) -> int:
        """The number of images so far."""
        return sum(map(len, self._means))

    def add(self, values: Tensor) -> None:
        """Take the features float32 [B, p] of the next images, and write them.

        Raises
        ------
        UserError
            If the disk is full.
        """
        try:
            for units in values.split(UNITS, dim=1):
                self._file.write(units.contiguous().numpy().data)
        except OSError as error:
            if error.errno not in FULL:
                raise
            size = 4 * (self.filled + len(values)) * self.width / 1e9
            raise UserError(
                f"{self._folder}: the disk is full: the features of a layer take {size:.1f} GB here, or more"
            ) from None
        self._means.append(values.mean(dim=1, dtype=torch.float64))

    def result(self) -> Representation:
        """Return the inner products of the images so far, or their features if these are smaller."""
        if gram_is_smaller(self.filled, self.width):
            return gram_of_blocks(self._blocks(), torch.cat(self._means))
        return torch.cat(list(self._blocks()), dim=1)

    def _blocks(self) -> Iterator[Tensor]:
        """Yield the features [n, q] of some units after those of others."""
        self._file.flush()
        for first in range(0, self.width, UNITS):
            block = np.empty((self.filled, min(UNITS, self.width - first)), np.float32)
            start = 0
            for size in map(len, self._means):
                self._file.seek(4 * (start * self.width + size * first))
                self._file.readinto(block[start : start + size].data)
                start += size
            yield torch.from_numpy(block)
