"""The viewer's page in a real browser: what it does, and what a trace cannot make it do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.chromium import Chromium, Tab, find
from support.sample_run import HOSTILE, path_tree, write_run
from toolgrove.agent.view.data import ShownRun
from toolgrove.agent.view.page import page, render, svg
from toolgrove.data.journal import read_tree

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    program = find()
    if program is None:
        pytest.skip("no chromium on the path: install Debian's package chromium")
    browser = Chromium(program, tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


Opened = Callable[..., Tab]


@pytest.fixture
def opened(chromium: Chromium, tmp_path: Path) -> Iterator[Opened]:
    """Open a text as a page of that name; the tabs are closed after the test."""
    tabs: list[Tab] = []

    def open_page(text: str, name: str = "page.html", **media: str) -> Tab:
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        tabs.append(chromium.open(file, **media))
        return tabs[-1]

    yield open_page
    for tab in tabs:
        tab.close()


TITLE = "document.querySelector('.detail h3 .did').textContent"
DETAIL = "document.querySelector('.detail').textContent"
ROWS = "document.querySelectorAll('.outline .row:not([hidden])').length"


def test_a_page_loads_without_a_complaint_or_a_request(opened: Opened, tmp_path: Path) -> None:
    tab = opened(render([write_run(tmp_path / "run")]))
    assert tab.troubles == []
    assert tab.requests == [(tmp_path / "page.html").as_uri()]
    assert tab.run(ROWS) == 9
    assert tab.run(TITLE) == "Answer"


def test_a_click_on_a_row_or_on_the_picture_opens_a_step(opened: Opened, tmp_path: Path) -> None:
    tab = opened(render([write_run(tmp_path / "run", whole="all of it" * 9)]))
    tab.click(".outline .row[data-n='2'] .did")
    assert "no such tool" in tab.run(DETAIL)
    tab.click(".map [data-n='5']")
    assert tab.run("document.querySelector('.row[aria-selected=true]').dataset.n") == "5"
    assert "Shown for this step only" in tab.run(DETAIL)
    assert "all of it" not in tab.run(DETAIL)
    tab.click(".detail details:last-of-type summary")
    tab.run("new Promise((done) => setTimeout(done))")  # the part is built on its toggle event
    assert "all of it" in tab.run(DETAIL)


def test_the_keyboard_walks_folds_and_reads_the_tree(opened: Opened, tmp_path: Path) -> None:
    tab = opened(render([write_run(tmp_path / "run")]))
    tab.run("document.querySelector('.row[tabindex=\"0\"]').focus()")
    tab.press("Home")
    assert tab.run(TITLE) == "Task"
    tab.press("ArrowDown")
    tab.press("ArrowDown")
    assert tab.run(TITLE) == "unknown"
    tab.press("ArrowLeft")
    assert tab.run(ROWS) == 7
    assert tab.run("document.activeElement.getAttribute('aria-expanded')") == "false"
    assert "+2" in tab.run("document.activeElement.textContent")
    tab.press("ArrowDown")
    assert tab.run("document.activeElement.dataset.n") == "5"
    tab.press("ArrowUp")
    tab.press("ArrowRight")
    tab.press("ArrowRight")
    assert tab.run(ROWS) == 9
    assert tab.run(TITLE) == "Give up"
    tab.press("Enter")
    assert tab.run("document.activeElement.className") == "detail"
    tab.press("Escape")
    assert tab.run("document.activeElement.dataset.n") == "3"


def test_branches_without_an_answer_fold_away(opened: Opened, tmp_path: Path) -> None:
    tab = opened(render([write_run(tmp_path / "run")]))
    tab.click("button[data-fold=dead]")
    assert tab.run(ROWS) == 7
    tab.click("button[data-fold=none]")
    assert tab.run(ROWS) == 9


def test_a_pairs_step_is_one_click_away(opened: Opened, tmp_path: Path) -> None:
    tab = opened(render([write_run(tmp_path / "run")]))
    tab.click(".side.rejected button")
    assert tab.run(TITLE) == "unknown"


def test_the_index_shows_one_run_at_a_time(opened: Opened, tmp_path: Path) -> None:
    runs = [write_run(tmp_path / name, f" {name}") for name in ("a", "b")]
    tab = opened(render(runs))
    visible = "[...document.querySelectorAll('section.run')].map((s) => !s.hidden)"
    assert tab.run(visible) == [True, False]
    tab.click(".index tbody tr:nth-child(2) a")
    tab.run("new Promise((done) => setTimeout(done))")  # hashchange comes as an event of its own
    assert tab.run(visible) == [False, True]
    assert "x b" in tab.run("document.querySelector('#run-2 .detail').textContent")
    assert tab.troubles == []


def test_five_thousand_steps_open_with_their_branches_folded(
    opened: Opened, tmp_path: Path
) -> None:
    tab = opened(page([ShownRun("long", path_tree(5_000, fork=7))]))
    assert tab.run(ROWS) == 2
    tab.click("button[data-fold=none]")
    assert tab.run(ROWS) == 5_000
    tab.click(".outline .row[data-n='2']")
    tab.press("End")
    assert "Conversation before this step" in tab.run(DETAIL)
    assert tab.troubles == []


@pytest.fixture(scope="module")
def plain_steps(chromium: Chromium, tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """What the page of a harmless run is made of."""
    folder = tmp_path_factory.mktemp("plain")
    file = folder / "page.html"
    file.write_text(render([write_run(folder / "run", whole="whole x")]), encoding="utf-8")
    tab = chromium.open(file)
    steps: list[list[str]] = tab.run(ALL_STEPS)
    tab.close()
    assert len(steps) == 9
    return steps


@pytest.mark.parametrize("word", HOSTILE)
def test_promise_25_a_hostile_trace_executes_nothing(
    opened: Opened, tmp_path: Path, plain_steps: list[list[str]], word: str
) -> None:
    html = render([write_run(tmp_path / "run", word, whole=f"whole {word}")])
    tab = opened(html)
    title = tab.run("document.title")
    assert title.startswith("What is x")
    assert tab.run(ALL_STEPS) == plain_steps
    assert tab.run("document.title") == title
    assert tab.troubles == []
    assert tab.requests == [(tmp_path / "page.html").as_uri()]


ALL_STEPS = """
(async () => {
  const seen = [];
  for (const row of document.querySelectorAll(".row")) {
    row.click();
    for (const part of document.querySelectorAll(".detail details")) part.open = true;
    await new Promise((done) => setTimeout(done));
    seen.push([...document.querySelectorAll("*")].map((e) => e.localName + e.getAttributeNames()));
  }
  return seen;
})()
"""
"""The names of all elements and attributes of the page, with each step opened in its turn."""


def test_promise_25_the_policy_stops_what_escaping_would_have_missed(
    opened: Opened, tmp_path: Path
) -> None:
    html = render([write_run(tmp_path / "run")])
    hole = "<script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">"
    tab = opened(html.replace("<main>", f"<main>{hole}"))
    assert tab.run("document.title") == "What is x? · Toolgrove"
    assert len([t for t in tab.troubles if "Content Security Policy" in t]) >= 2
    thrown = "(() => { try { document.body.innerHTML = '<b>'; } catch (e) { return e.name; } })()"
    assert tab.run(thrown) == "TypeError"


def test_a_picture_alone_is_drawn_and_follows_the_scheme(opened: Opened, tmp_path: Path) -> None:
    drawn = svg(read_tree(write_run(tmp_path / "run")))
    fill = "getComputedStyle(document.querySelector('.ground')).fill"
    light = opened(drawn, "light.svg", color_scheme="light")
    dark = opened(drawn, "dark.svg", color_scheme="dark")
    assert light.run("document.querySelectorAll('.box').length") == 9
    assert light.run(fill) != dark.run(fill)
    assert light.troubles == dark.troubles == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_their_ground(opened: Opened, tmp_path: Path, scheme: str) -> None:
    tab = opened(render([write_run(tmp_path / "run")]), color_scheme=scheme)
    tab.click(".outline .row[data-n='2'] .did")
    ratios = tab.run(CONTRAST)
    assert len(ratios) > 20
    assert [(text, ratio) for text, ratio in ratios if ratio < 4.5] == []


CONTRAST = """
(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  const rgb = (colours) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const c of colours) { canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (c) => c.map((v) => v / 255)
    .map((v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const found = [];
  const texts = "p, h1, h2, h3, h4, dt, dd, td, li, pre, .row span, summary, .status";
  for (const e of document.querySelectorAll(texts)) {
    if (!e.checkVisibility() || !e.textContent.trim()) continue;
    const grounds = [];
    for (let up = e; up; up = up.parentElement) {
      grounds.unshift(getComputedStyle(up).backgroundColor);
    }
    const [a, b] = [light(rgb([...grounds, getComputedStyle(e).color])), light(rgb(grounds))];
    found.push([e.textContent.slice(0, 30), (Math.max(a, b) + .05) / (Math.min(a, b) + .05)]);
  }
  return found;
})()
"""
