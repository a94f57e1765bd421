"""Images of any size and number of channels become RGB images of one size."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from repdrift.errors import UserError
from repdrift.study.tasks import SIDE

EIGHT_BITS = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "HSV")


def to_rgb(images: NDArray[np.uint8], origin: str, size: int = SIDE) -> NDArray[np.uint8]:
    """Convert images to RGB images of one size.

    Images of at most 32 x 32 pixels get a border of zeros if the size is 32. All other images are resized as
    `fitted` does it.

    Parameters
    ----------
    images : uint8 [N, H, W], [N, H, W, 1] or [N, 1, H, W] (grey), or [N, H, W, 3] or [N, 3, H, W] (RGB)
    origin : str
        Name of the source of the images, for the message of an error.
    size : int
        Height and width of the result in pixels.

    Returns
    -------
    uint8 [N, 3, size, size]

    Raises
    ------
    UserError
        If the images have another shape.
    """
    images = channels_last(images, origin)
    height, width = images.shape[1:3]
    if size == SIDE and max(height, width) <= SIDE:
        top, left = (SIDE - height) // 2, (SIDE - width) // 2
        border = ((0, 0), (top, SIDE - height - top), (left, SIDE - width - left), (0, 0))
        images = np.pad(images, border)
    if images.shape[1:3] == (size, size):
        planes = images.transpose(0, 3, 1, 2)
        return np.ascontiguousarray(np.broadcast_to(planes, (len(images), 3, size, size)))
    result = np.empty((len(images), 3, size, size), dtype=np.uint8)
    for place, image in enumerate(images):
        result[place] = fitted(Image.fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image), size)
    return result


def channels_last(images: NDArray[np.uint8], origin: str) -> NDArray[np.uint8]:
    """Return images as [N, H, W, 1] (grey) or [N, H, W, 3] (RGB), see `to_rgb`."""
    if images.ndim == 3:
        return images[..., None]
    if images.ndim == 4 and images.shape[3] in (1, 3):
        return images
    if images.ndim == 4 and images.shape[1] in (1, 3):
        return images.transpose(0, 2, 3, 1)
    raise UserError(f"{origin}: images have shape {images.shape}: {WANTED_SHAPES}")


WANTED_SHAPES = "give grey images [N, H, W] or RGB images [N, H, W, 3] or [N, 3, H, W]"


def fitted(picture: Image.Image, size: int) -> NDArray[np.uint8]:
    """Return a picture as an RGB image of one size.

    The longer side is cropped to the middle, then the square is resized (bilinear, with antialiasing), as networks for
    ImageNet are usually tested. Transparency is dropped, and so is an orientation that EXIF data state.

    Parameters
    ----------
    picture : Image
        With 8 bits for a channel.
    size : int
        Height and width of the result in pixels.

    Returns
    -------
    uint8 [3, size, size]

    Raises
    ------
    ValueError
        If the picture has more than 8 bits for a channel.
    """
    if picture.mode not in EIGHT_BITS:
        raise ValueError(f"its pixels are of the kind {picture.mode}; 8 bits for each channel can be read")
    square = ImageOps.fit(picture.convert("RGB"), (size, size), Image.Resampling.BILINEAR)
    return np.asarray(square).transpose(2, 0, 1)
