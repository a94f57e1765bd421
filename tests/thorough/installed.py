"""Environments that hold an installed wheel and the packages that it declares, and no others."""

import subprocess
import sys
import venv
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from tests.checkout import ENVIRONMENT

# Files of a package that its import does not need, and those that change how this environment finds packages.
LEFT_OUT = ("__pycache__", "..")


class Environment:
    """A virtual environment with a wheel, in which the declared packages are links to those of this environment."""

    def __init__(self, folder, wheel, extras=()):
        venv.create(folder, with_pip=False)
        self.python = folder / "bin" / "python"
        install = [sys.executable, "-m", "pip", "--python", self.python, "install", "--no-deps", "--no-index", wheel]
        subprocess.run([*install, "--quiet", "--disable-pip-version-check"], check=True)
        self.packages = next(folder.glob("lib/python*/site-packages"))
        for found in declared(Distribution.at(next(self.packages.glob("repdrift-*.dist-info"))), extras):
            link(found, self.packages)

    def run(self, *words, folder, check=True):
        """Run Python in a folder. The command line `repdrift` is `-m repdrift.cli` with the arguments after it."""
        done = subprocess.run(
            [self.python, *words],
            cwd=folder,
            env=ENVIRONMENT | {"OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done

    def repdrift(self, *words, folder, check=True):
        return self.run(self.python.parent / "repdrift", *words, folder=folder, check=check)


def declared(package, extras):
    """The distributions that a package needs with some extras, directly or not, each once."""
    found, left, seen = {}, [(package, tuple(extras))], set()
    while left:
        needing, wanted = left.pop()
        for text in needing.requires or ():
            requirement = Requirement(text)
            marker = requirement.marker
            if marker and not any(marker.evaluate({"extra": extra}) for extra in (*wanted, "")):
                continue
            asked = (requirement.name, *sorted(requirement.extras))
            if asked in seen:
                continue
            seen.add(asked)
            needed = package if requirement.name == package.name else distribution(requirement.name)
            found[requirement.name] = needed
            left.append((needed, tuple(requirement.extras)))
    found.pop(package.name, None)
    return list(found.values())


def link(package, folder):
    """Link what a distribution has put into the folder of packages of this environment."""
    tops = {file.parts[0] for file in package.files or ()} - set(LEFT_OUT)
    for top in tops:
        source, target = Path(package.locate_file(top)), folder / top
        if source.suffix != ".pth" and not target.exists():
            target.symlink_to(source)
