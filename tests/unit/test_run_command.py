"""The command `repdrift run`: targets, config files and presets in any order, and what stands behind `--`."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.checkout import REPOSITORY

from repdrift.cli import divided, main
from repdrift.commands.run import sorted_out
from repdrift.errors import UserError
from repdrift.plan.plan import Plan
from repdrift.plan.targets import check_targets, targets_of
from repdrift.training.progress import Progress
from repdrift.watch.holders import holder_lives

LAPTOP, DEMO, NETWORKS = (REPOSITORY / "presets" / f"{name}.yaml" for name in ("laptop", "demo", "networks"))


@pytest.mark.parametrize(
    ("words", "studies", "targets", "configs"),
    [
        (["fig1"], ["laptop"], ["fig1"], [LAPTOP]),
        (["my.yaml", "fig1", "other.yml"], [], ["fig1"], ["my.yaml", "other.yml"]),
        ([], ["demo", "my.yaml", "fig3"], ["fig3"], [DEMO, "my.yaml"]),
        (["demo", "my.yaml"], [], [], [DEMO, "my.yaml"]),
        (["networks"], [], ["networks"], []),  # an experiment and a preset
        ([], ["networks"], [], [NETWORKS]),
        (["results/demo/tables/fig1.csv"], [], ["results/demo/tables/fig1.csv"], []),
        (["results/demo/models/x/seed1/final.safetensors.json"], [], None, []),
    ],
)
def test_targets_and_configs_stand_in_any_order(words, studies, targets, configs):
    found = sorted_out(words, studies)
    assert found.targets == (words if targets is None else targets)
    assert [path.resolve() for path in found.configs] == [Path(path).resolve() for path in configs]


def test_what_stands_behind_dashes_is_for_snakemake():
    assert divided(["run", "fig1", "--", "-n", "--", "x"]) == (["run", "fig1"], ["-n", "--", "x"])
    assert divided(["run", "fig1"]) == (["run", "fig1"], [])
    assert divided(["similarity", "--", "a"]) == (["similarity", "--", "a"], [])


def test_an_option_of_snakemake_is_told_its_place():
    with pytest.raises(SystemExit, match=r"error: --forceall: this command has no such option; .* -- --forceall"):
        main(["run", "fig1", "--cores", "2", "--forceall"])


def test_a_wrong_target_names_the_targets_the_nearest_first(load_config):
    plan = Plan(load_config("demo"))
    check_targets([*targets_of(plan), "results/demo/anything"], plan)
    with pytest.raises(UserError, match=r"^multivers: this study has no such target; it has multiverse, ") as caught:
        check_targets(["fig1", "multivers"], plan)
    assert set(str(caught.value).partition("it has ")[2].split(", ")) == set(targets_of(plan))


HOLD = "import sys, time; from pathlib import Path; from repdrift.training.progress import Progress; "
HOLD += "Progress(Path(sys.argv[1]), ['key']).hold(); print('held', flush=True); time.sleep(100)"


def test_a_lock_tells_whether_its_process_lives(tmp_path):
    output = tmp_path / "final.safetensors"
    lock = Progress(output, ["key"]).root / "lock"
    assert holder_lives(lock) is None  # there is none
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(output)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    assert holder_lives(lock) is True
    process.kill()
    process.communicate()
    assert holder_lives(lock) is False
    lock.write_text(f"{process.pid} on another-machine")
    assert holder_lives(lock) is None
    lock.write_text("something else")
    assert holder_lives(lock) is None
