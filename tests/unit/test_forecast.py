"""The forecast of what a study takes: the images that its measurements read, counted by hand."""

from pathlib import Path

import pytest

from repdrift.commands.forecast import duration, hours
from repdrift.provenance.planned_jobs import PlannedJob
from repdrift.watch.passes import images_read

PROBE = {"start": 100, "stop": 400}


def planned(program, spec, networks=0):
    inputs = (*(Path(f"results/x/models/{number}/final.safetensors") for number in range(networks)),)
    images = (Path("results/datasets/d/train.safetensors"), Path("results/x/tasks/t/seed1.npz"))
    return PlannedJob("rule", "", (*inputs, *images), (), "", program, spec, "")


def images_of(program, spec, networks=0):
    return images_read(planned(program, spec, networks), lambda network: network["parts"])


def test_a_movement_reads_each_start_once_and_every_place_on_both_paths():
    trainings = [
        {"start": "init", "head": "keep"},
        {"start": "init", "head": "keep"},
        {"start": "init", "head": "domain"},
    ]
    spec = {"trainings": trainings, "sizes": [0.1, 1.0], "path": [0.0, 0.5, 1.0], "probe": PROBE, "calibration": None}
    assert images_of("movement_of_networks", spec) == (2 + 3 * 5) * 300


def test_decodability_reads_fitted_and_held_out_images_of_source_and_target():
    counts = {"images": 32, "test_images": 16, "calibration": None}
    spec = {"source": counts, "target": {**counts, "calibration": 8}}
    assert images_of("decodability_of_networks", spec, networks=4) == 4 * (32 + 16 + 32 + 16 + 8)


def test_grounding_reads_each_network_once():
    spec = {"probe": PROBE, "calibration": {"start": 0, "stop": 64}}
    assert images_of("grounding_of_pairs", spec, networks=6) == 6 * (300 + 64)


def test_criticality_reads_a_network_for_each_part_place_and_draw():
    spec = {
        "network": {"parts": 5}, "noises": [0.0, 0.1, 1.0], "draws": 2, "distances": [0.0, 0.5, 1.0],
        "paths": {"P-T": ["P", "P-T"]}, "train_images": 100, "test_images": 50,
    }  # fmt: skip
    grid = 5 * (3 + 2) * (1 + 2 * 2) * 100
    assert images_of("transfer_criticality_of_parts", spec) == grid + (1 + 2 * 5) * (100 + 50)


def test_a_table_reads_no_network():
    assert images_of("table", {}) == 0


@pytest.mark.parametrize(("seconds", "words"), [(20, "1 min"), (300, "5 min"), (7200, "2.0 hours")])
def test_a_time_in_words(seconds, words):
    assert duration(seconds) == words


def test_a_processor_time_in_words():
    assert [hours(60), hours(7200)] == ["1.0 core-minutes", "2.0 core-hours"]
