"""Refuse a wrong config before any job starts. These checks need more than one key, or a file, so no schema makes them.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from repdrift.data.look import Look, look
from repdrift.plan.data_checking import check_datasets, check_images, check_looks
from repdrift.plan.estimator_checking import check_estimators
from repdrift.plan.experiments import check_sections
from repdrift.plan.network_checking import check_networks
from repdrift.plan.schema import check_schema
from repdrift.plan.training_checking import check_training
from repdrift.similarity.registry import images_needed
from repdrift.study.config import Config, image_sections, merged
from repdrift.study.lengths import inches
from repdrift.study.refusal import check_at_most, nearest, refusal
from repdrift.study.sections import parse
from repdrift.study.study import Study
from repdrift.study.tasks import Part

NARROWEST, WIDEST = 80, 400  # widths of figures in millimetres


def check(config: Config) -> dict[str, Any]:
    """Check a whole config: ``config.yaml``, overlaid by presets or not.

    Returns
    -------
    dict
        The config with the classes of the data sets that tasks use, as a look at their files has found them.

    Raises
    ------
    UserError
        At the first thing that is wrong, or if a file or folder of images that a task reads is missing.
    """
    check_schema(config)
    check_datasets(config)
    for key, task in image_sections(config).items():
        _check_name(config, key, task)
    looks = looked_at(config)
    check_looks(looks)
    config = with_classes(config, looks)
    for key, task in image_sections(config).items():
        _check_range(looks, f"{key}.train", task["dataset"], task["train"])
        _check_range(looks, f"{key}.test", task["dataset"], task["test"])
        _check_overlap(key, task)
        if "random" in task or key == "source":
            _check_transforms(config, key, task)
    _check_targets_differ(config)
    if config["weights"] is None:
        _check_pretraining(config)
    _check_probe(config)
    _check_figures(config)
    check_images(config, looks)
    check_networks(config)
    study = Study(parse(config))
    check_training(study)
    check_estimators(study)
    check_sections(study)
    return config


def looked_at(config: Config) -> dict[str, Look]:
    """Look at the data sets that tasks use, see `repdrift.data.look.look`."""
    used = dict.fromkeys(task["dataset"] for task in image_sections(config).values())
    return {name: look(f"datasets.{name}", config["datasets"][name], Path(config["data"])) for name in used}


def with_classes(config: Config, looks: Mapping[str, Look]) -> dict[str, Any]:
    """Complete the data sets of a config by the classes that a look has found.

    Raises
    ------
    UserError
        If the config states another number of classes, or none where nothing else tells it.
    """
    found: dict[str, Any] = {}
    for name, seen in looks.items():
        stated, key = config["datasets"][name].get("classes"), f"datasets.{name}.classes"
        if seen.classes is None:
            reader = config["datasets"][name]["reader"]
            sentence = (
                f"the images of {reader} are not in {config['data']} yet, so nothing tells their number of classes"
            )
            sentence += "; add it, as in `classes: 10`"
            raise refusal(key, stated, sentence)
        if stated not in (None, seen.classes):
            raise refusal(key, stated, f"use {seen.classes}, the number of classes of this reader's images")
        found[name] = {"classes": seen.classes} | ({} if seen.names is None else {"names": list(seen.names)})
    # Of data sets that no task uses, the number of classes may stay unknown.
    unknown = [name for name, dataset in config["datasets"].items() if name not in looks and not dataset.get("classes")]
    known = {name: dataset for name, dataset in config["datasets"].items() if name not in unknown}
    return {**config, "datasets": merged(known, found)}


def _classes(config: Config, task: Config) -> int:
    return int(config["datasets"][task["dataset"]]["classes"])


def _check_name(config: Config, key: str, task: Config) -> None:
    name, names = task["dataset"], config["datasets"]
    if name not in names:
        allowed = f"there is no such data set; use one of {', '.join(names)}"
        raise refusal(f"{key}.dataset", name, allowed + nearest(name, names))


def _check_range(looks: Mapping[str, Look], key: str, dataset: str, text: str) -> None:
    part = Part.parse(text)
    if part.start >= part.stop:
        raise refusal(key, text, f"no images; use {part.split}[START:STOP] with START below STOP")
    seen = looks[dataset].splits.get(part.split)
    if seen is None:
        allowed = "use the path of its file or folder"
        if part.split == "test":
            allowed += ", or null and `split: {fraction: 0.2, seed: 1}` beside it, which splits a test part off"
        raise refusal(f"datasets.{dataset}.{part.split}", None, f"{key} reads this split; {allowed}")
    size = seen.size
    if size is not None and part.stop > size:
        has = f"the split {part.split} of {dataset} has {size} images"
        raise refusal(key, text, f"{has}; use {part.split}[0:{size}] or a part of it")


def _check_overlap(key: str, task: Config) -> None:
    train, test = Part.parse(task["train"]), Part.parse(task["test"])
    shared = Part(train.split, max(train.start, test.start), min(train.stop, test.stop))
    if train.split == test.split and shared.size > 0:
        sentence = f"{key}.train has {shared} too; use ranges without overlap"
        raise refusal(f"{key}.test", task["test"], sentence)


def _check_transforms(config: Config, key: str, task: Config) -> None:
    """Check the degrees and the shift of a task. Those of the source are in the section ``pretrain``."""
    last = _classes(config, task) - 1
    classes = f"for the {last + 1} classes of {task['dataset']}"
    section, names = (config["pretrain"], ("random", "sizes_random")) if key == "source" else (task, ("random",))
    for name in names:
        place = f"{'pretrain' if key == 'source' else key}.{name}"
        check_at_most(place, section[name], last, f"use a degree of 0 to {last}, {classes}")
    if isinstance(task.get("shift"), int) and task["shift"] > last:
        raise refusal(f"{key}.shift", task["shift"], f"use seed, null or 1 to {last}, {classes}")


def _check_targets_differ(config: Config) -> None:
    datasets = config["datasets"]
    names: dict[str, str] = {}
    titles: dict[str, str] = {}
    for key, task in image_sections(config).items():
        if key == "source":
            continue
        name, title = task["dataset"], datasets[task["dataset"]]["title"]
        if name in names:
            sentence = f"{names[name]} has it too, and runs are named by it; use another data set"
            raise refusal(f"{key}.dataset", name, sentence)
        if title in titles:
            sentence = f"{titles[title]} has it too, and figures tell them apart by it; use another title"
            raise refusal(f"datasets.{name}.title", title, sentence)
        names[name], titles[title] = key, key


def _check_pretraining(config: Config) -> None:
    pretrain, whole = config["pretrain"], Part.parse(config["source"]["train"])
    allowed = f"use 1 to {whole.size}, the size of source.train ({whole})"
    check_at_most("pretrain.sizes", pretrain["sizes"], whole.size, allowed)
    if pretrain["checkpoints"] != "all":
        last = pretrain["epochs"]
        check_at_most("pretrain.checkpoints", pretrain["checkpoints"], last, f"use 1 to {last} (pretrain.epochs)")


def _check_probe(config: Config) -> None:
    images = config["probe"]["images"]
    compared = {key: task for key, task in image_sections(config).items() if "others" not in key}
    size, key = min((Part.parse(task["test"]).size, f"{key}.test") for key, task in compared.items())
    least = 2 * images_needed(config["similarity"]["estimators"])  # they are also measured on halves of the probe
    if not least <= images <= size:
        sentence = f"use {least}, which the estimators of similarity need, to {size}, the number of images of {key}"
        raise refusal("probe.images", images, sentence)


def _check_figures(config: Config) -> None:
    """Check the width of figures, and that this machine has their font."""
    width, name = (config["figures"][key] for key in ("width", "font"))
    if width is not None and not NARROWEST <= inches(width) * 25.4 <= WIDEST:
        raise refusal("figures.width", width, f"use {NARROWEST} mm to {WIDEST} mm")
    if name is not None:
        from repdrift.figures.venue import check_font  # noqa: PLC0415  imports the drawing library

        check_font(name)
