# What every rule needs: the checked config, the plan of the study, and the library for the stages.

import os
import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

LIBRARY = Path(workflow.basedir) / "workflow"
sys.path.insert(0, str(LIBRARY))
# Stages run with this Python and this library whatever the user's shell has (a conda environment still goes first).
os.environ["PATH"] = os.pathsep.join(
    [str(Path(sys.executable).parent), os.environ["PATH"]]
)
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, [str(LIBRARY), os.environ.get("PYTHONPATH")])
)

from repdrift import specs
from repdrift.config import check
from repdrift.errors import UserError
from repdrift.fingerprint import fingerprint
from repdrift.panels import figures
from repdrift.plan import Plan, canonical, checksums

try:
    check(config)
except UserError as error:
    raise WorkflowError(f"config: {error}") from None

PLAN = Plan(config)
FIGURES = figures(PLAN)


def one_of(names):
    """Regular expression that matches these names alone."""
    return "|".join(map(re.escape, names))


def spec(make, *wildcards):
    """Canonical JSON of the settings of a job: one string, so that Snakemake sees two values that are swapped."""
    return canonical(make(PLAN, *wildcards))


wildcard_constraints:
    run=one_of(PLAN.runs),
    task=one_of(PLAN.tasks),
    role="source|domain|cross_domain",
    figure=one_of(FIGURES),
    store=one_of(PLAN.stores),
    seed=r"\d+",
    split="train|test",
