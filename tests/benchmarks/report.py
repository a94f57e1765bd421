"""The page that a benchmark gives: tables in Markdown."""

import os
import platform
import statistics
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]
Results = Mapping[int, Sequence[Row]]  # rows by number of threads

PACKAGES = ("torch", "numpy", "scipy", "ckatorch", "pytorch-cka", "torch-cka", "calibrated-similarity")
EXPONENTS = (1.8, 2.2)
MODELS = 4.5
NULL = 3
RATE = 0.6
MEMORY = 256  # MB
FLAT = 1.5

TEXT = """\
# Benchmarks

`make bench` measures the numbers of this page and writes it. All times are of one run. Our code and the other package
(the peer) get the same arrays and the same number of threads, and run in turn after a short rest. A time is the median
of {repeats} calls, with the fastest and the slowest in brackets; no call is left out. The arrays are the
representations of conv4 networks on rendered images, pool1 to logits with p = 16384, 4096, 1024, 256 and 10, in
float32. An error is the largest difference from dense Gram matrices in float64. A ratio is the time of the peer divided
by our time. Only ratios carry over to other machines.

To repeat the measurement, run `make bench`. It takes about an hour on an idle machine. One comparison alone:
`.venv/bin/python -m tests.benchmarks --threads 2 --images 500 --only demo-pair` (`--help` lists the keys).

Machine: {machine}. {versions}.
"""

ROWS = """\
- *authors' formula*: as in the code of Goerttler & Obermayer (2022), with a dense centring matrix H = I - 11'/n in
  float64. Each of the three HSICs of a CKA computes and centres its Gram matrices again. Biased.
- *numpy demo*: google-research/representation_similarity, `x.dot(x.T)` in float32. Biased.
- *ckatorch*: `cka_base`, in float64. Biased.
- *pytorch-cka*: `cka_from_features`, with float32 Gram matrices that are not centred. Debiased. It gives all 5 x 5
  pairs of layers, so our time is for all 5 x 5 pairs too, in one call.
- *torch_cka*: networks that give the same arrays, in one batch of all images. Debiased, and 5 x 5 pairs as well.
- *calibrated-similarity*: `calibrate` with the CKA of its README, in float32, on the same permutations as ours. Its CKA
  computes six Gram matrices for each permutation, where two would do. The values are the calibrated similarity, its
  p-value and its threshold. Biased.
"""


REAL = """\
Two networks and n test images of CIFAR-10 go in, and the debiased CKA of all layers of one network with all of the
other comes out, so the forward passes count. They are two ResNet-18 of torchvision with random weights (images of 32 x
32 pixels), and EfficientNet-Lite0 with its ImageNet weights and a random one, whose batch normalisation has the
statistics of 32 images (64 x 64 pixels). Seconds are those of the processor, with one thread: the median, and the
fastest and slowest if there are several calls. A ratio is the number of the package divided by ours. Memory is the peak
beyond the networks and the images, in a process of its own. An error is the largest difference from dense Gram matrices
in float64 of the same features.
"""
REAL_ROWS = """\
- *repdrift* is `repdrift.compare(a, b, images, layers=...)`, in batches of 250 images for ResNet-18 and of 32 for
  EfficientNet-Lite0. The features of both networks, which all packages keep, are 200 MB for ResNet-18 and 550 MB for
  EfficientNet-Lite0 at n = 1,000. They set a floor to the memory as long as features are kept.
- *pytorch-cka* and *torch_cka* get all images in one batch: of smaller batches they average HSIC, which is another
  quantity. torch_cka keeps the graphs of all layers unless gradients are off, as they are here.
- *ckatorch* takes features for this, because its class for networks does not take images. It gives layers of the same
  name alone, which is less work.
- *thingsvision* 2.7.3 is not measured: it needs numpy below 2, torchvision 0.15 and tensorflow, and cannot be installed
  beside the versions of the others.
"""
LEANEST = 0.5  # of the memory of the leanest package


def page(results: Results, repeats: int) -> str:
    """Write the whole page, from the rows of `tests.benchmarks.similarity_benchmark` by number of threads."""
    parts = [TEXT.format(repeats=repeats, machine=machine(), versions=versions())]
    for threads, rows in results.items():
        compared = of_kind(rows, "comparison")
        if compared:
            header = ["comparison", "n", "peer, s", "ours, s", "ratio", "target", "met"]
            table = markdown(header, map(comparison_cells, compared))
            parts.append(f"## {threads} thread{'s' if threads > 1 else ''}\n\n{table}")
    parts.append(ROWS)
    errors = error_cells(results)
    if errors:
        parts.append("## Largest error\n\n" + markdown(["comparison", "n", "peer", "ours"], errors))
    costs = [cells for threads, rows in results.items() for cells in cost_cells(threads, rows)]
    if costs:
        parts.append("## Our own cost\n\n" + markdown(["what", "threads", "measured", "target", "met"], costs))
    return "\n".join(parts)


def machine() -> str:
    """Processor and number of cores."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{models[0] if models else platform.processor() or platform.machine()}, {os.cpu_count()} cores"


def versions() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"Python {platform.python_version()}, {packages}"


def of_kind(rows: Iterable[Row], kind: str) -> list[Row]:
    return [row for row in rows if row["kind"] == kind]


def comparison_cells(row: Row) -> list[str]:
    ratio = statistics.median(row["peer"]) / statistics.median(row["ours"])
    target = "" if row["target"] is None else f">= {row['target']:g}"
    good = row["target"] is None or ratio >= row["target"]
    if row["error_share"] is not None:
        target += f" at {row['error_share']:g} of its error"
        good = good and row["our_error"] <= row["error_share"] * row["peer_error"]
    cells = [row["name"], f"{row['images']:,}", seconds(row["peer"]), seconds(row["ours"]), f"**{ratio:.2f}**"]
    return [*cells, target, met(good) if target else ""]


def error_cells(results: Results) -> list[list[str]]:
    """Largest errors over all numbers of threads."""
    found: dict[tuple[str, int], tuple[float, float]] = {}
    for row in of_kind([row for rows in results.values() for row in rows], "comparison"):
        key = (row["name"], row["images"])
        before = found.get(key, (0.0, 0.0))
        found[key] = (max(before[0], row["peer_error"]), max(before[1], row["our_error"]))
    return [[name, f"{n:,}", f"{peer:.1e}", f"{ours:.1e}"] for (name, n), (peer, ours) in found.items()]


def cost_cells(threads: int, rows: Sequence[Row]) -> list[list[str]]:
    cells = [cell for row in of_kind(rows, "growth") for cell in growth_cells(row)]
    cells += [models_cells(row) for row in of_kind(rows, "models")]
    cells += [null_cells(row) for row in of_kind(rows, "null")]
    cells += [memory_cells(row) for row in of_kind(rows, "memory")]
    return [[what, str(threads), *rest] for what, *rest in cells]


def growth_cells(row: Row) -> list[list[str]]:
    times = ", ".join(seconds(times) for times in row["seconds"])
    counts = ", ".join(f"{count:,}" for count in row["images"])
    low, high = EXPONENTS
    share = row["our_rate"] / row["product_rate"]
    rates = of_rate(row["our_rate"], row["product_rate"])
    return [
        [
            f"one pair, n = {counts}, exponent of the time in n",
            f"{times} s: **{row['exponent']:.2f}**",
            f"{low} to {high}",
            met(low <= row["exponent"] <= high),
        ],
        [
            f"share of the rate of a float32 matrix product, n = {row['images'][-1]:,} (n^2 p for each Gram)",
            rates,
            f">= {RATE:.0%}",
            met(share >= RATE),
        ],
    ]


def models_cells(row: Row) -> list[str]:
    ratio = statistics.median(row["eight"]) / statistics.median(row["two"])
    what = f"all pairs of 8 models by all pairs of 2, n = {row['images']:,}"
    return [
        what,
        f"{seconds(row['eight'])} by {seconds(row['two'])} s: **{ratio:.2f}**",
        f"<= {MODELS}",
        met(ratio <= MODELS),
    ]


def null_cells(row: Row) -> list[str]:
    ratio = statistics.median(row["null"]) / statistics.median(row["comparison"])
    what = f"null of {row['permutations']:,} permutations, five layers of one pair, by their CKA, n = {row['images']:,}"
    measured = f"{seconds(row['null'])} by {seconds(row['comparison'])} s: **{ratio:.2f}**"
    return [what, measured, f"<= {NULL}", met(ratio <= NULL)]


def memory_cells(row: Row) -> list[str]:
    found = [count / 1e6 for count in row["bytes"]]
    counts = ", ".join(f"{count:,}" for count in row["images"])
    what = f"peak memory beyond the representations, 3 models, all layers in one call, n = {counts}"
    good = max(found) <= MEMORY and found[-1] <= FLAT * found[0]
    return [what, ", ".join(f"{value:.0f}" for value in found) + " MB", f"<= {MEMORY} MB, flat in n", met(good)]


def of_rate(reached: float, product: float) -> str:
    """Write a rate beside that of a matrix product; both in floating-point operations a second."""
    return f"{reached / 1e9:.0f} of {product / 1e9:.0f} GFLOP/s: **{reached / product:.0%}**"


def met(good: bool) -> str:
    return "yes" if good else "**no**"


def seconds(times: Sequence[float]) -> str:
    """Median, and the fastest and slowest where there are several."""
    median = f"{statistics.median(times):.3g}"
    return median if len(times) == 1 else f"{median} ({min(times):.3g} - {max(times):.3g})"


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def real_models(rows: Sequence[Row]) -> str:
    """Write the part of the page on real networks, from the rows of `tests.benchmarks.real_models`."""
    ours = {row["network"]: row for row in rows if row["package"] == "repdrift"}
    cells = [real_cells(row, ours[row["network"]]) for row in rows]
    header = ["network", "n", "package", "time, s", "ratio", "memory, MB", "ratio", "error"]
    peers = [row for row in rows if row["peak"] is not None and row["package"] != "repdrift"]
    targets = [target_cells(own, [row for row in peers if row["network"] == name]) for name, own in ours.items()]
    goals = markdown(["network", "faster than each", "memory, share of the leanest", "target", "met"], targets)
    return f"## Real networks\n\n{REAL}\n{markdown(header, cells)}\n{goals}\n{REAL_ROWS}"


def real_cells(row: Row, ours: Row) -> list[str]:
    name = f"{row['network']}, {row['layers']} x {row['layers']} layers"
    time = statistics.median(row["seconds"]) / statistics.median(ours["seconds"])
    cells = [name, f"{row['images']:,}", row["package"], seconds(row["seconds"]), f"**{time:.2f}**"]
    if row["peak"] is None:
        return [*cells, "", "", ""]
    error = "fails: values that are not numbers" if row["error"] is None else f"{row['error']:.1e}"
    return [*cells, f"{row['peak'] / 1e6:.0f}", f"**{row['peak'] / ours['peak']:.2f}**", error]


def target_cells(ours: Row, peers: Sequence[Row]) -> list[str]:
    fastest = min(statistics.median(row["seconds"]) for row in peers)
    share = ours["peak"] / min(row["peak"] for row in peers)
    faster = statistics.median(ours["seconds"]) < fastest
    return [ours["network"], met(faster), f"{share:.2f}", f"<= {LEANEST:g}", met(share <= LEANEST)]
