"""Studies for the tests of the workflow, and a browser for its report."""

import pytest
from tests.checkout import Checkout
from tests.workflow import tiny
from tests.workflow.browser import browser

__all__ = ["browser"]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    return Checkout(tmp_path_factory.mktemp("checkout"))


TINY = ("--configfile", "tiny.yaml", "change.yaml")


@pytest.fixture(scope="session")
def tiny_study(tmp_path_factory):
    """The study of `tiny`, run for real; a test lays its changes over it with `change.yaml`, and undoes them."""
    checkout = Checkout(tmp_path_factory.mktemp("tiny"))
    (checkout.folder / "tiny.yaml").write_text(tiny.OVERLAY)
    (checkout.folder / "change.yaml").write_text("{}\n")
    assert checkout.planned(*tiny.FIGURES, *TINY) == set(tiny.graph())
    checkout.snakemake(*tiny.FIGURES, *TINY)
    return checkout
