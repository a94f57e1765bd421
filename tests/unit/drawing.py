"""Made-up tables of figures, and what is read from drawn figures."""

from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from repdrift import figures
from repdrift.similarity.registry import ESTIMATORS

LAYERS = ["pool2", "pool1", "logits"]  # an order that no sorting gives


def value(seed, panel, series, layer, estimator):
    """A similarity that differs between all rows, and is negative for some debiased ones."""
    level = 0.6 - 0.35 * LAYERS.index(layer) + 0.02 * seed**2 + 0.003 * len(panel + series)
    return level - (0.6 if estimator == "cka-debiased" else 0.0)


COMMON = {"run": "cifar10", "reference": "init", "n": 500, "images": "CIFAR-10"}


def layers_table(panels, seeds=(1, 2, 3)):
    null = {layer: 0.5 + 0.1 * index for index, layer in enumerate(LAYERS)}
    rows = [
        (panel, series, seed, layer, estimator, value(seed, panel, series, layer, estimator), null[layer], 0.7)
        for estimator in ("cka-debiased", "cka-biased")
        for panel, names in panels.items()
        for series in names
        for seed in seeds
        for layer in LAYERS
    ]
    columns = ["panel", "series", "seed", "layer", "estimator", "value", "null_mean", "null_q95"]
    return pd.DataFrame(rows, columns=columns).assign(**COMMON)


def curve_table(seeds=(1, 2)):
    rows = [
        (seed, epoch, layer, value(seed, "", "", layer, "cka-biased") / (1 + epoch))
        for seed in seeds
        for epoch in (0, 1, 2, 5)
        for layer in LAYERS
    ]
    table = pd.DataFrame(rows, columns=["seed", "epoch", "layer", "value"])
    null = table["layer"].map({layer: 0.1 * index for index, layer in enumerate(LAYERS)})
    return table.assign(panel="", series="", estimator="cka-biased", null_mean=null, **COMMON)


def history_table(series=("d = 0", "d = 4"), seeds=(1, 2)):
    rows = [
        (name, seed, epoch, 2.3 / (1 + epoch), 10 + 20 * epoch + seed, 10 + 15 * epoch if epoch % 2 == 0 else None)
        for name in series
        for seed in seeds
        for epoch in range(4)
    ]
    columns = ["series", "seed", "epoch", "train_loss", "train_accuracy", "test_accuracy"]
    return pd.DataFrame(rows, columns=columns).assign(panel="", run="cifar10", classes=10, images="CIFAR-10")


STUDY = [
    *("initial", "pre-trained", "fine-tuned, d = 0", "fine-tuned, d = 9"),
    *("pre-trained, and initial", "fine-tuned, d = 0, and pre-trained"),
    *("fine-tuned, d = 9, and pre-trained", "fine-tuned, d = 9, and initial"),
]


def cell(seed, panel, layer, reference):
    """A similarity that is another one after a transposition, and just below 0 for the last layers."""
    return 0.9 - 0.32 * LAYERS.index(layer) - 0.133 * LAYERS.index(reference) + 0.01 * seed**2 - 0.001 * len(panel)


def heatmap_table(panels, seeds=(1, 2, 3), estimators=("cka-biased", "cka-debiased")):
    rows = [
        (
            panel,
            seed,
            layer,
            reference,
            estimator,
            cell(seed, panel, layer, reference) + 0.1 * (estimator not in ("cka-debiased", "rsa-pearson")),
        )
        for panel in panels
        for seed in seeds
        for layer in LAYERS
        for reference in LAYERS
        for estimator in estimators
    ]
    columns = ["panel", "seed", "layer", "reference_layer", "estimator", "value"]
    return pd.DataFrame(rows, columns=columns).assign(series="", **COMMON)


BLOCKS = ("conv-relu-bn", "conv-bn-relu")
COMPARISONS = ("from scratch, d = 0, to initial weights", "fine-tuned, d = 9, to pre-trained weights")
SENSITIVE = [name for name in ESTIMATORS if name not in ("svcca", "pwcca")]


def sensitivity_table(
    *, panels=COMPARISONS, blocks=BLOCKS, seeds=(1, 2), sizes=(100, 500, 2000), modes=("batch", "calibrated"),
    estimators=SENSITIVE, samples=(1, 2),
):  # fmt: skip
    """The study's own n is 500; each value tells which row it is from."""
    rows = [
        (panel, block, seed, layer, estimator, n, bn, sample, int(own and sample == 1), 0)
        for panel in panels
        for block in blocks
        for seed in seeds
        for bn in modes
        for n in sizes
        for own in [n == 500 and bn == "batch"]
        for sample in (samples if own else (1,))
        for layer in LAYERS
        for estimator in estimators
        if own or estimator in ("cka-biased", "cka-debiased")
    ]
    columns = ["panel", "series", "seed", "layer", "estimator", "n", "bn", "sample", "usual", "value"]
    table = pd.DataFrame(rows, columns=columns).assign(run="cifar10", reference="init", images="CIFAR-10")
    table["null_mean"] = table["estimator"].map({"cka-biased": 0.2, "cka-debiased": 0.0})
    table["value"] = np.random.default_rng(5).permutation(np.linspace(-0.1, 1, len(table)))
    return table


def drawn(table, kind, folder):
    path = folder / "table.csv"
    table.to_csv(path, index=False)
    return figures.draw(path, kind, "conv4, conv-relu-bn")


def means_of(axes):
    """The lines of the means, which have markers."""
    return [line for line in axes.lines if line.get_marker() not in ("None", "", ".", None)]


def seeds_of(axes):
    """The values of all seeds, which are faint dots or thin lines."""
    dots = [line for line in axes.lines if line.get_marker() == "."]
    return [float(y) for line in dots for y in line.get_ydata()]


def segments(axes, *, upright):
    """The short lines of an axes: intervals, which are upright, or nulls."""
    found = []
    for part in axes.collections:
        for (x0, y0), (x1, y1) in part.get_segments() if hasattr(part, "get_segments") else []:
            if (x0 == x1) == upright:
                found.append((float(x0 + x1) / 2, float(min(y0, y1)), float(max(y0, y1))))
    return found


def interval_of(values):
    """Mean and 95 % interval by SciPy."""
    low, high = stats.t.interval(0.95, len(values) - 1, loc=np.mean(values), scale=stats.sem(values))
    return np.mean(values), low, high


def texts(figure):
    return [text.get_text() for text in figure.texts]


def legend_labels(figure):
    return [[text.get_text().replace("\n", " ") for text in legend.get_texts()] for legend in figure.legends]


def apart(parts):
    return not any(a.overlaps(b) for a, b in combinations(parts, 2))


def inside(figure, parts):
    box = figure.bbox
    return all(p.x0 >= box.x0 and p.x1 <= box.x1 and p.y0 >= box.y0 and p.y1 <= box.y1 for p in parts)
