"""The experiments that a study can have. A new one is a folder in `repdrift.experiments`, and an entry here.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from repdrift.claims.contrasts import Claim
from repdrift.experiments.drift import claims as drift_claims
from repdrift.experiments.drift.experiment import Drift
from repdrift.experiments.experiment import Experiment
from repdrift.experiments.head2toe import claims as head2toe_claims
from repdrift.experiments.head2toe import experiment as head2toe
from repdrift.experiments.transfer import claims as transfer_claims
from repdrift.experiments.transfer import experiment as transfer
from repdrift.experiments.transferability import claims as transferability_claims
from repdrift.experiments.transferability import experiment as transferability
from repdrift.study.sections import section
from repdrift.study.study import Study


@dataclass(frozen=True)
class Entry:
    """An experiment's class, its claims, and the type of its section in the config (None: it is always there)."""

    experiment: Callable[..., Experiment]
    claims: Callable[[Any], list[Claim]]
    settings: type | None


KNOWN = {
    "drift": Entry(Drift, drift_claims.claims, None),
    "transfer": Entry(transfer.Transfer, transfer_claims.claims, transfer.Settings),
    "transferability": Entry(transferability.Transferability, transferability_claims.claims, transferability.Settings),
    "head2toe": Entry(head2toe.Head2Toe, head2toe_claims.claims, head2toe.Settings),
}


def planned(study: Study) -> dict[str, Experiment]:
    """Give the experiments that a study has, by name."""
    found: dict[str, Experiment] = {}
    for name, entry in KNOWN.items():
        if entry.settings is None:
            found[name] = entry.experiment(study)
        elif study.config.experiments[name] is not None:
            found[name] = entry.experiment(study, section(entry.settings, study.config.experiments[name]))
    return found


def claims_of(name: str, experiment: Experiment) -> list[Claim]:
    """Give the claims of an experiment."""
    return KNOWN[name].claims(experiment)
