"""Augmentation of training images on their device: random crops of padded images, and horizontal flips.

What is drawn for the images of an epoch is a tensor, as the order of the images is. So a training that goes on in the
middle of an epoch draws the same again, and a CUDA graph can take it as an input.
"""

import torch
from torch import Tensor
from torch.nn import functional

from repdrift.study.sections import Augmentation


def drawn(augmentation: Augmentation, images: int, generator: torch.Generator) -> Tensor:
    """Draw what is done to each of some images.

    Returns
    -------
    int64 Tensor [N, 3]
        For each image the first row and the first column of its crop, in the padded image, and whether it is flipped.
    """
    places = torch.zeros(images, 3, dtype=torch.int64)
    if augmentation.crop:
        places[:, :2] = torch.randint(2 * augmentation.crop + 1, (images, 2), generator=generator)
    if augmentation.flip:
        places[:, 2] = torch.randint(2, (images,), generator=generator)
    return places


def augmented(images: Tensor, places: Tensor, padding: int) -> Tensor:
    """Crop and flip images. It is what torchvision's ``RandomCrop`` and ``RandomHorizontalFlip`` do, in this order.

    Parameters
    ----------
    images : uint8 Tensor [B, C, H, W]
    places : int64 Tensor [B, 3]
        As `drawn` returns them.
    padding : int
        Number of pixels of the value 0 that are added on each side before the crop.

    Returns
    -------
    uint8 Tensor [B, C, H, W], channels_last
    """
    height, width = images.shape[2:]
    top, left, flipped = places[:, :, None].unbind(1)
    rows = top + torch.arange(height, device=images.device)
    columns = torch.arange(width, device=images.device).expand(len(images), width)
    columns = left + torch.where(flipped.bool(), columns.flip(1), columns)
    padded = functional.pad(images, [padding] * 4).permute(0, 2, 3, 1)
    numbers = torch.arange(len(images), device=images.device)
    return padded[numbers[:, None, None], rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
