"""What a training shows: a bar on a terminal, a line an epoch in a log."""

import os
import pty
import re
import termios

import pytest
from tests.unit.stage import Stage, finish

STEPS = 90  # four epochs of 640 images, and half of one


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    made = Stage(tmp_path_factory.mktemp("terminal") / "stage")
    made.spec["checkpoints"] = []
    return made


def read_to_the_end(terminal):
    """Everything that comes from the other side of a pseudo-terminal."""
    shown = b""
    while True:
        try:
            shown += os.read(terminal, 4096)
        except OSError:  # how Linux says that the other side is closed
            return shown.decode()


def test_a_terminal_shows_speed_time_left_loss_and_accuracy(stage):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, 120))
    process = stage.start("terminal", steps=STEPS, stdout=theirs)
    os.close(theirs)
    shown = read_to_the_end(ours)
    os.close(ours)
    assert process.wait(60) == 0, shown
    form = r"100%\|\S+\| 2\.88k/2\.88k \[\d+:\d\d<00:00, [\d.]+k?img/s, loss \d+\.\d{4}, accuracy \d+\.\d %\]"
    assert re.search(form, shown), shown
    bars = [line for line in re.split(r"[\r\n]+", shown) if "img/s" in line]
    assert len(bars) > 5  # it moves
    assert max(map(len, bars)) <= 120
    assert re.search(r"epoch 5, step 90: training loss .*, test accuracy ", shown)


def test_a_log_has_a_line_an_epoch_and_no_bar(stage):
    log = finish(stage.start("log", steps=STEPS))
    assert [line.split(",")[0] for line in log.splitlines()] == [f"epoch {number}" for number in range(6)]
    assert "\r" not in log
