"""A SLURM for all tests of this folder; without one they are skipped, or fail where CI must have it."""

import os

import pytest
from tests.cluster.slurm import Slurm, why_not


@pytest.fixture(scope="session")
def slurm(tmp_path_factory):
    if reason := why_not():
        if os.environ.get("REPDRIFT_REQUIRE_SLURM"):
            pytest.fail(reason)
        pytest.skip(reason)
    started = Slurm(tmp_path_factory.mktemp("slurm"))
    try:
        started.start()
        yield started
    finally:
        started.stop()
