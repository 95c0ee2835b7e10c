"""Promises have one numbering: what is cited is stated, and what is stated says who holds it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from support.source import PACKAGE, ROOT, files

PAGES = (ROOT / "docs" / "reliability.md", ROOT / "docs" / "security.md")
CITED = re.compile(r"\bpromises? (\d+(?:(?:,| and| to) \d+)*)|\btest_promise_(\d+)_", re.I)
NOT_YET = {28}


def cited(text: str) -> Iterator[int]:
    """The numbers of promises that a text names; ``1 to 4`` names four."""
    for listed, named in CITED.findall(text):
        for first, _, last in re.findall(r"(\d+)( to (\d+))?", listed or named):
            yield from range(int(first), int(last or first) + 1)


def rows(page: Path) -> list[tuple[int, str]]:
    """The rows of a page's tables that begin with a number."""
    found = re.findall(r"^\| (\d+) \|(.*)\|$", page.read_text(), re.MULTILINE)
    return [(int(number), rest) for number, rest in found]


def holders() -> dict[int, list[str]]:
    """By promise, the tests that the page names."""
    tables = PAGES[0].read_text().partition("## Which tests hold them")[2]
    found = re.findall(r"^\| (\d+) \|(.*)\|$", tables, re.MULTILINE)
    return {int(number): re.findall(r"`(tests/[^`]+)`", rest) for number, rest in found}


def test_a_citation_is_read_in_every_form() -> None:
    text = "(promise 6) Promises 1 to 4, 8; promises 19 and 20. def test_promise_22_a_write"
    assert list(cited(text)) == [6, 1, 2, 3, 4, 8, 19, 20, 22]


def test_each_promise_is_stated_once() -> None:
    stated = Counter(
        number for page in PAGES for number, rest in rows(page) if "tests/" not in rest
    )
    assert stated == dict.fromkeys(range(1, 31), 1)


def test_every_promise_that_is_cited_is_stated() -> None:
    places = [*files(PACKAGE, ".py", ".js"), *files(ROOT / "tests", ".py"), *PAGES]
    places += [*files(ROOT / "docs", ".md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    seen = set()
    for place in places:
        numbers = set(cited(place.read_text()))
        assert numbers <= set(range(1, 31)), place
        seen |= numbers
    assert len(seen) > 20


def test_every_promise_that_holds_names_tests_that_name_it() -> None:
    named = holders()
    assert set(named) == set(range(1, 31)) - NOT_YET
    for number, tests in named.items():
        assert tests, number
        for test in tests:
            assert number in set(cited((ROOT / test).read_text())), f"{test} and promise {number}"
