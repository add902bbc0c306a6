"""Pages in a real browser: headless Chromium through Playwright, at the width of a desk and of a phone.

Skipped where Playwright or a Chromium is not installed; CROSSLIFT_CHROMIUM names one that is not on the path.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from crosslift import report
from tests.unit.report import study_results
from tests.unit.report.conftest import written
from tests.unit.report.page import HOSTILE
from tests.unit.report.test_report_pairs import agreed, grid, saying
from tests.unit.report.test_report_study import hostile

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM = os.environ.get("CROSSLIFT_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
playwright = pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")]

WIDTHS = {"desk": (1280, 900), "phone": (390, 844)}
PAGES = ("runs", "grid", "study", "ledger", "measured", "hostile")
BETTER = {"src": 89.0, "near": 64.0, "far": 48.0, "rare": 53.0}
SORTED = """(table) => {
  const at = [...table.tHead.rows[0].cells].findIndex((head) => head.ariaSort);
  return [...table.tBodies[0].rows].map((row) => row.cells[at].dataset.value).filter((value) => value !== undefined);
}"""
DULL = """() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  const light = (colour) => channels(colour).reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
  const paper = light(getComputedStyle(document.body).backgroundColor);
  const words = "p, li, a, td:not(.shade), th, dt, dd, summary, select, small, .badge, .rule";
  return [...document.querySelectorAll(words)].filter((element) => {
    const ink = light(getComputedStyle(element).color);
    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05) < 4.5;
  }).map((element) => element.outerHTML.slice(0, 120));
}"""


@dataclass
class Visit:
    """A page that is open, and what it did that a page of ours must not do."""

    page: Any
    url: str
    complaints: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Note errors, dialogs and every request but that of the page itself."""
        self.page.on("console", lambda message: self._note(message.type in ("error", "warning"), message.text))
        self.page.on("pageerror", lambda error: self._note(True, str(error)))
        self.page.on("dialog", lambda dialog: (self._note(True, f"dialog {dialog.message}"), dialog.dismiss()))
        self.page.on("request", lambda request: self._note(not self._own(request.url), f"request {request.url[:200]}"))

    def _own(self, url: str) -> bool:
        return url == self.url or url.startswith(("data:", "blob:"))

    def _note(self, wrong: bool, text: str) -> None:
        if wrong:
            self.complaints.append(text)


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        # In a container there is no user namespace for the sandbox; these pages are our own.
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, Path]:
    """Write one page of every kind and return where each is."""
    folder = tmp_path_factory.mktemp("pages")
    values = {name: getattr(study_results, name)() for name in ("study", "ledger", "measured")}
    values["hostile"] = hostile(values["study"])
    found = {name: _study_page(folder / name, study) for name, study in values.items()}
    return {**found, "runs": _runs_page(folder / "runs"), "grid": _grid_page(folder / "grid")}


def _study_page(directory: Path, values: dict[str, Any]) -> Path:
    directory.mkdir()
    (directory / "study.json").write_text(json.dumps(values), encoding="utf-8")
    return report.write(directory)


def _runs_page(folder: Path) -> Path:
    for seed in (0, 1):
        written(folder / f"one-{seed}", "unaligned", seed=seed, vectors=True)
        more: dict[str, Any] = {"stages": ("pretrain", "align", "finetune"), "values": BETTER, "vectors": True}
        written(folder / f"two-{seed}", f"aligned {HOSTILE}", seed=seed, **more)
    return report.write(folder)


def _grid_page(folder: Path) -> Path:
    for name, shift, values in (("plain", 0, None), ("robust", 5, BETTER)):
        written(folder / name, name, values=values, change=saying([grid(shift)], [agreed(70 + shift)]))
    return report.write(folder)


@pytest.fixture(params=WIDTHS)
def width(request):
    return request.param


@pytest.fixture(scope="module")
def visits() -> dict[tuple[str, str], Visit]:
    """Return the pages that are open, by name and width: opening one takes longer than any test of it."""
    return {}


@pytest.fixture
def visit(browser, pages, width, visits):
    """Return a function that gives the open page of a name; whatever it did wrong fails the test at its end."""
    used = []

    def go(name: str) -> Any:
        if (name, width) not in visits:
            visits[name, width] = opened(browser, pages[name], width)
        used.append(visits[name, width])
        return used[-1].page

    yield go
    for one in used:
        assert one.complaints == []


def opened(browser: Any, path: Path, width: str) -> Visit:
    """Open a page and wait until its figures are drawn."""
    across, down = WIDTHS[width]
    made = Visit(browser.new_page(viewport={"width": across, "height": down}), path.as_uri())
    made.watch()
    made.page.set_default_timeout(10_000)
    made.page.goto(made.url)
    made.page.wait_for_function(
        "[...document.querySelectorAll('.plot')].every((plot) => plot.querySelector('.main-svg'))"
    )
    return made


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_quiet_loads_nothing_and_fits(visit, name):
    page = visit(name)
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    assert page.locator(".plot .error").count() == 0
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    page.emulate_media(media="screen")


@pytest.mark.parametrize("name", PAGES)
def test_words_stand_out_from_the_paper_in_light_and_dark(visit, name):
    page = visit(name)
    button = page.locator("#theme")
    seen = set()
    for _ in range(2):
        button.focus()
        page.keyboard.press("Enter")
        seen.add(page.evaluate("document.documentElement.dataset.theme"))
        assert page.evaluate(DULL) == []
    assert seen == {"light", "dark"}


@pytest.mark.parametrize(
    ("name", "table", "heading"),
    [
        ("runs", "#results-0 table.sortable >> nth=0", "Target mean"),
        ("grid", "#results-0 table.sortable >> nth=0", "Target mean"),
        ("study", "#results-0 table.sortable >> nth=0", "Difference"),
        ("ledger", "#ledger table", "Effect"),
    ],
)
def test_tables_sort_by_click_and_by_keyboard(visit, name, table, heading):
    page = visit(name)
    found = page.locator(table)
    button = found.get_by_role("button", name=heading, exact=True)
    button.click()
    down = [float(value) for value in found.evaluate(SORTED)]
    assert len(set(down)) > 1
    assert down == sorted(down, reverse=True)
    button.focus()
    page.keyboard.press("Enter")
    up = [float(value) for value in found.evaluate(SORTED)]
    assert up == sorted(up)
    page.keyboard.press(" ")
    assert [float(value) for value in found.evaluate(SORTED)] == down


@pytest.mark.parametrize("name", ["runs", "study"])
def test_maps_turn_by_keyboard(visit, name):
    page = visit(name)
    first = "() => JSON.stringify(document.querySelector('#map-1 .plot').data[0].x)"
    before = page.evaluate(first)
    page.locator("input[value=tsne]").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("input[value=pca]").is_checked()
    page.wait_for_function(f"({first})() !== {json.dumps(before)}")
    page.locator("input[value=language]").focus()
    page.keyboard.press("ArrowRight")
    shown = "document.querySelector('#map-1 .plot').data.filter((trace) => trace.meta.shows === 'meaning')"
    page.wait_for_function(f"{shown}.every((trace) => trace.visible)")


def test_an_arm_is_chosen_by_keyboard(visit):
    page = visit("study")
    grids = page.locator(".results-0-grids")
    assert [grids.nth(place).is_visible() for place in range(6)] == [True, *[False] * 5]
    page.locator("#results-0-grids").focus()
    page.keyboard.press("ArrowDown")
    assert [grids.nth(place).is_visible() for place in range(6)] == [False, True, *[False] * 4]


def test_one_arms_gains_are_shown_with_their_intervals(visit):
    page = visit("study")
    page.locator("#results-0-distance select").focus()
    page.keyboard.press("ArrowDown")
    shown = "document.querySelector('#results-0-distance .plot').data"
    page.wait_for_function(f"{shown}.filter((trace) => trace.visible === true).length === 1")
    assert page.evaluate(f"{shown}.find((trace) => trace.visible === true).error_y.visible")


def test_a_claim_opens_by_keyboard(visit):
    page = visit("ledger")
    claim = page.locator("details.claim").first
    assert claim.get_attribute("open") is None
    claim.locator("summary").focus()
    page.keyboard.press("Enter")
    assert claim.get_attribute("open") is not None
    assert claim.get_by_role("table").is_visible()


def test_a_ledger_keeps_its_verdict_in_sight(visit):
    page = visit("ledger")
    badge = page.locator("#ledger .badge").first.bounding_box()
    assert badge["x"] + badge["width"] <= page.viewport_size["width"]
