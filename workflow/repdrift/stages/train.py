"""Train a network from given weights on a task, and save its checkpoints and its history.

A training that was killed can be run again. It goes on from its last saved state, which is that of the last epoch or
less than a minute old, and ends with the same bytes. With --pack, jobs that run at the same time train in one process.
"""

import argparse
import sys
import time
from pathlib import Path

from repdrift import command
from repdrift.machine.gpus import take_gpu
from repdrift.machine.interruption import EXIT, Interruption
from repdrift.specs import TrainSpec
from repdrift.training.tickets import Ticket, leadership, shared_folder


def arguments(words: list[str]) -> argparse.Namespace:
    flags = command.parser(__doc__, TrainSpec)
    flags.add_argument("--parent", type=Path, required=True, help="the weights to start from")
    flags.add_argument("--task", type=Path, required=True)
    flags.add_argument("--images", type=Path, nargs=2, required=True, help="files of the training and test splits")
    flags.add_argument("--gpus", type=int, default=0)
    flags.add_argument("--pack", type=int, default=1, help="largest number of jobs that train in one process")
    return flags.parse_args(words)


def train_alone(args: argparse.Namespace, interruption: Interruption) -> int:
    """Train this job alone, and return its exit code."""
    from repdrift.training.jobs import train_one  # noqa: PLC0415  it imports torch, which waiting jobs do not need

    return 0 if train_one(args, interruption) else EXIT


def train_together(args: argparse.Namespace, words: list[str], interruption: Interruption) -> int:
    """Train this job together with others, or wait until another process has trained it, and return its exit code."""
    folder = shared_folder(args.gpus)
    ticket = Ticket.leave(folder, words)
    try:
        while (code := ticket.code) is None and not interruption:
            if not ticket.waits:  # Something has deleted its files.
                ticket.withdraw()
                ticket = Ticket.leave(folder, words)
            with leadership(folder) as leads:
                if leads and ticket.code is None:
                    from repdrift.training.packing import train_many  # noqa: PLC0415

                    train_many(folder, ticket, args, arguments, interruption)
            print(ticket.news(), end="", flush=True)
            time.sleep(0.2)
        print(ticket.news(), end="", flush=True)
        return EXIT if code is None else code
    finally:
        ticket.withdraw()


def main() -> None:
    words = sys.argv[1:]
    args = arguments(words)
    if args.gpus:
        take_gpu()  # only jobs on the same GPU train together, so the GPU must be chosen first
    interruption = Interruption()
    code = train_alone(args, interruption) if args.pack == 1 else train_together(args, words, interruption)
    if code == EXIT:
        print(f"stopped by {interruption.signal}: run it again, and it continues from here", flush=True)
    sys.exit(code)
