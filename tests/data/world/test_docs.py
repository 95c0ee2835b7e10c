"""The page about the world says what is so."""

from __future__ import annotations

import doctest
import re
from collections import Counter
from pathlib import Path

from toolgrove.data import world
from toolgrove.data.world.apis import TOOLS, endpoints
from toolgrove.data.world.facts import PACKAGES
from toolgrove.data.world.trouble import Flaky, Gone, Throttled, Unsubscribed

PAGE = Path(__file__).parents[3] / "docs" / "world.md"
TEXT = PAGE.read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if line.startswith("| ")
]


def test_the_snippets_run() -> None:
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert (failed, tried > 5) == (0, True)


def test_the_counts_are_so() -> None:
    categories = Counter(one.tool.category for one in endpoints().values())
    told = {row[0]: (int(row[1]), row[3]) for row in ROWS if row[0] in categories}
    tools = {c: ", ".join(t.name for t in TOOLS if t.category == c) for c in categories}
    assert told == {c: (number, tools[c]) for c, number in categories.items()}
    counted = (len(endpoints()), len(TOOLS), len(categories))
    assert "{} APIs of {} tools in {} categories".format(*counted) in TEXT
    tasks = world.tasks()
    assert f"{len(tasks)} tasks" in TEXT
    unsolvable = sum(1 for t in tasks if t.reference and t.reference.kind == "unsolvable")
    assert f"{unsolvable} can be answered by no API" in TEXT


def test_every_troubled_api_is_listed_under_its_trouble() -> None:
    told = {row[0].split(":")[0]: row[1].split(", ") for row in ROWS if len(row) == 2}
    kinds = {
        "deprecated": Gone,
        "behind a paid plan": Unsubscribed,
        "flaky": Flaky,
        "throttled": Throttled,
    }
    for name, kind in kinds.items():
        found = {one.name for one in endpoints().values() if isinstance(one.trouble, kind)}
        assert set(told[name]) == found
    assert f"first 0 to {Flaky().most} requests" in TEXT
    others = told["another date format, DD/MM/YYYY"] + told["pages"]
    others += re.split(r", (?=[A-Z])", ", ".join(told["near-duplicates that mean something else"]))
    names = {one.name for one in endpoints().values()}
    assert {re.sub(r" \((?!UK).*", "", other) for other in others} <= names


def test_every_fact_package_has_its_licence() -> None:
    assert set(PACKAGES) <= {row[0] for row in ROWS if len(row) == 3}
