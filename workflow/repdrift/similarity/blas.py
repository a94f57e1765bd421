"""The steps of a sum of Gram matrices that torch has not, or not well, on a CPU.

Torch has no SYRK, the product X X' at half of the work. Scipy's BLAS has one; so all heavy steps go through it, for two
pools of threads would keep each other off the cores.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from scipy.linalg.blas import dgemm, dsyrk, sgemm, ssyrk
from torch import Tensor


@contextmanager
def one_pool_of_threads(device: torch.device) -> Iterator[None]:
    """Let torch work in one thread: after each step its others would wait awake, where BLAS needs the cores."""
    if device.type != "cpu":
        yield
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def subtract(x: Tensor, row: Tensor, out: Tensor) -> Tensor:
    """Write x [n, p] less a row [p] to `out`, and return it."""
    if x.device.type == "cpu":
        np.subtract(x.numpy(), row.numpy(), out=out.numpy())
        return out
    return torch.sub(x, row, out=out)


def add_square(out: Tensor, x: Tensor) -> None:
    """Add X X' of a contiguous x [n, p] to a contiguous `out` [n, n]: to its diagonal and what is above it."""
    if x.device.type == "cpu":
        syrk = ssyrk if x.dtype == torch.float32 else dsyrk
        # BLAS counts in columns: our matrices are the transposed of its own.
        syrk(1.0, x.numpy().T, beta=1.0, c=out.numpy().T, trans=1, lower=1, overwrite_c=1)
    else:
        out.addmm_(x, x.T).triu_()


def add_product(out: Tensor, x: Tensor, y: Tensor) -> None:
    """Add X Y' of contiguous x [n, p] and y [m, p] to a contiguous `out` [n, m]."""
    if x.device.type == "cpu":
        gemm = sgemm if x.dtype == torch.float32 else dgemm
        gemm(1.0, y.numpy().T, x.numpy().T, beta=1.0, c=out.numpy().T, trans_a=1, overwrite_c=1)
    else:
        out.addmm_(x, y.T)


def add_inner_product(out: Tensor, x: Tensor, y: Tensor) -> None:
    """Add X'Y of contiguous x [n, p] and y [n, q] to a contiguous `out` [p, q]."""
    if x.device.type == "cpu":
        gemm = sgemm if x.dtype == torch.float32 else dgemm
        gemm(1.0, y.numpy().T, x.numpy().T, beta=1.0, c=out.numpy().T, trans_b=1, overwrite_c=1)
    else:
        out.addmm_(x.T, y)
