"""Many training jobs in one process that they share, a step of each in turn."""

import argparse
import math
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from repdrift.errors import UserError
from repdrift.machine.devices import prepare
from repdrift.machine.interruption import Interruption
from repdrift.machine.memory import shortage_explained
from repdrift.training.jobs import Member
from repdrift.training.tickets import Ticket, tickets

ADMIT_SECONDS = 0.5  # between two looks for jobs that came or went

Parse = Callable[[list[str]], argparse.Namespace]


def train_many(folder: Path, own: Ticket, args: argparse.Namespace, parse: Parse, interruption: Interruption) -> None:
    """Train the jobs whose tickets lie in a folder, a step of each in turn, until the own one is done or has vanished.

    Others that are being trained then are finished too, but no more are taken in: the lock is for another process.

    Parameters
    ----------
    folder : Path
    own, args : Ticket, Namespace
        Of the job of this process.
    parse : function of list of str
        Parses the arguments of the other jobs.
    interruption : Interruption
        Once it is true, all jobs are saved and left as they are.
    """
    device = prepare(args.gpus, args.spec.training.precision)
    taken: dict[Path, Packed] = {}
    looked = -math.inf
    while own.to_do or taken:
        if time.monotonic() - looked > ADMIT_SECONDS:
            looked = time.monotonic()
            for path in [path for path, job in taken.items() if not job.ticket.waits]:
                taken.pop(path).leave()
            if own.to_do:
                new = (ticket for ticket in tickets(folder) if ticket.path not in taken)
                for ticket in sorted(new, key=lambda ticket: ticket.path != own.path):
                    job = admitted(ticket, args, parse, device) if len(taken) < args.pack else None
                    if job is not None:
                        taken[ticket.path] = job
        for path, job in list(taken.items()):
            if job.step():
                del taken[path]
        if interruption:
            for job in taken.values():
                job.save()
            return


class Packed:
    """A job that is trained beside others: its ticket and its training."""

    def __init__(self, ticket: Ticket, member: Member) -> None:
        self.ticket, self.member = ticket, member
        self._steps = member.advance()

    def step(self) -> bool:
        """Take a step of the training, and give whether the job is over: it is done, or has failed."""
        over = True
        explained = shortage_explained(self.member.spec.training.batch_size, self.member.device)
        with failures_told(self.ticket), explained, self.member.working():
            over = next(self._steps, self._steps) is self._steps
            if over:
                self.ticket.end(0)
        if over:
            self.member.progress.release()
        return over

    def save(self) -> None:
        """Save where the training is."""
        with failures_told(self.ticket), self.member.working():
            self.member.save()

    def leave(self) -> None:
        """Save where the training is, and let another process go on: nobody waits here for this job any more."""
        self.save()
        self.member.progress.release()
        self.ticket.withdraw()


def admitted(ticket: Ticket, args: argparse.Namespace, parse: Parse, device: torch.device) -> Packed | None:
    """Begin the training of another job; None if the job is withdrawn, fails at once, or has to wait.

    Jobs of another precision than that of `args` wait, for it is a setting of the whole process.
    """
    with failures_told(ticket):
        words = ticket.arguments
        if words is None:
            return None
        its = parse(words)
        settings = its.spec.training
        if settings.precision == args.spec.training.precision:
            with shortage_explained(settings.batch_size, device):
                return Packed(ticket, Member(its, device, ticket.say))
    return None


@contextmanager
def failures_told(ticket: Ticket) -> Iterator[None]:
    """Tell what goes wrong with one job to its process, and do not let it stop the others."""
    try:
        yield
    except UserError as error:
        ticket.say(f"error: {error}")
        ticket.end(1)
    except (Exception, SystemExit):  # argparse exits where it cannot read the arguments
        ticket.say(traceback.format_exc())
        ticket.end(1)
