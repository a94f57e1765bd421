"""Many training jobs in one process that they share, a step of each in turn."""

import argparse
import math
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from repdrift.errors import UserError
from repdrift.machine.devices import prepare
from repdrift.machine.interruption import Interruption
from repdrift.machine.memory import shortage_explained
from repdrift.training.jobs import Member
from repdrift.training.tickets import Ticket, tickets
from repdrift.training.training import Epoch

ADMIT_SECONDS = 0.5  # between two looks for jobs that came or went


def train_many(
    folder: Path, own: Ticket, parse: Callable[[list[str]], argparse.Namespace], interruption: Interruption
) -> None:
    """Train the jobs whose tickets lie in a folder, a step of each in turn, until the own one is done.

    Others that are being trained then are finished too, but no more are taken in: the lock is for another process.
    Jobs of another precision wait, for it is a setting of the whole process.
    """
    own_args = parse(own.arguments)
    precision = own_args.spec.training.precision
    device = prepare(own_args.gpus, precision)
    taken: dict[Path, tuple[Ticket, Member, Iterator[Epoch | None]]] = {}
    looked = -math.inf
    while own.code is None or taken:
        if time.monotonic() - looked > ADMIT_SECONDS:
            looked = time.monotonic()
            for path in [path for path, (ticket, *_) in taken.items() if not ticket.waits]:
                _leave(*taken.pop(path)[:2])  # its process was told to stop
            if own.code is None:
                waiting = [ticket for ticket in tickets(folder) if ticket.path not in taken]
                for ticket in sorted(waiting, key=lambda ticket: ticket.path != own.path):
                    args = parse(ticket.arguments)
                    if len(taken) < own_args.pack and args.spec.training.precision == precision:
                        with _failures_of(ticket), shortage_explained(args.spec.training.batch_size, device):
                            member = Member(args, device, ticket.say)
                            taken[ticket.path] = ticket, member, member.advance()
        for path, (ticket, member, steps) in list(taken.items()):
            explained = shortage_explained(member.spec.training.batch_size, device)
            with _failures_of(ticket), explained, member.working():
                if next(steps, steps) is steps:
                    ticket.end(0)
            if ticket.code is not None:
                del taken[path]
        if interruption:
            for _, member, _ in taken.values():
                with member.working():
                    member.save()
            return


def _leave(ticket: Ticket, member: Member) -> None:
    with member.working():
        member.save()
    member.progress.release()
    ticket.withdraw()


@contextmanager
def _failures_of(ticket: Ticket) -> Iterator[None]:
    """What goes wrong with one job is told to its process, and does not stop the others."""
    try:
        yield
    except UserError as error:
        ticket.say(f"error: {error}")
        ticket.end(1)
    except Exception:
        ticket.say(traceback.format_exc())
        ticket.end(1)
