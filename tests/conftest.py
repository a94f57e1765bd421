"""What the tests share: the real images, where there are any, configs, and how torch works."""

import os
from pathlib import Path

import pytest
import torch

from repdrift.study.config import load

REPOSITORY = Path(__file__).parents[1]
DATA = REPOSITORY / "data"
# A program that a test starts imports the package of this folder, as the test itself does, wherever it runs.
os.environ["PYTHONPATH"] = str(REPOSITORY / "workflow")
SMOKE = ("--configfile", "presets/smoke.yaml", "presets/svhn-npz.yaml")


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


@pytest.fixture(scope="module")
def one_thread():
    """Matrices so small gain nothing from more threads, which would wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def same_numbers():
    """What a test draws is the same every time."""
    torch.manual_seed(0)


@pytest.fixture
def load_config():
    """Function that loads config.yaml, overlaid by some presets."""

    def load_presets(*presets):
        return load([REPOSITORY / "config.yaml", *(REPOSITORY / "presets" / f"{preset}.yaml" for preset in presets)])

    return load_presets


@pytest.fixture(scope="session")
def smoke(tmp_path_factory, real_images):
    """The study of presets/smoke.yaml, run for real on this machine; tests add files to it, and change none."""
    from tests.checkout import Checkout  # noqa: PLC0415  it reads this module

    made = Checkout(tmp_path_factory.mktemp("smoke"))
    made.snakemake(*SMOKE)
    return made
