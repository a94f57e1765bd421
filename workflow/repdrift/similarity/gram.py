"""What is kept of a representation with more units than images: the inner products of its images.

Linear and RBF CKA, RSA, Procrustes and the overlap of neighbours depend on a representation [n, p] by the inner
products of its rows only. These take n^2 numbers, however many units p there are.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

GROUPS = 5  # groups of images whose means the centre is the median of: two of them may have outliers


@dataclass(frozen=True, eq=False)
class Gram:
    """The inner products of the images of a representation X [n, p], from which every estimator but CCA is exact.

    The rows of X are written as x_i = m_i 1 + c + z_i. Here m_i is the mean of the image over its units, and the centre
    c [p] is the same for all images and near most of them, see `middle`. Products of the z_i keep the digits that
    products of the x_i would lose if units or images have large offsets, or if one image is an outlier.

    Attributes
    ----------
    products : float64 Tensor [n, n]
        The inner products z_i . z_j.
    means : float64 Tensor [n]
        The means m_i.
    along : float64 Tensor [n]
        The inner products z_i . c.
    centre : float64 Tensor []
        The squared length c . c.
    width : int
        Number of units p.
    """

    products: Tensor
    means: Tensor
    along: Tensor
    centre: Tensor
    width: int

    def __len__(self) -> int:
        return len(self.means)

    @property
    def shape(self) -> tuple[int, int]:
        """The shape [n, p] of the representation."""
        return len(self), self.width

    @property
    def dtype(self) -> torch.dtype:
        return self.products.dtype

    @property
    def device(self) -> torch.device:
        return self.products.device

    def __getitem__(self, images: Tensor | slice) -> "Gram":
        """Return the inner products of some images, which are given as for a Tensor: a slice, a mask or indices."""
        products = self.products[images][:, images]
        return replace(self, products=products, means=self.means[images], along=self.along[images])

    def to(self, device: torch.device) -> "Gram":
        """Return the same on a device."""
        products, means, along, centre = (
            value.to(device) for value in (self.products, self.means, self.along, self.centre)
        )
        return Gram(products, means, along, centre, self.width)

    def centred(self) -> Tensor:
        """Return the Gram matrix of the representation with centred columns, float64 [n, n]."""
        means = self.means - self.means.mean()
        sums = self.products.mean(dim=0)
        return self.products - sums[:, None] - sums + sums.mean() + self.width * torch.outer(means, means)

    def squared_distances(self) -> Tensor:
        """Return the squared Euclidean distances of the images, float64 [n, n], with a diagonal of 0."""
        lengths = self.products.diagonal()
        apart = lengths[:, None] + lengths - 2 * self.products
        apart += self.width * (self.means[:, None] - self.means).square()
        # The distance of equal images is 0, but rounding may have made it negative.
        return apart.clamp_(min=0).fill_diagonal_(0)

    def products_of_deviations(self) -> Tensor:
        """Return the inner products of the images, each minus its mean over the units, float64 [n, n]."""
        return self.products + self.along[:, None] + self.along + self.centre

    def lengths(self) -> Tensor:
        """Return the sums of the squares that `products_of_deviations` adds and subtracts for each image, [n].

        A product that is smaller than these by the precision of float64 is a rounding error.
        """
        return self.products.diagonal() + self.centre


Representation = Tensor | Gram  # features [n, p], one row for each image, or what is kept of them


def middle(x: Tensor) -> Tensor:
    """Return a row [p] near most rows of x [n, p], which a few outliers do not move: the median of means of groups.

    The means of the groups are exact enough, and their median costs no more than the mean of all.
    """
    groups = min(GROUPS, len(x))
    return torch.stack([x[first::groups].mean(dim=0) for first in range(groups)]).median(dim=0).values
