"""A raw file that is replaced is noticed, also if the new file is older, as ``mv`` and ``cp -p`` leave it."""

import json
import os

import numpy as np
import pytest
from tests.checkout import Checkout
from tests.workflow.tiny import OVERLAY

from repdrift.provenance.contents import contents

OWN = OVERLAY.replace("digits: {train: 96, test: 8}", "digits: {reader: npz, title: own, train: own.npz, test: null}")
MADE = ("--until", "dataset", "--cores", "1", "--configfile", "own.yaml")
LONG_AGO = 1e9


def write(path, seed):
    rng = np.random.default_rng(seed)
    np.savez(path, X=rng.integers(0, 256, (96, 32, 32, 3), dtype=np.uint8), y=np.arange(96) % 10)


def planned(study):
    """The number of data sets that would be made."""
    return study.snakemake("--dry-run", *MADE).stdout.count("rule dataset:")


def test_a_file_replaced_by_an_older_one_is_read_again(tmp_path):
    study = Checkout(tmp_path)
    (tmp_path / "own.yaml").write_text(OWN)
    own = tmp_path / "own.npz"
    write(own, 1)
    study.snakemake(*MADE)
    assert planned(study) == 0
    os.utime(own)  # a new time alone changes nothing
    assert planned(study) == 0
    os.utime(own, (LONG_AGO, LONG_AGO))
    assert planned(study) == 0
    write(own, 2)
    os.utime(own, (LONG_AGO, LONG_AGO))
    assert planned(study) == 1
    study.snakemake(*MADE)
    assert planned(study) == 0


@pytest.mark.parametrize("name", ["own.npz", "weights.safetensors"])
def test_contents_do_not_depend_on_times_and_differ_between_files(name, tmp_path):
    path = tmp_path / name
    if name.endswith("npz"):
        write(path, 1)
    else:
        path.write_bytes(b"one")
    first = contents([str(path)])
    os.utime(path, (LONG_AGO, LONG_AGO))
    assert contents([str(path)]) == first
    if name.endswith("npz"):
        write(path, 2)
    else:
        path.write_bytes(b"two")
    assert len({first, contents([str(path)]), contents([]), contents([str(tmp_path / "gone")])}) == 4


def test_a_name_with_marks_of_the_shell_is_only_a_name(tmp_path):
    study = Checkout(tmp_path)
    name = "$(touch pwned); `touch pwned` & 'one' \"two\" > pwned é #.npz"
    write(tmp_path / name, 1)
    (tmp_path / "own.yaml").write_text(OWN.replace("own.npz", json.dumps(name)))
    study.snakemake(*MADE)
    (made,) = {path.parent.name for path in (tmp_path / "results" / "datasets").glob("digits*/train.safetensors")}
    assert made
    assert not list(tmp_path.rglob("pwned"))
