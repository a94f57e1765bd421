"""Randomness by purpose: every random draw has its own generator, never a global one."""

import hashlib
import json


def seed_for(purpose: str, seed: int, subject: str = "") -> int:
    """Give the 63-bit seed of one purpose, the same on every machine and Python version.

    Parameters
    ----------
    purpose : str
        What is drawn: ``initialisation``, ``label noise``, ``data order``, ``permutation null``.
    seed : int
        The seed of the run, as listed in the config.
    subject : str
        What it is drawn for, where one purpose has several (a task, a layer).
    """
    digest = hashlib.sha256(json.dumps([purpose, seed, subject]).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
