"""Layers of networks with random weights: representations of very unequal width."""

import torch

from repdrift.data import rendered
from repdrift.networks.building import initial
from repdrift.networks.representations import representations


def layers_of_two_networks(split, count):
    """The layers of two random conv4, by name, on the first images of a split of the rendered objects."""
    images = torch.from_numpy(rendered.render("objects", split, count)[0])
    settings = {"name": "conv4", "block": "conv-relu-bn", "classes": 10}
    return [representations(initial(settings, "initialisation", seed), images) for seed in (1, 2)]
