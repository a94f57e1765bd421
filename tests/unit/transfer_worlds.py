"""Worlds in which the claims N1 to N12 are true to some degree, as the tables and histories that are measured there."""

import csv
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from repdrift.claims.contrasts import HISTORY
from repdrift.experiments.transfer.claims import claims
from repdrift.experiments.transfer.experiment import Transfer
from repdrift.experiments.transfer.pairs import LINES, PAIRS, STARTS
from repdrift.experiments.transfer.settings import Settings
from repdrift.experiments.transfer.stages import transfer_criticality_of_parts
from repdrift.experiments.transfer.tables import BARRIER, RATES, SIMILARITY
from repdrift.study.sections import parse, section
from repdrift.study.study import Study
from repdrift.study.tasks import SIDE

SEEDS = (1, 2, 3, 4)
LAYERS = ("pool1", "pool2", "pool3", "pool4", "logits")
BLOCKS = ("block1", "block2", "block3", "block4")
PARTS = (*BLOCKS, "head")
PLACES = (0.0, 0.25, 0.5, 0.75, 1.0)
TITLES = {"cifar10": "CIFAR-10", "svhn": "SVHN", "mnist": "MNIST"}


def experiment(config):
    """The experiment in the study of a config, without those on other papers."""
    study = Study(parse(config | {"seeds": list(SEEDS)}))
    return Transfer(study, section(Settings, study.config.experiments["transfer"]))


def needed(transfer):
    """All runs of the figures: those of the experiment, and the pre-training."""
    return {run.name: run for run in (transfer.study.scratch_run(0), *transfer.runs())}


@dataclass(frozen=True)
class World:
    """What is measured if the paper's effects have a strength, and values differ between seeds by a noise.

    The strength is 1 in the paper's world, -1 in the opposite one, and 0 if there are no effects. The noise is in units
    of accuracies in percent, and smaller for other measures. Its mean over seeds is exactly 0 for every number.
    """

    strength: float
    noise: float = 1e-3

    def over_seeds(self, rng, value, unit=1.0):
        drawn = rng.normal(size=len(SEEDS))
        return dict(zip(SEEDS, value + self.noise * unit * (drawn - drawn.mean()), strict=True))

    def accuracy(self, run):
        """Final accuracy and speed: lower in smaller blocks, and better pre-trained, most with images as they are."""
        share = (SIDE if run.task.shuffle is None else run.task.shuffle) / SIDE
        value = 50 + 16 * self.strength * share
        if run.parent[0] == "cifar10":
            value *= 1 + 0.3 * self.strength * share
        # In the opposite world, the benefit has not saturated.
        return value - 8 * (self.strength < 0 and run.parent[1] == "epoch100")

    def tuned(self, dataset, side, start):
        gain = 20 if dataset == "cifar10" and side == SIDE else 5
        return 60 + self.strength * gain * (start == "P-T")

    def similarity(self, pair, layer):
        value = 0.5 + 0.3 * self.strength * (pair == "P-T & P-T")
        return value - 0.1 * self.strength * LAYERS.index(layer) * (pair == "P-T & P")

    def log_distance(self, pair, part):
        """Natural logarithm of a distance of any measure."""
        depth = BLOCKS.index(part) if part in BLOCKS else 0
        return self.strength * (1.4 * (pair not in ("P-T & P-T", "P-T & P")) + 0.5 * depth)

    def barrier(self, pair):
        paper, opposite = max(self.strength, 0), max(-self.strength, 0)
        same_start = 20 * paper + 20 * opposite
        return {"P-T & P-T": 30 * opposite, "RI-T & RI-T, same start": same_start}.get(pair, 40 * paper)

    def rewound(self, network, part):
        lost = {"P-T": {"block4": 20, "head": 20}, "RI-T": {"block1": 50}}
        return 70 - self.strength * lost[network].get(part, 0)

    def histories(self, transfer):
        rng = np.random.default_rng(1)
        found, runs = {}, needed(transfer)
        keys = {
            key for claim in claims(transfer) for one in claim.contrasts if one.table == HISTORY for key in one.by_key
        }
        for run, column, when in sorted(keys):
            value = self.accuracy(runs[run])
            measured = pd.Series(self.over_seeds(rng, value))
            found[run, column, when] = np.log(measured) if column.startswith("log") else measured
        return found

    def rates(self, transfer):
        rng, rows = np.random.default_rng(2), []
        for (dataset, side), start in product(transfer.tuned.values(), STARTS):
            value = self.tuned(dataset, side, start)
            tuned = ("tuned test accuracy", "tuned training accuracy", "fastest training accuracy")
            measured = [(name, None, value) for name in tuned]
            for name, rate in product(("test accuracy", "training accuracy"), transfer.rates):
                measured.append((name, rate, value - abs(np.log(rate / 0.003))))
            for name, rate, mean in measured:
                for seed, one in self.over_seeds(rng, mean).items():
                    rows.append((dataset, seed, side, start, name, rate, one))
        return pd.DataFrame(rows, columns=RATES.written).assign(chance=10.0)

    def pairs(self, transfer):
        rng, rows = np.random.default_rng(3), []
        for dataset, pair in product(transfer.targets, PAIRS):
            found = [
                (f"cka-{kind}", layer, self.similarity(pair, layer), 0.01)
                for kind in ("biased", "debiased")
                for layer in LAYERS
            ]
            measures = ("ln l2 distance", "ln rms distance", "ln relative distance")
            for name, part in product(measures, (*PARTS, "all blocks", "whole")):
                found.append((name, part, self.log_distance(pair, part), 0.05))
            together = self.strength * (pair == "P-T & P-T")
            found += [("mistakes", "kappa", 0.3 + 0.2 * together, 0.02), ("mistakes", "shared", 50 + 20 * together, 1)]
            if pair == "RI-T & P-T":
                share = 0.3 * self.strength
                found += [
                    ("ambiguous", "only P-T wrong", 0.5 + share, 0.02),
                    ("ambiguous", "only RI-T wrong", 0.5 - share, 0.02),
                ]
            for measure, item, value, unit in found:
                for seed, one in self.over_seeds(rng, value, unit).items():
                    rows.append((dataset, seed, pair, measure, item, one))
        return pd.DataFrame(rows, columns=SIMILARITY.written)

    def lines(self, transfer):
        rng, rows = np.random.default_rng(4), []
        for dataset, line, bn in product(transfer.targets, LINES, ("re-estimated", "interpolated")):
            fall = self.barrier(line)
            found = [("test accuracy", at, 60 - 4 * fall * at * (1 - at)) for at in PLACES] + [("barrier", None, fall)]
            for measure, at, value in found:
                for seed, one in self.over_seeds(rng, value).items():
                    rows.append((dataset, seed, line, bn, measure, at, one))
        return pd.DataFrame(rows, columns=BARRIER.written)

    def parts(self, transfer):
        rng, rows = np.random.default_rng(5), []
        for dataset, network in product(transfer.targets, STARTS):
            found = [
                (part, None, "rewound test accuracy", None, None, None, self.rewound(network, part))
                for part in ("none", *PARTS)
            ]
            for part, path in product(PARTS, ("direct", "optimisation")):
                for at, noise in product((0.0, 1.0), (0.0, 0.1)):
                    found.append((part, path, "training loss", at, noise, at, 0.5 + 5 * noise + (1 - at)))
                found.append((part, path, "criticality", None, None, 1.0, 2308.0))
            for *cells, value in found:
                for seed, one in self.over_seeds(rng, value).items():
                    rows.append((dataset, seed, network, *cells, one))
        return pd.DataFrame(rows, columns=transfer_criticality_of_parts.COLUMNS).assign(excess=0.1)

    def tables(self, transfer):
        """The tables of the figures that claims read."""
        frames = {
            "transfer_rates": self.rates(transfer),
            "transfer_similarity": self.pairs(transfer),
            "transfer_barrier": self.lines(transfer),
            "transfer_criticality": self.parts(transfer),
        }
        titled = {name: frame.assign(images=frame["dataset"].map(TITLES)) for name, frame in frames.items()}
        rates = titled["transfer_rates"]
        rates["images"] += rates["side"].map({0: ", values shuffled", SIDE: ""})
        return titled

    def numbers(self, transfer, folder):
        """The numbers that claims read, by way of files as the programs write them."""
        found = {HISTORY: self.histories(transfer)}
        frames = self.tables(transfer)
        for table in transfer.tables:
            path = folder / f"{table.name}.csv"
            frames[table.name].to_csv(path, index=False)
            found[table.name] = keyed(path, table.columns)
        return found


def keyed(path, columns):
    """The values of a file by the texts in some columns, as a series over seeds."""
    found = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(tuple(row[column] for column in columns), {})[int(row["seed"])] = float(row["value"])
    return {key: pd.Series(values) for key, values in found.items()}
