"""Training rows as one HTML page: both sides beside each other, and what differs is marked.

As in the viewer's other pages, nothing of a row can execute: its text is escaped into elements, or
lies in a JSON block of which the page's script makes text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from itertools import groupby
from pathlib import Path

from toolgrove.agent.view.data import pretty
from toolgrove.agent.view.page import whole_page
from toolgrove.data.drawing.markup import Element, tag
from toolgrove.data.drawing.words import one_line
from toolgrove.data.exports.rows import TrainingRow, read_rows, request_of
from toolgrove.data.exports.stats import RowStats, row_stats, traits
from toolgrove.data.records import JsonObject

__all__ = ["rows_page"]

SHOWN = 500
"""Rows that a page shows; the counts are of all."""
_LONGEST = 4_000
"""Words of both sides up to which their differences are looked for."""
_MOST = 12
"""Names that a table of counts shows."""
_FILTERS = {"rule": "rule", "fault": "fault", "task": "task"}
_WORD = re.compile(r"\s+|\w+|[^\w\s]")


def rows_page(path: str | Path) -> str:
    """A training file as a page that needs no network.

    Raises
    ------
    FormatError
        For the first line that is no row.
    """
    stats = row_stats(read_rows(path))
    rows = [row for _, row in zip(range(SHOWN), read_rows(path), strict=False)]
    name = Path(path).name
    body = tag(
        "div",
        tag("p", "Toolgrove · training rows", class_="brand"),
        tag("h1", name),
        tag("p", _summary(stats, len(rows)), class_="none"),
        _counts(stats),
        _bar(),
        tag("main", *map(_article, rows)),
        class_="rows",
    )
    held = [{key: traits(row)[key] for key in _FILTERS} for row in rows]
    return whole_page(name, ["pairs.js"], {"rows": held}, [body])


def _summary(stats: RowStats, shown: int) -> str:
    said = f"{stats.rows:,} rows of {len(stats.counts['task']):,} tasks"
    if shown < stats.rows:
        said += f", the first {shown:,} shown"
    lengths = stats.lengths.get("prompt")
    middle = f"; half of the prompts have up to {lengths['50%']:,} characters" if lengths else ""
    return f"{said}{middle}. J and K go from row to row, / searches."


def _counts(stats: RowStats) -> Element:
    def one(what: str, counts: Mapping[str, int]) -> Element:
        lines = list(counts.items())[:_MOST]
        rows = [tag("tr", tag("td", one_line(name)), tag("td", f"{n:,}")) for name, n in lines]
        if len(counts) > _MOST:
            rows.append(tag("tr", tag("td", f"and {len(counts) - _MOST:,} more")))
        return tag("table", tag("caption", f"By {what}"), *rows)

    wanted = ("rule", "fault", "tool", "planner", "judge")
    tables = [one(what, stats.counts[what]) for what in wanted if stats.counts[what]]
    return tag("div", *tables, class_="counts")


def _bar() -> Element:
    search = tag("input", type="search", placeholder="Search", aria_label="Search", class_="search")
    chosen = [
        tag("select", tag("option", f"any {name}", value=""), aria_label=name, data_filter=key)
        for key, name in _FILTERS.items()
    ]
    return tag("div", search, *chosen, tag("p", class_="count", role="status"), class_="bar")


def _article(row: TrainingRow) -> Element:
    about = traits(row)
    heading = " · ".join([f"Line {row.line}", *about["rule"], one_line(request_of(row))])
    faults = ", ".join(fault.replace("_", " ") for fault in about["fault"])
    judged = ", ".join(about["judge"])
    said = [f"task {one_line(task)}" for task in about["task"]]
    said += [f"run {one_line(run)}" for run in about["run"]]
    said += [
        f"flagged: {faults}" if faults else "no fault",
        f"judged by {judged}" if judged else "",
    ]
    sides = {name: _blocks(side) for name, side in row.sides.items()}
    marked = (
        _marked(*sides.values()) if len(sides) == 2 else [_plain(one) for one in sides.values()]
    )
    label = {True: " (wanted)", False: " (not wanted)", None: ""}[row.label]
    shown = [
        tag("div", tag("h3", f"{name.title()}{label}"), *parts, class_=f"side {name}")
        for name, parts in zip(sides, marked, strict=True)
    ]
    prompt = tag("details", tag("summary", "The conversation before"), *_plain(_blocks(row.prompt)))
    return tag(
        "article",
        tag("h2", heading),
        tag("p", " · ".join(filter(None, said)), class_="none"),
        prompt,
        tag("div", *shown, class_="pair"),
        tabindex=-1,
    )


def _blocks(messages: Sequence[JsonObject]) -> list[tuple[str, str]]:
    """Who says what: words and calls are blocks of their own."""
    found = []
    for message in messages:
        if message["content"].strip() or not message.get("tool_calls"):
            found.append((message["role"], message["content"]))
        for call in message.get("tool_calls") or ():
            function = call["function"]
            found.append(("call", f"{function['name']} {pretty(function['arguments'])}"))
    return found


def _plain(blocks: Sequence[tuple[str, str]]) -> list[Element]:
    return _shown(blocks, [[(text, False)] for _, text in blocks])


def _marked(
    one: Sequence[tuple[str, str]], other: Sequence[tuple[str, str]]
) -> list[list[Element]]:
    """Both sides' blocks, with the words that the other side has not."""
    split = [[_WORD.findall(text) for _, text in side] for side in (one, other)]
    flat = [[word for block in side for word in block] for side in split]
    if sum(map(len, flat)) > _LONGEST:
        return [_plain(one), _plain(other)]
    same: tuple[set[int], set[int]] = (set(), set())
    matcher = SequenceMatcher(None, flat[0], flat[1], autojunk=False)
    for a, b, size in matcher.get_matching_blocks():
        same[0].update(range(a, a + size))
        same[1].update(range(b, b + size))
    sides = []
    for blocks, words, kept in zip((one, other), split, same, strict=True):
        place, runs = 0, []
        for block in words:
            told = [(word, place + i not in kept) for i, word in enumerate(block)]
            place += len(block)
            joined = groupby(told, lambda pair: pair[1])
            runs.append([("".join(word for word, _ in run), new) for new, run in joined])
        sides.append(_shown(blocks, runs))
    return sides


def _shown(
    blocks: Sequence[tuple[str, str]], runs: Sequence[Sequence[tuple[str, bool]]]
) -> list[Element]:
    parts: list[Element] = []
    for (who, _), run in zip(blocks, runs, strict=True):
        said = [tag("mark", text) if new and text.strip() else text for text, new in run]
        kind = {} if who == "call" else {"class_": "text"}
        parts += [tag("h4", who), tag("pre", *said, tabindex=0, **kind)]
    return parts
