"""An example before a plan is not made; and no plan is lost for looking like one."""

from __future__ import annotations

import pytest

from toolgrove.data.records import Effect, ToolSpec
from toolgrove.planners.dag.plan import Join, PlanTask
from toolgrove.planners.dag.reading import PlanReader

SPEC = ToolSpec("a/b/send", "a", "b", "send", effect=Effect.WRITE)
PLAN = "1. look(text='y')\n2. send(text=$1)\n"


def spec_of(name: str) -> ToolSpec | None:
    return SPEC if name in ("send", "look") else None


def read(text: str, size: int = 0) -> list[str]:
    """The calls that are made, in order, and where the plan ends."""
    reader = PlanReader(spec_of)
    found = []
    for at in range(0, len(text), size or len(text)):
        found += reader.feed(text[at : at + (size or len(text))])
    found += reader.close()
    return [
        f"{one.number} {one.tool} {dict(one.arguments)}" if isinstance(one, PlanTask) else "join"
        for one in found
        if isinstance(one, PlanTask | Join)
    ]


WANTED = ["1 look {'text': 'y'}", "2 send {'text': '$1'}"]


@pytest.mark.parametrize("size", [0, 1, 7])
@pytest.mark.parametrize("words", ["For example:", "e.g.", "E.g.:", "Example:", "**Example plan:**",
                                   "Here is an example:", "For instance:", "Such as:"])  # fmt: skip
@pytest.mark.parametrize("between", ["\n", "\nPlan:\n", "Now the plan:\n", ""])
def test_calls_after_words_for_an_example_are_not_made(words: str, between: str, size: int) -> None:
    text = (
        f"I number calls.\n{words}\n1. send(text='x')\n2. send(text='z')\n{between}{PLAN}join()\n"
    )
    assert read(text, size) == [*WANTED, "join"]


@pytest.mark.parametrize("size", [0, 1])
@pytest.mark.parametrize(
    "text",
    [
        f"For example:\n{PLAN}",  # the only list there is
        f"Example:\n{PLAN}\nThat is all.",
        "For example:\n1. look(text='y')\n\nAnd then:\n2. send(text=$1)\n",  # it goes on
        f"For example, this plan does it:\n{PLAN}",
        f"{PLAN}\nFor example:\n1. send(text='x')\n",  # after the plan
        f"Example:\n\n{PLAN}",
        f"For example:\nthe weather\n{PLAN}",
    ],
)
def test_no_plan_is_lost(text: str, size: int) -> None:
    assert read(text, size)[:2] == WANTED


def test_what_ends_a_plan_ends_it_after_words_for_an_example_too() -> None:
    assert read(f"For example:\n{PLAN}join()\n") == [*WANTED, "join"]
    assert read(f"For example:\n{PLAN}\njoin()\n") == [*WANTED, "join"]
