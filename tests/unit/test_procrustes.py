"""Procrustes: its fast ways have the digits of singular value decompositions, and the slow ways take over elsewhere."""

import pytest
import torch

from repdrift.similarity import procrustes
from repdrift.similarity.procrustes import Procrustes, nuclear_norm

GENERATOR = torch.Generator().manual_seed(0)


def with_spectrum(rows, columns, decades):
    """Return a matrix whose singular values fall by some powers of ten."""
    count = min(rows, columns)
    left, right = (
        torch.linalg.qr(torch.randn(n, count, dtype=torch.float64, generator=GENERATOR)).Q for n in (rows, columns)
    )
    return left * torch.logspace(0, -decades, count, dtype=torch.float64) @ right.T


@pytest.mark.parametrize("shape", [(60, 60), (60, 20), (7, 90), (1, 5)])
@pytest.mark.parametrize("decades", [0, 3, 5, 9, 16])
def test_the_nuclear_norm_has_ten_digits(shape, decades):
    x = with_spectrum(*shape, decades)
    assert nuclear_norm(x) == pytest.approx(torch.linalg.svdvals(x).sum().item(), abs=1e-10)


def test_a_nuclear_norm_of_zero():
    assert nuclear_norm(torch.zeros(4, 6, dtype=torch.float64)) == 0


LAYERS = {
    "noise": torch.randn(40, 300, generator=GENERATOR),
    "after a ReLU": torch.randn(40, 300, generator=GENERATOR).relu() + 5,
    "of low rank": torch.randn(40, 5, generator=GENERATOR) @ torch.randn(5, 300, generator=GENERATOR),
    "falling by 3 decades": with_spectrum(40, 300, 3),
    "falling by 7 decades": with_spectrum(40, 300, 7),
    "with equal images": torch.randn(20, 300, generator=GENERATOR).repeat(2, 1),
    "with nearly equal images": torch.randn(20, 300, generator=GENERATOR).double().repeat(2, 1)
    + 1e-7 * torch.rand(40, 1),
    "with an outlier": torch.randn(40, 300, generator=GENERATOR) * torch.tensor([1e6] + [1.0] * 39)[:, None],
    "as wide as there are images": torch.randn(40, 40, generator=GENERATOR),
    "narrow": torch.randn(40, 6, generator=GENERATOR),
}


@pytest.mark.parametrize("one", LAYERS)
def test_the_similarity_has_ten_digits(one):
    method = Procrustes()
    for other in LAYERS.values():
        x, y = (values.double() - values.double().mean(dim=0) for values in (LAYERS[one], other))
        expected = torch.linalg.svdvals(x.T / x.norm() @ (y / y.norm())).sum().item()
        found = method.compare(method.prepare(LAYERS[one]), method.prepare(other))
        assert found == pytest.approx(expected, abs=1e-10)


def test_fast_ways_are_taken_where_they_are_exact(monkeypatch):
    monkeypatch.setattr(procrustes, "_qr_factor", lambda values: pytest.fail("the slow way was taken"))
    monkeypatch.setattr(torch.linalg, "svdvals", lambda values: pytest.fail("the slow way was taken"))
    method = Procrustes()
    states = [method.prepare(LAYERS[name]) for name in ("noise", "after a ReLU")]
    for a in states:
        for b in states:
            method.compare(a, b)
