"""A training file as a page: both sides beside each other, and what differs is marked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.chromium import Chromium, find
from support.sample_run import HOSTILE
from support.training_rows import PAIRS, asked, call, pair, says, write
from toolgrove.agent.view import rows as rows_view
from toolgrove.agent.view.rows import rows_page


def test_the_words_that_differ_are_marked_on_both_sides(tmp_path: Path) -> None:
    page = rows_page(write(tmp_path / "pairs.jsonl", PAIRS[:1]))
    assert re.findall(r"<mark>(.*?)</mark>", page) == [" City"]
    assert "By rule" in page
    assert "How far is Bergen from 02139?" in page


def test_labelled_rows_and_rows_to_imitate_are_shown_too(tmp_path: Path) -> None:
    labelled = {"prompt": asked(), "completion": [says("5 km")], "label": False}
    imitated = {"messages": [*asked(), call("far_for_map", to="Bergen")]}
    page = rows_page(write(tmp_path / "rows.jsonl", [labelled, imitated]))
    assert "Completion (not wanted)" in page
    assert page.count("<article") == 2


def test_a_long_file_is_counted_whole_and_shown_in_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows_view, "SHOWN", 2)
    page = rows_page(write(tmp_path / "pairs.jsonl", [*PAIRS, *PAIRS]))
    assert "4 rows of 1 tasks, the first 2 shown" in page
    assert page.count("<article") == 2


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    program = find()
    if program is None:
        pytest.skip("no chromium on the path: install Debian's package chromium")
    browser = Chromium(program, tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


HEADING = "document.activeElement.querySelector('h2').textContent"
SHOWN = "document.querySelectorAll('article:not([hidden])').length"


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_filters_searches_walks_by_key_and_runs_nothing_of_a_row(
    chromium: Chromium, tmp_path: Path, scheme: str
) -> None:
    hostile = [
        pair([call(text, **{text: text})], [says(text)], asked(text), rule=text, task=text,
             faults=[text], run=text)
        for text in HOSTILE if "\ud800" not in text  # which no row can hold
    ]  # fmt: skip
    file = tmp_path / "page.html"
    file.write_text(rows_page(write(tmp_path / "p.jsonl", [*PAIRS, *hostile])), encoding="utf-8")
    tab = chromium.open(file, color_scheme=scheme)
    try:
        assert (tab.troubles, tab.requests) == ([], [file.as_uri()])
        assert tab.run("document.title") == "p.jsonl · Toolgrove"
        assert tab.run(SHOWN) == len(hostile) + 2
        pick = (
            "(name, value) => { const one = document.querySelector(`[data-filter=${name}]`); "
            "one.value = value; one.dispatchEvent(new Event('input', {bubbles: true})); }"
        )
        tab.run(f"({pick})('rule', 'arguments')")
        assert tab.run(SHOWN) == 1
        assert tab.run("document.querySelector('.count').textContent").startswith("1 of")
        tab.run(f"({pick})('rule', '')")
        tab.run(f"({pick})('fault', 'empty_thought')")
        assert tab.run(SHOWN) == 1
        tab.run(f"({pick})('fault', '')")
        tab.press("j")
        tab.press("j")
        assert tab.run(HEADING).startswith("Line 2")
        tab.press("k")
        assert tab.run(HEADING).startswith("Line 1")
        tab.press("/")
        assert tab.run("document.activeElement.className") == "search"
    finally:
        tab.close()
