"""What every network of a study offers: logits, representations of its layers, and parts whose weights are compared."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from repdrift.errors import UserError
from repdrift.study.architectures import HALF, Architecture


class Network(nn.Module, ABC):
    """A classifier of images with named layers and named parts.

    Parameters
    ----------
    image : tuple of int
        Shape [C, H, W] of an image.
    names : Architecture
        The names of its layers and parts.
    mean, std : sequence of float
        Mean and standard deviation of each channel, by which images are normalised. Pixels are in 0..1.

    Attributes
    ----------
    image : tuple of int
    names : Architecture
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        image: tuple[int, int, int],
        names: Architecture,
        mean: Sequence[float] = HALF,
        std: Sequence[float] = HALF,
    ) -> None:
        super().__init__()
        self.image, self.names = image, names
        # They move with the network to its device. They are no weights, so checkpoints do not have them.
        self.register_buffer("mean", torch.tensor(mean)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(std)[:, None, None], persistent=False)

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of the layers that `read_layers` returns, in the order of the forward pass."""
        return self.names.layers

    @abstractmethod
    def forward(self, images: Tensor) -> Tensor:
        """Return the logits [B, D] of images uint8 [B, C, H, W]."""

    @abstractmethod
    def read_layers(self, images: Tensor) -> dict[str, Tensor]:
        """Return the representations [B, ...] of all layers by name, for images uint8 [B, C, H, W].

        Gradients flow through them.
        """

    @property
    @abstractmethod
    def parts(self) -> Mapping[str, Mapping[str, nn.Parameter]]:
        """The weights of each part by the name of the part, in the order of the forward pass.

        Each weight of the network is in one part, see `repdrift.study.architectures.Architecture`.
        """

    @property
    def saved(self) -> nn.Module:
        """The module whose weights and buffers a checkpoint has, with the names that they have in it."""
        return self

    def normalise(self, images: Tensor) -> Tensor:
        """Return images uint8 [B, C, H, W] as float32, normalised by the mean and the standard deviation.

        It is what torchvision's ``ToTensor`` and ``Normalize`` do.
        """
        return images.to(torch.float32).div_(255).sub_(self.mean).div_(self.std)

    def input_of(self, part: str, images: Tensor) -> Tensor:
        """Return what `logits_from` needs to compute the logits if only the weights of a part and later ones change.

        A network that cannot be entered at a part starts from the images.

        Parameters
        ----------
        part : str
        images : uint8 Tensor [B, C, H, W]

        Raises
        ------
        UserError
            If the network has no part of this name.
        """
        if part not in self.parts:
            raise UserError(f"the network has no part {part!r}; its parts are {', '.join(self.parts)}")
        return images

    def logits_from(self, part: str, x: Tensor) -> Tensor:
        """Return the logits [B, D], given what `input_of` returns for a part."""
        logits: Tensor = self(x)
        return logits
