"""Refuse a wrong config before any job starts. These checks need more than one key, or a file, so no schema makes them.

The Snakefile imports this module, so it needs nothing heavy.
"""

import re
from pathlib import Path

from repdrift.data.readers import KNOWN, NPZ, RENDERED_CLASSES, npz_length
from repdrift.plan.experiments import check_sections
from repdrift.plan.schema import check_schema
from repdrift.similarity.registry import images_needed
from repdrift.study.architectures import BLOCKS, CONV4, MEAN, NONE, TOKEN, TORCHVISION
from repdrift.study.config import Config, image_sections
from repdrift.study.description import described
from repdrift.study.refusal import check_at_most, nearest, refusal
from repdrift.study.runs import VARIANT_SEPARATOR
from repdrift.study.sections import parse
from repdrift.study.study import Study
from repdrift.study.tasks import Part

NETWORK_NAME = re.compile(rf"{CONV4}|{TORCHVISION}\w+|[^:]+[.]py:\w+")


def check(config: Config) -> None:
    """Check a whole config: ``config.yaml``, overlaid by presets or not.

    Raises
    ------
    UserError
        At the first thing that is wrong, or if an npz file that a task reads is missing.
    """
    check_schema(config)
    _check_readers(config)
    for key, task in image_sections(config).items():
        _check_name(config, key, task)
        _check_classes(config, key, task)
        _check_range(config, f"{key}.train", task["dataset"], task["train"])
        _check_range(config, f"{key}.test", task["dataset"], task["test"])
        _check_overlap(key, task)
        if "random" in task or key == "source":
            _check_transforms(config, key, task)
    _check_targets_differ(config)
    _check_pretraining(config)
    _check_probe(config)
    _check_networks(config)
    check_sections(Study(parse(config)))


def _check_readers(config: Config) -> None:
    for name, dataset in config["datasets"].items():
        reader = dataset["reader"]
        has = KNOWN[reader].classes if reader in KNOWN else RENDERED_CLASSES
        if reader != NPZ and dataset["classes"] != has:
            sentence = f"allowed is {has}, the number of classes of this reader's images"
            raise refusal(f"datasets.{name}.classes", dataset["classes"], sentence)


def _classes(config: Config, task: Config) -> int:
    return int(config["datasets"][task["dataset"]]["classes"])


def _check_name(config: Config, key: str, task: Config) -> None:
    name, names = task["dataset"], config["datasets"]
    if name not in names:
        allowed = f"there is no such data set; allowed are {', '.join(names)}"
        raise refusal(f"{key}.dataset", name, allowed + nearest(name, names))


def _check_classes(config: Config, key: str, task: Config) -> None:
    source = config["source"]
    classes, needed = _classes(config, task), _classes(config, source)
    if classes != needed:
        # This holds for every finetune.head, since all networks have the source's number of classes.
        sentence = f"it has {classes} classes; allowed is a data set of {needed}, as the source {source['dataset']} has"
        raise refusal(f"{key}.dataset", task["dataset"], sentence)


def _check_range(config: Config, key: str, dataset: str, text: str) -> None:
    part = Part.parse(text)
    if part.start >= part.stop:
        raise refusal(key, text, f"no images; allowed is {part.split}[START:STOP] with START below STOP")
    size = _split_size(config, dataset, part.split, key)
    if part.stop > size:
        has = f"the split {part.split} of {dataset} has {size} images"
        raise refusal(key, text, f"{has}; allowed is {part.split}[0:{size}] or a part of it")


def _check_overlap(key: str, task: Config) -> None:
    train, test = Part.parse(task["train"]), Part.parse(task["test"])
    shared = Part(train.split, max(train.start, test.start), min(train.stop, test.stop))
    if train.split == test.split and shared.size > 0:
        sentence = f"{key}.train has {shared} too; allowed are ranges without overlap"
        raise refusal(f"{key}.test", task["test"], sentence)


def _check_transforms(config: Config, key: str, task: Config) -> None:
    """Check the degrees and the shift of a task. Those of the source are in the section ``pretrain``."""
    last = _classes(config, task) - 1
    classes = f"for the {last + 1} classes of {task['dataset']}"
    section, names = (config["pretrain"], ("random", "sizes_random")) if key == "source" else (task, ("random",))
    for name in names:
        place = f"{'pretrain' if key == 'source' else key}.{name}"
        check_at_most(place, section[name], last, f"allowed is a degree of 0 to {last}, {classes}")
    if isinstance(task.get("shift"), int) and task["shift"] > last:
        raise refusal(f"{key}.shift", task["shift"], f"allowed is seed, null or 1 to {last}, {classes}")


def _check_targets_differ(config: Config) -> None:
    datasets = config["datasets"]
    names: dict[str, str] = {}
    titles: dict[str, str] = {}
    for key, task in image_sections(config).items():
        if key == "source":
            continue
        name, title = task["dataset"], datasets[task["dataset"]]["title"]
        if name in names:
            sentence = f"{names[name]} has it too, and runs are named by it; allowed is another data set"
            raise refusal(f"{key}.dataset", name, sentence)
        if title in titles:
            sentence = f"{titles[title]} has it too, and figures tell them apart by it; allowed is another title"
            raise refusal(f"datasets.{name}.title", title, sentence)
        names[name], titles[title] = key, key


def _check_pretraining(config: Config) -> None:
    pretrain, whole = config["pretrain"], Part.parse(config["source"]["train"])
    allowed = f"allowed is 1 to {whole.size}, the size of source.train ({whole})"
    check_at_most("pretrain.sizes", pretrain["sizes"], whole.size, allowed)
    if pretrain["checkpoints"] != "all":
        last = pretrain["epochs"]
        check_at_most(
            "pretrain.checkpoints", pretrain["checkpoints"], last, f"allowed is 1 to {last} (pretrain.epochs)"
        )


def _check_probe(config: Config) -> None:
    images = config["probe"]["images"]
    compared = {key: task for key, task in image_sections(config).items() if "others" not in key}
    size, key = min((Part.parse(task["test"]).size, f"{key}.test") for key, task in compared.items())
    least = 2 * images_needed(config["similarity"]["estimators"])  # they are also measured on halves of the probe
    if not least <= images <= size:
        sentence = (
            f"allowed is {least}, which the estimators of similarity need, to {size}, the number of images of {key}"
        )
        raise refusal("probe.images", images, sentence)


def _check_networks(config: Config) -> None:
    """Check the study's own network and those of its variants. Each is built once, see `repdrift.study.description`."""
    places = {"network": config["network"]}
    places |= {f"variants.{name}.network": (one or {}).get("network", {}) for name, one in config["variants"].items()}
    for key, section in places.items():
        name = section.get("name", CONV4)
        if not NETWORK_NAME.fullmatch(name):
            sentence = f"allowed are {CONV4}, {TORCHVISION}NAME, or path/to/file.py:FUNCTION{nearest(name, [CONV4])}"
            raise refusal(f"{key}.name", name, sentence)
        if {"name": CONV4, **config["network"], **section}["name"] == CONV4:
            _check_conv4(f"{key}.arguments", section.get("arguments", {}))
        for name in ("classes", "num_classes", "name", "size"):
            if name in section.get("arguments", {}):
                raise refusal(
                    f"{key}.arguments.{name}", section["arguments"][name], "the study itself gives this argument"
                )
    study = Study(parse(config))
    for name in ("", *(f"{variant}{VARIANT_SEPARATOR}" for variant in study.variants)):
        _check_tokens(study, name)


def _check_tokens(study: Study, name: str) -> None:
    """Check that every layer that is compared has tokens, or no positions, if layers are reduced to the first token."""
    compared, reduced = study.architecture_of(name).layers, study.config.probe.reduce
    key = "probe.reduce" if reduced == TOKEN else "sensitivity.reduce"
    if TOKEN not in (reduced, *study.config.sensitivity.reduce):
        return
    for layer in described(study.network_of(name)).layers:
        if layer.name in compared and len(layer.shape) > 2:
            shape = " x ".join(map(str, layer.shape))
            where = f"layer {layer.name} of {study.choice(name).label}"
            raise refusal(key, TOKEN, f"{where} is {shape}, without tokens; allowed are {NONE} and {MEAN}")


def _check_conv4(key: str, arguments: Config) -> None:
    allowed = {"block": BLOCKS, "width": "a whole number of at least 1", "depth": "a whole number of 1 to 5"}
    for name, value in arguments.items():
        if name not in allowed:
            sentence = f"conv4 has no such argument; allowed are {', '.join(allowed)}{nearest(name, allowed)}"
            raise refusal(f"{key}.{name}", value, sentence)
        if name == "block" and value not in BLOCKS:
            raise refusal(f"{key}.block", value, f"allowed are {', '.join(BLOCKS)}{nearest(value, BLOCKS)}")
        most = {"width": 4096, "depth": 5}.get(name)
        if most and not (type(value) is int and 1 <= value <= most):
            raise refusal(f"{key}.{name}", value, f"allowed is {allowed[name]}")


def _split_size(config: Config, dataset: str, split: str, used_by: str) -> int:
    settings = config["datasets"][dataset]
    if settings["reader"] in KNOWN:
        return KNOWN[settings["reader"]].sizes[split]
    if settings["reader"] != NPZ:
        return int(settings[split])
    key = f"datasets.{dataset}.{split}"
    if settings.get(split) is None:
        raise refusal(key, None, f"{used_by} reads this split; allowed is the path of an npz file with X and y")
    return npz_length(key, Path(settings[split]))
