"""What is installed for `--sdm conda` is what the lock file says, and is enough for the stages that use it."""

import ast
import re
import sys
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from tests.checkout import REPOSITORY
from tests.unit.rules import programs_of_rules, rules

from repdrift.provenance.parts import drawings, programs

PACKAGE = REPOSITORY / "workflow" / "repdrift"
ENVIRONMENTS = sorted(path.stem for path in (REPOSITORY / "envs").glob("*.yaml"))
EXTRAS = ("cluster", "dev", "docs", "export", "files", "plots", "workflow")  # those in all lock files
NEEDS_CUDA = "(torch|torchvision|triton)$|cuda-|nvidia-"
# Modules that come with another package, or by another name.
PACKAGES = {"yaml": "pyyaml", "PIL": "torchvision", "matplotlib": "seaborn"}


def pinned(environment):
    """Python's version in an environment, and version by name of its packages."""
    listed = yaml.safe_load((REPOSITORY / "envs" / f"{environment}.yaml").read_text())["dependencies"]
    (python,) = (one.partition("=")[2] for one in listed if isinstance(one, str) and one.startswith("python="))
    (packages,) = (one["pip"] for one in listed if isinstance(one, dict))
    return python, dict(one.split("==") for one in packages)


def lines_of(lock):
    """Give a line for each package of a lock file, with its hashes."""
    return re.sub(r" \\\n +", " ", (REPOSITORY / lock).read_text()).splitlines()


def locked(lock, python):
    """Version by name of the packages of a lock file on Linux."""
    markers = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": "linux",
        "os_name": "posix",
    }
    found = [Requirement(line.partition(" --hash")[0]) for line in lines_of(lock)]
    here = [one for one in found if one.marker is None or one.marker.evaluate(markers)]
    return {one.name: str(one.specifier).removeprefix("==") for one in here}


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-bench.lock"])
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_versions_are_those_of_the_lock_file(environment, lock):
    python, packages = pinned(environment)
    versions = locked(lock, python)
    assert packages == {name: versions[name] for name in packages}


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-bench.lock", "requirements-cpu.lock"])
def test_pip_can_check_every_file_that_it_installs(lock):
    lines = lines_of(lock)
    assert len(lines) > 100
    for line in lines:
        package, *hashes = line.split(" --hash=sha256:")
        assert "==" in package
        assert hashes, package
        assert all(re.fullmatch("[0-9a-f]{64}", each) for each in hashes), package


def environments():
    """Environments of each program, by the program's name, as the rules say."""
    found = {}
    for rule, text in rules().items():
        environment = re.search(r"/envs/(\w+)\.yaml", text).group(1)
        found.setdefault(programs_of_rules()[rule], set()).add(environment)
    return found


def test_every_program_has_an_environment_with_all_that_it_imports():
    found = environments()
    assert set(found) == set(programs())
    assert set().union(*found.values()) == set(ENVIRONMENTS)
    for program, names in found.items():
        needed = {PACKAGES.get(module, module) for module in modules(program)}
        for environment in names:
            assert needed <= set(pinned(environment)[1]), program


def modules(program):
    """Modules beyond the standard library that a program needs to be imported, through others of ours too."""
    found, waiting, seen = set(), [f"repdrift.{programs()[program]}"], set()
    if program == "figure":
        waiting += [f"repdrift.{drawing}" for drawing in drawings().values()]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        path = PACKAGE.parent.joinpath(*name.split("."))
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if not file.exists():  # a name in a module
            continue
        for node in ast.parse(file.read_text()).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            waiting += [one for one in names if one.split(".")[0] == "repdrift"]
            found |= {one.split(".")[0] for one in names}
    return {one for one in found if one not in sys.stdlib_module_names and one != "repdrift"}


def test_the_lock_files_have_what_the_project_asks_for():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for lock, names in (
        ("requirements.lock", EXTRAS),
        ("requirements-bench.lock", (*EXTRAS, "bench")),
        ("requirements-cpu.lock", EXTRAS),
    ):
        versions = locked(lock, "3.12")
        for line in (*project["dependencies"], *(one for name in names for one in extras[name])):
            asked = Requirement(line)
            name = asked.name.lower().replace("_", "-")
            if name != "repdrift" and not (lock == "requirements-cpu.lock" and name in ("torch", "torchvision")):
                assert asked.specifier.contains(versions[name]), line


def test_the_lock_file_without_cuda_has_the_same_versions_and_no_torch():
    whole, without = (locked(f"requirements{part}.lock", "3.12") for part in ("", "-cpu"))
    assert without == {name: whole[name] for name in without}
    left_out = set(whole) - set(without)
    assert {"torch", "torchvision", "triton"} <= left_out
    assert [name for name in left_out if not re.match(NEEDS_CUDA, name)] == []
    assert [name for name in without if re.match(NEEDS_CUDA, name)] == []
