"""A config as types: every setting of every preset is in them, with its value."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass

import pytest
from tests.unit.presets import PRESETS, in_words

from repdrift.plan.experiments import sections
from repdrift.study.sections import Config, parse
from repdrift.study.study import Study


def assert_same(given, parsed, place):
    """Compare a part of a config with what it was parsed into; a setting that the types lack is an error."""
    if is_dataclass(parsed):
        names = {field.name for field in fields(parsed)}
        assert set(given) <= names, place
        for name in names:
            assert_same(given.get(name), getattr(parsed, name), f"{place}.{name}")
    elif isinstance(given, Mapping):
        assert list(given) == list(parsed), place
        for name, value in given.items():
            assert_same(value, parsed[name], f"{place}.{name}")
    elif isinstance(given, list):
        assert isinstance(parsed, tuple) and len(given) == len(parsed), place
        for number, (value, other) in enumerate(zip(given, parsed, strict=True)):
            assert_same(value, other, f"{place}[{number}]")
    else:
        assert parsed == given, place


@pytest.mark.parametrize("presets", PRESETS, ids=in_words)
def test_every_setting_of_every_preset_is_in_the_types(load_config, presets):
    given = load_config(*presets)
    config = parse(given)
    experiments = sections(Study(config))
    for name, section in given.items():
        if name in config.experiments:
            assert name in experiments or section is None
            assert_same(section, experiments.get(name), name)
        else:
            assert_same(section, getattr(config, name), name)
    own = {field.name for field in fields(Config)} - {"experiments", "given"}
    assert own | set(config.experiments) == set(given)
    assert config.given == given


def test_numbers_have_the_types_of_their_settings(load_config):
    given = load_config()
    given["training"] |= {"weight_decay": 0, "momentum": 0, "label_smoothing": 0}
    training = parse(given).training
    for name in ("learning_rate", "momentum", "weight_decay", "label_smoothing"):
        assert type(getattr(training, name)) is float
