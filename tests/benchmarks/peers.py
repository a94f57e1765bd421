"""The peers: what one pays and gets elsewhere for the same numbers.

The authors' formula and the numpy demo are no packages; they are written out here as they are published. The packages
are imported when they are called, so that one can be measured without the others.
"""

import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from tests.benchmarks.arrays import Model

Array = NDArray[Any]


def authors_formula(x: Tensor, y: Tensor) -> float:
    """Biased CKA of Goerttler & Obermayer (2022): three HSICs in float64, each of which forms and centres two Grams."""
    a, b = (side.numpy().astype(np.float64) for side in (x, y))
    return float(_authors_hsic(a, b) / np.sqrt(_authors_hsic(a, a) * _authors_hsic(b, b)))


def _authors_hsic(x: Array, y: Array) -> Any:
    # The trace of K L for symmetric K and L, without a product for it, as in their code.
    return (_dense_centred(x @ x.T) * _dense_centred(y @ y.T)).sum()


def _dense_centred(gram: Array) -> Array:
    n = len(gram)
    centring = np.eye(n) - np.ones((n, n)) / n
    return np.asarray(centring @ gram @ centring)


def authors_formula_once(x: Tensor, y: Tensor) -> float:
    """Compute the same with each Gram formed and centred once: the least that the dense formula can cost."""
    k, l = (_dense_centred(side @ side.T) for side in (z.numpy().astype(np.float64) for z in (x, y)))  # noqa: E741
    return float((k * l).sum() / np.sqrt((k * k).sum() * (l * l).sum()))


def numpy_demo(x: Tensor, y: Tensor) -> float:
    """Biased CKA of google-research/representation_similarity: float32 Grams, column means in float64."""
    k, l = (_demo_centred(_checked_copy(side.numpy().dot(side.numpy().T))) for side in (x, y))  # noqa: E741
    return _demo_cosine(k, l)


def numpy_demo_arithmetic(x: Tensor, y: Tensor) -> float:
    """Compute the same without its check of symmetry and its copy: arithmetic alone."""
    k, l = (_demo_centred(side.numpy().dot(side.numpy().T)) for side in (x, y))  # noqa: E741
    return _demo_cosine(k, l)


def _checked_copy(gram: Array) -> Array:
    if not np.allclose(gram, gram.T):
        raise ValueError("the Gram matrix must be symmetric")
    return gram.copy()


def _demo_centred(gram: Array) -> Array:
    means = gram.mean(axis=0, dtype=np.float64)
    means -= means.mean() / 2
    gram -= means[:, None]
    gram -= means[None, :]
    return gram


def _demo_cosine(k: Array, l: Array) -> float:  # noqa: E741
    return float(k.ravel().dot(l.ravel()) / (np.linalg.norm(k) * np.linalg.norm(l)))


def ckatorch(x: Tensor, y: Tensor) -> float:
    """Biased CKA of ckatorch, in float64."""
    return float(import_module("ckatorch.core").cka_base(x, y))


def calibrated_similarity(x: Tensor, y: Tensor, orders: Sequence[Tensor]) -> Array:
    """Calibrated value, p-value and threshold of biased CKA, by calibrated-similarity on given permutations."""
    given = iter(orders)
    peer = import_module("calibrated_similarity").calibrate
    found = peer(x, y, _cka_of_its_readme, K=len(orders), perm_fn=lambda images, device: next(given))
    return np.array([float(value) for value in found])


def _cka_of_its_readme(x: Tensor, y: Tensor) -> Tensor:
    """Compute CKA as the README of calibrated-similarity shows it, with six Gram matrices."""
    x, y = x - x.mean(0), y - y.mean(0)
    hsic_xy = (x @ x.T * (y @ y.T)).sum()
    hsic_xx = (x @ x.T * (x @ x.T)).sum()
    hsic_yy = (y @ y.T * (y @ y.T)).sum()
    return hsic_xy / torch.sqrt(hsic_xx * hsic_yy)


def pytorch_cka(a: Model, b: Model) -> Array:
    """Debiased CKA of pytorch-cka, which is imported as cka: all layers of one model with all of the other."""
    return np.asarray(import_module("cka").cka_from_features(a, b).numpy())


class Replay(nn.Module):
    """A network whose layers give what they gave before: for a package that takes only networks."""

    def __init__(self, layers: Sequence[Tensor]) -> None:
        super().__init__()
        self.values = layers
        self.layers = nn.ModuleList(nn.Identity() for _ in layers)

    def forward(self, images: Tensor) -> Tensor:
        for layer, values in zip(self.layers, self.values, strict=True):
            layer(values)
        return images


def torch_cka(a: Model, b: Model) -> Array:
    """Debiased CKA of torch_cka, in one batch of all images: all layers of one model with all of the other."""
    names = [f"layers.{number}" for number in range(len(a))]
    images = DataLoader(TensorDataset(torch.zeros(len(a[0]), 1)), batch_size=len(a[0]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that both networks are of one class, and see the same images
        make = import_module("torch_cka").CKA
        peer = make(Replay(a), Replay(b), "first", "second", model1_layers=names, model2_layers=names)
        peer.compare(images)
    return np.asarray(peer.export()["CKA"].numpy())
