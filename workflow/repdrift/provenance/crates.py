"""Research objects (RO-Crates) that hold a study: where they are, and what they leave out."""

import json
from pathlib import Path
from urllib.parse import unquote

from repdrift.errors import UserError

METADATA = "ro-crate-metadata.json"
LEFT_OUT = (".safetensors",)  # endings of the files of weights, representations and images


def is_crate(folder: Path) -> bool:
    return (folder / METADATA).is_file()


def parts(folder: Path) -> list[str]:
    """List the files that a crate says it has, relative to its folder.

    Raises
    ------
    UserError
        If its metadata cannot be read.
    """
    path = folder / METADATA
    try:
        entities = json.loads(path.read_text(encoding="utf-8"))["@graph"]
        kinds = {entity["@id"]: entity["@type"] for entity in entities}
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(f"{path}: cannot be read as the metadata of an RO-Crate; get the crate again") from None
    return [unquote(name) for name, kind in kinds.items() if "File" in kind and "://" not in name]


def study_in(folder: Path) -> Path:
    """Return the folder of the study that a crate holds, ``results/STUDY``, relative to the folder of the crate.

    Raises
    ------
    UserError
        If the crate holds no study of this program, or several.
    """
    found = {Path(*Path(name).parts[:2]) for name in parts(folder) if name.endswith("/claims.csv")}
    if len(found) != 1:
        raise UserError(f"{folder}: is a crate without a study of repdrift in it, so there is nothing to verify")
    return found.pop()
