"""Plans in other forms than the asked one, as models write them: read whole, or told."""

from __future__ import annotations

from typing import Any

import pytest

from support.plan_texts import chunked, problems, shape, spec, tasks
from toolgrove.data.records import Effect
from toolgrove.planners.dag.plan import PlanTask, Problem
from toolgrove.planners.dag.reading import read_plan

KNOWN = (
    spec("f", "a", "b"),
    spec("g", "a", "b"),
    spec("send", "text", effect=Effect.WRITE),
)


@pytest.mark.parametrize(
    "line",
    [
        *("(1) f(a=1)", "1 - f(a=1)", "1 – f(a=1)", "#1 f(a=1)", "[1] f(a=1)", "1 f(a=1)"),
        *("Action 1: f(a=1)", "Call 1: f(a=1)", "Step 1 - f(a=1)", "| 1 | f(a=1) |"),
        *("**1.** f(a=1)", "`1. f(a=1)`", "1. Call f(a=1)", "1. Use f(a=1) to get it"),
        *("1. await f(a=1)", "1. functions.f(a=1)", "１. f(a=1)", "$1 = f(a=1)"),
        *("1. r = f(a=1)", "1. r: str = f(a=1)", "1 => f(a=1)"),
    ],
)
def test_numbers_in_other_forms_are_read_before_a_tool_on_offer(line: str) -> None:
    [task, other] = tasks(f"{line}\n2. g(a=$1)\njoin()", *KNOWN)
    assert (task.number, task.tool, task.arguments) == (1, "f", {"a": 1})
    assert other.mentions == {1}
    assert chunked(f"{line}\njoin()", [1], *KNOWN) == read_plan(
        f"{line}\njoin()", {s.name: s for s in KNOWN}.get
    )


@pytest.mark.parametrize(
    "line",
    [
        *("a. f(a=1)", "First: f(a=1)", "r = f(a=1)", "[f(a=1), g(a=2)]", "- f(a=1)"),
        *("<function=f>{}</function>", "Action: f", 'call {"name": "f"}', "f (a=1) comes first"),
    ],
)
def test_a_line_that_calls_a_tool_and_is_not_read_is_told(line: str) -> None:
    [problem] = problems(f"{line}\n2. g(a=1)\njoin()", *KNOWN)
    assert (problem.tool, problem.text) == ("f", line)


@pytest.mark.parametrize(
    "line", ["Thought: I call f(a=1) first.", "I need an f for this", "It takes (a) and (b)"]
)
def test_words_about_a_tool_are_words(line: str) -> None:
    assert not problems(f"{line}\n2. g(a=1)\njoin()", *KNOWN)


@pytest.mark.parametrize(
    ("use", "text"),
    [
        ("send(text=r)", "$1"),
        ("send(text=r.name)", "$1.name"),
        ('send(text=r["a b"][0])', '$1["a b"][0]'),
        ('send(text="r")', "r"),
        ('send(text="It is {r.name}.")', "It is ${1.name}."),
        ('send(text=f"It is {r}.")', "It is ${1}."),
        ('send(text=f"It is {$1}.")', "It is ${1}."),
        ('send(text="$r and ${r}")', "${1} and ${1}"),
        ("send(text=rest)", "rest"),
        ("send(r)", "$1"),
        ("send(text=[r, {a: r}])", ["$1", {"a": "$1"}]),
    ],
)
def test_a_name_for_a_result_stands_for_it(use: str, text: Any) -> None:
    [_, task] = tasks(f"1. r = f(a=1)\n2. {use}\njoin()", *KNOWN)
    assert task.arguments == {"text": text}


def test_what_uses_a_result_that_could_not_be_read_is_held() -> None:
    found = read_plan("1. r = f(a==1)\n2. send(text=r)", {s.name: s for s in KNOWN}.get)
    [task] = [e for e in found if isinstance(e, PlanTask)]
    assert task.mentions == {1}
    assert [e.number for e in found if isinstance(e, Problem)] == [1]


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("3. f() (depends on $1)", (1,)),
        ("3. f() -> depends on 1, 2", (1, 2)),
        ("3. f(), depends on: [1,2]", (1, 2)),
        ("3. f() # after $1, $2", (1, 2)),
        ("3. f() (dependencies: [1])", (1,)),
        ("3. f() after task 1 and 2", (1, 2)),
        ("3. f() depending on step 2", (2,)),
        ("3. f() (waits for $1)", (1,)),
        ("3. f() (depends on the weather)", ()),
    ],
)
def test_an_order_in_other_words(line: str, after: tuple[int, ...]) -> None:
    assert tasks(line)[0].after == after


@pytest.mark.parametrize(
    "text",
    [
        '{"tool_calls": [{"name": "f", "arguments": {"a": 1}}]}',
        '{"tool_calls": [{"id": "call_x", "type": "function", "function": '
        '{"name": "f", "arguments": "{\\"a\\": 1}"}}]}',
        '{"plan": [{"id": 1, "tool": "f", "args": {"a": 1}, "reason": "so"}]}',
        '{"thought": "so", "steps": [{"step": 1, "action": "f", "action_input": {"a": 1}}]}',
        '<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>',
        '<tool_call>{"name": "f", "arguments": {"a": 1}}</tool_call>',
        '[TOOL_CALLS] [{"name": "f", "arguments": {"a": 1}}]',
        '<|python_tag|>{"name": "f", "parameters": {"a": 1}}',
        '[{"id": "1", "tool": "f", "arguments": {"a": 1}, "dep": [-1]}]',
    ],
)
def test_calls_as_other_formats_have_them_are_read(text: str) -> None:
    for sizes in ([1], [5], [4096]):
        found = [e for e in chunked(text, sizes, *KNOWN) if isinstance(e, PlanTask | Problem)]
        assert shape(found) == [(1, "f", {"a": 1}, ())]


def test_objects_in_tags_get_the_next_numbers() -> None:
    one = '<tool_call>\n{"name": "f", "arguments": {"a": %s}}\n</tool_call>\n'
    found = read_plan(one % 1 + one % '"$1"', {s.name: s for s in KNOWN}.get)
    assert shape(found) == [(1, "f", {"a": 1}, ()), (2, "f", {"a": "$1"}, ())]
    assert not [e for e in found if isinstance(e, Problem)]


def test_calls_behind_a_plan_of_objects_are_told() -> None:
    text = '[{"id": 1, "tool": "f"}]\n2. send(text="x")'
    [problem] = problems(text, *KNOWN)
    assert problem.tool == "send"


def test_json_of_another_kind_is_no_plan() -> None:
    assert not problems('{"name": "Bob", "age": 3}', *KNOWN)


def test_what_is_thought_is_no_part_of_a_plan() -> None:
    text = "<think>\n1. f(a=1)\n2. send(text=x)\n</think>\n1. f(a=2)\n2. join()"
    assert [t.arguments for t in tasks(text, *KNOWN)] == [{"a": 2}]
    assert [t.arguments for t in tasks(text.removeprefix("<think>"), *KNOWN)] == [{"a": 2}]
