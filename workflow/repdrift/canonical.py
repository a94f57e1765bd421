"""Settings as text: the one form in which they are tracked, hashed and compared."""

import json


def canonical(value: object) -> str:
    """Write a value as JSON with sorted keys and no spaces: equal settings give equal text.

    Dataclasses are written as mappings of their fields.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=vars)
