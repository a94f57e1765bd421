"""Peak memory of a call, beyond what was there before it.

As a program, in a process of its own: ``python -m tests.benchmarks.memory --images 4000`` prints the bytes that
`linear_cka_matrix` needs beyond the representations of some models, all layers in one call.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from repdrift.similarity import linear_cka_matrix
from tests.benchmarks.arrays import noise_model

ROOT = Path(__file__).parents[2]
# Of a measuring process, which imports this copy of the package.
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "workflow"), os.environ.get("PYTHONPATH", "")])}


def status(field: str) -> int:
    """Read a field of /proc/self/status in bytes, such as VmRSS or its peak, VmHWM.

    The peak that `resource.getrusage` gives is inherited: in the child of a large process it is that of the parent.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024
    raise LookupError(field)


def peak_beyond(function: Callable[[], object]) -> int:
    """Peak of the resident memory during a call, less what was resident just before it, in bytes.

    Raises
    ------
    RuntimeError
        If more was resident at some time before: that peak would hide the call's.
    """
    before = status("VmRSS")
    if status("VmHWM") > before + 2**24:
        raise RuntimeError("more memory was resident before the call than at its start: measure in a fresh process")
    function()
    return status("VmHWM") - before


def of_linear_cka(images: int, models: int = 3) -> int:
    """Bytes that `linear_cka_matrix` needs beyond all layers of some models, in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.memory", f"--images={images}", f"--models={models}"]
    return int(subprocess.run(command, check=True, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, required=True)
    parser.add_argument("--models", type=int, default=3)
    arguments = parser.parse_args()
    layers = [x for seed in range(arguments.models) for x in noise_model(arguments.images, seed)]
    print(peak_beyond(lambda: linear_cka_matrix(layers)))


if __name__ == "__main__":
    main()
