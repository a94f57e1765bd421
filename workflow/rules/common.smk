# What every rule needs: the plan of the study, and the library for the stages.

import os
import re
import sys
from pathlib import Path

LIBRARY = Path(workflow.basedir) / "workflow"
sys.path.insert(0, str(LIBRARY))
# The stages run with this Python and this library, whatever the user's shell has, unless a conda environment is asked for.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(LIBRARY), os.environ.get("PYTHONPATH")]))

from repdrift.fingerprint import fingerprint
from repdrift.plan import Plan, canonical

PLAN = Plan(config)
ENVS = Path(workflow.basedir) / "envs"



def one_of(names):
    """Regular expression that matches these names alone."""
    return "|".join(map(re.escape, names))


wildcard_constraints:
    run=one_of(PLAN.runs),
    task=one_of(PLAN.tasks),
    seed=r"\d+",
    split="train|test",
