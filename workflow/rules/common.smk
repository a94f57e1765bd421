# The parts that all rules share. The config is checked first. The plan of the study then gives all names and settings.

import os
import re
import sys
import time
from pathlib import Path

from snakemake.exceptions import WorkflowError

# workflow.basedir would be wrong here: it is the folder of a workflow that imports this one.
WORKFLOW = Path(str(workflow.current_basedir)).parent
if "{" in str(WORKFLOW) or "}" in str(WORKFLOW):
    raise WorkflowError(f"{WORKFLOW}: Snakemake takes what is in braces for a wildcard; give the folder another name")
# In a clone the library lies here. The workflow of an installed package finds the library where it is installed.
sys.path.insert(0, str(WORKFLOW))
from repdrift.canonical import canonical
from repdrift.errors import UserError
from repdrift.machine.environment import use_this_python
from repdrift.machine.failures import print_failures
from repdrift.machine.gpus import granted
from repdrift.places import LIBRARY, ROOT
from repdrift.plan import specs
from repdrift.plan.checking import check
from repdrift.plan.plan import Plan
from repdrift.provenance.contents import contents
from repdrift.provenance.fingerprint import fingerprint
from repdrift.provenance.parts import loaded
from repdrift.report.templates import templates
from repdrift.study.config import complete, load
from repdrift.study.files import checksums
from repdrift.study.runs import GIVEN
from repdrift.study.study import COMPARED_ROLES

use_this_python(LIBRARY)
try:
    # Snakemake has laid --configfile over config.yaml. But if another workflow imports this one, the `config:` of its
    # module replaces config.yaml. It is therefore laid over config.yaml here.
    config = complete(config)
    # Of a key that stands twice in a file, Snakemake has taken the last value. Reading the files here refuses it.
    load(Path(os.path.relpath(path)) for path in workflow.overwrite_configfiles)
    config = check(config)
except UserError as error:
    raise WorkflowError(f"config: {error}") from None

PLAN = Plan(config)
STUDY = PLAN.study
FORMATS = ("svg", "pdf", "png")
STARTED = time.time()
# The display of `repdrift run` tells of failures itself.
DISPLAYED = "repdrift" in workflow.output_settings.log_handler_settings


def one_of(names):
    """Return a regular expression that matches exactly these names. Without names it matches nothing."""
    return "|".join(map(re.escape, names)) or "(?!)"


ON_GPU = "--gpus {params.gpus}"


def program(name, inputs, flags="", output="{output:q}", grows=False):
    """Return the shell command of a program.

    Each of the named inputs of the rule is given with a flag of the same name. `output` is what the program is told of
    the outputs. A spec that grows with the number of seeds is given as the standard input, because Linux allows no
    argument of more than 128 kB.
    """
    given = " ".join(f"--{one} {{input.{one}:q}}" for one in inputs.split())
    spec = "- <<< {params.spec:q}" if grows else "{params.spec:q}"
    call = f"python -m repdrift.stages {name} --spec {spec} --code {{params.code}}"
    return f"{call} {flags} {given} --output {output} > {{log:q}} 2>&1"


def code_of(name, spec):
    """Return the fingerprint of a program and of the parts that its spec names: estimators, a drawing, a reader."""
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


def growing_memory(megabytes):
    """Return a function that asks for this memory plus what the study's network adds to it, growing as above."""
    return growing(megabytes + PLAN.more_memory)


def growing_time(minutes):
    """Return a function that asks for this time, times the slowness of the study's network, growing as above."""
    return growing(round(minutes * PLAN.slowness))


def gpu_if_offered(w):
    """Return 1, or 0 for a job on this machine if neither a profile nor --resources says how many GPUs it has."""
    this_machine = workflow.is_main_process and workflow.local_exec
    return 0 if this_machine and "gpu" not in workflow.global_resources else 1


def granted_gpus(w, resources):
    """Return the number of GPUs that a job was granted. Snakemake does not track a function of the resources."""
    return granted(resources.gpu, resources.get("gres", ""))


def as_rst(text):
    """Return a text as reStructuredText, in which Snakemake's report reads captions, with its marks escaped."""
    return re.sub(r"([\\*`_|])", r"\\\1", text)


# Marks the files of activations, which take most of the disk. Unless the config keeps them, Snakemake deletes each
# file after its last use.
kept = (lambda file: file) if STUDY.config.keep.activations else temp


def inputs_of_training(w):
    """Return the inputs of a training: the weights that it starts from, the labels of its task and the images."""
    task = PLAN.runs[w.run].task.name
    parent, labels = PLAN.parent(w.run, w.seed), STUDY.labels(task, w.seed)
    return with_images(PLAN.task_images(task), parent=parent, task=labels)


def group_of_training(w):
    """Return the group of a training, or None if the profile sets no sizes of groups.

    Trainings of similar length form a group, and a scheduler runs some of them in one job.
    """
    return PLAN.group(w.run) if workflow.group_settings.group_components else None


wildcard_constraints:
    run=one_of(PLAN.runs),
    task=one_of(PLAN.tasks),
    role=one_of(COMPARED_ROLES),
    figure=one_of(PLAN.figures),
    claims=one_of(PLAN.claims),
    store=one_of(STUDY.stores),
    dataset=one_of(STUDY.targets),
    seed=r"\d+",
    split="train|test",
