"""A message about a package that is not installed names the extra that brings it."""

import tomllib
from importlib.metadata import packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.checkout import REPOSITORY

from repdrift.errors import UserError
from repdrift.extras import MODULES, extra_of, require

DECLARED = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["optional-dependencies"]


@pytest.fixture(scope="module")
def distributions():
    """The packages by the names that are imported."""
    return packages_distributions()


@pytest.mark.parametrize("extra", MODULES)
def test_the_extra_that_a_message_names_brings_the_package(extra, distributions):
    names = {canonicalize_name(Requirement(text).name) for text in DECLARED[extra]}
    for module in MODULES[extra]:
        assert {canonicalize_name(name) for name in distributions[module]} & names, module


def test_what_is_not_installed_is_refused_in_one_line(monkeypatch):
    monkeypatch.setitem(MODULES, "files", ("no_such_package",))
    line = 'an HDF5 file needs the package no_such_package, which is not installed: pip install "repdrift[files]"'
    with pytest.raises(UserError) as refused:
        require("no_such_package", "an HDF5 file")
    assert str(refused.value) == line
    require("numpy", "anything")
    assert extra_of("numpy") is None
