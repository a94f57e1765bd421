"""Several GPUs of one machine: each job takes that with the fewest jobs on it. No torch: those who wait need none."""

import fcntl
import os
import tempfile
from itertools import count
from pathlib import Path
from typing import IO

_taken: list[IO[str]] = []  # locks, as long as this process lives


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
