"""Images of a file or a folder, on which models are compared."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from repdrift.data.folders import pictures_below
from repdrift.data.npz_files import images_of
from repdrift.data.pictures import read_pictures
from repdrift.data.pixels import channels_last, to_rgb
from repdrift.errors import UserError

SIZE = 224  # pixels of a side of pictures, if nothing else is asked for, as networks for ImageNet take them


@dataclass(frozen=True, eq=False)
class Images:
    """Images uint8 [n, 3, size, size], and the sample ids of pictures: their paths in the folder."""

    pixels: NDArray[np.uint8]
    ids: tuple[str, ...] | None

    @property
    def size(self) -> int:
        """Height and width in pixels."""
        return int(self.pixels.shape[2])


def read_images(path: Path, size: int | None, limit: int | None) -> Images:
    """Read the images of an npz file (images ``X`` and labels ``y``), or of a folder of pictures and folders below.

    Parameters
    ----------
    path : Path
    size : int, optional
        Height and width of the images. None is for the longer side of those in an npz file, and for 224 pixels
        otherwise.
    limit : int, optional
        The number of images, counted from the first. None is for all.

    Raises
    ------
    UserError
        If there are no images, or one cannot be read.
    """
    if limit is not None and limit < 1:
        raise UserError(f"limit {limit}: at least 1 image is needed")
    if size is not None and size < 1:
        raise UserError(f"size {size}: images have at least 1 pixel")
    if path.is_dir():
        paths = pictures_below(path)[:limit]
        if not paths:
            raise UserError(f"{path} has no pictures, and neither have the folders in it")
        ids = tuple(str(picture.relative_to(path)) for picture in paths)
        return Images(read_pictures(paths, size or SIZE), ids)
    pixels = channels_last(images_of(path)[:limit], str(path))
    return Images(to_rgb(pixels, str(path), size or max(pixels.shape[1:3])), None)
