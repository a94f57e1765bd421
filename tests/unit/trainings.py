"""What tests of training share: a network, its settings, and images as tensors."""

import torch

from repdrift.networks.building import build, initialise
from repdrift.specs import TrainingSettings


def network(seed=1, block="conv-relu-bn"):
    made = build({"name": "conv4", "block": block, "classes": 10})
    initialise(made, "initialisation", seed)
    return made


def settings(steps, **changes):
    values = {
        "learning_rate": 0.001,
        "momentum": 0.9,
        "weight_decay": 0.0,
        "batch_size": 32,
        "test_every": 1,
        "precision": "float32",
    }
    return TrainingSettings(**{**values, **changes}, steps=steps)


def tensors(images, labels):
    return torch.from_numpy(images).contiguous(memory_format=torch.channels_last), torch.from_numpy(labels)
