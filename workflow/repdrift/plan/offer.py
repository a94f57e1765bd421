"""Offer bfloat16 in the first lines of a run whose trainings take long on this processor.

The Snakefile imports this module, so it imports nothing heavy: a process of its own measures the training steps.
"""

import subprocess
import sys
from pathlib import Path

from repdrift.canonical import canonical
from repdrift.plan import specs
from repdrift.plan.plan import Plan

LONG = 50_000  # steps: about 20 core-minutes of conv4
PATIENCE = 60  # seconds


def steps_to_do(plan: Plan) -> dict[str, int]:
    """Return the number of steps of the float32 trainings that have not ended, by the name of their run."""
    found = {}
    for name, run in plan.runs.items():
        ended = [Path(plan.study.model((name, "final"), seed)).exists() for seed in plan.study.seeds]
        if plan.study.choice(name).training.precision == "float32" and not all(ended):
            found[name] = run.steps * ended.count(False)
    return found


def offered(plan: Plan) -> str:
    """Return the line that says what bfloat16 would save, or nothing if the trainings are short."""
    todo = steps_to_do(plan)
    if sum(todo.values()) < LONG:
        return ""
    longest = max(todo, key=todo.__getitem__)
    spec = canonical(specs.train(plan, longest, plan.study.seeds[0]))
    command = [sys.executable, "-m", "repdrift.training.offer", spec]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    except subprocess.TimeoutExpired:  # a step of a large network takes many seconds
        return ""
    return done.stdout.strip()
