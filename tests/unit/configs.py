"""The config of the project, changed, and the one line in which a bad config is refused."""

import copy
from functools import reduce
from operator import getitem
from pathlib import Path

import numpy as np
import pytest
import yaml

from repdrift.errors import UserError
from repdrift.plan.checking import check

ROOT = Path(__file__).parents[2]
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
MISSING = object()


def changed(path, value):
    """Copy of config.yaml with one key set, or taken out."""
    config = copy.deepcopy(CONFIG)
    *sections, last = path.split("/")
    section = reduce(getitem, sections, config)
    section[last] = value
    if value is MISSING:
        del section[last]
    return config


def refusal(config):
    with pytest.raises(UserError) as caught:
        check(config)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


def save_npz(path, images, classes=10):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, X=np.zeros((images, 2, 2, 3), np.uint8), y=np.arange(images) % classes)
