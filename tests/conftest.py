"""What the tests share: the real images, where there are any."""

import os
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[1]
DATA = REPOSITORY / "data"


@pytest.fixture(scope="session")
def real_images():
    """Folder with the real images; without it the test is skipped, or fails where CI must have them."""
    wanted = [DATA / "cifar-10-batches-py", DATA / "MNIST" / "raw", DATA / "svhn" / "svhn_test_first10000.npz"]
    missing = [str(path) for path in wanted if not path.exists()]
    if missing:
        reason = f"no real images: {', '.join(missing)}"
        if os.environ.get("REPDRIFT_REQUIRE_REAL_IMAGES"):
            pytest.fail(reason)
        pytest.skip(reason)
    return DATA


def merged(base, overlay):
    """Overlay a config as Snakemake does: dictionaries are merged, everything else is replaced."""
    result = dict(base)
    for key, value in overlay.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


@pytest.fixture
def load_config():
    """Function that loads config.yaml, overlaid by some presets."""

    def load(*presets):
        config = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
        for preset in presets:
            config = merged(config, yaml.safe_load((REPOSITORY / "presets" / f"{preset}.yaml").read_text()))
        return config

    return load
