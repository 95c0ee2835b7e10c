"""The viewer's page in a real browser: what it does, and what a trace cannot make it do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.chromium import Chromium, Tab, find
from support.judged_batch import RIGHT, WRONG, evaluate
from support.sample_run import HOSTILE, path_tree, step, write_run
from toolgrove.agent.view.batch import batch_page, report_page
from toolgrove.agent.view.data import ShownRun, read_view
from toolgrove.agent.view.page import page, render, svg
from toolgrove.agent.view.serve import ViewServer
from toolgrove.data import codec
from toolgrove.data.records import FINISH, NodeState, Observation, Status, ToolCall
from toolgrove.data.runs import read_tree
from toolgrove.data.tree import ROOT
from toolgrove.evaluators.reporting import report_on

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


SHOWN = "[...document.querySelectorAll('section.run, .index')].map((s) => !s.hidden)"
NEXT = "new Promise((done) => setTimeout(done))"  # hashchange and toggle are events of their own


def test_the_table_opens_one_run_at_a_time(opened: Opened, tmp_path: Path) -> None:
    runs = [write_run(tmp_path / name, f" {name}") for name in ("a", "b")]
    tab = opened(render(runs))
    assert tab.run(SHOWN) == [True, False, False]
    tab.click(".index tbody tr:nth-child(2) a")
    tab.run(NEXT)
    assert tab.run(SHOWN) == [False, False, True]
    assert "x b" in tab.run("document.querySelector('#run-2 .detail').textContent")
    tab.click(".back")
    tab.run(NEXT)
    assert tab.run(SHOWN) == [True, False, False]
    assert tab.troubles == []


async def test_a_batch_is_sorted_filtered_and_searched(opened: Opened, tmp_path: Path) -> None:
    await evaluate(tmp_path / "R", RIGHT, WRONG, "Nobody knows.")
    tab = opened(batch_page(tmp_path / "R")[0])
    rows = (
        "[...document.querySelectorAll('.index tbody tr:not([hidden])')].map((r) => r.dataset.run)"
    )
    assert tab.run(rows) == ["1", "2", "3"]
    tab.click("[data-column='6']")  # score: the best first
    assert tab.run(rows)[0] == "1"
    tab.click("[data-column='6']")
    assert tab.run(rows)[-1] == "1"
    tab.click("[data-column='4']")
    assert tab.run(rows) == ["1", "2", "3"]
    assert tab.run("document.querySelectorAll('th')[4].getAttribute('aria-sort')") == "ascending"
    tab.run(
        "((f) => { f.value = 'judged wrong'; f.dispatchEvent(new Event('input', {bubbles: true}))"
        "; })(document.querySelector('[data-filter=\"5\"]'))"
    )
    assert tab.run(rows) == ["2", "3"]
    tab.press("/")
    assert tab.run("document.activeElement.className") == "search"
    tab.send("Input.insertText", text="nobody")
    assert tab.run(rows) == ["3"]
    assert tab.run("document.querySelector('.count').textContent") == "1 of 3 runs"
    tab.press("ArrowDown")
    assert tab.run("document.activeElement.hash") == "#run-3"
    assert tab.troubles == []


async def test_a_wrong_answer_is_not_green(opened: Opened, tmp_path: Path) -> None:
    await evaluate(tmp_path / "R", RIGHT, WRONG)
    tab = opened(batch_page(tmp_path / "R")[0], color_scheme="light")
    colour = "getComputedStyle(document.querySelector('#run-%d .verdict')).borderLeftColor"
    right, wrong = tab.run(colour % 1), tab.run(colour % 2)
    assert right == "rgb(0, 121, 90)"
    assert wrong == "rgb(179, 38, 30)"
    dots = "getComputedStyle(document.querySelector('#run-2 .map g.wrong .dot')).fill"
    tab.run("location.hash = '#run-2'")
    tab.run(NEXT)
    assert tab.run(dots) == wrong
    assert tab.run("getComputedStyle(document.querySelector('#run-2 .edge.won')).stroke") == wrong


async def test_two_runs_stand_side_by_side_and_where_they_part_is_marked(
    opened: Opened, tmp_path: Path
) -> None:
    await evaluate(tmp_path / "R", RIGHT, WRONG)
    tab = opened(batch_page(tmp_path / "R")[0])
    tab.run("document.querySelector('.index tbody tr:nth-child(1) input').click()")
    assert tab.run("document.querySelector('.compare-chosen').disabled")
    tab.run("document.querySelector('.index tbody tr:nth-child(2) input').click()")
    tab.click(".compare-chosen")
    tab.run(NEXT)
    assert tab.run("location.hash") == "#compare-1-2"
    assert tab.run(SHOWN) == [False, False, False]
    said = tab.run("document.querySelector('.parting').textContent")
    assert said == "They part at step 3: the runs did different things."
    assert tab.run("document.querySelectorAll('.compare tbody tr').length") == 3
    marked = "[...document.querySelectorAll('.compare .first')].map((r) => r.textContent)"
    (row,) = tab.run(marked)
    assert RIGHT in row
    assert WRONG in row
    details = "[...document.querySelectorAll('.side-detail')].map((d) => d.textContent)"
    assert [answer in text for answer, text in zip((RIGHT, WRONG), tab.run(details), strict=True)]
    tab.click(".compare tbody tr:nth-child(1) button")
    assert all("nothing in there" in text for text in tab.run(details))
    assert tab.troubles == []


def test_runs_that_took_the_same_steps_say_so(opened: Opened, tmp_path: Path) -> None:
    runs = [read_view(write_run(tmp_path / name)) for name in ("a", "b")]
    tab = opened(page(runs, start="#compare-1-2"))
    said = tab.run("document.querySelector('.parting').textContent")
    assert said == "Both runs took the very same steps."


@pytest.mark.parametrize("place", ["#run-1", "", "#compare-1-2"])
async def test_nothing_is_wider_than_a_phone(opened: Opened, tmp_path: Path, place: str) -> None:
    await evaluate(tmp_path / "R", f"{RIGHT} {'x' * 300}", WRONG)
    tab = opened(batch_page(tmp_path / "R")[0])
    tab.send(
        "Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=2,
        mobile=True,
    )  # fmt: skip
    tab.run(f"location.hash = '{place}'")
    tab.run(NEXT)
    assert tab.run("document.documentElement.scrollWidth") <= 360
    assert tab.run("innerWidth") == 360


def test_a_page_opens_on_the_first_failure_where_nothing_was_answered(
    opened: Opened,
) -> None:
    tab = opened(page([ShownRun("long", path_tree(20, fork=7))]))
    assert tab.run("document.querySelector('.row[aria-selected=true]').dataset.n") == "7"
    assert "timeout" in tab.run(DETAIL)
    assert tab.run("document.querySelector('.map .selected').dataset.n") == "7"


def test_five_thousand_steps_are_walked_without_the_page_being_built_anew(
    opened: Opened, tmp_path: Path
) -> None:
    tab = opened(page([ShownRun("long", path_tree(5_000, fork=7))]))
    assert tab.run(ROWS) == 5_000
    tab.run(
        "window.changes = 0; new MutationObserver((seen) => { window.changes += seen.length; })"
        ".observe(document.querySelector('.outline'), "
        "{subtree: true, childList: true, attributes: true})"
    )
    tab.click(".outline .row[data-n='2']")
    tab.press("ArrowDown")
    assert tab.run("window.changes") < 20  # a step touches the two rows that it leaves and meets
    tab.press("End")
    assert "Conversation before this step" in tab.run(DETAIL)
    in_view = "((r) => r.firstChild.checkVisibility({contentVisibilityAuto: true}))"
    laid_out = tab.run(f"[...document.querySelectorAll('.row')].filter({in_view}).length")
    assert 0 < laid_out < 200  # only what is in view is
    assert tab.troubles == []


def test_branches_without_an_answer_start_folded_where_there_are_many(opened: Opened) -> None:
    tree = path_tree(2_000, fork=7)
    leaf = tree.leaves()[-1]
    done = ToolCall("f", FINISH, {"return_type": "give_answer", "final_answer": "2"})
    tree.add(
        step(
            leaf.id,
            0,
            [(done, Observation(Status.FINAL_ANSWER, ""))],
            state=NodeState.ANSWERED,
            answer="2",
        )
    )
    for n in range(3):
        at = step(ROOT, 5 + n, [(ToolCall("c", "count"), Observation(Status.OK, "on", 2))])
        tree.add(at)
        tree.add(step(at.id, 0, [(ToolCall("c", "count"), Observation(Status.OK, "on", 2))]))
    tab = opened(page([ShownRun("long", tree)]))
    assert tab.run(ROWS) == len(tree) - 3
    tab.click("button[data-fold=none]")
    assert tab.run(ROWS) == len(tree)


UNTIL = """new Promise((done) => {
  const look = () => { if (%s) done(true); else requestAnimationFrame(look); };
  look();
})"""


def test_a_page_grows_with_its_run_and_stays_where_somebody_looks(
    chromium: Chromium, tmp_path: Path
) -> None:
    whole = write_run(tmp_path / "whole") / "journal.jsonl"
    lines = whole.read_bytes().splitlines(keepends=True)
    journal = tmp_path / "run" / "journal.jsonl"
    journal.parent.mkdir()
    journal.write_bytes(lines[0][:50])  # not even its header is whole
    at = "document.querySelector('.row[aria-selected=true]')?.dataset.n"
    with ViewServer(journal.parent).running() as url:
        tab = chromium.visit(url)
        assert "has not begun" in tab.run("document.querySelector('.query').textContent")
        with journal.open("ab", buffering=0) as stream:
            stream.write(lines[0][50:] + b"".join(lines[1:4]))
            assert tab.run(UNTIL % f"{ROWS} === 3 && {at} === '2'")  # it follows the last step
            assert tab.run("document.querySelectorAll('.map .box').length") == 3
            assert tab.run("document.querySelector('.query').textContent") == "What is x?"
            tab.click(".outline .row[data-n='1']")
            stream.write(b"".join(lines[4:7]) + lines[7][:9])
            assert tab.run(UNTIL % f"{ROWS} === 6")
            assert tab.run(at) == "1"
            stream.write(lines[7][9:] + b"".join(lines[8:]))
            ended = "document.querySelector('.live').textContent === 'the run has ended'"
            assert tab.run(UNTIL % ended)
        assert tab.run(ROWS) == 9
        assert tab.run(at) == "1"
        order = "[...document.querySelectorAll('.outline .row')].map((r) => r.dataset.n).join()"
        assert tab.run(order) == "0,1,2,3,4,5,6,7,8"
        assert "It is x" in tab.run("document.querySelector('.verdict').textContent")
        assert tab.troubles == []
        assert {address.removeprefix(url) for address in tab.requests} <= {"/", "/events"}
        tab.close()


@pytest.mark.parametrize("word", HOSTILE)
def test_promise_25_a_hostile_trace_executes_nothing_on_a_page_that_grows(
    chromium: Chromium, tmp_path: Path, word: str
) -> None:
    run = write_run(tmp_path / "run", word)
    with ViewServer(run).running() as url:
        tab = chromium.visit(url)
        ended = "document.querySelector('.live').textContent === 'the run has ended'"
        assert tab.run(UNTIL % ended)
        assert tab.run("document.title").startswith("What is x")
        assert tab.run("document.querySelectorAll('script').length") == 3
        assert tab.run("document.querySelectorAll('img, iframe, [onload], [onfocus]').length") == 0
        assert tab.troubles == []
        tab.close()


async def test_a_batchs_table_grows_and_compares(chromium: Chromium, tmp_path: Path) -> None:
    await evaluate(tmp_path / "R", RIGHT)
    with ViewServer(tmp_path / "R").running() as url:
        tab = chromium.visit(url)
        await evaluate(tmp_path / "R", RIGHT, WRONG)
        rows = "document.querySelectorAll('.index tbody tr .wrong').length"
        assert tab.run(UNTIL % f"{rows} === 1")
        for n in (1, 2):
            tab.click(f".index tbody tr:nth-child({n}) input")
        tab.click(".compare-chosen")
        tab.browser.wait_for("Page.loadEventFired", tab.session)
        assert tab.run("location.pathname") == "/compare/1/2"
        assert "They part at step 3" in tab.run("document.querySelector('.parting').textContent")
        assert tab.troubles == []
        tab.close()


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


MARKS = "[...document.querySelectorAll('.figures [data-runs]')]"
LISTED = "[...document.querySelectorAll('.index tbody tr:not([hidden])')].map((r) => r.dataset.run)"


async def test_a_reports_pictures_have_the_figures_of_its_json_and_lead_to_the_runs(
    opened: Opened, tmp_path: Path
) -> None:
    await evaluate(tmp_path / "batch", RIGHT, WRONG, HOSTILE[1], epochs=2)
    tab = opened(report_page(tmp_path / "batch"), prefers_color_scheme="dark")
    assert tab.troubles == []
    assert len(tab.requests) == 1
    report = json.loads(codec.dumps(codec.to_json(report_on(tmp_path / "batch"))))
    assert tab.run("JSON.parse(document.getElementById('report').textContent)") == report

    [setting] = report["settings"]
    rate = setting["summary"]["groups"]["total"]["rates"]["answer/2"]
    marks = tab.run(f"{MARKS}.map((mark) => ({{...mark.dataset}}))")
    [drawn] = [mark for mark in marks if "low" in mark and len(mark["runs"].split()) == 6][-1:]
    assert [float(drawn[name]) for name in ("value", "low", "high")] == [
        rate[name] for name in ("value", "low", "high")
    ]
    bars = {mark["outcome"]: int(mark["count"]) for mark in marks if "outcome" in mark}
    assert bars == setting["outcomes"]["total"]
    assert "33.3%" in tab.run("document.querySelector('.figures table').textContent")

    tab.run("document.querySelector('.figures [data-outcome=right]').focus()")
    tab.press("Enter")
    right = next(mark["runs"] for mark in marks if mark.get("outcome") == "right")
    assert tab.run(LISTED) == right.split()
    tab.run("document.querySelector('.show-all').click()")
    assert len(tab.run(LISTED)) == 6
    tab.run("document.querySelector('.index tbody a').click()")
    assert tab.run("document.querySelector('.figures').hidden"), "a tree has the page to itself"
    assert tab.run("document.title") != "pwned"
