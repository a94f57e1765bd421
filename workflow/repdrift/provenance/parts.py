"""The parts of the package that are found by their names: programs, drawings, estimators, readers.

A rule names its program and not the program's module, a figure the kind of its drawing. A program or a drawing can
therefore move to another folder, and nothing that it has made is made again.

The Snakefile imports this module, so it needs nothing heavy.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from repdrift.places import PACKAGE
from repdrift.user_code import is_own

PROGRAM, DRAWING, ESTIMATOR, READER = "program", "drawing", "estimator", "reader"
# What is used of the module of a part, in this order.
OFFERED = {PROGRAM: ("main",), DRAWING: ("COLUMNS", "draw")}
# The folders of programs and of drawings: here, and in the folder of each experiment.
FOLDERS = {PROGRAM: "stages", DRAWING: "figures"}
# Module and name of the registry of a kind of parts.
REGISTRIES = {ESTIMATOR: ("similarity.registry", "ESTIMATORS"), READER: ("data.readers", "KNOWN")}
# The kinds of which some parts have no entry: rendered images and npz files have readers of their own.
INCOMPLETE = {READER}


@cache
def modules(kind: str, package: Path = PACKAGE) -> dict[str, str]:
    """Give the module of each part of a kind by the part's name: ``{"train": "stages.train", ...}``.

    A module in one of the folders that does not define what is used of such parts is no part.
    """
    found: dict[str, str] = {}
    function = OFFERED[kind][-1]
    for folder in (FOLDERS[kind], f"experiments/*/{FOLDERS[kind]}"):
        for path in sorted(package.glob(f"{folder}/[a-z]*.py")):
            if not re.search(rf"^def {function}\(", path.read_text(encoding="utf-8"), re.MULTILINE):
                continue
            module = ".".join(path.relative_to(package).with_suffix("").parts)
            if path.stem in found:
                raise ValueError(f"two {kind}s are called {path.stem}: {found[path.stem]} and {module}")
            found[path.stem] = module
    return found


def programs() -> dict[str, str]:
    """Give the module of each program by its name."""
    return modules(PROGRAM)


def drawings() -> dict[str, str]:
    """Give the module of each drawing of figures by its name, which is the kind of these figures."""
    return modules(DRAWING)


def loaded(spec: object) -> list[str]:
    """Give the parts that a job finds by names in its spec: its estimators, the drawing of its figure, its reader.

    They are named as `repdrift.provenance.fingerprint.fingerprint` takes them: ``estimator cka-biased``. The spec is
    the dataclass of a program, or what a sidecar has of it.
    """
    settings: Mapping[str, Any] = spec if isinstance(spec, Mapping) else vars(spec)
    # The same code computes rbf-cka-biased and rbf-cka-biased@0.5; the number is in the spec.
    # A user's own estimator is none of our parts: the spec has the hash of its code.
    named = dict.fromkeys(name.partition("@")[0] for name in settings.get("estimators", ()) if not is_own(name))
    estimators = [f"{ESTIMATOR} {name}" for name in named]
    drawings = [f"{DRAWING} {settings['kind']}"] if "kind" in settings else []
    dataset = settings.get("dataset")  # its settings, or its name
    readers = [f"{READER} {dataset['reader']}"] if isinstance(dataset, Mapping) and "reader" in dataset else []
    return [*estimators, *drawings, *readers]
