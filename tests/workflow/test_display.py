"""The command `repdrift run` on a real terminal and in a file, on the tiny study."""

import shutil
import sys
from pathlib import Path

from tests.workflow.changes import overlay
from tests.workflow.terminal import CTRL_C, Terminal
from tests.workflow.tiny import TINY

from repdrift.provenance.planned_jobs import planned_jobs
from repdrift.watch.following import Following

COMMAND = "import sys; sys.path.insert(0, 'workflow'); from repdrift.cli import main; main()"
LONG = "pretrain: {epochs: 3000}"
DIVERGING = "training: {learning_rate: 1.0e+30}"


def test_a_terminal_shows_the_run_and_ctrl_c_says_what_was_saved(spoilt_study, monkeypatch):
    """Who watches it from elsewhere sees the same. Status knows at once that nothing runs any more."""
    trained = spoilt_study.folder / "results/tiny/models/objects/seed1"
    shutil.rmtree(trained)
    with overlay(LONG)(spoilt_study):
        command = [sys.executable, "-c", COMMAND, "run", "fig2", "--cores", "1", *TINY[1:]]
        terminal = Terminal(command, spoilt_study.folder, columns=80)
        terminal.wait_for(r"in all: [\d.]+ core-(minutes|hours) of one core of this machine; about \d+ min on 1 core\b")
        terminal.wait_for(r"results/tiny +\d+ of \d+ jobs .*left")
        terminal.wait_for(r"pre-training +━+ 0 of \d+ 1 running")
        terminal.wait_for(r"objects seed 1 +\d+ of 3,000 +[\d,]+ +\d+ % 0:\d\d:\d\d")
        monkeypatch.chdir(spoilt_study.folder)
        watched = Following("results/tiny", planned_jobs([Path("fig2")], TINY[1:]))
        (now,) = watched.snapshot().now
        assert now.name == "objects seed 1"
        assert now.epoch.endswith(" of 3,000")
        assert not watched.over()
        terminal.press(CTRL_C)
        assert terminal.end() == 1, terminal.text
        lines = terminal.text.rstrip().splitlines()
        assert lines[-1].strip() == "Go on with: repdrift run fig2 --cores 1 tiny.yaml change.yaml"
        assert "jobs are done and kept; saved on the way: objects seed 1 at step " in terminal.text
        assert "Traceback" not in terminal.text
        assert "RuleException" not in terminal.text
        assert [path.name for path in trained.iterdir()] == [".resume"]
        watched.look()
        assert watched.over()
        status = spoilt_study.repdrift("status", *TINY).output
    (line,) = [line for line in status.splitlines() if line.split()[0] == "objects"]
    assert "seed 1 stopped at step " in line
    (log,) = sorted((spoilt_study.folder / ".snakemake/log").glob("*.log"))[-1:]
    assert "Terminating processes on user request" in log.read_text()


def test_a_file_has_few_lines_and_says_why_a_job_failed(spoilt_study):
    shutil.rmtree(spoilt_study.folder / "results/tiny/models/objects")
    with overlay(DIVERGING)(spoilt_study):
        done = spoilt_study.repdrift("run", "--study", "tiny.yaml", "change.yaml", "fig2", check=False)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    reason = "objects seed 1: error: the loss is not finite at epoch 1"
    log = "results/tiny/logs/models/objects/seed1.log"
    assert any(line == f"  {reason}, step 2 (learning rate 1e+30): lower the learning rate" for line in lines)
    assert any(line.strip() == log for line in lines)
    assert "go on with: repdrift run --study tiny.yaml change.yaml fig2" in lines[-1]
    assert len(lines) < 20
    assert "\x1b" not in done.output
    assert "Traceback" not in done.output


def test_a_target_that_is_none_names_the_targets(spoilt_study):
    done = spoilt_study.repdrift("run", "fig22", "tiny.yaml", check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: fig22: this study has no such target; it has fig2, ")
    assert "layers" in done.stderr
