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
from repdrift.similarity.compact import gram_of_blocks
from repdrift.similarity.gram import Gram

UNITS = 4096  # units that are read at a time: 64 MB in float64 for 2,000 images


class Held:
    """The features float32 [n, p] of a layer in memory."""

    def __init__(self, images: int, width: int) -> None:
        self.features = torch.empty(images, width)
        self.filled = 0

    def add(self, values: Tensor) -> None:
        """Take the features float32 [B, p] of the next images."""
        self.features[self.filled : self.filled + len(values)] = values
        self.filled += len(values)

    def result(self) -> Tensor:
        """Return the features, given those of all images."""
        return self.features


class Spill:
    """The features float32 [n, p] of a layer in a temporary file, which is deleted also if the process is killed.

    The file has one block [n, 4096] of units after the other. So each block is read in one piece, and a batch of 32
    images is written in pieces of half a megabyte. Memory-mapped files would count as memory of the process.

    Parameters
    ----------
    images, width : int
        Numbers of images n and of units p.
    folder : Path, optional
        Where the file is made, of 4 n p bytes. None is for the system's folder of temporary files.
    """

    def __init__(self, images: int, width: int, folder: Path | None) -> None:
        self.images, self.width = images, width
        self.means = torch.zeros(images, dtype=torch.float64)
        self.filled = 0
        self._folder = folder or Path(tempfile.gettempdir())
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  closed by __exit__

    def __enter__(self) -> "Spill":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, values: Tensor) -> None:
        """Take the features float32 [B, p] of the next images, and write them.

        Raises
        ------
        UserError
            If the disk is full.
        """
        try:
            self._write(values)
        except OSError as error:
            if error.errno not in FULL:
                raise
            size = 4 * self.images * self.width / 1e9
            raise UserError(
                f"{self._folder}: the disk is full: the features of a layer take {size:.1f} GB here"
            ) from None

    def _write(self, values: Tensor) -> None:
        self.means[self.filled : self.filled + len(values)] = values.mean(dim=1, dtype=torch.float64)
        for first in range(0, self.width, UNITS):
            units = values[:, first : first + UNITS].contiguous()
            self._file.seek(4 * (first * self.images + self.filled * units.shape[1]))
            self._file.write(units.numpy().data)
        self.filled += len(values)

    def result(self) -> Gram:
        """Return the inner products of the images, given the features of all of them."""
        return gram_of_blocks(self._blocks(), self.means)

    def _blocks(self) -> Iterator[Tensor]:
        """Yield the features [n, q] of some units after those of others."""
        self._file.seek(0)
        for first in range(0, self.width, UNITS):
            shape = self.images, min(UNITS, self.width - first)
            yield torch.from_numpy(np.fromfile(self._file, np.float32, shape[0] * shape[1]).reshape(shape))
