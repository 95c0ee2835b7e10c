"""Rule ``bfcl/4``: the verdicts of BFCL, on items written here in its layout."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support import small_bfcl
from toolgrove.errors import FormatError, UsageError
from toolgrove.evaluators.bfcl.outputs import Form
from toolgrove.evaluators.bfcl.package import items
from toolgrove.evaluators.bfcl.scoring import (
    ItemVerdict,
    is_results,
    judge,
    read_results,
    score_results,
    shares,
)


@pytest.fixture(autouse=True)
def bfcl(tmp_path: Path) -> Iterator[None]:
    with small_bfcl.installed(tmp_path / "site"):
        yield


def right(name: str, result: Any, form: str = "prompt", *, dots: bool = True) -> bool:
    category = name.rpartition("_")[0]
    return not judge(result, items(category)[name], Form(form, dots=dots))


def called(form: str = "list", **arguments: Any) -> bool:
    """Whether a call with these arguments is right for an item with one function."""
    given = {"value": 3.0, "to": "feet", **arguments}
    return right("simple_python_0", [{"unit.convert": json.dumps(given)}], form)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[unit.convert(value=3.0, to='feet')]", True),
        ("unit.convert(value=3, to='FEET')", True),
        ("```\n[unit.convert(value=6/2, to='f_e-e.t')]\n```", True),
        ("[unit.convert(value=3.0, to=feet)]", True),
        ("[unit.convert(value=3.0, to='feet', digits=2, tags=['long, way', 'B'])]", True),
        ("[unit.convert(value=3.0, to='feet', more={'deep': 1})]", True),
        ("[unit.convert(3.0, to='feet')]", False),
        ("[unit.convert(value='3.0', to='feet')]", False),
        ("[unit.convert(value=3.5, to='feet')]", False),
        ("[unit.convert(value=3.0, to='yards')]", False),
        ("[unit.convert(value=3.0)]", False),
        ("[unit.convert(value=3.0, to='feet', depth=1)]", False),
        ("[unit.convert(value=3.0, to='feet', digits=2.0)]", False),
        ("[unit.convert(value=3.0, to='feet', digits=True)]", False),
        ("[unit.convert(value=3.0, to='feet', more={'deep': 1, 'wide': 2})]", False),
        ("[unit.convert(value=3.0, to='feet', more={'name': 'x'})]", False),
        ("[unit.convert(value=3.0, to='feet', tags=['b', 'long way'])]", False),
        ("[unit_convert(value=3.0, to='feet')]", False),
        ("[unit.convert(value=3.0, to='feet'), unit.convert(value=3.0, to='feet')]", False),
        ("I convert it: [unit.convert(value=3.0, to='feet')]", False),
        ("", False),
        ("[]", False),
        ("[unit.convert(value=3.0, to='feet'", False),
        ("[unit.convert(value=9**9**9**9, to='feet')]", False),
        ("[unit.convert(value=__import__('os').getpid(), to='feet')]", False),
    ],
)
def test_a_call_in_text_is_judged_by_its_values(text: str, expected: bool) -> None:
    assert right("simple_python_0", text) is expected


def test_allowed_values_are_as_bfcl_takes_them() -> None:
    assert called(to="ft")
    assert called(value=3)
    assert called(tags=[])  # may be left out, and an empty list is taken for that
    assert not called(tags=["long way"])
    assert not called(to=["feet"])
    assert not called(digits=None)


WEIRD: tuple[Any, ...] = (
    *(None, 5, True, "x", {}, {"a": {"b": 1}}, [[]], [5], [None], [{}], [["f"]]),
    *(
        [{"f": None}],
        [{"f": "{"}],
        [{"unit.convert": "[]"}],
        [{"unit.convert": '{"value": 1e999}'}],
    ),
)


@pytest.mark.parametrize("result", WEIRD)
@pytest.mark.parametrize("form", ["prompt", "list", "list-plain", "tags", "json", "json-llama"])
def test_a_weird_output_is_wrong_and_no_error(result: Any, form: str) -> None:
    assert not right("simple_python_0", result, form)
    call = form.startswith("list") and isinstance(result, list | dict) and "convert" in str(result)
    assert right("irrelevance_0", result, form) or call or form == "list-plain"
    assert not right("multi_turn_base_0", result, form)
    assert not right("multi_turn_base_0", [result, result, result], form)


def test_dots_become_underscores_where_the_model_was_offered_them_so() -> None:
    call = [{"unit_convert": '{"value": 3, "to": "feet"}'}]
    assert right("simple_python_0", call, "list", dots=False)
    assert not right("simple_python_0", call, "list", dots=True)


def test_parallel_calls_are_right_in_any_order_and_each_once() -> None:
    one, two = ("unit.convert(value=3, to='feet')", "unit.convert(value=4, to='ft')")
    assert right("live_parallel_0-0-0", f"[{one}, {two}]")
    assert right("live_parallel_0-0-0", f"[{two}, {one}]")
    assert not right("live_parallel_0-0-0", f"[{one}, {one}]")
    assert not right("live_parallel_0-0-0", f"[{one}]")
    assert not right("live_parallel_0-0-0", f"[{one}, {two}, {two}]")


def test_no_call_is_right_where_none_is_due() -> None:
    assert right("irrelevance_0", "None of these fits.")
    assert right("irrelevance_0", "[]")
    assert not right("irrelevance_0", "[unit.convert()]")
    assert right("live_relevance_0-0-0", "[unit.convert()]")
    assert not right("live_relevance_0-0-0", "None of these fits.")


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("simple_java_0", "[Shop.order(id=5L)]", True),
        ("simple_java_0", '[Shop.order(id="5L", now=true)]', True),
        (
            "simple_java_0",
            '[Shop.order(id=5L, names=new ArrayList<>(Arrays.asList("a", "b")))]',
            True,
        ),
        ("simple_java_0", "[Shop.order(id=5)]", False),
        ("simple_java_0", "[Shop.order(id=5L, now=True)]", False),
        ("simple_java_0", "[Shop.order(id=5L, names=[1, 2])]", False),
        ("simple_java_0", "[Shop.order(id=5L, id=5L)]", False),
        ("simple_java_0", "Shop.order of 5L", False),
        ("simple_javascript_0", "[draw(points=[1.5, 2])]", True),
        ("simple_javascript_0", "[draw(points=[1.5, 2.0], style={wide: true})]", True),
        ("simple_javascript_0", "[draw(points=[1.5, 2.0], style={'wide': False})]", False),
        ("simple_javascript_0", "[draw(points='1.5, 2.0')]", False),
        ("simple_javascript_0", "[draw(points=[1.5, 2.0]", False),
    ],
)
def test_code_of_java_and_javascript_is_read_as_its_language(
    name: str, text: str, expected: bool
) -> None:
    assert right(name, text) is expected


def test_turns_are_judged_by_state_and_results() -> None:
    read, write, count = "read(name='a')", "write(name='b', text='two')", "count()"

    def judged(*turns: list[str]) -> bool:
        return right("multi_turn_base_0", list(turns))

    assert judged([f"[{read}]"], ["Which one?"], [f"[{write}]", f"[{count}]"])
    assert judged([f"[{read}, {read}]", "Done."], [], [f"[{write}, {count}]"])
    assert judged([f"[{read}]"], [f"[{read}]"], [f"[{write}, {count}, no_such(x=1)]"])
    assert not judged([f"[{read}]"], [], [f"[{count}]"])
    assert not judged([f"[{read}]"], [], [f"[{write}]"])
    assert not judged([f"[{read}]"], [], [f"[{count}, {write}]"])
    assert not judged([f"[{write}]", f"[{read}]"], [], [f"[{count}]"])
    assert not judged(["I read it."], [], [f"[{write}, {count}]"])
    assert not judged([f"[{read}]"], [])
    private = "_load_scenario(scenario={'files': {}})"  # is not called: the state stays
    assert judged([f"[{read}]"], [], [f"[{write}, {private}, {count}]"])


def test_the_state_of_one_item_is_not_seen_by_the_next() -> None:
    turns = [["[read(name='a')]"], [], ["[write(name='b', text='two'), count()]"]]
    assert all(right("multi_turn_base_0", turns) for _ in range(3))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("value=630.0, base=10, precision=5", True),
        ("value='630', base='10', precision='5'", True),
        ("value=630.0, base=10, precision=6", False),
        ("value=631.0, base=10, precision=5", False),
        ("value=-1, base=10, precision=5", False),
        ("value=630.0, base=10, precision='many'", False),
    ],
)
def test_a_logarithm_needs_no_mpmath(arguments: str, expected: bool) -> None:
    assert right("multi_turn_base_1", [[f"[logarithm({arguments})]"]]) is expected


def test_an_argument_is_never_run(tmp_path: Path) -> None:
    mark = tmp_path / "run"
    code = f"open({str(mark)!r}, 'w').close()"
    for text in (f"[read(name={code})]", f"[{code}]", f"[read(name=1+{code})]"):
        assert not right("multi_turn_base_0", [[text], [], []])
        assert not right("simple_python_0", text)
    listed = [{f"{code} or read": "{}"}]
    assert not right("multi_turn_base_0", [[listed], [], []], "list")
    assert not mark.exists()


CALL = {"value": 3, "to": "feet"}
NAMED = json.dumps({"name": "unit.convert", "arguments": CALL})


@pytest.mark.parametrize(
    "result",
    [
        [{"unit_convert": json.dumps(CALL)}],
        [{"unit_convert": CALL}],
        [{"tool_name": "unit_convert", "parameters": CALL}],
        "[unit.convert(value=3, to='feet')]",
        f"<tool_call>\n{NAMED}\n</tool_call>",
        f"[{NAMED}]",
        f"```[{NAMED}]```",
        f"<|python_tag|>{NAMED.replace('arguments', 'parameters')}",
        "<TOOLCALL>[unit.convert(value=3, to='feet')]</TOOLCALL>",
    ],
)
def test_the_form_of_a_file_is_known_by_its_outputs(result: Any) -> None:
    entries = [{"id": f"simple_python_{n}", "result": result} for n in range(2)]
    entries.append({"id": "simple_python_2", "result": "Which unit (feet or yards)?"})
    assert [v.valid for v in score_results(entries)] == [True, True, False]


def test_the_form_of_a_file_is_known_by_the_model_that_its_folder_names(tmp_path: Path) -> None:
    entry = {"id": "irrelevance_0", "result": "[unit.convert(value=3, to='feet')]"}
    # a model that calls by schema said this in words; one that is prompted made a call
    # a form that is not read gets no verdict, rather than a wrong one
    for model, valid in (("maker_caller-FC", True), ("maker_writer", False), ("maker_odd", None)):
        path = tmp_path / "result" / model / "non_live" / "BFCL_v4_irrelevance_result.json"
        (verdict,) = score_results([entry], path=path)
        assert verdict.valid is valid


def test_an_id_that_bfcl_does_not_have_gets_no_verdict() -> None:
    entries = [{"id": "simple_python_99", "result": ""}, {"id": "odd", "result": ""}]
    found = list(score_results(entries))
    assert [v.valid for v in found] == [None, None]
    assert shares(found) == []
    assert shares([*found, ItemVerdict("simple_python_0", True)])[0].items == 3


def test_a_line_that_is_no_result_is_named(tmp_path: Path) -> None:
    path = tmp_path / "BFCL_v4_simple_python_result.json"
    path.write_text('{"id": "simple_python_0", "result": ""}\n\n{"id": "simp', encoding="utf-8")
    with pytest.raises(FormatError, match="line 3"):
        read_results(path)


def test_a_result_file_is_known_by_its_first_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text('{"id": "live_parallel_0-0-0", "result": "[]"}\n', encoding="utf-8")
    assert is_results(path)
    path.write_text('{"id": "G1_12", "result": "[]"}\n', encoding="utf-8")
    assert not is_results(path)


def test_where_the_package_is_not_installed_its_installation_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    small_bfcl.forget()
    with pytest.raises(UsageError, match="pip install --no-deps bfcl-eval"):
        items("simple_python")
