"""The package as it is built and installed: complete, with no more than it needs, and of use outside a clone."""

import subprocess
import sys
from zipfile import ZipFile

import pytest
import yaml
from tests.checkout import PARTS, REPOSITORY
from tests.thorough.installed import Environment

CARRIED = "repdrift/_workflow/"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder with the wheel and the source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, REPOSITORY], check=True, stdout=sys.stderr
    )
    return folder


@pytest.fixture(scope="module")
def wheel(built):
    return next(built.glob("*.whl"))


@pytest.fixture(scope="module")
def bare(wheel, tmp_path_factory):
    """What `pip install repdrift` gives."""
    return Environment(tmp_path_factory.mktemp("bare"), wheel)


@pytest.fixture(scope="module")
def whole(wheel, tmp_path_factory):
    """What `pip install "repdrift[workflow]"` gives."""
    return Environment(tmp_path_factory.mktemp("whole"), wheel, ["workflow"])


def test_what_is_built_is_fit_for_the_index(built):
    files = sorted(built.iterdir())
    assert [file.name.split("-")[0] for file in files] == ["repdrift", "repdrift"]
    subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *files], check=True, stdout=sys.stderr)


def test_the_wheel_has_every_file_of_the_workflow(wheel):
    """The wheel is made from the source distribution, so that is complete too."""
    names = set(ZipFile(wheel).namelist())
    library = REPOSITORY / "workflow"
    packages = [path.parent for path in library.glob("*/__init__.py")]
    inside = {path for package in packages for path in files_in(package)}
    wanted = {str(path.relative_to(library)) for path in inside}
    outside = {path for part in PARTS for path in files_in(REPOSITORY / part)} - inside
    # The copy has the layout of a clone, but the file for the catalogue, which is beside the package in a clone.
    wanted |= {CARRIED + str(path.relative_to(REPOSITORY)) for path in outside} - {CARRIED + "workflow/Snakefile"}
    assert "repdrift/py.typed" in wanted
    assert wanted - names == set()
    assert {name for name in names if ".dist-info/" not in name} - wanted == set()


def test_a_comparison_needs_the_declared_packages_only(bare, tmp_path):
    code = (
        "import torch, repdrift; torch.manual_seed(1);"
        "models = [torch.nn.Sequential(torch.nn.Linear(8, 6), torch.nn.ReLU()) for _ in range(2)];"
        "found = repdrift.compare(*models, torch.randn(40, 8), layers=['0', '1'], permutations=5);"
        "print(repdrift.__file__); print(len(found.table), found.table['value'].between(-1, 1).all())"
    )
    place, result = bare.run("-c", code, folder=tmp_path).stdout.splitlines()
    assert place.startswith(str(bare.packages))
    assert result == "4 True"


def test_files_are_compared_without_extras(bare, tmp_path):
    code = "import torch, safetensors.torch as s; s.save_file({'a': torch.randn(40, 8)}, 'one.safetensors')"
    bare.run("-c", code, folder=tmp_path)
    printed = bare.repdrift("similarity", "one.safetensors", "one.safetensors", folder=tmp_path).stdout
    assert "1.0000" in printed


@pytest.mark.parametrize("command", ["new", "forecast", "status", "judge", "layers", "publish"])
def test_a_command_says_which_extra_it_needs(bare, tmp_path, command):
    done = bare.repdrift(command, "anything", folder=tmp_path, check=False)
    assert done.returncode == 1
    line = done.stderr.rstrip("\n")
    assert line.startswith(f"error: repdrift {command} needs the package ")
    assert line.endswith('which is not installed: pip install "repdrift[workflow]"')


def test_a_study_is_planned_outside_a_clone(whole, tmp_path):
    words = ["--source", "objects", "--targets", "digits", "--seeds", "1"]
    printed = whole.repdrift("new", "mine", *words, folder=tmp_path).stdout
    snakefile = whole.packages / CARRIED / "Snakefile"
    assert "run it with `repdrift run mine.yaml`" in printed
    assert "core-minutes" in printed
    assert yaml.safe_load((tmp_path / "mine.yaml").read_text())["seeds"] == [1]
    # A job of the installed workflow runs, with the installed library.
    call = ("-m", "snakemake", "-s", snakefile, "--configfile", "mine.yaml", "--cores", "1", "--until", "initialise")
    whole.run(*call, folder=tmp_path)
    assert list(tmp_path.glob("results/mine/models/init/seed1/*.safetensors"))


def test_the_numbers_of_the_authors_are_found_outside_a_clone(whole, tmp_path):
    """`repdrift judge` compares with them."""
    code = "from repdrift.commands import judge; print(len(judge.read_csv(judge.NUMBERS)) > 0)"
    assert whole.run("-c", code, folder=tmp_path).stdout == "True\n"


def files_in(place):
    """The files of the repository in a folder, but for those that Python makes."""
    found = [place] if place.is_file() else place.rglob("*")
    return [path for path in found if path.is_file() and path.suffix != ".pyc"]
