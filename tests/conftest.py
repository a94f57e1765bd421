"""What the tests share: the real images, where there are any, configs, studies that have been run, torch's threads."""

import os

import pytest

from repdrift.study.config import load
from tests.checkout import DATA, REPOSITORY, Checkout
from tests.studies import copied, make_complete, make_tiny, shared

# A program that a test starts imports the package of this folder, as the test itself does, wherever it runs.
os.environ["PYTHONPATH"] = str(REPOSITORY / "workflow")
# Matrices so small gain nothing from more threads, and tests run side by side. Torch reads this when it is imported.
os.environ["OMP_NUM_THREADS"] = "1"


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


@pytest.fixture
def same_numbers():
    """What a test draws is the same every time."""
    import torch  # noqa: PLC0415  many tests need none, and it takes a second

    torch.manual_seed(0)


@pytest.fixture
def load_config():
    """Function that loads config.yaml, overlaid by some presets of the project or of the tests."""

    def found(preset):
        own = REPOSITORY / "tests" / "presets" / f"{preset}.yaml"
        return own if own.exists() else REPOSITORY / "presets" / f"{preset}.yaml"

    def load_presets(*presets):
        return load([REPOSITORY / "config.yaml", *map(found, presets)])

    return load_presets


@pytest.fixture(scope="session")
def made_tiny(tmp_path_factory):
    """The tiny study, six figures of it, run for real; tests read it, and change nothing."""
    return Checkout(shared(tmp_path_factory, "made-tiny", make_tiny), new=False)


@pytest.fixture(scope="session")
def tiny_study(made_tiny, tmp_path_factory):
    """A copy of the tiny study for the tests of one process: they change it, and undo what they change.

    What stands in its `change.yaml` overlays its config.
    """
    return copied(made_tiny.folder, tmp_path_factory.mktemp("tiny") / "study")


@pytest.fixture
def spoilt_study(made_tiny, tmp_path):
    """A copy of the tiny study for one test, which may leave it as it likes."""
    return copied(made_tiny.folder, tmp_path / "study")


@pytest.fixture(scope="session")
def complete_study(made_tiny, tmp_path_factory):
    """The tiny study with everything that the workflow can make, run for real; tests read it, and change nothing."""
    made = shared(tmp_path_factory, "made-complete", lambda folder: make_complete(folder, made_tiny.folder))
    return Checkout(made, new=False)
