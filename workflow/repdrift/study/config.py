"""Configs as files: read, laid over each other, and completed by the workflow's own.

The Snakefile imports this module, so it needs nothing heavy. What a config may hold is checked in `repdrift.plan`,
which knows the experiments.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from repdrift.places import ROOT
from repdrift.study.reading import read

Config = Mapping[str, Any]

DEFAULTS = ROOT / "config.yaml"


def load(paths: Iterable[Path]) -> dict[str, Any]:
    """Read configs, each laid over those before it as Snakemake does: sections are merged, all else is replaced.

    Raises
    ------
    UserError
        If a file cannot be read.
    """
    config: dict[str, Any] = {}
    for path in paths:
        config = merged(config, read(path))
    return config


def complete(overlay: Config) -> dict[str, Any]:
    """Lay a config over the workflow's own ``config.yaml``, whatever the working directory is.

    Raises
    ------
    UserError
        If ``config.yaml`` does not lie beside the workflow's Snakefile.
    """
    return merged(load([DEFAULTS]), overlay)


def merged(config: Config, overlay: Config) -> dict[str, Any]:
    """Lay a config over another."""
    result = dict(config)
    for key, value in overlay.items():
        both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
        result[key] = merged(result[key], value) if both else value
    return result


def image_sections(config: Config) -> dict[str, Config]:
    """Return the sections that name a data set and its ranges, by their keys: ``source``, ``finetune.others[0]``."""
    settings = config["finetune"]
    targets = {f"finetune.{kind}": settings[kind] for kind in ("domain", "cross_domain")}
    others = {f"finetune.others[{place}]": target for place, target in enumerate(settings["others"])}
    # With given weights there is no pre-training.
    source = {"source": config["source"]} if config["weights"] is None else {}
    return {**source, **targets, **others}
