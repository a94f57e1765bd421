"""Refuse a wrong config before any job starts, with one line: the key, its value, what is allowed, the nearest name.

No torch, numpy or pandas here: the Snakefile imports this.
"""

import ast
import difflib
import json
import math
import struct
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any

import yaml
from jsonschema import Draft202012Validator, ValidationError, validators

from repdrift.errors import UserError
from repdrift.similarity.registry import ESTIMATORS
from repdrift.study.tasks import Part

Config = Mapping[str, Any]

SCHEMA = Path(__file__).parents[2] / "schemas" / "config.schema.yaml"
DEFAULTS = Path(__file__).parents[3] / "config.yaml"

# Numbers of images, of the readers that neither the config nor a file of the user's tells.
SIZES = {
    "cifar10": {"train": 50_000, "test": 10_000},
    "svhn": {"train": 73_257, "test": 26_032},
    "mnist": {"train": 60_000, "test": 10_000},
}


def load(paths: Iterable[Path]) -> dict[str, Any]:
    """Read configs, each laid over those before it as Snakemake does: sections are merged, all else is replaced.

    Raises
    ------
    UserError
        If a file is missing or no mapping in YAML.
    """
    config: dict[str, Any] = {}
    for path in paths:
        try:
            found = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise _one_line(f"{path} cannot be read as a config: {error}") from None
        if not isinstance(found, dict):
            raise UserError(f"{path} cannot be read as a config: it is no mapping")
        config = merged(config, found)
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


def check(config: Config) -> None:
    """Check a whole config: ``config.yaml``, overlaid by presets or not.

    Raises
    ------
    UserError
        At the first thing that is wrong. The npz files that the tasks read must be there.
    """
    _check_schema(config)
    for key, task in _tasks(config).items():
        _check_name(config, key, task)
        _check_classes(config, key, task)
        _check_range(config, f"{key}.train", task["dataset"], task["train"])
        _check_range(config, f"{key}.test", task["dataset"], task["test"])
        _check_overlap(key, task)
        if "random" in task or key == "source":
            _check_transforms(config, key, task)
    _check_targets_differ(config)
    _check_pretraining(config)
    _check_transfer(config)
    _check_transferability(config)
    _check_probe(config)


def _error(key: str, value: object, sentence: str) -> UserError:
    shown = json.dumps(value, default=str, ensure_ascii=False, skipkeys=True)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    return _one_line(f"{key}: {shown}: {sentence}")


def _one_line(text: str) -> UserError:
    """Make the error; a key or value with line breaks must not make more than one line of it."""
    return UserError(" ".join(text.split()))


def _nearest(name: object, names: Iterable[str], parent: str = "") -> str:
    """Give `; did you mean ...?`, or nothing where no name is near."""
    folded = {each.lower(): each for each in names}
    close = difflib.get_close_matches(str(name).lower(), folded, n=1)
    return f"; did you mean {_join(parent, folded[close[0]])}?" if close else ""


# --- the schema -----------------------------------------------------------------------------------------------------


def _is_integer(_: object, value: object) -> bool:
    # JSON schema takes 150.0 for an integer; range() does not.
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_: object, value: object) -> bool:
    # NaN would pass every bound.
    return isinstance(value, int | float) and not isinstance(value, bool) and -math.inf < value < math.inf


@cache
def _validator() -> Any:  # noqa: ANN401
    types = Draft202012Validator.TYPE_CHECKER.redefine_many({"integer": _is_integer, "number": _is_number})
    strict = validators.extend(Draft202012Validator, type_checker=types)
    return strict(schema())


def schema() -> dict[str, Any]:
    """Read the schema of a config; which estimators there are is not in its file."""
    found: dict[str, Any] = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    names = [name for name, entry in ESTIMATORS.items() if entry.any_width]
    estimators = found["$defs"]["estimators"]
    estimators["items"]["enum"] = names
    estimators["description"] = f"a list of {', '.join(names)}, one or more and each once"
    return found


def _check_schema(config: Config) -> None:
    # The first in the order of the schema: there a misspelt key stands before the missing one that it causes.
    error = next(_validator().iter_errors(dict(config)), None)
    if error is not None:
        raise _explain(error, config)


def _explain(error: ValidationError, config: Config) -> UserError:
    """Say in our words what the schema refuses."""
    key, value, schema = _dotted(error.absolute_path), error.instance, error.schema
    if "propertyNames" in error.absolute_schema_path:
        return _error(_join(key, value), value, f"allowed as a name is {schema['description']}")
    if error.validator == "additionalProperties":
        return _unknown_key(key, value, list(schema["properties"]), config)
    if error.validator == "required":
        missing = next(name for name in schema["required"] if name not in value)
        rule = schema["properties"][missing]
        rule = _validator().schema["$defs"][rule["$ref"].rpartition("/")[2]] if "$ref" in rule else rule
        return _one_line(f"{_join(key, missing)}: this key is missing: {_allowed(rule)}")
    if error.validator == "enum":
        return _error(key, value, _allowed(schema) + _nearest(value, schema["enum"]))
    if error.validator == "uniqueItems":
        twice = next(each for place, each in enumerate(value) if each in value[:place])
        return _error(key, value, f"{twice} is there twice; {_allowed(schema)}")
    return _error(key, value, _allowed(schema) + _unquoted(value, _validator().evolve(schema=schema)))


def _dotted(path: Iterable[str | int]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def _join(key: str, name: object) -> str:
    return f"{key}.{name}" if key else str(name)


def _allowed(schema: Any) -> str:  # noqa: ANN401
    if "enum" in schema:
        return f"allowed is {' or '.join(schema['enum'])}"
    if "description" in schema:
        return f"allowed is {schema['description']}"
    return f"allowed is a mapping with the keys {', '.join(schema['properties'])}"


def _unknown_key(parent: str, section: Mapping[object, Any], known: list[str], config: Config) -> UserError:
    name = next(name for name in section if name not in known)
    key = _join(parent, name)
    # A key that was put under the wrong one is found by its name, a misspelt one by its neighbours.
    elsewhere = [path for path in _keys(config) if path.split(".")[-1] == name and path != key]
    hint = f"; did you mean {' or '.join(elsewhere)}?" if elsewhere else _nearest(name, known, parent)
    return _error(key, section[name], f"there is no such key; allowed are {', '.join(known)}{hint}")


def _keys(section: Config, parent: str = "") -> Iterator[str]:
    for name, value in section.items():
        key = _join(parent, name)
        yield key
        if isinstance(value, Mapping) and key != "datasets":
            yield from _keys(value, key)


def _unquoted(value: object, validator: Any) -> str:  # noqa: ANN401
    """Show the fix for text that reads as something that is allowed, such as '0.01' or 1e-3 (text in YAML)."""
    if not isinstance(value, str):
        return ""
    for read in (yaml.safe_load, float):
        try:
            meant = read(value)
        except (ValueError, yaml.YAMLError):
            continue
        if not isinstance(meant, str) and validator.is_valid(meant):
            written = yaml.safe_dump(meant, default_flow_style=True).splitlines()[0]
            fix = f"write {written}, without quotes, in a file and give that with --configfile"
            return f", and this is text: {fix} (--config hands nested values over as text)"
    return ""


# --- what needs more than one key -----------------------------------------------------------------------------------


def _tasks(config: Config) -> dict[str, Config]:
    """Give each section that names a data set and its ranges, by its key."""
    settings = config["finetune"]
    targets = {f"finetune.{kind}": settings[kind] for kind in ("domain", "cross_domain")}
    others = {f"finetune.others[{place}]": target for place, target in enumerate(settings["others"])}
    return {"source": config["source"], **targets, **others}


def _classes(config: Config, task: Config) -> int:
    return int(config["datasets"][task["dataset"]]["classes"])


def _check_name(config: Config, key: str, task: Config) -> None:
    name, names = task["dataset"], config["datasets"]
    if name not in names:
        allowed = f"there is no such data set; allowed are {', '.join(names)}"
        raise _error(f"{key}.dataset", name, allowed + _nearest(name, names))


def _check_classes(config: Config, key: str, task: Config) -> None:
    source = config["source"]
    classes, needed = _classes(config, task), _classes(config, source)
    if classes != needed:
        # Whatever finetune.head is: all networks are built with the source's classes, for they are compared.
        sentence = f"it has {classes} classes; allowed is a data set of {needed}, as the source {source['dataset']} has"
        raise _error(f"{key}.dataset", task["dataset"], sentence)


def _check_range(config: Config, key: str, dataset: str, text: str) -> None:
    part = Part.parse(text)
    if part.start >= part.stop:
        raise _error(key, text, f"no images; allowed is {part.split}[START:STOP] with START below STOP")
    size = _split_size(config, dataset, part.split, key)
    if part.stop > size:
        has = f"the split {part.split} of {dataset} has {size} images"
        raise _error(key, text, f"{has}; allowed is {part.split}[0:{size}] or a part of it")


def _check_overlap(key: str, task: Config) -> None:
    train, test = Part.parse(task["train"]), Part.parse(task["test"])
    shared = Part(train.split, max(train.start, test.start), min(train.stop, test.stop))
    if train.split == test.split and shared.size > 0:
        sentence = f"{key}.train has {shared} too; allowed are ranges without overlap"
        raise _error(f"{key}.test", task["test"], sentence)


def _check_transforms(config: Config, key: str, task: Config) -> None:
    """Check degrees and shift of a task; those of the source stand under pretrain."""
    last = _classes(config, task) - 1
    classes = f"for the {last + 1} classes of {task['dataset']}"
    section, names = (config["pretrain"], ("random", "sizes_random")) if key == "source" else (task, ("random",))
    for name in names:
        place = f"{'pretrain' if key == 'source' else key}.{name}"
        _check_each(place, section[name], last, f"allowed is a degree of 0 to {last}, {classes}")
    if isinstance(task.get("shift"), int) and task["shift"] > last:
        raise _error(f"{key}.shift", task["shift"], f"allowed is seed, null or 1 to {last}, {classes}")


def _check_each(key: str, values: list[int], last: int, allowed: str) -> None:
    for place, value in enumerate(values):
        if value > last:
            raise _error(f"{key}[{place}]", value, allowed)


def _check_targets_differ(config: Config) -> None:
    datasets = config["datasets"]
    names: dict[str, str] = {}
    titles: dict[str, str] = {}
    for key, task in _tasks(config).items():
        if key == "source":
            continue
        name, title = task["dataset"], datasets[task["dataset"]]["title"]
        if name in names:
            sentence = f"{names[name]} has it too, and runs are named by it; allowed is another data set"
            raise _error(f"{key}.dataset", name, sentence)
        if title in titles:
            sentence = f"{titles[title]} has it too, and figures tell them apart by it; allowed is another title"
            raise _error(f"datasets.{name}.title", title, sentence)
        names[name], titles[title] = key, key


def _check_pretraining(config: Config) -> None:
    pretrain, whole = config["pretrain"], Part.parse(config["source"]["train"])
    allowed = f"allowed is 1 to {whole.size}, the size of source.train ({whole})"
    _check_each("pretrain.sizes", pretrain["sizes"], whole.size, allowed)
    if pretrain["checkpoints"] != "all":
        last = pretrain["epochs"]
        _check_each("pretrain.checkpoints", pretrain["checkpoints"], last, f"allowed is 1 to {last} (pretrain.epochs)")


def _check_transfer(config: Config) -> None:
    settings, epochs = config["transfer"], config["finetune"]["epochs"]
    if settings is not None and settings["converged"] <= epochs:
        sentence = f"allowed is more than {epochs} (finetune.epochs), the epochs of what it is compared with"
        raise _error("transfer.converged", settings["converged"], sentence)


def _check_transferability(config: Config) -> None:
    settings = config["transferability"]
    if settings is None:
        return
    last = _classes(config, config["source"])
    _check_each("transferability.classes", settings["classes"], last, f"allowed is 2 to {last}, the number of classes")
    for key, task in _tasks(config).items():
        role = key.removeprefix("finetune.").partition("[")[0]
        size = Part.parse(task["train"]).size
        if role in settings["sweeps"] and settings["class_images"] > size:
            sentence = f"allowed is 2 to {size}, the number of images of {key}.train"
            raise _error("transferability.class_images", settings["class_images"], sentence)


def _check_probe(config: Config) -> None:
    images = config["probe"]["images"]
    compared = {key: task for key, task in _tasks(config).items() if "others" not in key}
    size, key = min((Part.parse(task["test"]).size, f"{key}.test") for key, task in compared.items())
    if images > size:
        raise _error("probe.images", images, f"allowed is 4 to {size}, the number of images of {key}")


# --- sizes of data sets ---------------------------------------------------------------------------------------------


def _split_size(config: Config, dataset: str, split: str, used_by: str) -> int:
    settings = config["datasets"][dataset]
    if settings["reader"] in SIZES:
        return SIZES[settings["reader"]][split]
    if settings["reader"] != "npz":
        return int(settings[split])
    key = f"datasets.{dataset}.{split}"
    if settings.get(split) is None:
        raise _error(key, None, f"{used_by} reads this split; allowed is the path of an npz file with X and y")
    return _npz_size(key, Path(settings[split]))


def _npz_size(key: str, path: Path) -> int:
    """Read the number of images off the header of ``X``: the images themselves may be gigabytes."""
    if not path.exists():
        raise _one_line(f"{key}: no file {path}: put it there or correct the path")
    try:
        with zipfile.ZipFile(path) as archive:
            missing = sorted({"X", "y"} - {name.removesuffix(".npy") for name in archive.namelist()})
            if missing:
                raise ValueError(f"it holds no array {' and no '.join(missing)}")
            with archive.open("X.npy") as file:
                return _npy_length(file)
    except Exception as error:  # zipfile, zlib, struct and ast each raise their own on a damaged file
        needed = "needed are X (images) and y (labels), saved by numpy.savez"
        raise _one_line(f"{key}: {path} cannot be read as an npz file ({error!r}): {needed}") from None


def _npy_length(file: IO[bytes]) -> int:
    """Read the length of an array from its file's header (format of ``numpy.lib.format``)."""
    start = file.read(8)
    if start[:6] != b"\x93NUMPY":
        raise ValueError("X is no npy array")
    form = "<H" if start[6] == 1 else "<I"
    (size,) = struct.unpack(form, file.read(struct.calcsize(form)))
    # A true header has some hundred bytes; a damaged size must not fill the memory.
    header = ast.literal_eval(file.read(min(size, 65_536)).decode("utf-8").strip())
    return int(header["shape"][0])
