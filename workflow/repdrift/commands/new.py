"""Write the config of a small study of your own, and say what it will take.

The source and the targets are names such as cifar10, svhn or mnist, torchvision:NAME, folder:PATH (a folder with a
folder of pictures for each class), or npz:PATH (a file with images X and labels y). The network is pre-trained on the
source and fine-tuned on its test images and on each target:

  repdrift new my-study --source cifar10 --targets folder:photos --network torchvision:resnet18
"""

import argparse
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from repdrift.commands.forecast import Costed, cores_of_this_machine, forecast, hints
from repdrift.data.look import Look, look
from repdrift.data.readers import KNOWN, RENDERED
from repdrift.errors import UserError
from repdrift.plan.checking import check
from repdrift.plan.plan import Plan
from repdrift.provenance.planned_jobs import planned_jobs
from repdrift.study.config import complete
from repdrift.study.refusal import nearest

SOURCE_IMAGES = 4096  # at most, to pre-train on
TARGET_IMAGES = 1000  # at most, to fine-tune on, and as many to test on
PROBE_IMAGES = 500  # at most
FEWEST = 8  # images of a probe
TITLES = {"cifar10": "CIFAR-10", "svhn": "SVHN", "mnist": "MNIST"}

Section = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", help="its name, and the name of the file")
    parser.add_argument("--source", required=True, metavar="DATA", help="what the network is pre-trained on")
    parser.add_argument("--targets", required=True, nargs="+", metavar="DATA", help="what it is fine-tuned on")
    parser.add_argument("--network", default="conv4", help="conv4, torchvision:NAME or path/to/file.py:FUNCTION")
    parser.add_argument("--weights", help="torchvision:NAME or a file, in place of pre-training")
    parser.add_argument("--size", type=int, default=32, help="height and width of the images in pixels")
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds")
    parser.add_argument("--data", default="data", help="folder of raw data sets")
    parser.add_argument("-s", "--snakefile", metavar="FILE", help="the workflow, as for snakemake")


def run(args: argparse.Namespace) -> None:
    path = Path(f"{args.study}.yaml")
    if path.exists():
        raise UserError(f"{path} is there already: choose another name, or move it away")
    settings = [data_set(text) for text in (args.source, *args.targets)]
    names = [name_of(text) for text in (args.source, *args.targets)]
    if len(set(names)) < len(names):
        raise UserError(f"{', '.join(names)}: name each data set once; the source's test images are a target, too")
    looks = [look(name, one | {"classes": None}, Path(args.data)) for name, one in zip(names, settings, strict=True)]
    text = "\n".join(lines(args, dict(zip(names, settings, strict=True)), dict(zip(names, looks, strict=True)))) + "\n"
    plan = Plan(check(complete(yaml.safe_load(text))))  # nothing is written if something is wrong
    path.write_text(text, encoding="utf-8")
    call = shlex.join(["repdrift", "run", str(path), *(["-s", args.snakefile] if args.snakefile else [])])
    print(f"{path}: written; run it with `{call}`")
    costed = Costed.of(planned_jobs([], [str(path)], snakefile=args.snakefile))
    print(*forecast(costed, cores_of_this_machine(), plan), *hints(costed), sep="\n")


def data_set(text: str) -> Section:
    """Return the section of a data set, given how it is named on the command line.

    Raises
    ------
    UserError
        If there is no such reader.
    """
    reader, _, place = text.partition(":")
    if reader == "torchvision":
        return {"reader": text, "title": place}
    if reader in ("folder", "npz") and place:
        title = Path(place).stem
        split = {"train": place, "test": None, "split": {"fraction": 0.3, "seed": 1}}
        parts = Path(place) / "train", Path(place) / "test"
        if reader == "folder" and all(part.is_dir() for part in parts):
            split = {name: str(part) for name, part in zip(("train", "test"), parts, strict=True)}
        return {"reader": reader, "title": title, **split, "shuffle": 1}
    if text in KNOWN:
        return {"reader": text, "title": TITLES.get(text, text)}
    if text in RENDERED:
        return {"reader": text, "title": f"rendered {text}", "train": 20_000, "test": 10_000}
    known = [*KNOWN, *RENDERED, "torchvision:NAME", "folder:PATH", "npz:PATH"]
    raise UserError(f"{text}: there is no such data; use one of {', '.join(known)}{nearest(text, known)}")


def name_of(text: str) -> str:
    """Return the name of a data set in the config: letters, digits and ``_``, with a letter first."""
    last = Path(text.rpartition(":")[2]).stem.lower()
    name = re.sub(r"\W+", "_", last).strip("_")
    return name if name[:1].isalpha() else f"data_{name}"


def lines(args: argparse.Namespace, settings: Mapping[str, Section], looks: Mapping[str, Look]) -> Iterator[str]:
    """Yield the lines of the config, with comments."""
    source, cross, *others = settings
    yield "# A small study that `repdrift new` has written. All keys that are not here have the values of config.yaml."
    yield f"#   repdrift run {args.study}.yaml"
    yield f"study: {dumped(args.study)}"
    yield f"seeds: {list(range(1, args.seeds + 1))}   # four and more let most claims be judged"
    yield f"data: {dumped(args.data)}"
    yield ""
    yield "datasets:   # what was found: " + "; ".join(found(name, looks[name]) for name in settings)
    for name, one in settings.items():
        yield f"  {name}: {dumped(one)}"
    yield f"images: {dumped({'size': args.size})}   # all images are resized to this once"
    layers = f"`repdrift layers --configfile {args.study}.yaml` lists its layers"
    yield f"network: {dumped({'name': args.network})}   # {layers}"
    if args.weights:
        yield f"weights: {dumped(args.weights)}   # in place of pre-training"
    yield "variants: {conv-bn-relu: null}   # other networks or trainings to compare with; docs/own-network.md"
    yield ""
    if not args.weights:
        size, test = (images(looks[source], split, SOURCE_IMAGES) for split in ("train", "test"))
        yield f"source: {dumped({'dataset': source, 'train': f'train[0:{size}]', 'test': f'test[0:{test}]'})}"
        yield "pretrain:"
        yield "  epochs: 30"
        yield "  test_every: 5"
        yield "  random: [0]             # degrees of label randomness to pre-train with; 0 means the true labels"
        yield f"  sizes: [{size}]"
        yield "  sizes_random: [0]"
        yield "  checkpoints: [30]"
    yield "finetune:"
    yield "  epochs: 10"
    yield "  test_every: 2"
    last = (looks[source].classes or 2) - 1
    half = min(TARGET_IMAGES, images(looks[source], "test", 2 * TARGET_IMAGES) // 2)
    yield "  # Test images of the source, with true labels and with labels that are random among all classes."
    parts = {"train": f"test[0:{half}]", "test": f"test[{half}:{2 * half}]"}
    yield f"  domain: {dumped({'dataset': source, **parts, 'random': [0, last], 'shift': None})}"
    ranges = {name: target_parts(looks[name]) for name in (cross, *others)}
    most = (looks[cross].classes or 2) - 1
    yield f"  cross_domain: {dumped({'dataset': cross, **ranges[cross], 'random': [0, most], 'shift': None})}"
    yield f"  others: {dumped([{'dataset': name, **ranges[name]} for name in others])}"
    yield "controls: {scratch: true, matched_steps: null, independent: true}"
    yield ""
    tested = [half, *(images(looks[name], "test", TARGET_IMAGES) for name in (cross, *others))]
    probe = max(FEWEST, min(PROBE_IMAGES, *tested))
    yield f"probe: {dumped({'images': probe})}   # images on which representations are compared"
    tried = {"images": [probe], "bn": ["batch"], "estimators": ["cka-biased", "cka-debiased"], "runs": "main"}
    yield f"sensitivity: {dumped({**tried, 'samples': 1})}"
    yield "transfer: null            # the experiments of other papers: see config.yaml"
    yield from (f"{name}: null" for name in ("transferability", "head2toe", "movement", "decodability", "grounding"))


def found(name: str, seen: Look) -> str:
    """Return in words what a look at a data set has found."""
    sizes = [f"{split.size:,} {part}" for part, split in seen.splits.items() if split.size is not None]
    return f"{name} has {seen.classes or 'unknown'} classes" + (f", images: {' and '.join(sizes)}" if sizes else "")


def images(seen: Look, split: str, most: int) -> int:
    """Return the number of images of a split, and at most a given number."""
    size = seen.splits[split].size if split in seen.splits else None
    return min(most, size if size is not None else most)


def target_parts(seen: Look) -> Section:
    """Return the ranges to fine-tune and to test on."""
    return {split: f"{split}[0:{images(seen, split, TARGET_IMAGES)}]" for split in ("train", "test")}


def dumped(value: object) -> str:
    """Return a value as YAML in one line."""
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("...").strip()
