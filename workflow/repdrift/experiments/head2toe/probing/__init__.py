"""Head2Toe (Evci et al. 2022): linear probes on selected features of all layers of a frozen network.

This example makes a probe from the layers of a network on labelled images, and computes its logits on others::

    layers = network.read_layers(images)  # by name: [n, C, H, W], tokens [n, T, C], or [n, p]
    features = Features.of({name: pooled(maps, target_size=256) for name, maps in layers.items()})
    setting = Setting(learning_rate=0.01, steps=500, regulariser="group-lasso", strength=1e-5)
    probe = head2toe(features, labels, classes=10, setting=setting, fraction=0.05, seed=1)
    probe.selection.indices  # the selected features of each layer
    probe.logits(features_of_others)
    save(probe, Path("probe.safetensors"), {"target size": 256})

This one searches for the best setting of every method, with the same budget and the same folds of the same examples::

    by_size = {size: Features.of(...) for size in (None, 256, 1024)}
    for method in methods("pool4", (256, 1024)).values():
        found = search(method, by_size, labels, folds(len(labels), 5, seed=1), classes=10, seed=1)
"""

from repdrift.experiments.head2toe.probing.features import Features, pooled
from repdrift.experiments.head2toe.probing.heads import Head, Setting
from repdrift.experiments.head2toe.probing.io import load, save, write
from repdrift.experiments.head2toe.probing.methods import Method, before_training, methods
from repdrift.experiments.head2toe.probing.probe import Configuration, Probe, by_rank, fit, head2toe
from repdrift.experiments.head2toe.probing.search import Found, Split, folds, holdout, search
from repdrift.experiments.head2toe.probing.selection import Selection, select, weight_scores

__all__ = [
    "Configuration",
    "Features",
    "Found",
    "Head",
    "Method",
    "Probe",
    "Selection",
    "Setting",
    "Split",
    "before_training",
    "by_rank",
    "fit",
    "folds",
    "head2toe",
    "holdout",
    "load",
    "methods",
    "pooled",
    "save",
    "search",
    "select",
    "weight_scores",
    "write",
]
