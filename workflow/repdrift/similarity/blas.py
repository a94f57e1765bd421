"""Three steps of a sum of Gram matrices that torch has not, or not well, on a CPU.

Torch has no SYRK, the product X X' at half of the work. Scipy's BLAS has one; so the other steps go through numpy and
scipy too, for two pools of threads would keep each other off the cores.
"""

import numpy as np
import torch
from scipy.linalg.blas import dgemm, dsyrk, sgemm, ssyrk
from torch import Tensor


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
