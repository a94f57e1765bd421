"""What docs/library.md says of the numbers of other packages."""

import warnings

import numpy as np
import pytest
import torch
from scipy.linalg import orthogonal_procrustes
from tests.unit.test_similarity_oracles import peer
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import repdrift

IMAGES = torch.randn(64, 12, generator=torch.Generator().manual_seed(1))
LAYERS = ["0", "2"]


def model(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(12, 10), nn.Tanh(), nn.Linear(10, 8))


@pytest.fixture(scope="module")
def models():
    with torch.random.fork_rng():
        return model(1), model(2)


def loader(batch_size):
    return DataLoader(TensorDataset(IMAGES), batch_size=batch_size)


def ours(a, b, estimator, *arguments):
    values = repdrift.compare(a, b, *arguments, estimators=[estimator], progress=False).table["value"].to_numpy()
    side = round(len(values) ** 0.5)
    return values.reshape(side, side)


def of_torch_cka(models, batch_size):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that both networks are of one class, and see the same images
        found = peer("torch_cka").CKA(*models, "a", "b", LAYERS, LAYERS, device="cpu")
        found.compare(loader(batch_size))
    return found.export()["CKA"].numpy()


def of_pytorch_cka(models, batch_size):
    return peer("cka").compute_cka(*models, loader(batch_size), layers=LAYERS, progress=False)[0].numpy()


@pytest.mark.parametrize("theirs", [of_torch_cka, of_pytorch_cka])
def test_averages_over_batches_are_another_quantity(models, theirs):
    wanted = ours(*models, "cka-debiased", loader(16), LAYERS)
    np.testing.assert_allclose(theirs(models, len(IMAGES)), wanted, atol=2e-6)
    assert np.abs(theirs(models, 16) - wanted).max() > 1e-3


def test_an_operation_that_works_in_place_changes_what_torch_cka_has_kept():
    torch.manual_seed(3)
    models = [nn.Sequential(nn.Linear(12, 10), nn.ReLU(inplace=True), nn.Linear(10, 8)) for _ in range(2)]
    wanted = ours(*models, "cka-debiased", loader(64), LAYERS)
    rectified = ours(*models, "cka-debiased", loader(64), ["1"])
    theirs = of_torch_cka(models, 64)
    assert theirs[0, 0] == pytest.approx(rectified[0, 0], abs=2e-6)
    assert abs(theirs[0, 0] - wanted[0, 0]) > 1e-3


@pytest.mark.parametrize(("method", "estimator"), [("corr", "rsa-pearson"), ("spearman", "rsa-spearman")])
def test_rsatoolbox_gives_the_same(models, method, estimator):
    x, y = (repdrift.record(each, IMAGES, LAYERS, progress=False).layers["0"].double().numpy() for each in models)
    dataset, rdm = peer("rsatoolbox.data").Dataset, peer("rsatoolbox.rdm")
    rdms = [rdm.calc_rdm(dataset(values), method="correlation") for values in (x, y)]
    assert ours(x, y, estimator).item() == pytest.approx(rdm.compare(*rdms, method=method).item(), abs=1e-12)


def test_the_angle_of_netrep_is_that_of_the_procrustes_similarity():
    """The angle between x and the best rotation of y, by scipy, as netrep's formula has it."""
    x, y = (side - side.mean(0) for side in np.random.default_rng(2).normal(size=(2, 30, 6)))
    rotation, _ = orthogonal_procrustes(y, x)
    angle = np.arccos((x * (y @ rotation)).sum() / (np.linalg.norm(x) * np.linalg.norm(y)))
    assert np.arccos(ours(x, y, "procrustes").item()) == pytest.approx(angle, abs=1e-10)
