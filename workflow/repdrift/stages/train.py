"""Train a network from given weights on a task, and save its checkpoints and its history.

A training that was killed can be run again. It goes on from its last saved state, which is that of the last epoch or
less than a minute old, and ends with the same bytes.
"""

import sys
from pathlib import Path

from repdrift import command
from repdrift.machine.interruption import EXIT, Interruption
from repdrift.specs import TrainSpec
from repdrift.training.jobs import train_job


def main() -> None:
    flags = command.parser(__doc__, TrainSpec)
    flags.add_argument("--parent", type=Path, required=True, help="the weights to start from")
    flags.add_argument("--task", type=Path, required=True)
    flags.add_argument("--images", type=Path, nargs=2, required=True, help="files of the training and test splits")
    flags.add_argument("--gpus", type=int, default=0)
    args = flags.parse_args()
    interruption = Interruption()
    if not train_job(args, interruption):
        print(f"stopped by {interruption.signal}: run it again, and it continues from here", flush=True)
        sys.exit(EXIT)
