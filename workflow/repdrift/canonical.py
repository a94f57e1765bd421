"""Settings as text: the one form in which they are tracked, hashed and compared. Standard library only."""

import json


def canonical(value: object) -> str:
    """JSON with sorted keys and no spaces: equal settings give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
