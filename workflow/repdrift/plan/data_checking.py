"""Refuse wrong data sets, and wrong ranges of their images, before any job starts.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from repdrift.data.look import Look, Seen
from repdrift.data.readers import (
    FOLDER,
    KNOWN,
    NPZ,
    RENDERED,
    TORCHVISION,
    torchvision_class,
    torchvision_classes,
)
from repdrift.study.config import Config, image_sections
from repdrift.study.refusal import nearest, refusal
from repdrift.study.tasks import Part

READERS = (*KNOWN, *RENDERED, NPZ, FOLDER)
EXPECTED = 5  # images of a class that a part would have in random order; without any of them it is not in random order


def check_datasets(config: Config) -> None:
    """Refuse readers that do not exist, and settings that a reader does not have.

    Raises
    ------
    UserError
        At the first that is wrong.
    """
    for name, dataset in config["datasets"].items():
        _check_reader(f"datasets.{name}.reader", dataset["reader"])
        _check_settings(f"datasets.{name}", dataset)


def _check_reader(key: str, reader: str) -> None:
    name, known = torchvision_class(reader), torchvision_classes()
    if name is None and reader not in READERS:
        allowed = f"use {' or '.join(READERS)}, or {TORCHVISION} and the name of a data set of torchvision"
        exact = [each for each in known if each.lower() == reader.lower()]
        hint = f"; did you mean {TORCHVISION}{exact[0]}?" if exact else nearest(reader, READERS)
        raise refusal(key, reader, allowed + hint)
    if name is not None and known and name not in known:
        hint = nearest(name, known)
        raise refusal(key, reader, f"torchvision.datasets has no {name or 'class without a name'}{hint}")


def _check_settings(key: str, dataset: Config) -> None:
    reader = dataset["reader"]
    if dataset.get("arguments") is not None and torchvision_class(reader) is None:
        sentence = f"the reader {reader} takes none; use null, and a mapping for {TORCHVISION}NAME"
        raise refusal(f"{key}.arguments", dataset["arguments"], sentence)
    if dataset.get("names") is not None and reader not in (NPZ, FOLDER):
        raise refusal(f"{key}.names", dataset["names"], "only the readers npz and folder allow names of labels")
    names, stated = dataset.get("names"), dataset.get("classes")
    if names is not None and stated not in (None, len(names)):
        raise refusal(f"{key}.classes", stated, f"use {len(names)}, the number of names")
    if dataset.get("split") is not None:
        if reader in KNOWN or reader in RENDERED:
            raise refusal(f"{key}.split", dataset["split"], f"use null, since {reader} has a test part")
        if dataset.get("test") is not None:
            sentence = "use null where `split` splits a test part off; or leave `split` out"
            raise refusal(f"{key}.test", dataset["test"], sentence)


def check_looks(looks: Mapping[str, Look]) -> None:
    """Refuse data sets with a class that has one image, or none in a split.

    Raises
    ------
    UserError
        At the first that is wrong.
    """
    for name, seen in looks.items():
        _check_classes_of_splits(f"datasets.{name}", seen)


def check_images(config: Config, looks: Mapping[str, Look]) -> None:
    """Refuse parts that lack classes or share images, and targets that lie in the source.

    Raises
    ------
    UserError
        At the first that is wrong.
    """
    for key, task in image_sections(config).items():
        shuffled = config["datasets"][task["dataset"]].get("shuffle") is not None
        for place, part, whole in _parts(config, key, task):
            _check_part(place, task["dataset"], looks[task["dataset"]], part, whole=whole, shuffled=shuffled)
        _check_apart(looks, (f"{key}.train", task, "train"), (f"{key}.test", task, "test"))
    if config["weights"] is not None:
        return
    source = ("source.train", config["source"], "train")
    for key, task in image_sections(config).items():
        if key != "source":
            for name in ("train", "test"):
                _check_apart(looks, source, (f"{key}.{name}", task, name))


def _parts(config: Config, key: str, task: Config) -> Iterable[tuple[str, Part, bool]]:
    """Yield the parts of a task that need images of all classes: their keys, and whether they are whole ranges."""
    train, test = Part.parse(task["train"]), Part.parse(task["test"])
    yield f"{key}.train", train, True
    yield f"{key}.test", test, False
    if "others" not in key:
        yield "probe.images", test.first(config["probe"]["images"]), False
    if key == "source":
        for place, size in enumerate(config["pretrain"]["sizes"]):
            yield f"pretrain.sizes[{place}]", train.first(size), False


def _check_classes_of_splits(key: str, found: Look) -> None:
    if found.classes is None:
        return
    present = {split: _counts(seen, found.classes) for split, seen in found.splits.items() if seen.labels is not None}
    for split, counts in present.items():
        numbers = [number for number, count in enumerate(counts) if not count]
        if not numbers:
            continue
        names = [_name(found, number) for number in numbers]
        elsewhere = [other for other, had in present.items() if any(had[number] for number in numbers)]
        mend = (
            f"the split {elsewhere[0]} has some; both need images of the same classes"
            if elsewhere
            else f"allowed as `classes` is the number of classes that have images, not {found.classes}"
        )
        raise refusal(f"{key}.{split}", names, f"no image of {_classes_in_words(names)}; {mend}")
    single = [_name(found, number) for number, count in enumerate(present.get("train", ())) if count == 1]
    if single:
        sentence = f"one image of {_classes_in_words(single)}; add images, or take the class out"
        raise refusal(f"{key}.train", single, sentence)


def _check_part(key: str, dataset: str, found: Look, part: Part, *, whole: bool, shuffled: bool) -> None:
    """Refuse a part without images of a class.

    Training needs every class. Any other part may lack a class by chance, if it is small or the class is rare.
    """
    seen = found.splits[part.split]
    if seen.labels is None or seen.size is None or found.classes is None:
        return
    counts = _counts(seen, found.classes)
    inside = _counts(Seen(seen.origin, None, seen.labels[part.start : part.stop]), found.classes)
    absent = [
        number
        for number, count in enumerate(inside)
        if not count and (whole or counts[number] * part.size / seen.size >= EXPECTED)
    ]
    if not absent:
        return
    names = [_name(found, number) for number in absent]
    mend = "take more images" if shuffled else f"set datasets.{dataset}.shuffle: 1 for a random order of the images"
    sentence = f"{dataset}, {part} has no image of {_classes_in_words(names)}; {mend}, or choose another range"
    raise refusal(key, str(part) if key.startswith(("source", "finetune")) else part.size, sentence)


Place = tuple[str, Config, str]


def _check_apart(looks: Mapping[str, Look], first: Place, second: Place) -> None:
    """Refuse two parts that share images, whatever their data sets are called."""
    (one, one_key), (other, other_key) = ((_images(looks, task, part), key) for key, task, part in (first, second))
    shared = len(one & other)
    if shared:
        task, part = second[1], second[2]
        images = f"{shared} of these images are in {one_key} ({first[1]['dataset']}, {first[1][first[2]]}) too"
        raise refusal(other_key, task[part], f"{images}; use ranges without overlap")


def _images(looks: Mapping[str, Look], task: Config, part: str) -> set[tuple[str, int]]:
    found = Part.parse(task[part])
    seen = looks[task["dataset"]].splits[found.split]
    if seen.places is None:
        return set()
    return {(seen.origin, int(place)) for place in seen.places[found.start : found.stop]}


def _counts(seen: Seen, classes: int) -> list[int]:
    from repdrift.data.numbering import class_counts  # noqa: PLC0415  it imports numpy

    return [] if seen.labels is None else [int(count) for count in class_counts(seen.labels, classes)]


def _name(found: Look, number: int) -> Any:  # noqa: ANN401
    return number if found.names is None else found.names[number]


def _classes_in_words(names: list[Any]) -> str:
    from repdrift.data.numbering import in_words  # noqa: PLC0415

    return f"the class {names[0]}" if len(names) == 1 else f"the classes {in_words(names)}"
