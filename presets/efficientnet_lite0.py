"""EfficientNet-Lite0 for the preset imagenet: the class is that of the package efficientnet-lite-pytorch."""

from efficientnet_lite_pytorch import EfficientNet
from torch import nn


def efficientnet_lite0(classes: int) -> nn.Module:
    """Return the network with random weights and a head for this number of classes."""
    network: nn.Module = EfficientNet.from_name("efficientnet-lite0", num_classes=classes)
    return network
