"""The text form in which settings are tracked, hashed and compared."""

import json
from dataclasses import MISSING, Field, fields
from typing import Any


def canonical(value: object) -> str:
    """Return a value as JSON with sorted keys and without spaces, so that equal settings are equal texts.

    Dataclasses become mappings of their fields. A field that has its default is left out. So a setting that a new
    version adds, with the old behaviour as its default, does not change the texts of old studies.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_settings)


def _settings(value: Any) -> dict[str, object]:  # noqa: ANN401
    each = ((field, getattr(value, field.name)) for field in fields(value))
    return {field.name: setting for field, setting in each if setting != _default(field)}


def _default(field: Field[Any]) -> object:
    return field.default if field.default_factory is MISSING else field.default_factory()
