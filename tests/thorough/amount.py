"""How many faults the tests with random faults inject: a few, or as many as `make faults` asks for."""

import os

ASKED = int(os.environ.get("REPDRIFT_FAULTS", "0"))


def amount(usual):
    """Give the number of faults: the usual one, or the one that the variable REPDRIFT_FAULTS names."""
    return ASKED or usual
