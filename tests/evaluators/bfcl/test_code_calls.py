"""Calls in Java and JavaScript are found where BFCL's own parsers find them.

``test_agreement.py`` compares with these parsers where they can be imported.
"""

from __future__ import annotations

import pytest

from toolgrove.evaluators.bfcl.code_calls import java_calls, javascript_calls
from toolgrove.evaluators.bfcl.errors import NoCalls

JAVA = 'Db.find(table="users")'
SCRIPT = 'find(table="users")'


@pytest.mark.parametrize(
    "written",
    ["%s", "[%s]", "([%s])", "(%s)", "{%s}", "return %s", "Object x = %s;", "x = %s", "- %s"],
)
def test_a_java_call_is_found_in_what_stands_around_it(written: str) -> None:
    assert java_calls(written % JAVA) == [{"Db.find": {"table": "users"}}]


@pytest.mark.parametrize("written", ["%s", "javascript\n%s", "js\n%s;", "js; %s", "%s;"])
def test_a_javascript_call_is_found_behind_the_word_of_its_fence(written: str) -> None:
    assert javascript_calls(written % SCRIPT) == [{"find": {"table": "users"}}]


@pytest.mark.parametrize("source", ["(", "{}", "x = ", "Here is the call", "[[find(a=1)", ""])
def test_what_holds_no_call_is_told(source: str) -> None:
    for read in (java_calls, javascript_calls):
        with pytest.raises((NoCalls, IndexError)):
            read(source)
