"""The schema of a config, and the messages for what it refuses.

The Snakefile imports this module, so it needs nothing heavy.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError, validators

from repdrift.errors import UserError, in_one_line
from repdrift.places import PACKAGE, ROOT
from repdrift.similarity.registry import ESTIMATORS, NUMBER, Entry
from repdrift.study.config import Config
from repdrift.study.refusal import joined, nearest, refusal

SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.yaml"
EXPERIMENTS = PACKAGE / "experiments"


def _is_integer(_: object, value: object) -> bool:
    # JSON schema accepts 150.0 as an integer, but range() does not.
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_: object, value: object) -> bool:
    # NaN would pass every check of a bound.
    return isinstance(value, int | float) and not isinstance(value, bool) and -math.inf < value < math.inf


@cache
def _validator() -> Any:  # noqa: ANN401
    types = Draft202012Validator.TYPE_CHECKER.redefine_many({"integer": _is_integer, "number": _is_number})
    strict = validators.extend(Draft202012Validator, type_checker=types)
    return strict(schema())


def schema() -> dict[str, Any]:
    """Read the schema of a config, and complete it.

    The section of each experiment comes from the experiment's folder. The names of estimators come from the code.
    """
    found: dict[str, Any] = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    for path in sorted(EXPERIMENTS.glob("*/schema.yaml")):
        found["properties"][path.parent.name] = yaml.safe_load(path.read_text(encoding="utf-8"))
        found["required"].append(path.parent.name)
    _complete(found["$defs"]["every_estimator"], ESTIMATORS)
    _complete(found["$defs"]["estimators"], {name: entry for name, entry in ESTIMATORS.items() if entry.any_width})
    return found


def _complete(estimators: dict[str, Any], allowed: Mapping[str, Entry]) -> None:
    """Complete the rule for a list of estimators by the names that it may have."""
    names = list(allowed)
    numbered = [name for name in names if ESTIMATORS[name].number]
    with_number = {
        "pattern": f"^({'|'.join(numbered)})@(?!0+([.]0+)?$){NUMBER}$(?!\\n)",
        "description": f"{' or '.join(numbered)}, and after @ a number above 0, such as {numbered[0]}@0.5",
    }
    own = {"pattern": r"^[^{}]*[^{}\s][.]py:\w+$(?!\n)", "description": "path/to/file.py:FUNCTION, without { and }"}
    is_own = {"description": "a function of a user's own", "type": "string", "pattern": "[.]py:"}
    no_plain_name = {"description": "a number after @, or such a function", "type": "string", "pattern": "@|[.]py:"}
    others = {"if": is_own, "then": own, "else": with_number}
    estimators["items"] = {"if": no_plain_name, "then": others, "else": {"enum": names}}
    estimators["description"] = (
        f"a list of {', '.join(names)}, or path/to/file.py:FUNCTION (one or more, each only once)"
    )


def check_schema(config: Config) -> None:
    """Refuse a config that the schema does not allow.

    Raises
    ------
    UserError
        At the first thing that is wrong.
    """
    # In the order of the schema, a misspelt key comes before the missing key that it causes.
    error = next(_validator().iter_errors(dict(config)), None)
    if error is not None:
        raise _explain(error, config)


def _explain(error: ValidationError, config: Config) -> UserError:
    """Return the message for what the schema refuses."""
    key, value, schema = _dotted(error.absolute_path), error.instance, error.schema
    if "propertyNames" in error.absolute_schema_path:
        return refusal(joined(key, value), value, f"allowed as a name is {schema['description']}")
    if error.validator == "additionalProperties":
        return _unknown_key(key, value, list(schema["properties"]), config)
    if error.validator == "required":
        missing = next(name for name in schema["required"] if name not in value)
        rule = schema["properties"][missing]
        rule = _validator().schema["$defs"][rule["$ref"].rpartition("/")[2]] if "$ref" in rule else rule
        return in_one_line(f"{joined(key, missing)}: this key is missing: {_allowed(rule)}")
    if error.validator == "enum":
        return refusal(key, value, _allowed(schema) + nearest(value, schema["enum"]))
    if error.validator == "uniqueItems":
        twice = next(each for place, each in enumerate(value) if each in value[:place])
        return refusal(key, value, f"{twice} is there twice; {_allowed(schema)}")
    return refusal(key, value, _allowed(schema) + _unquoted(value, _validator().evolve(schema=schema)))


def _dotted(path: Iterable[str | int]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def _allowed(schema: Any) -> str:  # noqa: ANN401
    if "description" in schema:
        return f"use {schema['description']}"
    if "enum" in schema:
        return f"use {' or '.join(schema['enum'])}"
    return f"use a mapping with the keys {', '.join(schema['properties'])}"


def _unknown_key(parent: str, section: Mapping[object, Any], known: list[str], config: Config) -> UserError:
    name = next(name for name in section if name not in known)
    key = joined(parent, name)
    # A key in the wrong section is found by its name, and a misspelt key by the similar names in its section.
    elsewhere = [path for path in _keys(config) if path.split(".")[-1] == name and path != key]
    hint = f"; did you mean {' or '.join(elsewhere)}?" if elsewhere else nearest(name, known, parent)
    return refusal(key, section[name], f"there is no such key; use one of {', '.join(known)}{hint}")


def _keys(section: Config, parent: str = "") -> Iterator[str]:
    for name, value in section.items():
        key = joined(parent, name)
        yield key
        if isinstance(value, Mapping) and key != "datasets":
            yield from _keys(value, key)


def _unquoted(value: object, validator: Any) -> str:  # noqa: ANN401
    """Return a hint if the value is a text that would be allowed without quotes, such as '0.01', or 1e-3 in YAML."""
    if not isinstance(value, str):
        return ""
    for read in (yaml.safe_load, float):
        try:
            meant = read(value)
        except (ValueError, yaml.YAMLError):
            continue
        if not isinstance(meant, str) and validator.is_valid(meant):
            written = yaml.safe_dump(meant, default_flow_style=True).splitlines()[0]
            fix = f"write {written}, without quotes, in a file and give that with --configfile"
            return f", and this is text: {fix} (--config hands nested values over as text)"
    return ""
