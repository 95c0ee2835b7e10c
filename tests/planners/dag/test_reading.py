"""Plans are read as they come, and nothing that a model wrote is dropped."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.plan_texts import chunked, problems, shape, spec, tasks
from toolgrove.data.records import Effect, ToolSpec
from toolgrove.planners.dag.plan import Join, PlanTask, Problem, plan_to_json, plan_to_lines
from toolgrove.planners.dag.reading import PlanReader, read_plan


def nothing(name: str) -> None:
    return None


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(["$1", "${1.a[0]}", "$100", "a $2.b", "x)", "1. f(x)\n2. g()"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,20}", fullmatch=True).filter(
    lambda name: not re.match(r"(join|[Ff]inish)\b", name)
)
TASKS = st.lists(
    st.builds(
        PlanTask,
        st.integers(0, 10**9 - 1),
        NAMES,
        st.dictionaries(st.text(min_size=1), VALUES, max_size=3),
        st.lists(st.integers(0, 99), max_size=2, unique=True).map(tuple),
    ),
    unique_by=lambda task: task.number,
    max_size=5,
)


@given(TASKS, st.lists(st.integers(1, 30), max_size=5))
def test_lines_round_trip_in_chunks_of_any_size(plan: list[PlanTask], sizes: list[int]) -> None:
    found = chunked(plan_to_lines(plan), sizes)
    assert shape(found) == shape(list(plan))
    assert [type(e) for e in found if not isinstance(e, PlanTask)] == [Join]


@given(TASKS, st.lists(st.integers(1, 30), max_size=5), st.sampled_from([None, 2]))
def test_json_round_trips_in_chunks_of_any_size(
    plan: list[PlanTask], sizes: list[int], indent: int | None
) -> None:
    found = chunked(json.dumps(plan_to_json(plan), indent=indent), sizes)
    assert shape(found) == shape(list(plan))
    assert [type(e) for e in found if not isinstance(e, PlanTask)] == [Join]


PIECES = [
    "1. f(a=1)",
    "2. get-x(q='two\nlines)')",
    "3. f(a=$1.b[0], c=[1,",
    "2])",
    "4) g(",
    "'",
    '"',
    ")",
    "join()",
    "Thought: so",
    "```",
    "5. h(x={'a': 1}) after: 1",
    "; 9. i()",
    "f(a=2)",
    "\n",
    "\n",
    "\n",
    " ",
    "$2",
    "6. broken words",
    "Finish(x)",
    "\r\n",
    "{",
    "]",
    "[",
    '{"id": 7, "tool": "f"}',
    "- 8. f()",
]


def letters(text: str) -> str:
    """What a text holds, whatever its order, without what only holds JSON together."""
    return "".join(sorted(re.sub(r"[\s\[\]{},]", "", text)))


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join), st.lists(st.integers(1, 9)))
def test_every_word_of_any_text_is_in_an_entry_and_chunks_change_nothing(
    text: str, sizes: list[int]
) -> None:
    found = read_plan(text, {"f": spec("f", "a")}.get)
    assert letters("".join(e.text for e in found)) == letters(text)
    assert chunked(text, sizes, spec("f", "a")) == found


def test_a_task_is_there_once_its_line_is() -> None:
    reader = PlanReader(nothing)
    seen = []
    for i, character in enumerate('1. a(x="1)\n")\n2. b(\n y=$1\n)\njoin()\n'):
        seen += [(i, type(e).__name__, getattr(e, "number", None)) for e in reader.feed(character)]
    assert seen == [(13, "PlanTask", 1), (27, "PlanTask", 2), (34, "Join", None)]


def test_an_object_is_there_once_its_brace_is() -> None:
    reader = PlanReader(nothing)
    assert reader.feed('{"tasks": [{"id": 1, "tool": "a", "arguments": {"x": "}"}')[:] == []
    [task] = reader.feed("}, {")
    assert isinstance(task, PlanTask)
    assert task.arguments == {"x": "}"}


def test_arguments_over_several_lines() -> None:
    """LLMCompiler drops such a task without a word."""
    [task] = tasks(
        '1. send(\n    to=["a",\n        "b"],\n    text="""Dear all,\n2. hi(there)\n"""\n)\n'
    )
    assert task.arguments == {"to": ["a", "b"], "text": "Dear all,\n2. hi(there)\n"}


def test_names_with_hyphens_dots_and_slashes() -> None:
    assert [t.tool for t in tasks("1. get-weather()\n2. api.v1/get()\njoin()")] == [
        "get-weather",
        "api.v1/get",
    ]


@pytest.mark.parametrize("end", ["", "\n", "\njoin()\n", "\n2. g()\n"])
def test_a_missing_bracket_at_the_end_of_a_read_is_added(end: str) -> None:
    first = tasks("1. f(a='x'" + end)[0]
    assert (first.number, first.arguments) == (1, {"a": "x"})


def test_a_missing_bracket_of_a_write_is_a_problem_since_it_may_be_cut_off() -> None:
    [problem] = problems("1. pay(a='x'", spec("pay", "a", effect=Effect.WRITE))
    assert (problem.number, problem.tool) == (1, "pay")
    assert "close it" in problem.wrong


def test_two_line_ends_in_one_chunk_lose_nothing() -> None:
    found = chunked("1. a()\n\n2. b()\n3. c()\n\n", [40])
    assert [e.number for e in found if isinstance(e, PlanTask)] == [1, 2, 3]


def test_brackets_and_quotes_inside_of_text() -> None:
    [task] = tasks("""1. say(text="f(x) \\"]\\" isn't", more='("')""")
    assert task.arguments == {"text": 'f(x) "]" isn\'t', "more": '("'}


def test_a_quote_that_is_not_closed_costs_its_line_only() -> None:
    found = read_plan('1. a(x="one)\n2. b(x="two")\n3. c(x="three", y=4)\njoin()', nothing)
    assert [e.number for e in found if isinstance(e, PlanTask)] == [2, 3]
    [problem] = [e for e in found if isinstance(e, Problem)]
    assert (problem.line, problem.number, problem.text) == (1, 1, '1. a(x="one)')
    assert any(isinstance(e, Join) for e in found)


def test_a_call_inside_a_call_is_told_how_to_be_written() -> None:
    [problem] = problems("1. f(a=g(1))\njoin()")
    assert "a line of its own" in problem.wrong


def test_a_number_given_twice_is_a_problem_and_the_first_counts() -> None:
    found = read_plan("1. a()\n1. b()\n", nothing)
    assert [e.tool for e in found if isinstance(e, PlanTask)] == ["a"]
    [problem] = [e for e in found if isinstance(e, Problem)]
    assert (problem.tool, problem.number) == ("b", None)


def test_a_list_of_words_before_the_plan_does_not_take_its_numbers() -> None:
    found = read_plan("I need:\n1. the id\n2. the train\n\n1. find()\n2. go(x=$1)\njoin()", nothing)
    assert [e.number for e in found if isinstance(e, PlanTask)] == [1, 2]
    assert [p.number for p in found if isinstance(p, Problem)] == [None, None]


def test_calls_without_a_number_and_behind_the_end_are_problems() -> None:
    find = spec("find")
    assert [p.line for p in problems("find()\n1. find()\njoin()\n2. find()", find)] == [1, 4]


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("3. f() after: 1, 2", (1, 2)),
        ("3. f()  # after 1 and $2", (1, 2)),
        ("3. f() [after: 2]", (2,)),
        ("3. f() - only then", ()),
    ],
)
def test_after(line: str, after: tuple[int, ...]) -> None:
    assert tasks(line)[0].after == after


def test_several_calls_on_one_line() -> None:
    assert [t.number for t in tasks("1. a(); 2. b() 3. c()\njoin()")] == [1, 2, 3]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("True", True),
        ("false", False),
        ("None", None),
        ("null", None),
        ("-1.5e3", -1500.0),
        ("12345678901234567890123", 12345678901234567890123),
        ("Porto", "Porto"),
        ("New York", "New York"),
        ("2026-05-05", "2026-05-05"),
        ("$1.id", "$1.id"),
        ("${2}", "${2}"),
        ("[$1, $2[0]]", ["$1", "$2[0]"]),
        ("{'a': $1, \"b\": (1, 2,),}", {"a": "$1", "b": [1, 2]}),
        (r"'\u00e9\ud83d\ude00 C:\d'", "é😀 C:\\d"),
        ("don't", "don't"),
    ],
)
def test_values_as_models_write_them(written: str, value: Any) -> None:
    assert tasks(f"1. f(x={written})")[0].arguments == {"x": value}
    assert type(tasks(f"1. f(x={written})")[0].arguments["x"]) is type(value)


@pytest.mark.parametrize(
    ("line", "mend"),
    [
        ('1. f(x="say "hi" now")', "quotes inside a text"),
        ("1. f(x=1, x=2)", "give it once"),
        ("1. f(x=1, 2)", "name=value"),
        ("1. f(x=)", "a value or a bracket is missing"),
        ("1. f(x=" + "[" * 60 + "]" * 60 + ")", "flatter"),
        ("1. f(x=[1,)", "a value or a bracket is missing"),
        ("1. f(x==1)", "put text in quotes"),
        ("1. first look it up", "tool(name=value)"),
        ("1. unknown(2)", "write name=value"),
        ("1. one(1, 2)", "takes a"),
        ("1. one(1, a=2)", "give it once"),
    ],
)
def test_what_cannot_be_read_says_how_to_mend_it(line: str, mend: str) -> None:
    [problem] = problems(line, spec("one", "a"))
    assert mend in str(problem)
    assert problem.number == 1


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ('[{"id": "x", "tool": "f"}]', "no number"),
        ('[{"id": 1}]', "no tool"),
        ('[{"id": 1, "tool": "f", "arguments": [1]}]', "no object"),
        ('[{"id": 1, "tool": "f", "after": "2"}]', "list of ids"),
        ('[{"id": 1, "tool": "f", "retries": [2]}]', "retries"),
        ('[{"id": 1, "tool": "f", "argum', "whole task"),
        ('[{"id": 1, "tool": f(x)}, {"id": 2, "tool": "g"}]', "inside a call"),
    ],
)
def test_objects_that_are_no_tasks_say_how_to_mend_them(text: str, mend: str) -> None:
    found = read_plan(text, nothing)
    assert [mend in str(p) for p in found if isinstance(p, Problem)] == [True]
    assert [e.number for e in found if isinstance(e, PlanTask)] == ([2] if '"g"' in text else [])


def test_json_in_a_fence_after_words_and_one_object_a_line() -> None:
    text = 'Here it is:\n```json\n{"id": 1, "tool": "a"}\n{"id": 2, "tool": "b"}\n```'
    found = read_plan(text, nothing)
    assert [e.number for e in found if isinstance(e, PlanTask)] == [1, 2]
    assert not [e for e in found if isinstance(e, Problem)]


def test_bare_values_get_the_names_of_the_parameters_required_ones_first() -> None:
    tool = ToolSpec(
        "t/f",
        "t",
        "t",
        "f",
        parameters={"properties": {"unit": {}, "a": {}, "b": {}}, "required": ["a", "b"]},
    )
    assert tasks("1. f(1, 2, unit=x)", tool)[0].arguments == {"a": 1, "b": 2, "unit": "x"}
    assert tasks("1. f({'b': 2, 'a': 1})", tool)[0].arguments == {"a": 1, "b": 2}


def test_effect_and_resource_come_from_the_offer_not_from_the_model() -> None:
    pay = spec("pay", effect=Effect.WRITE)
    [task] = tasks('[{"id": 1, "tool": "pay"}]', pay)
    assert (task.effect, task.resource) == (Effect.WRITE, "t/t")


TINY = {
    "get_email_address": ("name",),
    "get_phone_number": ("name",),
    "create_calendar_event": (
        "title",
        "start_date",
        "end_date",
        "location",
        "invitees",
        "notes",
        "calendar",
    ),
    "open_and_get_file_path": ("file_name",),
    "summarize_pdf": ("pdf_path",),
    "open_note": ("name", "folder"),
    "create_note": ("name", "content", "folder"),
    "append_note_content": ("name", "content", "folder"),
    "send_sms": ("recipients", "message"),
    "maps_show_directions": ("start", "end", "transport"),
    "maps_open_location": ("query",),
    "create_reminder": ("name", "due_date", "notes", "list_name", "priority", "all_day"),
    "reply_to_email": ("recipients", "content", "attachments"),
    "compose_new_email": ("recipients", "cc", "subject", "context", "attachments"),
}
"""TinyAgent's tools and the order of their parameters."""


def test_tinyagents_published_plans_are_read_whole(shared_data: Path) -> None:
    specs = [spec(name, *parameters) for name, parameters in TINY.items()]
    plans = json.loads((shared_data / "plans" / "tinyagent_planner_outputs.json").read_text())
    assert len(plans) >= 10
    for plan in plans:
        lines = plan["plan"].splitlines()
        for sizes in ([1], [7], [4096]):
            found = chunked(plan["plan"], sizes, *specs)
            assert [type(e) for e in found] == [PlanTask] * (len(lines) - 1) + [Join]
            read = [e for e in found if isinstance(e, PlanTask)]
            assert [f"{t.number}. {t.tool}(" for t in read] == [
                line.partition("(")[0] + "(" for line in lines[:-1]
            ]
            for task, line in zip(read, lines, strict=False):
                written = {int(n) for n in re.findall(r"\$(\d)", line)}
                assert task.mentions == written
                assert len(task.arguments) == len(
                    ast.parse(f"f{line[line.index('(') :]}").body[0].value.args
                )  # type: ignore[attr-defined]  # a call
    assert [
        e.number
        for e in read_plan(plans[-1]["plan"], {s.name: s for s in specs}.get)
        if isinstance(e, PlanTask)
    ] == [4, 5]
