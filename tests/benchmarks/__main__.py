"""Measure the library beside its peers, a process for each number of threads, and write the page."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.comparisons import REPEATS
from tests.benchmarks.memory import ROOT
from tests.benchmarks.report import page, real_models
from tests.benchmarks.similarity_benchmark import KEYS
from tests.benchmarks.training_benchmark import table

TRAINING = "training"
TRAINING_TEXT = """\
The table compares our training with the usual loop, for one epoch in batches of 32. The usual loop has a process of its
own, a torchvision data set (PIL, ToTensor, Normalize), a DataLoader (the faster of 0 and 2 workers), NCHW tensors, and
`.item()` after every step. ResNet-18 has a stem for small images. In bfloat16 both loops use PyTorch's autocast. A
share compares the multiplications and additions of a step with those of a product of large matrices, timed in turn.
"""
REAL_MODELS = "real-models"
EXTRACTION = "extraction"
EXTRACTION_TEXT = """\
The table compares our reading of all layers with torchvision's `create_feature_extractor`, on 256 images in batches of
32. Both give the same features. A ratio below 1 says that ours is faster.
"""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")  # read when the libraries start


ALL = (*KEYS, REAL_MODELS, TRAINING, EXTRACTION)


def measured(threads: int, images: int, keys: Sequence[str]) -> Any:
    """Rows that a process with so many threads gives."""
    environment = {**os.environ, **dict.fromkeys(THREADS, str(threads)), "TQDM_DISABLE": "1"}
    command = [sys.executable, "-m", "tests.benchmarks.similarity_benchmark", f"--images={images}", "--only", *keys]
    done = subprocess.run(command, check=True, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def training(threads: int) -> list[dict[str, Any]]:
    """Rows of the training benchmark with so many threads."""
    environment = {**os.environ, **dict.fromkeys(THREADS, str(threads)), "TQDM_DISABLE": "1"}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.json"
        command = [sys.executable, "-m", "tests.benchmarks.training_benchmark", "--json", str(file)]
        subprocess.run(command, check=True, cwd=ROOT, env=environment)
        return list(json.loads(file.read_text()))


def extraction(threads: int) -> str:
    """Table of the extraction benchmark with so many threads."""
    environment = {**os.environ, **dict.fromkeys(THREADS, str(threads))}
    command = [sys.executable, "-m", "tests.benchmarks.extraction", "time"]
    return subprocess.run(command, check=True, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True).stdout


def real_networks(images: int) -> str:
    """Part of the page on real networks, with one thread."""
    environment = {**os.environ, **dict.fromkeys(THREADS, "1"), "TQDM_DISABLE": "1"}
    command = [sys.executable, "-m", "tests.benchmarks.real_models", f"--images={images}"]
    done = subprocess.run(command, check=True, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
    return real_models(json.loads(done.stdout))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], metavar="T")
    parser.add_argument("--images", type=int, default=1000, help="n; some parts measure a multiple of it")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=ALL,
        default=ALL,
        metavar="KEY",
        help=f"of {', '.join(ALL)}",
    )
    parser.add_argument("--output", type=Path, help="file for the page; without it, it is printed")
    arguments = parser.parse_args()
    keys = [key for key in arguments.only if key in KEYS]
    results = {threads: measured(threads, arguments.images, keys) for threads in arguments.threads} if keys else {}
    text = page(results, REPEATS)
    if REAL_MODELS in arguments.only:
        text += f"\n{real_networks(arguments.images)}"
    if TRAINING in arguments.only:
        rows = [row for threads in arguments.threads for row in training(threads)]
        text += f"\n## Training\n\n{TRAINING_TEXT}\n{table(rows)}"
    if EXTRACTION in arguments.only:
        tables = (
            f"With {threads} thread{'' if threads == 1 else 's'}:\n\n{extraction(threads)}"
            for threads in arguments.threads
        )
        text += "\n## Extraction\n\n" + "\n".join([EXTRACTION_TEXT, *tables])
    if arguments.output:
        arguments.output.write_text(text)
    else:
        print(text)


if __name__ == "__main__":
    main()
