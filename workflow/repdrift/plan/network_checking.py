"""Refuse wrong networks, layers and given weights before any job starts.

The Snakefile imports this module, so it needs nothing heavy.
"""

import re

from repdrift.errors import UserError
from repdrift.experiments.checks import check_tokens
from repdrift.study.architectures import BLOCKS, CONV4, LOGITS, TORCHVISION
from repdrift.study.config import Config
from repdrift.study.refusal import nearest, refusal
from repdrift.study.runs import prefix_of
from repdrift.study.sections import parse
from repdrift.study.study import Study

NETWORK_NAME = re.compile(rf"{CONV4}|{TORCHVISION}\w+|[^:]+[.]py:\w+")


def check_networks(config: Config) -> None:
    """Check the study's own network and those of its variants. Each is built once, see `repdrift.study.description`.

    Raises
    ------
    UserError
        At the first thing that is wrong.
    """
    places = {"network": config["network"]}
    places |= {f"variants.{name}.network": (one or {}).get("network", {}) for name, one in config["variants"].items()}
    for name, one in config["variants"].items():
        if config["weights"] is not None and (one or {}).get("network"):
            sentence = "use changes of training and head, because the given weights belong to one network"
            raise refusal(f"variants.{name}.network", (one or {})["network"], sentence)
    for key, section in places.items():
        name = section.get("name", CONV4)
        if not NETWORK_NAME.fullmatch(name):
            sentence = f"use {CONV4}, {TORCHVISION}NAME, or path/to/file.py:FUNCTION{nearest(name, [CONV4])}"
            raise refusal(f"{key}.name", name, sentence)
        if {"name": CONV4, **config["network"], **section}["name"] == CONV4:
            _check_conv4(f"{key}.arguments", section.get("arguments", {}))
        for name in ("classes", "num_classes", "name", "size"):
            if name in section.get("arguments", {}):
                raise refusal(
                    f"{key}.arguments.{name}", section["arguments"][name], "the study itself gives this argument"
                )
    try:
        study = Study(parse(config))
    except UserError as error:  # with given weights, the network must be known first
        raise UserError(f"network: {error}") from None
    for variant in study.choices:
        key, name = f"variants.{variant}.network" if variant else "network", prefix_of(variant)
        try:
            hidden = study.architecture_of(name).hidden
        except UserError as error:
            hint = f"; `{variant}: null` under `variants` leaves it out" if variant else ""
            raise UserError(f"{key}: {error}{hint}") from None
        if not hidden:
            sentence = f"use layers before the {LOGITS}, which are compared in any case"
            raise refusal(f"{key}.layers", [LOGITS], sentence)
        check_tokens(study, name, "probe.reduce", [study.config.probe.reduce])
        check_tokens(study, name, "sensitivity.reduce", study.config.sensitivity.reduce)


def _check_conv4(key: str, arguments: Config) -> None:
    allowed = {"block": BLOCKS, "width": "a whole number of at least 1", "depth": "a whole number of 1 to 5"}
    for name, value in arguments.items():
        if name not in allowed:
            sentence = f"conv4 has no such argument; use one of {', '.join(allowed)}{nearest(name, allowed)}"
            raise refusal(f"{key}.{name}", value, sentence)
        if name == "block" and value not in BLOCKS:
            raise refusal(f"{key}.block", value, f"use one of {', '.join(BLOCKS)}{nearest(value, BLOCKS)}")
        most = {"width": 4096, "depth": 5}.get(name)
        if most and not (type(value) is int and 1 <= value <= most):
            raise refusal(f"{key}.{name}", value, f"use {allowed[name]}")
