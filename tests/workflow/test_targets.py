"""Targets, and one clear line for a config that is wrong."""

import pytest
from tests.checkout import Checkout
from tests.workflow.changes import overlay
from tests.workflow.tiny import TINY, needed_for


def test_one_figure_is_a_target(tiny_study, tmp_path):
    study = Checkout(tmp_path)
    for name in TINY[1:]:
        (tmp_path / name).write_text((tiny_study.folder / name).read_text())
    assert study.planned("fig4", *TINY) == needed_for({"figure fig4"})


def test_targets_of_the_paper(tiny_study):
    jobs = tiny_study.jobs("all")
    assert jobs["figure"] == 11 + 8 + 5 + 5 + 2 + 2 + 2
    assert jobs["pretrain_source"] == 5
    # The main target tasks are trained again with the other order of the blocks; shuffled images, and from epochs of
    # pre-training; four more learning rates from two starts on three targets and two shuffled ones; a third target;
    # fewer images for equal epochs and steps, classes.
    more_rates = 4 * 2 * (3 + 2) * 5
    assert jobs["finetune"] == 60 + 2 * 5 + (6 * 2 + 7) * 2 * 5 + more_rates + 5 + (3 + 3 + 3) * 2 * 5
    assert jobs["finetune_path"] == 6 * 3 * 5
    assert jobs["transfer_rates_of_starts"] == (3 + 2) * 5
    for rule in ("transfer_similarity_of_pairs", "transfer_barrier_of_pairs", "transfer_criticality_of_parts"):
        assert jobs[rule] == 3 * 5
    # Three data sets, shuffled images of two; four methods train the network.
    assert jobs["head2toe_probes"] == 5 * 5
    assert jobs["head2toe_tuning"] == 5 * 4 * 5
    assert jobs["movement_of_networks"] == 3 * 5
    assert jobs["decodability_of_networks"] == 2 * 5


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("pretrain: {epocs: 3}", "pretrain.epocs"),
        ("finetune: {domain: {random: [0, 12]}}", "finetune.domain.random"),
        ("datasets: {digits: {reader: npz, train: no/such.npz, test: null}}", "no/such.npz"),
        ("similarity: {permutations: 5, permutations: 6}", "permutations stands twice"),
    ],
    ids=["a key", "a value", "a file", "a key twice"],
)
def test_a_wrong_config_is_refused_in_one_line(tiny_study, change, named):
    with overlay(change)(tiny_study):
        done = tiny_study.snakemake("--dry-run", *TINY, check=False)
    assert done.returncode == 1
    lines = [line for line in done.output.splitlines() if "config:" in line.lower() and named in line]
    assert len(lines) == 1
    assert "Traceback" not in done.output
