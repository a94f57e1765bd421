"""GPUs: how many a job was granted, and which one of a machine it takes.

The Snakefile imports this module, so it must not import torch.
"""

import fcntl
import os
import tempfile
from itertools import count
from pathlib import Path
from typing import IO

_taken: list[IO[str]] = []  # locks, as long as this process lives


def granted(gpu: int, gres: str = "") -> int:
    """Return the number of GPUs that a job was granted. This number alone decides the device of the job.

    Parameters
    ----------
    gpu : int
        The job's resource `gpu`.
    gres : str
        The job's resource `gres`, by which some SLURM clusters hand out GPUs instead: ``gpu:1``, ``gpu:a100:2``.
    """
    name, *details = gres.split(":")
    if gpu or name != "gpu":
        return gpu
    return int(details[-1]) if details and details[-1].isdigit() else 1


def take_gpu() -> None:
    """Leave one of the GPUs in ``CUDA_VISIBLE_DEVICES`` visible to this process; change nothing where fewer are named.

    A job holds the lock on a place on its GPU, which the system frees when the process ends, in whatever way. The first
    places of all GPUs are taken before the second ones, so jobs spread evenly.
    """
    gpus = [gpu for gpu in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if gpu]
    if len(gpus) < 2:
        return
    folder = Path(tempfile.gettempdir()) / f"repdrift-{os.getuid()}" / "gpus"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for place in count():
        for gpu in gpus:
            file = (folder / f"{gpu}.{place}").open("w")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                continue
            _taken.append(file)
            os.environ["CUDA_VISIBLE_DEVICES"] = gpu
            return
