"""The page about tools says what is so."""

from __future__ import annotations

import doctest
from pathlib import Path

from toolgrove.tools.http.verdict import status_of

PAGE = Path(__file__).parents[2] / "docs" / "tools.md"


def test_the_snippets_run() -> None:
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert tried > 10
    assert failed == 0


def test_the_table_of_statuses_is_the_codes() -> None:
    rows = [line.split("|") for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    told = {what: (status.strip(" `"), code.strip()) for _, what, status, code, _ in rows}
    for code in (400, 413, 422, 401, 407, 402, 404, 409, 412, 408, 504, 405, 410, 451):
        [(status, number)] = [row for what, row in told.items() if str(code) in what]
        assert (status_of(code).value, str(status_of(code).code)) == (status, number)
