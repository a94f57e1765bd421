"""Claims N1 to N12 in a world that is made to agree with them, and in its opposite; and what figures show of one."""

import hashlib
from itertools import product

import numpy as np
import pandas as pd
import pytest

from repdrift import figures
from repdrift.claims import judging, measurements
from repdrift.claims.contrasts import HISTORY
from repdrift.claims.judging import judge_claims as judge
from repdrift.experiments.transfer.claims import claims
from repdrift.experiments.transfer.experiment import LINES, PAIRS
from repdrift.experiments.transfer.stages import transfer_criticality_of_parts
from repdrift.experiments.transfer.tables import BARRIER, SIMILARITY
from repdrift.plan.plan import Plan

SEEDS = (1, 2, 3, 4)
LAYERS = ("pool1", "pool2", "pool3", "pool4", "logits")
BLOCKS = ("block1", "block2", "block3", "block4")
TITLES = {"cifar10": "CIFAR-10", "svhn": "SVHN", "mnist": "MNIST"}


@pytest.fixture
def transfer(load_config):
    return Plan(load_config("laptop") | {"seeds": list(SEEDS)}).experiments["transfer"]


def accuracy(run, when):
    """Final accuracy, or speed: best pre-trained, on the closest target, with images as they are."""
    pretrained = run.parent[0] == "cifar10"
    gain = (20 if run.task.dataset == "cifar10" else 5) if pretrained else 0
    if run.task.shuffle is None:
        return 60 + gain
    side = run.task.shuffle or 0.5
    return 20 + 2 * side + (gain * side / 32 + 0.1 * pretrained if when == "last" else 3 * pretrained)


def needed(transfer):
    """All runs of the figures: those of the experiment, and the pre-training."""
    return {run.name: run for run in (transfer.study.scratch_run(0), *transfer.runs())}


def histories(transfer):
    keys = {key for claim in claims(transfer) for one in claim.contrasts if one.table == HISTORY for key in one.by_key}
    numbers = {}
    for run, column, when in keys:
        value = accuracy(needed(transfer)[run], when)
        numbers[run, column, when] = np.log(value) if column.startswith("log") else value
    return {key: pd.Series({seed: value + 1e-4 * seed for seed in SEEDS}) for key, value in numbers.items()}


def similarity(pair, layer):
    depth = LAYERS.index(layer)
    return {"P-T & P-T": 0.95, "P-T & P": 0.9}.get(pair, 0.3) - 0.1 * depth


def distance(pair, part):
    far = {"P-T & P-T": 1.0, "P-T & P": 1.5}.get(pair, 4.0)
    return far * (6 if part == "whole" else 1 + BLOCKS.index(part) if part in BLOCKS else 2)


def tables(transfer):
    pairs = []
    for dataset, pair, seed in product(transfer.targets, PAIRS, SEEDS):
        rows = [(f"cka-{kind}", layer, similarity(pair, layer)) for kind in ("biased", "debiased") for layer in LAYERS]
        rows += [("l2 distance", part, distance(pair, part)) for part in (*BLOCKS, "head", "whole")]
        shared = 80 if pair == "P-T & P-T" else 50
        rows += [("mistakes", kind, value) for kind, value in (("common", 9), ("uncommon", 4), ("shared", shared))]
        pairs += [(dataset, seed, pair, *row[:2], row[2] + 1e-4 * seed) for row in rows]
    lines = []
    for dataset, line, seed, bn in product(transfer.targets, LINES, SEEDS, ("re-estimated", "interpolated")):
        fall = {"P-T & P-T": -2, "RI-T & RI-T, same start": 20}.get(line, 40)
        found = [("test accuracy", at, 60 - 4 * fall * at * (1 - at)) for at in (0.0, 0.25, 0.5, 0.75, 1.0)]
        found.append(("barrier", None, max(fall, 0)))
        lines += [(dataset, seed, line, bn, name, at, value + 1e-4 * seed) for name, at, value in found]
    parts = []
    for dataset, network, seed in product(transfer.targets, ("P-T", "RI-T"), SEEDS):
        cost = {"none": 0, "block1": 2, "block2": 3, "block3": 4, "block4": 9, "head": 30}
        cost |= {} if network == "P-T" else {"block1": 50}
        for part, lost in cost.items():
            row = (dataset, seed, network, part, None, "rewound test accuracy", None, None, None)
            parts.append((*row, 70 - lost + 1e-4 * seed))
        for part, path, at, noise in product((*BLOCKS, "head"), ("direct", "optimisation"), (0.0, 1.0), (0.0, 0.1)):
            row = (dataset, seed, network, part, path, "training loss", at, noise, at)
            parts.append((*row, 0.5 + 5 * noise + (1 - at) + 1e-4 * seed))
        for part, path in product((*BLOCKS, "head"), ("direct", "optimisation")):
            parts.append((dataset, seed, network, part, path, "criticality", None, None, 1.0, np.inf))
    frames = {
        "transfer_similarity": pd.DataFrame(pairs, columns=SIMILARITY.written),
        "transfer_barrier": pd.DataFrame(lines, columns=BARRIER.written),
        "transfer_criticality": pd.DataFrame(parts, columns=transfer_criticality_of_parts.COLUMNS),
    }
    return {name: frame.assign(images=frame["dataset"].map(TITLES)) for name, frame in frames.items()}


def judged(transfer, folder, change=lambda numbers: numbers):
    others = {HISTORY: change(histories(transfer))}
    frames = tables(transfer)
    for table in transfer.tables:
        path = folder / f"{table.name}.csv"
        frames[table.name].to_csv(path, index=False)
        others[table.name] = change(measurements.keyed(path, table.columns))
    empty = pd.DataFrame(columns=["run", "seed", "reference", "layer", "estimator", "value", "null_mean", "null_q95"])
    contrasts, verdicts = judge(claims(transfer), empty, empty, others)
    return pd.DataFrame(contrasts), {row["claim"]: row for row in verdicts}


def test_in_the_papers_world_all_claims_hold(transfer, tmp_path):
    _, verdicts = judged(transfer, tmp_path)
    assert {name: row["verdict"] for name, row in verdicts.items() if row["verdict"] != "supported"} == {}
    names = ["N1", "N1b", "N2", "N3", "N3b", "N4", "N5", "N5b", "N6", "N7", "N8", "N9", "N10", "N11", "N12"]
    assert list(verdicts) == names
    assert {row["seeds"] for row in verdicts.values()} == {4}


def test_in_the_opposite_world_none_does(transfer, tmp_path):
    """Every number has the other sign; margins are then still what they were."""

    def opposite(numbers):
        return {key: -series for key, series in numbers.items()}

    _, verdicts = judged(transfer, tmp_path, opposite)
    # Within a point of each other is what it was.
    assert {name for name, row in verdicts.items() if row["verdict"] == "supported"} == {"N12"}
    assert verdicts["N1"]["verdict"] == "contradicted"
    assert "the opposite sign in 4 of 4 seeds" in verdicts["N1"]["reason"]


def test_a_number_that_was_not_measured_is_no_verdict(transfer, tmp_path):
    _, verdicts = judged(transfer, tmp_path, lambda numbers: {k: v for k, v in numbers.items() if "mistakes" not in k})
    assert verdicts["N10"]["verdict"] == "inconclusive"
    assert verdicts["N10"]["reason"] == "the study has no such runs"


@pytest.fixture
def history_files(transfer, tmp_path):
    """Function that writes the histories that the claims read, and gives the numbers that are read off them."""
    contrasts = [one for claim in claims(transfer) for one in claim.contrasts if one.table == HISTORY]
    runs = sorted({run for one in contrasts for run, *_ in one.by_key})

    def read(final):
        named = []
        for number, (run, seed) in enumerate(product(runs, SEEDS)):
            path = tmp_path / f"history{number}.csv"
            value = final(run, seed)
            path.write_text(f"epoch,train_accuracy,test_accuracy\n0,10,10\n1,20,\n2,30,{value}\n")
            named.append((run, seed, path))
        return measurements.histories(named, contrasts)

    return read


def test_an_accuracy_of_0_has_no_logarithm_and_is_said(transfer, history_files):
    """A network of random weights can be wrong on every shuffled image."""
    wrong = transfer.shuffled("svhn", 1, "RI-T").name
    numbers = history_files(lambda run, seed: 0.0 if (run, seed) == (wrong, 2) else 50.0 + seed)
    claim = next(claim for claim in claims(transfer) if claim.name == "N3b")
    rows = judging.contrast_rows(claim, "", {HISTORY: numbers})
    reasons = {row["layer"]: row["reason"] for row in rows}
    assert reasons["SVHN"] == "undefined for 1 of 4 seeds"
    assert "undefined" not in reasons["CIFAR-10"]
    assert judging.claim_row(claim, "", rows)["verdict"] == "inconclusive"


# Figures


def history_rows(transfer, name, accuracy=accuracy):
    """Histories of three epochs, with the columns that the plan adds."""
    rows = []
    (figure,) = (figure for figure in transfer.figures() if figure.name == name)
    for path, columns in figure.rows.items():
        run = needed(transfer)[path.split("/models/")[1].rpartition("/seed")[0]]
        value = accuracy(run, "last") if run.task.role != "source" else 60
        for epoch in range(4):
            measured = {"train_accuracy": value + epoch, "test_accuracy": value if epoch % 3 == 0 else None}
            rows.append({**columns, "epoch": epoch, **measured})
    return pd.DataFrame(rows)


@pytest.fixture
def drawn(transfer, tmp_path):
    """Function that draws a figure of the world, twice, and gives it once it is sure that both are equal."""
    frames = tables(transfer)

    def draw(name, **world):
        table = frames[name] if name in frames else history_rows(transfer, name, **world)
        path = tmp_path / f"{name}.csv"
        table.to_csv(path, index=False)
        hashes = set()
        for place in ("one.svg", "two.svg"):
            figure = figures.draw(path, name, "conv4, conv-relu-bn")
            figures.write(figure, tmp_path / place, "svg")
            hashes.add(hashlib.sha256((tmp_path / place).read_bytes()).hexdigest())
        assert len(hashes) == 1
        return figure

    return draw


def texts(figure):
    return [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))]


def heights(axes):
    """Means that the lines of points of an axes show."""
    return [list(np.round(line.get_ydata(), 2)) for line in axes.lines if line.get_marker() not in ("", "None", None)]


def test_shuffle_shows_accuracies_and_the_relative_drop(drawn, transfer):
    figure = drawn("transfer_shuffle")
    top = figure.axes[0]
    assert [label.get_text() for label in top.get_xticklabels()] == ["*", "1", "4", "32"]
    pretrained = [accuracy(transfer.shuffled("cifar10", side, "P-T"), "last") for side in transfer.sides]
    scratch = [accuracy(transfer.shuffled("cifar10", side, "RI-T"), "last") for side in transfer.sides]
    assert list(np.round(pretrained, 2)) in heights(top)
    drops = [f"{100 * (p - r) / p:.0f}" for p, r in zip(pretrained, scratch, strict=True)]
    assert [text.get_text() for text in top.texts] == drops
    assert {"P-T", "RI-T"} <= set(texts(figure))


def test_a_drop_from_an_accuracy_of_0_is_undefined(drawn):
    figure = drawn("transfer_shuffle", accuracy=lambda run, when: 0 if run.task.shuffle == 1 else accuracy(run, when))
    written = [text.get_text() for text in figure.axes[0].texts]
    assert [text == "\u2013" for text in written] == [False, True, False, False]


def test_checkpoints_show_the_epochs_and_pre_training_beside(drawn):
    figure = drawn("transfer_checkpoints")
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["0", "1", "25", "100", "150"]
    assert {"P-T", "pre-training"} <= set(texts(figure))


def test_similarity_shows_all_measures_of_all_targets(drawn):
    figure = drawn("transfer_similarity")
    assert len(figure.axes) == 4 * 3
    labels = [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()]
    assert labels == ["CKA (biased)", "CKA (debiased)", "l2 distance", "mistakes in\ncommon (%)"]
    shown = [round(similarity("P-T & P", layer) + 2.5e-4, 2) for layer in LAYERS]
    assert shown in heights(figure.axes[0])


def test_barrier_shows_both_ways_to_treat_batch_normalisation(drawn):
    figure = drawn("transfer_barrier")
    assert len(figure.axes) == 3
    assert len({line.get_linestyle() for line in figure.axes[0].lines if len(line.get_xdata())}) == 2
    lowest = min(min(line.get_ydata()) for line in figure.axes[0].lines if len(line.get_ydata()))
    assert lowest == pytest.approx(20, abs=0.01)


def test_criticality_shows_rewinding_and_the_landscapes_of_both_networks(drawn):
    figure = drawn("transfer_criticality")
    titles = [axes.get_title(loc="left") for axes in figure.axes if axes.collections]
    landscapes = [title for title in titles if title.startswith(("block", "head"))]
    assert len(landscapes) == 2 * 2 * 5
    assert set(landscapes) == {f"{part}: ∞" for part in (*BLOCKS, "head")}
    assert list(np.round([70, 68, 67, 66, 61, 40], 2)) in heights(figure.axes[0])
