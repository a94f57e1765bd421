"""The configs that come with the project: that of the paper, and every preset, alone and with npz images of SVHN."""

from tests.checkout import REPOSITORY

NEED_PACKAGES = {"imagenet"}  # presets whose network and weights are packages of their own
NAMES = sorted({path.stem for path in (REPOSITORY / "presets").glob("*.yaml")} - NEED_PACKAGES)
NPZ = "svhn-npz"
PRESETS = [(), *((name,) for name in NAMES), *((name, NPZ) for name in NAMES if name != NPZ)]


def in_words(presets):
    """Name a test by its presets."""
    return "+".join(presets) or "paper"
