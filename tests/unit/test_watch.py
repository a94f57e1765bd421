"""What is shown of a run: the time that is left, how far trainings are, and that it fits a terminal."""

import io
import os
import re

import pytest
from rich.console import Console
from tests.unit.rules import FILES

from repdrift.training.jobs import in_words
from repdrift.training.training import Epoch
from repdrift.watch.display import rendered
from repdrift.watch.endings import ending
from repdrift.watch.job import TRAIN, Forecast, Job, State
from repdrift.watch.lines import EVERY, Lines
from repdrift.watch.progress import Progress
from repdrift.watch.schedule import wall_seconds
from repdrift.watch.snapshot import snapshot
from repdrift.watch.stages import OTHER, STAGES, stage_of
from repdrift.watch.training_log import reached

BEGAN = 1000.0


def chain(length, name="a"):
    """Jobs that each read what the one before has made."""
    return [
        Job("rule", outputs=(f"{name}{place}",), inputs=(f"{name}{place - 1}",) if place else ())
        for place in range(length)
    ]


def seconds(jobs, each):
    return {job.key: each for job in jobs}


def test_jobs_that_wait_for_each_other_take_their_sum_on_any_cores():
    jobs = chain(5)
    assert [wall_seconds(jobs, seconds(jobs, 2.0), cores) for cores in (1, 8)] == [10.0, 10.0]


def test_jobs_that_wait_for_none_share_the_cores():
    jobs = [chain(1, name=f"job {number} ")[0] for number in range(7)]
    assert [wall_seconds(jobs, seconds(jobs, 3.0), cores) for cores in (1, 2, 7)] == [21.0, 12.0, 9.0 / 3]


def test_the_longest_way_begins_first():
    """With the others first on two cores it would be 3 + 4."""
    others = [chain(1, name=f"job {number} ")[0] for number in range(4)]
    jobs = [*others, *chain(4, name="long ")]
    assert wall_seconds(jobs, seconds(jobs, 1.0), 2) == 4.0


def test_no_job_takes_no_time():
    assert wall_seconds([], {}, 2) == 0.0


def test_every_rule_has_a_stage_and_every_stage_its_rules():
    text = "\n".join(path.read_text(encoding="utf-8") for path in FILES)
    rules = set(re.findall(r"^(?:rule|use rule \w+ as) (\w+)(?: with)?:", text, re.MULTILINE)) - {"all"}
    listed = {rule for rules in STAGES.values() for rule in rules}
    assert listed <= rules
    assert {stage_of(rule) for rule in rules} == set(STAGES)
    assert all(stage_of(f"imported_{rule}") == stage_of(rule) for rule in rules)
    assert stage_of("movement_of_networks") == stage_of("head2toe_features") == OTHER


@pytest.fixture
def training(tmp_path):
    """A training of 400 steps in 8 epochs, of which three are in its log, as trainings write it."""
    log = tmp_path / "seed1.log"
    epochs = [
        Epoch(0, 0, 2.3, 10.0, 2.3, 10.0),
        *(Epoch(number, 50 * number, 1.0, 61.25, None, None) for number in (1, 2, 3)),
    ]
    job = Job(
        "pretrain", "run=objects, seed=1", ("final.safetensors",), log=str(log), program=TRAIN, steps=400, batch=32,
        seconds=80.0, state=State.RUNNING, began=BEGAN,
    )  # fmt: skip

    def write(count, at):
        log.write_text("".join(in_words(epoch) + "\n" for epoch in epochs[:count]))
        os.utime(log, (at, at))

    return job, write


def test_a_training_is_as_far_as_its_log_says(training):
    job, write = training
    progress = Progress(began=BEGAN, jobs={job.key: job})
    write(1, BEGAN + 4)
    progress.look()
    assert job.images_per_second is None
    write(4, BEGAN + 34)
    progress.look()
    assert job.images_per_second == pytest.approx(150 * 32 / 30)
    (now,) = snapshot(progress, BEGAN + 39).now
    assert (now.name, now.epoch, now.speed) == ("objects seed 1", "3 of 8", "160")
    assert (now.accuracy, now.seconds) == ("61 %", 39)
    # 250 steps are left, five seconds after the last epoch.
    assert progress.seconds_left(BEGAN + 39) == pytest.approx(250 * 30 / 150 - 5)


def test_a_training_that_goes_on_is_not_faster_for_what_it_had_done(training, tmp_path):
    job, _ = training
    log = tmp_path / "seed1.log"
    log.write_text("resumed after step 300 of 400\n")
    os.utime(log, (BEGAN + 5,) * 2)
    progress = Progress(began=BEGAN, jobs={job.key: job})
    progress.look()
    assert snapshot(progress, BEGAN + 6).now[0].epoch == "from step 300"
    log.write_text("resumed after step 300 of 400\n" + in_words(Epoch(7, 350, 1.0, 90.0, None, None)) + "\n")
    os.utime(log, (BEGAN + 15,) * 2)
    progress.look()
    assert job.seconds_per_step == pytest.approx(10 / 50)
    assert progress.seconds_left(BEGAN + 15) == pytest.approx(10)


def test_a_log_that_is_not_there_says_nothing(tmp_path):
    assert reached(tmp_path / "none.log") is None


def test_the_forecast_is_corrected_by_the_speed_of_jobs_that_have_ended():
    """Each took three times what was forecast, so those that are left do too, apart from ten seconds of doubt."""
    jobs = [Job("table", f"n={number}", (f"table {number}",), seconds=100.0) for number in range(4)]
    progress = Progress(began=BEGAN, cores=2)
    progress.expect(jobs)
    for job in jobs[:2]:
        progress.begin(job, BEGAN)
        progress.finish(job, BEGAN + 300)
    assert progress.seconds_left(BEGAN + 300) == pytest.approx(100 * (600 + 10) / (200 + 10))


def test_without_a_forecast_jobs_take_what_others_of_their_rule_took():
    progress = Progress(began=BEGAN, cores=1)
    progress.expect_counts({"table": 3, "figure": 1})
    assert progress.seconds_left(BEGAN) is None
    job = Job("table", "table=fig1", ("fig1.csv",))
    progress.begin(job, BEGAN)
    assert len(progress.jobs) == 4
    progress.finish(job, BEGAN + 20)
    assert progress.seconds_left(BEGAN + 20) == pytest.approx(2 * 20 + 20)


def with_failures(tmp_path, count):
    log = tmp_path / "failed.log"
    error = "error: the loss is not finite at epoch 3, step 12 (learning rate 9): lower the learning rate"
    log.write_text(f"something\n{error}\n")
    progress = Progress("results/my-study", began=BEGAN, cores=4)
    names = [f"cifar10-random9+a-very-long-name-of-a-data-set-{number}" for number in range(30)]
    training = {"log": str(log), "program": TRAIN, "steps": 90}
    progress.expect(Job("finetune", f"run={name}, seed=1", (name,), **training) for name in names)
    for job in list(progress.jobs.values())[:20]:
        progress.begin(job, BEGAN)
    for job in list(progress.jobs.values())[:count]:
        progress.fail(job, BEGAN + 9)
    progress.figure = "results/my-study/figures/fig1.png"
    return progress


@pytest.mark.parametrize("columns", [70, 80, 140])
def test_the_display_fits_the_terminal_and_says_why_jobs_failed(tmp_path, columns):
    shown = snapshot(with_failures(tmp_path, 5), BEGAN + 90)
    screen = Console(file=io.StringIO(), width=columns, height=24, force_terminal=True, color_system=None)
    screen.print(rendered(shown, screen))
    text = re.sub(r"\x1b\[[0-9;]*m", "", screen.file.getvalue())
    lines = text.splitlines()
    assert max(map(len, lines)) <= columns
    assert len(lines) <= 24
    assert "results/my-study  0 of 30 jobs" in text
    assert "0:01:30" in lines[0]
    text = " ".join(text.split())  # long lines are wrapped
    assert "error: the loss is not finite" in text
    assert re.search(r"and \d+ more", text)
    assert "and 2 more have failed" in text
    assert "results/my-study/figures/fig1.png" in text


def test_lines_come_once_a_minute_and_a_failure_once(tmp_path):
    lines = Lines()
    shown = snapshot(with_failures(tmp_path, 1), BEGAN + 90)
    first = list(lines.due(shown, 0.0))
    assert "failed: cifar10-random9+a-very-long-name-of-a-data-set-0 seed 1: error: the loss" in first[0]
    assert "0 of 30 jobs" in first[1]
    told = [line for second in range(1, int(3 * EVERY) + 1) for line in lines.due(shown, float(second))]
    assert len(told) == 3


def test_the_end_names_what_has_failed_and_how_to_go_on(tmp_path):
    lines = list(ending(with_failures(tmp_path, 1), "repdrift run my.yaml", interrupted=False))
    assert "0 of 30 jobs are done" in lines[0]
    assert "error: the loss is not finite at epoch 3" in lines[1]
    assert lines[2].strip() == str(tmp_path / "failed.log")
    assert lines[-1].endswith("go on with: repdrift run my.yaml")


def test_a_forecast_is_read_as_it_was_written(tmp_path):
    forecast = Forecast("results/x", "repdrift run", chain(2))
    forecast.write(tmp_path / "folder" / "forecast.json")
    assert Forecast.read(tmp_path / "folder" / "forecast.json") == forecast
