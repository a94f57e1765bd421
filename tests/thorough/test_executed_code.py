"""What a job uses is known: the functions that it calls are in its fingerprint, the files that it opens are its inputs.

One real job of each program and of each drawing is traced.
"""

import ast
import json
import re
import shlex
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest
from tests.checkout import ENVIRONMENT
from tests.studies import copied
from tests.workflow.tiny import EVERYTHING

from repdrift.provenance import fingerprint, parts
from repdrift.provenance.artifacts import PROGRESS
from repdrift.provenance.statements import Package

SCRIPT = Path(__file__).with_name("traced.py")


# Files that a job may open beyond its inputs and outputs, and why.
ALLOWED = {
    "Python and the packages of this environment": (sys.prefix, sys.base_prefix),
    "what the system says of the machine": ("/proc/", "/sys/", "/dev/"),
    "the list of fonts that matplotlib keeps": (str(Path.home() / ".cache"), str(Path.home() / ".config")),
    "types of files and time zones": ("/etc/", "/usr/share/"),
}
# Python tries with such a file whether a folder can have temporary files.
TRIAL = re.compile(re.escape(tempfile.gettempdir()) + r"/\w{8}")


def arguments(command):
    """Give the words of a program's command, with a spec that is its standard input in the place of an argument."""
    words = shlex.split(command)
    if "<<<" not in words:
        return words
    at = words.index("<<<")
    return [words[at + 1] if word == "-" else word for word in (*words[:at], *words[at + 2 :])]


@pytest.fixture(scope="module")
def traced(complete_study, tmp_path_factory):
    """The package, and of each job its program, parts, fingerprint, words, and what it has used."""
    study = copied(complete_study.folder, tmp_path_factory.mktemp("traced") / "study")
    output = study.snakemake(*EVERYTHING, "--forceall", "--dry-run", "--printshellcmds", "--nocolor").output
    commands = re.findall(r"^Shell command: python -m repdrift\.stages (.*) > \S+ 2>&1$", output, re.MULTILINE)
    jobs = {}
    for words in map(arguments, commands):
        spec = json.loads(words[words.index("--spec") + 1])
        jobs.setdefault((words[0], *parts.loaded(spec)), words)
    (study.folder / "jobs.json").write_text(json.dumps(list(jobs.values())))
    subprocess.run(
        [sys.executable, SCRIPT, "jobs.json", "traces.json"],
        cwd=study.folder,
        env={**ENVIRONMENT, "PYTHONPATH": str(study.folder / "workflow"), "OMP_NUM_THREADS": "1"},
        check=True,
        timeout=900,
    )
    traces = json.loads((study.folder / "traces.json").read_text())
    package = Package(study.folder / "workflow" / "repdrift")
    return package, list(zip(jobs, jobs.values(), traces, strict=True))


def test_one_job_of_each_program_and_drawing_was_traced(traced):
    jobs = [job for job, _, _ in traced[1]]
    # The authors published numbers of larger studies. This one has networks of one size in one precision, and no given
    # weights. The effects of several studies are drawn by `repdrift report A B`, which is no job.
    assert {program for program, *_ in jobs} == set(parts.programs()) - {"compare_with_published", "weights"}
    drawn = {job[1] for job in jobs if job[0] == "figure"}
    missing = {"drawing validation", "drawing networks", "drawing precision", "drawing regime"}
    assert {f"drawing {name}" for name in parts.drawings()} - missing == drawn


def test_all_that_a_job_calls_is_in_its_fingerprint(traced):
    package, jobs = traced
    for (program, *more), words, trace in jobs:
        reached = fingerprint.reach(package, program, more)
        assert fingerprint.trace(package, program, more).fingerprint == words[words.index("--code") + 1]
        checked = 0
        for file, line, function in trace["called"]:
            module = ".".join(Path(file).relative_to(package.root).with_suffix("").parts).removesuffix(".__init__")
            names = names_at(file, line)
            # Before it imports a module of the package, Python asks the package for an attribute of that name.
            asked = (module, names) == ("__init__", ["__getattr__"])
            if asked or module in fingerprint.FINDERS | {"provenance.statements", "provenance.syntax"} or not names:
                continue
            bound = {binding for name in names for binding in package.module(module).bindings[name]}
            assert bound & set(reached.numbers), f"{program}, {more}: {module}, {function}"
            checked += 1
        assert checked > 10, program


def test_a_job_opens_no_file_that_is_not_declared(traced):
    package, jobs = traced
    folder, undeclared = package.root.parents[1], {}
    allowed = (str(package.root), *(prefix for prefixes in ALLOWED.values() for prefix in prefixes))
    for (program, *_), words, trace in jobs:
        named = {folder / word for word in words if not word.startswith(("{", "--"))}
        # Beside a file stand its sidecar and hidden files: the progress of a training, and what is being written.
        for path in map(Path, trace["opened"]):
            beside = path.suffix == ".json" and path.with_suffix("") in named
            hidden = path.name.startswith(".") or PROGRESS in path.parts
            if path.parent == folder and re.fullmatch("[0-9a-f]{16}", path.name):
                continue  # `shutil.rmtree` opens the folder of a progress by its last name alone
            written = hidden and {each.parent for each in named} & set(path.parents)
            if not (path in named or beside or written or TRIAL.fullmatch(str(path)) or str(path).startswith(allowed)):
                undeclared.setdefault(program, set()).add(str(path.relative_to(folder)))
    # The report says how long all jobs took and what they were made of, which is in their sidecars.
    assert all(path.endswith(".json") for path in undeclared.pop("report"))
    assert undeclared == {}


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
