# The parts that all rules share. The config is checked first. The plan of the study then gives all names and settings.

import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

# workflow.basedir would be wrong here: it is the folder of a workflow that imports this one.
LIBRARY = Path(str(workflow.current_basedir)).parent
sys.path.insert(0, str(LIBRARY))
from repdrift.canonical import canonical
from repdrift.errors import UserError
from repdrift.machine.environment import use_this_python
from repdrift.plan import specs
from repdrift.plan.plan import Plan
from repdrift.provenance.fingerprint import fingerprint
from repdrift.provenance.parts import loaded
from repdrift.plan.checking import check
from repdrift.study.config import complete
from repdrift.study.files import checksums
from repdrift.study.study import COMPARED_ROLES

use_this_python(LIBRARY)
try:
    # Snakemake has laid --configfile over config.yaml. But if another workflow imports this one, the `config:` of its
    # module replaces config.yaml. It is therefore laid over config.yaml here.
    config = complete(config)
    check(config)
except UserError as error:
    raise WorkflowError(f"config: {error}") from None

PLAN = Plan(config)
STUDY = PLAN.study
FORMATS = ("svg", "pdf", "png")


def one_of(names):
    """Return a regular expression that matches exactly these names. Without names it matches nothing."""
    return "|".join(map(re.escape, names)) or "(?!)"


def program(name, flags):
    """Return the shell command of a program. The program is told the first output of the rule only."""
    call = f"python -m repdrift.stages {name} --spec {{params.spec:q}} --code {{params.code}}"
    return f"{call} {flags} --output {{output[0]:q}} > {{log:q}} 2>&1"


def code_of(name, spec):
    """Return the fingerprint of a program and of the estimators or the drawing that its spec names."""
    return fingerprint(name, *loaded(spec))


def with_images(files, **others):
    """Return the inputs of a job that reads images.

    The files of the images are large, so Snakemake would compare their times. The job therefore depends on the files of
    their checksums, and Snakemake ignores the times of the images themselves.
    """
    return {"images": ancient(files), "checksums": checksums(files), **others}


def growing(amount):
    """Return a function that asks for this amount of a resource, twice as much at the second attempt, and so on."""
    return lambda w, attempt: amount * attempt


def gpu_if_offered(w):
    """Return 1, or 0 for a job on this machine if neither a profile nor --resources says how many GPUs it has."""
    this_machine = workflow.is_main_process and workflow.local_exec
    return 0 if this_machine and "gpu" not in workflow.global_resources else 1


# Marks the files of activations, which take most of the disk. Unless the config keeps them, Snakemake deletes each
# file after its last use.
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
