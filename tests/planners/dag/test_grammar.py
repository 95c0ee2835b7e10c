"""A reply's form as a grammar: what it allows is read as a plan, for the tools on offer."""

from __future__ import annotations

import re

import pytest

from toolgrove.data.records import ToolSpec
from toolgrove.planners.dag.grammar import reply_grammar
from toolgrove.tools.offer import Offer

SCHEMA = {
    "type": "object",
    "properties": {
        "unit": {"enum": ["km", "mi"]},
        "day": {"type": "string", "format": "date"},
        "n": {"type": ["integer", "null"]},
        "odd name": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "many": {"type": "array", "items": {"type": "number"}},
        "deep": {"type": "object"},
        "what": {},
    },
    "required": ["day"],
}
OFFER = Offer(
    [
        ToolSpec("t/look", "t", "t", "look", parameters=SCHEMA),
        ToolSpec("t/now", "t", "t", "now"),
        ToolSpec("t/opt", "t", "t", "opt", parameters={"properties": {"a": {}, "b": {}}}),
    ],
    {"look": "t/look", "now": "t/now", "opt": "t/opt"},
)


@pytest.mark.parametrize("variant", ["plan", "join", "verdict", "divide", "aggregate", "answer"])
@pytest.mark.parametrize("most", [1, 16])
def test_every_rule_that_is_named_is_there(variant: str, most: int) -> None:
    rules = dict(
        line.split(" ::= ", 1)
        for line in reply_grammar(OFFER, variant, 4, most).split("\n")
        if line
    )
    assert "root" in rules
    for body in rules.values():
        bare = re.sub(r'"(?:[^"\\]|\\.)*"|\[(?:[^\]\\]|\\.)*\]|\{[^}]*\}', " ", body)
        assert set(re.findall(r"[A-Za-z][\w-]*", bare)) <= set(rules), body


def test_lines_are_numbered_on_and_their_number_is_bounded() -> None:
    form = reply_grammar(OFFER, "join", 4, 2)
    assert 'line0 ::= "4. " call "\\n" (line1 | end)' in form
    assert 'line1 ::= "5. " call "\\n" end' in form
    assert "line2" not in form


def test_the_first_line_of_all_refers_to_nothing() -> None:
    form = reply_grammar(OFFER, "plan", 1, 2)
    assert 'first1 ::= "now(" ")"' in form
    assert '"look(" "day=" (date)' in form
    assert '"look(" "day=" (date | ref)' in form


def test_a_verdict_plans_nothing_and_an_answer_is_nothing_else() -> None:
    assert reply_grammar(OFFER, "verdict", 1, 9).startswith("root ::= finish | replan\n")
    assert reply_grammar(OFFER, "answer", 1, 9).startswith("root ::= finish\n")
