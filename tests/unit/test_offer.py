"""What bfloat16 would save on this processor: the sentence, when it is said, and that it is measured."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from repdrift.canonical import canonical
from repdrift.plan import offer as offers
from repdrift.plan import specs
from repdrift.plan.plan import Plan
from repdrift.training.offer import offer


def test_a_faster_and_a_slower_processor_are_told_apart():
    assert "60% of the time" in offer(10, 6)
    assert "would take 1.5 times as long on this machine" in offer(10, 15)


def test_it_is_measured_by_steps_of_the_study(load_config):
    plan = Plan(load_config("smoke"))
    spec = canonical(specs.train(plan, plan.study.pretrained, 1))
    command = [sys.executable, "-m", "repdrift.training.offer", spec]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    assert re.search(r"would take (\d+% of|\d\.\d times)", done.stdout)


@pytest.fixture
def study(load_config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(offers.subprocess, "run", lambda *args, **kwargs: pytest.fail("steps were timed"))
    return lambda *presets, **changes: Plan(load_config(*presets) | changes)


def test_short_trainings_and_other_precisions_are_not_timed(study):
    assert offers.offered(study("smoke")) == ""
    config = study("laptop")
    training = {**config.study.config.given["training"], "precision": "bfloat16"}
    assert offers.offered(study("laptop", training=training, variants={})) == ""


def test_trainings_that_have_ended_do_not_count(study):
    plan = study("laptop")
    before = offers.steps_to_do(plan)
    assert sum(before.values()) >= offers.LONG
    for seed in plan.study.seeds[:1]:
        path = Path(plan.study.model((plan.study.pretrained, "final"), seed))
        path.parent.mkdir(parents=True)
        path.touch()
    steps = plan.runs[plan.study.pretrained].steps
    assert sum(before.values()) - sum(offers.steps_to_do(plan).values()) == steps


def test_a_network_whose_steps_take_too_long_is_not_waited_for(study, monkeypatch):
    def endless(command, **settings):
        raise subprocess.TimeoutExpired(command, settings["timeout"])

    monkeypatch.setattr(offers.subprocess, "run", endless)
    assert offers.offered(study("laptop")) == ""
