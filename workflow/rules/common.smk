# What all rules share. The config is checked, then made into the plan of the study, which knows all names and settings.

import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

LIBRARY = Path(workflow.basedir) / "workflow"
sys.path.insert(0, str(LIBRARY))
from repdrift.plan import specs
from repdrift.plan.captions import caption, title
from repdrift.claims.contrasts import history_runs
from repdrift.plan.claims import PAPER, claims
from repdrift.study.config import check
from repdrift.machine.environment import use_this_python
from repdrift.errors import UserError
from repdrift.study.files import checksums
from repdrift.provenance.fingerprint import fingerprint
from repdrift.plan.panels import figures
from repdrift.canonical import canonical
from repdrift.plan.plan import Plan

use_this_python(LIBRARY)
try:
    check(config)
except UserError as error:
    raise WorkflowError(f"config: {error}") from None

PLAN = Plan(config)
FIGURES = figures(PLAN)
FORMATS = ("svg", "pdf", "png")
CLAIMS = claims(PLAN)


def one_of(names):
    """Regular expression that matches these names alone; nothing, if there are none."""
    return "|".join(map(re.escape, names)) or "(?!)"


def spec(make, *wildcards):
    """Canonical JSON of the settings of a job: one string, so that Snakemake sees two values that are swapped."""
    return canonical(make(PLAN, *wildcards))


# Marks the files of activations: most of the disk that a study takes.
kept = (lambda file: file) if config["keep"]["activations"] else temp


def group_of_training(w):
    """Trainings of one length share a job of a scheduler, if its profile says how many."""
    return PLAN.group(w.run) if workflow.group_settings.group_components else None


wildcard_constraints:
    run=one_of(PLAN.runs),
    task=one_of(PLAN.tasks),
    role="source|domain|cross_domain",
    figure=one_of(FIGURES),
    store=one_of(PLAN.stores),
    seed=r"\d+",
    split="train|test",
