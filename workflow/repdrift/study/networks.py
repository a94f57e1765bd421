"""The networks of a study: its own, and those of its variants, with their settings, classes and layers.

The Snakefile imports this module, so it needs nothing heavy.
"""

from functools import cached_property

from repdrift.study.architectures import Architecture
from repdrift.study.choices import Choice, own_label, settings, varied, with_defaults
from repdrift.study.description import Description, described
from repdrift.study.files import Files
from repdrift.study.runs import INDEPENDENT, INDEPENDENT_2, INITIAL, prefix_of, variant_of
from repdrift.study.sections import Config

MANY_CLASSES = 1000  # of a network before its weights are known, as those of ImageNet have


class Networks(Files):
    """The networks of a study, each by the name of a run or of initial weights, which tells its variant.

    Attributes
    ----------
    classes : int
        Number of classes of the pre-trained network: those of the source data set, or of the given weights.
    own : Choice
        The study's own network and training.
    variants : dict of str to Choice
        The networks and trainings of the variants by name.
    """

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        network = with_defaults(config.network)
        tuning = config.finetune
        own = Choice(own_label(network), network, config.training, tuning.head, tuning.train, runs="all")
        changed = {name: varied(own, name, one) for name, one in config.variants.items() if one is not None}
        self.own = own
        self._networks: dict[str, dict[str, object]] = {}  # by the name of the variant, as the descriptions
        self._descriptions: dict[str, Description] = {}
        # A preset can make a variant equal to the study itself, which is not trained twice.
        self.variants = {name: one for name, one in changed.items() if not one.trains_like(own)}
        # Weights that somebody else has trained bring their own classes.
        self.classes = (
            config.datasets[config.source.dataset].classes
            if config.weights is None
            else described(settings(network, MANY_CLASSES, config.images), config.weights).classes
        )

    @property
    def choices(self) -> dict[str, Choice]:
        """The network and training of the study itself, whose name is empty, and those of the variants by name."""
        return {"": self.own, **self.variants}

    def choice(self, name: str) -> Choice:
        """Return what a run or initial weights are trained with, given their name: the study's own, or a variant."""
        return self.choices[variant_of(name)]

    def network_of(self, name: str, classes: int | None = None) -> dict[str, object]:
        """Return the settings of the network of a run or of initial weights, given the name of these.

        `classes` is the number of classes of its task; None is for that of the source.
        """
        variant = variant_of(name)
        if variant not in self._networks:  # the settings of a user's own network have a hash of its files
            self._networks[variant] = settings(self.choices[variant].network, self.classes, self.config.images)
        return {**self._networks[variant], "classes": classes or self.classes}

    @property
    def network(self) -> dict[str, object]:
        """The settings of the study's own network for the source, see `repdrift.networks.building.build`."""
        return self.network_of("")

    @cached_property
    def architecture(self) -> Architecture:
        """The names of the compared layers and of the parts of the study's own network."""
        return self.architecture_of("")

    def architecture_of(self, name: str) -> Architecture:
        """Return the names of the compared layers and of the parts of the network of a run or of initial weights."""
        return self.description_of(name).architecture(self.choice(name).network.layers)

    def description_of(self, name: str) -> Description:
        """Return the description of the network of a run or of initial weights, for the classes of the source."""
        variant = variant_of(name)
        if variant not in self._descriptions:
            self._descriptions[variant] = described(self.network_of(name))
        return self._descriptions[variant]

    @property
    def alike(self) -> dict[str, Choice]:
        """The variants whose networks have the layers of the study's own."""
        return {
            name: one
            for name, one in self.variants.items()
            if self.architecture_of(prefix_of(name)).layers == self.architecture.layers
        }

    def measured_network(self, name: str, classes: int | None = None) -> dict[str, object]:
        """Return the settings of `network_of`, and the layers that are compared if they are not the default."""
        layers = {} if self.choice(name).network.layers is None else {"layers": self.architecture_of(name).layers}
        return {**self.network_of(name, classes), **layers}

    def classes_of(self, dataset: str) -> int:
        """Return the number of classes of a data set, which is the width of the head of networks for it."""
        return self.config.datasets[dataset].classes

    def has_other_classes(self, dataset: str) -> bool:
        """Return whether a data set has another number of classes than the source, so that its head is another."""
        return self.classes_of(dataset) != self.classes

    @property
    def initial_weights(self) -> list[str]:
        """Names of the weights before any training."""
        kinds = [INITIAL[0], INDEPENDENT[0]]
        return [*kinds, INDEPENDENT_2[0], *(prefix_of(variant) + kind for variant in self.variants for kind in kinds)]
