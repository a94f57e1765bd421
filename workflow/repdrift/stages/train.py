"""Pre-train or fine-tune: train a network from given weights on a task, keep its checkpoints and its history.

Killed at any moment, it goes on from its last finished epoch (or from less than a minute before, in a long epoch) when
it is run again, and ends with the same bytes. With --pack, jobs that run at the same time train in one process.
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
    flags.add_argument("--images", type=Path, nargs=2, required=True, help="of training and of testing")
    flags.add_argument("--gpus", type=int, default=0)
    flags.add_argument("--pack", type=int, default=1, help="most jobs that train in one process")
    return flags.parse_args(words)


def train_alone(args: argparse.Namespace, interruption: Interruption) -> int:
    """Train this job; give its exit code."""
    from repdrift.training.jobs import train_one  # noqa: PLC0415  torch, which those who wait do not need

    return 0 if train_one(args, interruption) else EXIT


def train_together(args: argparse.Namespace, words: list[str], interruption: Interruption) -> int:
    """Train this job with others, or wait until another process has; give its exit code."""
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
        take_gpu()  # jobs that train together share a GPU, so before they meet
    interruption = Interruption()
    code = train_alone(args, interruption) if args.pack == 1 else train_together(args, words, interruption)
    if code == EXIT:
        print(f"stopped by {interruption.signal}: run it again, it goes on from here", flush=True)
    sys.exit(code)
