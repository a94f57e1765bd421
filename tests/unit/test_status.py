"""The command `repdrift status`, on files as a study leaves them."""

import os
import time
from pathlib import Path

import pytest
import torch

from repdrift.cli import main
from repdrift.plan.plan import Plan
from repdrift.training.progress import Progress


def test_every_state_is_told(load_config, tmp_path, monkeypatch, capsys):
    plan = Plan(load_config("small") | {"seeds": [1, 2]})
    (tmp_path / "two.yaml").write_text("seeds: [1, 2]\n")
    (tmp_path / "tests").symlink_to(Path("tests").resolve())
    monkeypatch.chdir(tmp_path)

    def folder(run, seed):
        path = tmp_path / plan.study.model((run, "final"), seed)
        path.parent.mkdir(parents=True)
        return path

    folder("objects", 1).touch()
    history = [{"train_accuracy": None}, {"train_accuracy": 61.25}]
    for seed, seconds in ((1, 0), (2, 600)):
        progress = Progress(folder("objects-random9", seed), ["key"])
        progress.save({"x": torch.ones(1)}, {"step": 38, "batches_done": 0, "history": history})
        os.utime(progress.state, (time.time() - seconds,) * 2)
    main(["status", "--configfile", "tests/presets/small.yaml", "two.yaml"])
    lines = capsys.readouterr().out.splitlines()
    total = 2 * len(plan.runs)
    assert lines[0] == f"results/small: {total} trainings: 1 done, 1 running, 1 stopped, {total - 3} to do"
    told = {line.split()[0]: " ".join(line.split()[1:]) for line in lines[1:]}
    assert list(told) == list(plan.runs)
    assert told["objects"] == "1 of 2"
    where = f"at step 38 of {plan.runs['objects-random9'].steps}, training accuracy 61.2 %"
    assert told["objects-random9"] == f"0 of 2 seed 1 running {where}; seed 2 stopped {where}"


def test_a_wrong_config_is_one_line():
    with pytest.raises(SystemExit, match=r"error: nowhere.yaml cannot be read as a config"):
        main(["status", "--configfile", "nowhere.yaml"])
