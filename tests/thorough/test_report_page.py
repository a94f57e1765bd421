"""The report for everybody: at two widths, light and dark, by keyboard, on paper, and by axe's rules (WCAG 2 AA)."""

import base64
import io
from pathlib import Path

import axe_core_python
import numpy as np
import pypdfium2
import pytest
from tests.report_page import CLAIM, HEIGHTS, SPEC, WITHOUT, written

from repdrift import cli

AXE = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice")
A4 = {"paperWidth": 8.27, "paperHeight": 11.69, "preferCSSPageSize": True, "printBackground": True}
MANY = [
    {**SPEC["figures"][1], "name": f"fig{number}", "title": f"Figure {number}"} for number in range(2, 8)
]  # enough figures for several screens, and for pages of paper with a figure at their end


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A report with two figures that are as high as a page of paper, and others, and with and without verdicts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("report"))
        spec = SPEC | {"figures": [*SPEC["figures"], *MANY]}
        heights = HEIGHTS | {figure["name"]: 900 if figure["name"] == "fig4" else 380 for figure in MANY}
        few = CLAIM | {"claim": "G3", "seeds": 1, "low": None, "high": None, "verdict": "undecided"}
        undecided = CLAIM | {"claim": "G4", "verdict": "undecided", "reason": "too few"}
        negligible = CLAIM | {"claim": "G5", "verdict": "negligible", "effect": 0.001}
        return written(patch, rows=[CLAIM, WITHOUT, few, undecided, negligible], spec=spec, heights=heights).absolute()


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Two studies side by side that disagree on a claim."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("compared"))
        against = CLAIM | {"verdict": "contradicted", "effect": -0.05, "low": -0.06, "high": -0.04}
        for study, rows in (("one", [CLAIM, WITHOUT]), ("other", [against])):
            written(patch, rows=rows, study=study)
        cli.main(["report", "results/one", "results/other", "--output", "page.html"])
        return Path("page.html").absolute()


def violations(browser):
    browser.run(AXE)
    options = f"{{runOnly: {list(RULES)}}}"
    found = browser.driver.execute_async_script(f"const done = arguments[0]; axe.run(document, {options}).then(done)")
    assert found["passes"]
    return [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found["violations"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page, browser, scheme):
    features = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", features)
    browser.open(page)
    background = browser.run("return getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")
    browser.run("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert violations(browser) == []


def test_studies_side_by_side(compared, browser):
    browser.open(compared)
    assert browser.run("return document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    differs = browser.run("return [...document.querySelectorAll('tr.differs')].map(one => one.id)")
    assert differs == ["G1"]
    lefts = browser.run(
        "return [...document.querySelectorAll('#fig1 figure')].map(one => one.getBoundingClientRect().left)"
    )
    assert len(lefts) == 2
    browser.run("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert violations(browser) == []
    assert browser.errors() == []
    assert browser.hosts_asked() == []


def test_the_page_fits_its_width_and_figures_are_at_least_as_large_as_on_paper(page, browser):
    browser.open(page)
    width = browser.run("return document.documentElement.clientWidth")
    assert browser.run("return document.documentElement.scrollWidth") <= width
    shown = browser.run("return [...document.images].map(one => one.getBoundingClientRect().width)")
    assert len(shown) == len(SPEC["figures"]) + len(MANY)
    assert all(one >= 648 for one in shown)  # 486 points
    frames = browser.run(
        "return [...document.querySelectorAll('.frame')].map(one => one.getBoundingClientRect().right)"
    )
    assert max(frames) <= width
    assert browser.errors() == []
    assert browser.hosts_asked() == []


def test_the_first_screen_says_what_was_studied_what_was_found_and_how_sure(page, browser):
    browser.open(page)
    seen = browser.run(
        "return [...document.querySelectorAll('h1, .studied dd, .findings li')]"
        ".filter(one => one.getBoundingClientRect().bottom <= innerHeight).map(one => one.textContent).join('\\n')"
    )
    assert "From birds to cats" in seen
    assert "Of 5 claims, judged on 5 seeds, 1 is supported" in seen
    assert "How sure: of the 1 verdict" in seen or "How sure: of the 2 verdicts" in seen
    assert "[+.021, +.047]" in seen


def test_the_table_of_contents_stays_and_leads_everywhere(page, browser):
    browser.open(page)
    browser.run("scrollTo(0, document.body.scrollHeight)")
    top, bottom = browser.run(
        "const box = document.querySelector('nav').getBoundingClientRect(); return [box.top, box.bottom]"
    )
    assert top >= 0
    assert bottom <= browser.run("return innerHeight")
    inside = "return [...document.querySelectorAll('a[href^=\"#\"]')].map(one => one.hash.slice(1))"
    targets = set(browser.run("return [...document.querySelectorAll('[id]')].map(one => one.id)"))
    assert set(browser.run(inside)) <= targets
    named = browser.run("return [...document.querySelectorAll('nav a')].map(a => a.hash.slice(1))")
    assert {figure["name"] for figure in MANY} | {"found", "verdicts", "accuracies", "settings"} <= set(named)


def test_everything_is_reached_and_used_by_keyboard(page, browser):
    from selenium.webdriver.common.keys import Keys  # noqa: PLC0415  only where there is a browser

    browser.open(page)
    keyboard = browser.driver.switch_to.active_element
    keyboard.send_keys(Keys.TAB)
    assert browser.run("return document.activeElement.className") == "skip"
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
    assert browser.run("return location.hash") == "#found"
    # A figure that is wider than the screen is a stop, and arrows scroll it.
    frame = browser.run("return document.querySelector('.frame')")
    assert (frame.get_attribute("tabindex") == "0") == browser.run("return innerWidth < 648")
    button = browser.run("return document.querySelector('#accuracies-table th button')")
    button.send_keys(Keys.ENTER)
    assert browser.run("return document.querySelector('#accuracies-table th').getAttribute('aria-sort')") == "ascending"


def test_links_give_files_that_lie_in_the_page(page, browser):
    browser.open(page)
    text = browser.driver.execute_async_script(
        "const done = arguments[0]; fetch(document.querySelector('a[download=\"fig3.csv\"]').href)"
        ".then(found => found.text()).then(done)"
    )
    assert text == "panel,value\nfig3,0.5\n"


def test_no_figure_is_cut_on_paper(page, browser):
    """Each picture has a red upper and a blue lower edge, so a page has as many red edges as blue ones."""
    browser.open(page)
    printed = base64.b64decode(browser.driver.execute_cdp_cmd("Page.printToPDF", A4)["data"])
    document = pypdfium2.PdfDocument(io.BytesIO(printed))
    edges = []
    for sheet in document:
        pixels = sheet.render(scale=1).to_numpy()[:, :, :3].astype(int)
        colours = {"red": (0, 0, 255), "blue": (255, 0, 0)}  # the channels are blue, green and red
        edges.append([bands(pixels, colour) for colour in colours.values()])
    assert all(red == blue for red, blue in edges), edges
    assert sum(red for red, _ in edges) == len(SPEC["figures"]) + len(MANY)
    text = "".join(sheet.get_textpage().get_text_range() for sheet in document)
    assert "What was found" in text
    assert "Contents" not in text


def bands(pixels, colour):
    """Count the horizontal bands of a colour in a picture [height, width, 3]."""
    rows = (np.abs(pixels - colour).sum(axis=2) < 60).mean(axis=1) > 0.2
    return int(np.count_nonzero(rows[1:] & ~rows[:-1]) + rows[0])
