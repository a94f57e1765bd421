"""The same bytes in a folder with an awkward name, without a home, in the C locale, with another umask."""

import subprocess
import sys

from tests.checkout import ENVIRONMENT, Checkout
from tests.studies import copied
from tests.workflow.tiny import TINY

FIGURE = "results/tiny/figures/fig4"
AWKWARD = "a 'single' \"double\" #hash %d $(touch pwned) é"


def test_the_bytes_do_not_depend_on_folder_home_locale_and_umask(made_tiny, tmp_path):
    folder = tmp_path / AWKWARD
    study = copied(made_tiny.folder, folder)
    # A network of fig4, and all that is made of it, is made anew.
    target = "results/tiny/models/objects+objects/seed1/final.safetensors"
    before = {path: (made_tiny.folder / path).read_bytes() for path in (target, f"{FIGURE}.svg", f"{FIGURE}.png")}
    for path in before:
        (folder / path).unlink()
    surroundings = {name: value for name, value in ENVIRONMENT.items() if name not in ("HOME", "LANG", "LC_CTYPE")}
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", target, "fig4", *TINY],
        cwd=folder, env={**surroundings, "LC_ALL": "C", "PYTHONUTF8": "0"}, umask=0o077,
        capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path: (folder / path).read_bytes() for path in before} == before
    assert (folder / target).stat().st_mode & 0o077 == 0
    assert not list(tmp_path.rglob("pwned"))
    assert study.planned("fig4", *TINY) == set()


def test_braces_in_the_name_of_the_folder_are_refused_in_one_line(tmp_path):
    folder = tmp_path / "a {b} c"
    folder.mkdir()
    done = Checkout(folder).snakemake("--dry-run", check=False)
    assert done.returncode == 1
    assert "give the folder another name" in done.output
    assert "Traceback" not in done.output
