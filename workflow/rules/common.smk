# What all rules share. The config is checked, then made into the plan of the study, which knows all names and settings.

import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

# Not workflow.basedir, which is the folder of the workflow that imports this one.
LIBRARY = Path(str(workflow.current_basedir)).parent
sys.path.insert(0, str(LIBRARY))
from repdrift.canonical import canonical
from repdrift.errors import UserError
from repdrift.machine.environment import use_this_python
from repdrift.plan import specs
from repdrift.plan.plan import Plan
from repdrift.provenance.fingerprint import fingerprint
from repdrift.provenance.parts import loaded
from repdrift.study.config import check, complete
from repdrift.study.files import checksums
from repdrift.study.study import COMPARED_ROLES

use_this_python(LIBRARY)
try:
    # Snakemake has laid --configfile over config.yaml. What a workflow that imports this one gives as its module's
    # `config:` would take the place of config.yaml, and is laid over it here.
    config = complete(config)
    check(config)
except UserError as error:
    raise WorkflowError(f"config: {error}") from None

PLAN = Plan(config)
STUDY = PLAN.study
FORMATS = ("svg", "pdf", "png")


def one_of(names):
    """Make a regular expression that matches these names alone, and nothing if there are none."""
    return "|".join(map(re.escape, names)) or "(?!)"


def program(name, flags):
    """Make the command of a program. Its first output is the one that it is told."""
    call = f"python -m repdrift.stages {name} --spec {{params.spec:q}} --code {{params.code}}"
    return f"{call} {flags} --output {{output[0]:q}} > {{log:q}} 2>&1"


def code_of(name, spec):
    """Make the fingerprint of a program and of the estimators or the drawing that its spec names."""
    return fingerprint(name, *loaded(spec))


def with_images(files, **others):
    """Make the inputs of a job that reads images. Their content counts, by a checksum; their times do not."""
    return {"images": ancient(files), "checksums": checksums(files), **others}


def growing(amount):
    """Ask for so much of a resource, and for as much again at every further attempt."""
    return lambda w, attempt: amount * attempt


def gpu_if_offered(w):
    """Ask for one GPU, and for none on this machine unless a profile or --resources says how many it has."""
    this_machine = workflow.is_main_process and workflow.local_exec
    return 0 if this_machine and "gpu" not in workflow.global_resources else 1


# Marks the files of activations: most of the disk that a study takes.
kept = (lambda file: file) if STUDY.config.keep.activations else temp


wildcard_constraints:
    run=one_of(PLAN.runs),
    task=one_of(PLAN.tasks),
    role=one_of(COMPARED_ROLES),
    figure=one_of(PLAN.figures),
    store=one_of(STUDY.stores),
    dataset=one_of(STUDY.targets),
    seed=r"\d+",
    split="train|test",
