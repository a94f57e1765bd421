"""Memory of linear CKA beyond the representations, and of reading wide layers, measured in processes of their own."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.benchmarks.extraction import measured_memory
from tests.benchmarks.memory import ROOT, of_linear_cka

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peaks are read from /proc")

LIMIT = 256 * 2**20


def test_is_bounded_where_whole_grams_would_be_four_times_as_much():
    """15 Grams of 4,000 images are 960 MB in float32."""
    assert of_linear_cka(images=4000, models=3) < LIMIT


def test_of_a_resnet_50_at_224_pixels_does_not_grow_with_the_features():
    """The features of all layers take 9.2 MB for each image, 1.8 GB here, and 1.4 GB is needed for a single batch.

    ``python -m tests.benchmarks.extraction memory --images 2000`` measures the largest probe that the docs speak of.
    """
    found = measured_memory(images=192)
    assert found["peak"] < 2.5e9
    assert found["spilled"] > 1.2e9
    assert found["file"] < 10 * 4 * 192 * 193


def test_a_peak_is_noticed_after_it_has_passed():
    """What the measurement of memory itself is worth: 400 MB that are gone again when the call ends."""
    code = """
import torch
from tests.benchmarks.memory import peak_beyond
print(peak_beyond(lambda: torch.ones(10**8).sum()))
"""
    peak = int(subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, stdout=subprocess.PIPE).stdout)
    assert 4e8 < peak < 4e8 + LIMIT
