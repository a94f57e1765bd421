"""The text form in which settings are tracked, hashed and compared."""

import json


def canonical(value: object) -> str:
    """Return a value as JSON with sorted keys and without spaces, so that equal settings are equal texts.

    Dataclasses become mappings of their fields.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=vars)
