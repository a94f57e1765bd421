"""Read a config file. In YAML and JSON a key that stands twice would silently have its last value, so it is refused."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from repdrift.errors import UserError, in_one_line


class RepeatedKeyError(ValueError):
    """A key stands twice in a section."""


def read(path: Path) -> dict[str, Any]:
    """Read a config file, as JSON if it is JSON, and as YAML otherwise, which is how Snakemake reads it.

    Raises
    ------
    UserError
        If the file is missing or no mapping, if a key stands twice in a section, or if a section contains itself.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        try:
            found = json.loads(text, object_pairs_hook=section)
        except json.JSONDecodeError:
            found = _Loader(text).get_single_data()
    except (OSError, UnicodeDecodeError, RecursionError, RepeatedKeyError, yaml.YAMLError) as error:
        raise in_one_line(f"{path} cannot be read as a config: {error}") from None
    if not isinstance(found, dict):
        raise UserError(f"{path} cannot be read as a config: it is no mapping")
    return found


def section(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return a section with these keys and values.

    Raises
    ------
    RepeatedKeyError
        If a key stands in it twice.
    """
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise RepeatedKeyError(f"{key} stands twice in a section")
        found[key] = value
    return found


class _Loader(yaml.SafeLoader):
    """YAML of plain values, in which no key stands twice and nothing contains itself."""

    def section(self, node: yaml.MappingNode) -> dict[Any, Any]:
        lines: dict[tuple[str, str], int] = {}
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            name, line = (key.tag, key.value), key.start_mark.line + 1
            if name in lines:
                raise RepeatedKeyError(f"{key.value} stands twice in a section, in lines {lines[name]} and {line}")
            lines[name] = line
        self.flatten_mapping(node)
        return self.construct_mapping(node, deep=True)


# Unlike PyYAML's own constructor, this one has made all parts of a section before it returns. PyYAML then notices a
# section that contains itself.
_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.section)
