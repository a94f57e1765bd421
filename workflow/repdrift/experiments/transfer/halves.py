"""Two halves of a set of images. What is chosen on one half is measured on the other, so that it is not biased."""

from torch import Tensor

Images = tuple[Tensor, Tensor]  # images uint8 [N, C, H, W] and labels int64 [N]


def halves(images: Tensor, labels: Tensor) -> tuple[Images, Images]:
    """Return the first and the second half of some images with their labels. The second has one more if N is odd."""
    middle = len(images) // 2
    return (images[:middle], labels[:middle]), (images[middle:], labels[middle:])
