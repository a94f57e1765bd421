"""A look at the files of a data set that torchvision reads, by a process of its own, since the import takes seconds.

``python -m repdrift.data.torchvision_look`` reads settings from its standard input and writes what it finds, both as
JSON. What it has found is kept until one of the files changes. The Snakefile imports this module, so it needs nothing
heavy.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repdrift.canonical import canonical
from repdrift.data.look import SPLITS, Files
from repdrift.data.readers import source_split, torchvision_class
from repdrift.errors import UserError
from repdrift.places import LIBRARY
from repdrift.provenance.artifacts import write_atomically

KEPT = Path(".snakemake/repdrift/looks")


@dataclass(frozen=True)
class Found:
    """The number of classes, or None if nothing tells it, and the files of the splits."""

    classes: int | None
    files: dict[str, Files]


def look_in_process(settings: Mapping[str, Any], folder: Path) -> Found:
    """Look at a data set of torchvision. Nothing is downloaded.

    Raises
    ------
    UserError
        If torchvision has no such data set or refuses the arguments.
    """
    used = ("reader", "arguments", "train", "test", "split")
    asked = {"settings": {name: settings[name] for name in used if name in settings}, "folder": str(folder)}
    kept = KEPT / f"{hashlib.sha256(canonical(asked).encode()).hexdigest()[:16]}.json"
    said = _still_true(kept)
    if said is None:
        said = _ask(asked)
        _keep(kept, said)
    if said["error"]:
        raise UserError(said["error"])
    name = torchvision_class(settings["reader"])
    arguments = canonical(settings.get("arguments") or {})
    files = {}
    for split, one in said["splits"].items():
        origin = f"{name} {settings.get(split) or split}" + (f" {arguments}" if arguments != "{}" else "")
        files[split] = Files(origin, one["size"], _array(one["labels"]))
    return Found(said["classes"], files)


def _array(labels: list[int] | None) -> Any:  # noqa: ANN401
    import numpy as np  # noqa: PLC0415  only data sets that are there need it

    return None if labels is None else np.array(labels, dtype=np.int64)


def _ask(asked: Mapping[str, Any]) -> dict[str, Any]:
    path = os.pathsep.join(filter(None, [str(LIBRARY), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-m", "repdrift.data.torchvision_look"],
        input=json.dumps(asked),
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:  # the environment of Snakemake may lack torchvision; the job of the data set has it
        return {"classes": None, "error": None, "splits": {split: {"size": None, "labels": None} for split in SPLITS}}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _stamp(path: str) -> list[Any]:
    state = Path(path).stat()
    return [path, state.st_size, state.st_mtime_ns]


def _still_true(kept: Path) -> dict[str, Any] | None:
    try:
        said: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        same = all(_stamp(stamp[0]) == stamp for stamp in said["stamps"])
    except (OSError, ValueError, KeyError):
        return None
    return said if same else None


def _keep(kept: Path, said: Mapping[str, Any]) -> None:
    """Keep what was found if all files are there. It is no error if this folder cannot be written to."""
    if not said.get("stamps") or any(one["size"] is None for one in said["splits"].values()):
        return
    try:
        write_atomically(kept, lambda file: file.write_text(json.dumps(said), encoding="utf-8"))
    except (OSError, UserError):
        return


def _look(settings: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    from repdrift.data import torchvision_sets  # noqa: PLC0415  it imports torch

    kind = torchvision_sets.class_of(settings["reader"])
    splits: dict[str, dict[str, Any]] = {}
    stamps = set()
    classes = len(vars(kind)["classes"]) if isinstance(vars(kind).get("classes"), list | tuple) else None
    for split in dict.fromkeys(source_split(settings, split) for split in SPLITS):
        if split == "test" and not torchvision_sets.has_test_part(kind):
            continue
        try:
            found = torchvision_sets.opened(settings, split, folder, download=False)
        except FileNotFoundError:
            splits[split] = {"size": None, "labels": None}
            continue
        labels = torchvision_sets.labels_of(found.data)
        splits[split] = {"size": len(found.data), "labels": None if labels is None else labels.tolist()}
        stamps |= {str(path) for path in found.files}
        if labels is not None:
            classes = max(classes or 0, len(set(labels.tolist())))
        elif classes is None and hasattr(found.data, "classes"):
            classes = len(found.data.classes)
    return {"classes": classes, "splits": splits, "stamps": [_stamp(path) for path in sorted(stamps)], "error": None}


def main() -> None:
    asked = json.load(sys.stdin)
    try:
        said = _look(asked["settings"], Path(asked["folder"]))
    except UserError as error:
        said = {"classes": None, "splits": {}, "stamps": [], "error": str(error)}
    print(json.dumps(said))


if __name__ == "__main__":
    main()
