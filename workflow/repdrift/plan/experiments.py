"""The experiments that a study can have. A new experiment is a folder in `repdrift.experiments` and an entry here.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from repdrift.claims.contrasts import Claim
from repdrift.experiments.decodability import checks as decodability_checks
from repdrift.experiments.decodability import claims as decodability_claims
from repdrift.experiments.decodability import experiment as decodability
from repdrift.experiments.drift import claims as drift_claims
from repdrift.experiments.drift.experiment import Drift
from repdrift.experiments.experiment import Experiment
from repdrift.experiments.grounding import checks as grounding_checks
from repdrift.experiments.grounding import claims as grounding_claims
from repdrift.experiments.grounding import experiment as grounding
from repdrift.experiments.head2toe import checks as head2toe_checks
from repdrift.experiments.head2toe import claims as head2toe_claims
from repdrift.experiments.head2toe import experiment as head2toe
from repdrift.experiments.movement import checks as movement_checks
from repdrift.experiments.movement import claims as movement_claims
from repdrift.experiments.movement import experiment as movement
from repdrift.experiments.networks import claims as networks_claims
from repdrift.experiments.networks import experiment as networks
from repdrift.experiments.precision import claims as precision_claims
from repdrift.experiments.precision import experiment as precision
from repdrift.experiments.transfer import checks as transfer_checks
from repdrift.experiments.transfer import claims as transfer_claims
from repdrift.experiments.transfer.experiment import Transfer
from repdrift.experiments.transfer.settings import Settings as TransferSettings
from repdrift.experiments.transferability import checks as transferability_checks
from repdrift.experiments.transferability import claims as transferability_claims
from repdrift.experiments.transferability import experiment as transferability
from repdrift.study.sections import section
from repdrift.study.study import Study


@dataclass(frozen=True)
class Entry:
    """The parts of an experiment that the plan needs.

    Attributes
    ----------
    experiment : function
        Makes the experiment from a study, and from its settings if it has any.
    claims : function
        Returns the claims of the experiment.
    settings : type, optional
        The type of its section in the config. An experiment without a section is part of every study.
    check : function
        Refuses settings that do not fit the study.
    fits : function
        Returns something true if the experiment makes sense for a study. Otherwise it is left out.
    """

    experiment: Callable[..., Experiment]
    claims: Callable[[Any], list[Claim]]
    settings: type | None = None
    check: Callable[[Study, Any], None] = lambda study, settings: None
    fits: Callable[[Study], object] = lambda study: True


def _trains_source(study: Study) -> bool:
    return study.trains_source


KNOWN = {
    "drift": Entry(Drift, drift_claims.claims),
    "transfer": Entry(
        Transfer,
        transfer_claims.claims,
        TransferSettings,
        transfer_checks.check,
        _trains_source,
    ),
    "transferability": Entry(
        transferability.Transferability,
        transferability_claims.claims,
        transferability.Settings,
        transferability_checks.check,
        _trains_source,
    ),
    "head2toe": Entry(head2toe.Head2Toe, head2toe_claims.claims, head2toe.Settings, head2toe_checks.check),
    "movement": Entry(movement.Movement, movement_claims.claims, movement.Settings, movement_checks.check),
    "decodability": Entry(
        decodability.Decodability,
        decodability_claims.claims,
        decodability.Settings,
        decodability_checks.check,
        _trains_source,
    ),
    "grounding": Entry(
        grounding.Grounding,
        grounding_claims.claims,
        grounding.Settings,
        grounding_checks.check,
        grounding.has_questions,
    ),
    "networks": Entry(networks.Networks, networks_claims.claims, fits=networks.sizes_differ),
    "precision": Entry(precision.Precision, precision_claims.claims, fits=precision.other_precisions),
}


def sections(study: Study) -> dict[str, Any]:
    """Return the settings of the experiments of a study by name; None for an experiment without settings."""
    found: dict[str, Any] = {}
    for name, entry in KNOWN.items():
        if not entry.fits(study):
            continue
        if entry.settings is None:
            found[name] = None
        elif study.config.experiments[name] is not None:
            found[name] = section(entry.settings, study.config.experiments[name])
    return found


def check_sections(study: Study) -> None:
    """Refuse settings of experiments that do not fit the study.

    Raises
    ------
    UserError
        At the first setting that is wrong.
    """
    for name, settings in sections(study).items():
        KNOWN[name].check(study, settings)


def planned(study: Study) -> dict[str, Experiment]:
    """Make the experiments of a study, by name."""
    return {
        name: KNOWN[name].experiment(study, *([] if settings is None else [settings]))
        for name, settings in sections(study).items()
    }


def claims_of(name: str, experiment: Experiment) -> list[Claim]:
    """Return the claims of an experiment."""
    return KNOWN[name].claims(experiment)
