"""The device of a job, and the settings that make its results reproducible."""

import ctypes
import os

import torch

from repdrift.errors import UserError
from repdrift.machine.gpus import take_gpu


def prepare(gpus: int, precision: str = "float32") -> torch.device:
    """Make this process deterministic, and return its device: the GPU if one was granted, and the CPU otherwise.

    Parameters
    ----------
    gpus : int
        Number of GPUs that this job was granted, see `repdrift.machine.gpus.granted`. For 0 the job runs on the CPU,
        even if the machine or the allocation has a GPU.
    precision : str
        ``tf32`` lets a GPU round the factors of float32 products to 10 bits. Every other value forbids it.

    Raises
    ------
    UserError
        If a GPU was granted, but PyTorch sees none.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # The same as torch.use_deterministic_algorithms(True), which also imports the compiler: that takes over a second.
    torch.set_deterministic_debug_mode("error")
    # Filling new tensors makes reads of uninitialised memory deterministic. We have none, and it costs 5 % of time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.benchmark = False
    if gpus:
        take_gpu()
        if not torch.cuda.is_available():
            raise UserError("a GPU was granted, but PyTorch sees none: run with --resources gpu=0 or mend the driver")
        return torch.device("cuda")
    keep_large_allocations()
    return torch.device("cpu")


def device_name(device: torch.device) -> str:
    """Return the name of a device for the sidecars: ``cpu``, or the model of the GPU."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def instructions(device: torch.device) -> list[str]:
    """Return the instructions of the processor that decide how sums are rounded, such as ``AVX512``.

    The first are those of PyTorch's own kernels. The others multiply bfloat16 matrices. On a GPU there are none.
    """
    if device.type == "cuda":
        return []
    offered = {
        "AVX512_BF16": torch.cpu._is_avx512_bf16_supported,
        "AMX": torch.cpu._is_amx_tile_supported,
    }
    return [torch.backends.cpu.get_cpu_capability(), *(name for name, is_there in offered.items() if is_there())]


def keep_large_allocations() -> None:
    """Tell glibc to keep freed memory for later allocations.

    A training step allocates and frees the same few buffers of 8 MB. By default, glibc maps fresh pages for each of
    them, which the kernel fills with zeros. That takes a quarter of the time of a step on a CPU.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # the C library is not glibc
        return
    trim_threshold, mmap_max = -1, -4
    mallopt(mmap_max, 0)
    mallopt(trim_threshold, 2**31 - 1)
