"""Seeds of random generators. Each purpose has a generator of its own; a global generator is never used."""

import hashlib
import json


def seed_for(purpose: str, seed: int, subject: str = "") -> int:
    """Return the 63-bit seed of the generator for one purpose. It is the same on every machine and Python version.

    Parameters
    ----------
    purpose : str
        What the generator draws, such as ``initialisation``, ``label noise``, ``data order`` or ``permutation null``.
    seed : int
        The seed of the run, as the config lists it.
    subject : str
        What the generator draws it for, such as a task or a layer, if one purpose needs several generators.
    """
    digest = hashlib.sha256(json.dumps([purpose, seed, subject]).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
