"""Figures in the width and font of a venue: what is drawn is legible, and only figures are drawn again."""

import itertools
import re

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from tests.workflow.tiny import EVERYTHING

from repdrift import figures
from repdrift.figures import style
from repdrift.figures.venue import Venue
from repdrift.plan.plan import Plan
from repdrift.provenance.artifacts import record
from repdrift.study.config import load

MILLIMETRES = 86
SMALLEST = 6.0  # points
SHARED = 0.15  # share of the smaller of two texts that the box of another may cover, since boxes have empty edges


@pytest.fixture(scope="module")
def specs(complete_study):
    """The spec of one figure of each drawing, with its table."""
    folder = complete_study.folder / "results" / "tiny"
    found = {}
    for path in sorted((folder / "figures").glob("*.svg")):
        spec = record(path)["spec"]
        found[spec["kind"]] = (folder / "tables" / f"{path.stem}.csv", spec["kind"], spec["network"])
    return found


def test_every_drawing_is_legible_in_one_column_of_a_journal(specs):
    for kind, spec in specs.items():
        figure = figures.draw(*spec, Venue(MILLIMETRES / 25.4))
        assert figure.get_figwidth() * 25.4 == pytest.approx(MILLIMETRES), kind
        with style.applied():  # as when a figure is written
            assert illegible(figure) == [], kind


def illegible(figure):
    """List the texts that are too small, beyond the edges, or on top of another."""
    figure.set_dpi(300)  # at low resolutions letters are wider than their outlines
    figure.draw_without_rendering()
    hidden = not_drawn(figure)
    renderer = FigureCanvasAgg(figure).get_renderer()
    whole, wrong, boxes = figure.bbox, [], []
    for text in figure.findobj(Text):
        if text in hidden or not text.get_visible() or not text.get_text().strip():
            continue
        words, box = text.get_text(), text.get_window_extent(renderer)
        if text.get_fontsize() < SMALLEST:
            wrong.append(f"{words!r} has {text.get_fontsize()} points")
        if box.x0 < whole.x0 - 1 or box.x1 > whole.x1 + 1 or box.y0 < whole.y0 - 1 or box.y1 > whole.y1 + 1:
            wrong.append(f"{words!r} is cut")
        boxes.append((words, box, text.get_rotation()))
    for (one, box, turned), (other, another, also) in itertools.combinations(boxes, 2):
        if turned % 90 or also % 90:  # the box of a slanted text is larger than the text
            continue
        width = min(box.x1, another.x1) - max(box.x0, another.x0)
        height = min(box.y1, another.y1) - max(box.y0, another.y0)
        smaller = min(box.width * box.height, another.width * another.height)
        if width > 0 and height > 0 and width * height > SHARED * smaller:
            wrong.append(f"{one!r} is on {other!r}")
    return wrong


def not_drawn(figure):
    """The labels of ticks that exist and are not drawn: beyond the limits of their axis, or of an axis that is off."""
    axes = [axis for each in figure.axes for axis in (each.xaxis, each.yaxis)]
    every = {label for axis in axes for tick in (*axis.majorTicks, *axis.minorTicks) for label in labels_of(tick)}
    drawn = [axis for axis in axes if axis.axes.axison]
    return every - {label for axis in drawn for tick in axis._update_ticks() for label in labels_of(tick)}


def labels_of(tick):
    return tick.label1, tick.label2


def test_a_width_draws_figures_again_and_nothing_else(complete_study, tmp_path):
    """Snakemake is asked what it would run with another width and font."""
    (tmp_path / "venue.yaml").write_text("figures: {width: 86 mm, font: DejaVu Serif}")
    plan = Plan(load([complete_study.folder / name for name in ("config.yaml", "complete.yaml")]))
    jobs = complete_study.jobs(*EVERYTHING, tmp_path / "venue.yaml")
    assert {rule: count for rule, count in jobs.items() if rule != "all"} == {"figure": len(plan.figures), "report": 1}


def test_a_font_that_is_missing_is_told_before_any_job(complete_study, tmp_path):
    (tmp_path / "font.yaml").write_text("figures: {font: No Such Font}")
    done = complete_study.snakemake("-n", *EVERYTHING, tmp_path / "font.yaml", check=False)
    (line,) = [line for line in done.output.splitlines() if "No Such Font" in line]
    assert re.search("figures.font: 'No Such Font': this machine has no such font.*install it", line)


def test_the_font_is_in_the_file(specs, tmp_path):
    figure = figures.draw(*specs["layers"], Venue(font="DejaVu Serif"))
    figures.write(figure, tmp_path / "figure.pdf", "pdf")
    written = (tmp_path / "figure.pdf").read_bytes()
    assert b"DejaVuSerif" in written and b"DejaVuSans" not in written
