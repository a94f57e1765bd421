"""Which parts of a network fine-tuning trains.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Mapping

from repdrift.study.architectures import Architecture
from repdrift.study.refusal import nearest, refusal
from repdrift.study.runs import ALL


def first_trained(train: str | Mapping[str, str], architecture: Architecture) -> str:
    """Return the name of the first part that is trained, or ``all`` if that is the first part of the network.

    Parameters
    ----------
    train : str or mapping
        ``all``, ``head``, or ``{"from": name}`` with the name of a part or of the layer that it ends with.
    architecture : Architecture

    Raises
    ------
    UserError
        If the network has neither a part nor a layer of this name.
    """
    if isinstance(train, str):
        return train
    parts, ends = architecture.parts, architecture.ends
    name = train["from"]
    if name in ends:
        name = parts[ends.index(name)]
    if name not in parts:
        allowed = f"use the parts {', '.join(parts)}, and the layers that they end with, {', '.join(ends)}"
        raise refusal("finetune.train.from", name, allowed + nearest(name, (*parts, *ends)))
    return ALL if name == parts[0] else name
