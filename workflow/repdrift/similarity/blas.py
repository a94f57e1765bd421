"""Steps in the sum of Gram matrices that torch lacks, or does slowly, on a CPU.

Torch lacks SYRK, which computes the product X X' with half of the work. The BLAS of scipy has it. All heavy steps use
that BLAS, because the threads of torch and those of scipy would compete for the cores.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from scipy.linalg.blas import dgemm, dsyrk, sgemm, ssyrk
from torch import Tensor


@contextmanager
def one_pool_of_threads(device: torch.device) -> Iterator[None]:
    """Restrict torch to one thread inside a `with` block.

    The other threads of torch would go on waiting actively after each step and so take the cores from BLAS.
    """
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
    """Subtract a row [p] from every row of x [n, p], write the result to `out` [n, p], and return `out`."""
    if x.device.type == "cpu":
        np.subtract(x.numpy(), row.numpy(), out=out.numpy())
        return out
    return torch.sub(x, row, out=out)


def add_square(out: Tensor, x: Tensor) -> None:
    """Add X X' of a contiguous x [n, p] to a contiguous `out` [n, n], on the diagonal and above it only."""
    if x.device.type == "cpu":
        syrk = ssyrk if x.dtype == torch.float32 else dsyrk
        # BLAS stores matrices by columns and torch by rows, so BLAS sees our matrices transposed.
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
