"""Every function that a job calls is in its fingerprint. One real job of each program and of each drawing is traced."""

import ast
import json
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from tests.checkout import ENVIRONMENT
from tests.studies import copied
from tests.workflow.tiny import EVERYTHING

from repdrift.provenance import fingerprint, parts
from repdrift.provenance.statements import Package

SCRIPT = Path(__file__).with_name("traced.py")


@pytest.fixture(scope="module")
def traced(complete_study, tmp_path_factory):
    """The package, and of each job its program, parts, fingerprint and the functions that it has called."""
    study = copied(complete_study.folder, tmp_path_factory.mktemp("traced") / "study")
    output = study.snakemake(*EVERYTHING, "--forceall", "--dry-run", "--printshellcmds", "--nocolor").output
    commands = re.findall(r"^Shell command: python -m repdrift\.stages (.*) > \S+ 2>&1$", output, re.MULTILINE)
    jobs = {}
    for words in map(shlex.split, commands):
        spec = json.loads(words[words.index("--spec") + 1])
        jobs.setdefault((words[0], *parts.loaded(spec)), words)
    (study.folder / "jobs.json").write_text(json.dumps(list(jobs.values())))
    subprocess.run(
        [sys.executable, SCRIPT, "jobs.json", "called.json"],
        cwd=study.folder,
        env={**ENVIRONMENT, "PYTHONPATH": str(study.folder / "workflow"), "OMP_NUM_THREADS": "1"},
        check=True,
        timeout=900,
    )
    called = json.loads((study.folder / "called.json").read_text())
    codes = [words[words.index("--code") + 1] for words in jobs.values()]
    package = Package(study.folder / "workflow" / "repdrift")
    return package, list(zip(jobs, codes, called, strict=True))


def test_one_job_of_each_program_and_drawing_was_traced(traced):
    jobs = [job for job, _, _ in traced[1]]
    # The authors published numbers of larger studies. This one has networks of one size in one precision, and no given
    # weights.
    assert {program for program, *_ in jobs} == set(parts.programs()) - {"compare_with_published", "weights"}
    drawn = {job[1] for job in jobs if job[0] == "figure"}
    missing = {"drawing validation", "drawing networks", "drawing precision"}
    assert {f"drawing {name}" for name in parts.drawings()} - missing == drawn


def test_all_that_a_job_calls_is_in_its_fingerprint(traced):
    package, jobs = traced
    for (program, *more), code, called in jobs:
        reached = fingerprint.reach(package, program, more)
        assert fingerprint.trace(package, program, more).fingerprint == code
        checked = 0
        for file, line, function in called:
            module = ".".join(Path(file).relative_to(package.root).with_suffix("").parts).removesuffix(".__init__")
            names = names_at(file, line)
            if module in fingerprint.FINDERS | {"provenance.statements", "provenance.syntax"} or not names:
                continue
            bound = {binding for name in names for binding in package.module(module).bindings[name]}
            assert bound & set(reached.numbers), f"{program}, {more}: {module}, {function}"
            checked += 1
        assert checked > 10, program


def names_at(file, line):
    """Give the name of the top-level function or class that a line is part of, in a list; no name for a constant."""
    for first, last, names in top_level(file):
        if first <= line <= last:
            return names
    return []


@cache
def top_level(file):
    found = []
    for node in ast.parse(Path(file).read_text()).body:
        first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))])
        names = [node.name] if isinstance(node, ast.FunctionDef | ast.ClassDef) else []
        found.append((first, node.end_lineno, names))
    return found
