"""A small network with dropout and stochastic depth, and batch normalisation without weights."""

from torch import nn
from torch.nn import functional
from torchvision.ops import StochasticDepth

from repdrift.networks.network import Network
from repdrift.study.architectures import Architecture

NAMES = Architecture(
    layers=("first", "second", "logits"),
    parts=("stem", "block", "head"),
    ends=("first", "second", "logits"),
    matrices=("stem", "block", "head"),
)


class Dropping(Network):
    """A stem, a block that may be skipped, and a head after dropout."""

    def __init__(self, classes=10):
        super().__init__((3, 32, 32), NAMES)
        self.stem = nn.Conv2d(3, 8, kernel_size=4, stride=4)
        self.norm = nn.BatchNorm2d(8, affine=False)
        self.stem_dropout = nn.Dropout(0.1)
        self.block = nn.Conv2d(8, 8, kernel_size=3, padding=1)
        self.skip = StochasticDepth(0.5, "row")
        self.dropout = nn.Dropout(0.3)
        self.head = nn.Linear(8 * 16, classes)

    @property
    def parts(self):
        return {name: dict(getattr(self, name).named_parameters()) for name in self.names.parts}

    def read_layers(self, images):
        first = self.stem_dropout(functional.relu(self.norm(self.stem(self.normalise(images)))))
        second = functional.max_pool2d(first + self.skip(self.block(first)), 2)
        return {"first": first, "second": second, "logits": self.head(self.dropout(second.flatten(1)))}

    def forward(self, images):
        return self.read_layers(images)["logits"]
