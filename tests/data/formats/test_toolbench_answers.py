"""Converted answers are read for what they are, and written as ToolEval reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.data.formats import deepjson
from toolgrove.data.formats.toolbench_answers import dump_answers, load_answers, parse_answers
from toolgrove.data.formats.toolbench_trees import load_answer_tree
from toolgrove.data.records import Node, NodeState, Status, Task
from toolgrove.data.tree import ROOT, SearchTree, child_id
from toolgrove.errors import FormatError

DONE = '{"return_type": "give_answer", "final_answer": "5 km"}'


def detail(role: str, message: Any, *following: Any, **more: Any) -> dict[str, Any]:
    return {"role": role, "message": message, "next": list(following), **more}


def called(name: str, arguments: str, response: Any = "", **more: Any) -> dict[str, Any]:
    return {"name": name, "arguments": arguments, "response": response, **more}


def answers(*details: Any, **more: Any) -> dict[str, Any]:
    path = {"method": "CoT@1", "total_steps": 0, "final_answer": DONE, **more}
    tool = {"name": "far_for_map", "description": "", "parameters": {}}
    return {
        "7": {
            "query": "How far?",
            "available_tools": [tool],
            "answer": {**path, "answer_details": list(details)},
        }
    }


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


@pytest.mark.parametrize("method", ["cot", "dfs"])
def test_a_real_file_is_written_as_it_was_read(shared_data: Path, method: str) -> None:
    file = (
        shared_data
        / "toolbench/tooleval/converted"
        / f"virtual_chatgpt_{method}.G1_instruction.json"
    )
    trees = load_answers(file)
    raw = json.loads(file.read_text())
    assert {tree.task.id for tree in trees} == set(raw) == {"588", "608", "1073"}
    assert canonical(dump_answers(trees)) == canonical(raw)
    for tree in trees:
        final = raw[tree.task.id]["answer"]["final_answer"]
        assert (tree.answer is None) == (final == "")
        if final:
            assert tree.answer == json.loads(final)["final_answer"]
        opening = 2
        assert len(tree) - 1 + opening == raw[tree.task.id]["answer"]["total_steps"]


@pytest.mark.parametrize("task", ["G1_57", "G2_52", "G3_15", "G1_10", "G3_21"])
def test_a_real_tree_is_written_as_toolbench_converts_it(shared_data: Path, task: str) -> None:
    """The steps are those of process_valid_data in convert_to_answer_format.py."""
    file = shared_data / "toolbench" / "trees" / f"{task}_ChatGPT_DFS_woFilter_w2.json"
    generation = json.loads(file.read_text())["answer_generation"]
    found = dump_answers([load_answer_tree(file)])[task]
    assert found["answer"]["final_answer"] == generation["final_answer"]
    assert found["query"] == generation["query"]
    steps = path_of(found)
    assert [step["role"] for step in steps[:2]] == ["system", "user"]
    assert found["answer"]["total_steps"] == len(steps)
    wanted: list[Any] = []
    conversation = generation["train_messages"][-1]
    for index, message in enumerate(conversation):
        if message["role"] != "assistant":
            continue
        if "function_call" in message:
            call = message["function_call"]
            told = "" if call["name"] == "Finish" else conversation[index + 1]["content"]
            wanted.append(called(call["name"], call["arguments"], told))
        else:
            wanted.append(message["content"])
    assert [step["message"] for step in steps[2:]] == wanted


def path_of(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The steps as ToolEval's get_steps goes through them: the first of each ``next``."""
    [at] = answer["answer"]["answer_details"]
    steps = [at]
    while at["next"]:
        [at] = at["next"]
        steps.append(at)
    return steps


def test_toolevals_pass_rate_finds_finish_in_the_last_step(shared_data: Path) -> None:
    file = shared_data / "toolbench/trees/G1_10_ChatGPT_DFS_woFilter_w2.json"
    last = path_of(dump_answers([load_answer_tree(file)])["G1_10"])[-1]
    assert "'name': 'Finish'" in str(last["message"])


@pytest.mark.parametrize(
    ("step", "status", "state"),
    [
        (called("Finish", DONE), Status.FINAL_ANSWER, NodeState.ANSWERED),
        (
            called("Finish", '{"return_type": "give_up_and_restart"}'),
            Status.GIVE_UP,
            NodeState.GAVE_UP,
        ),
        (called("Finish", "{}"), Status.BAD_FINISH, NodeState.OPEN),
        (called("far_for_map", "{}", '{"error": "", "response": "5"}'), Status.OK, NodeState.OPEN),
        (
            called("far_for_map", "{}", '{"error": "Timeout", "response": ""}'),
            Status.ERROR_IN_MESSAGE,
            NodeState.OPEN,
        ),
        (called("far_for_map", "{}", "5 km"), Status.OK, NodeState.OPEN),
        (called("far_for_map", "{}", {"error": "no"}), Status.ERROR_IN_MESSAGE, NodeState.OPEN),
    ],
)
def test_what_a_step_came_to_follows_from_what_it_holds(
    step: Any, status: Status, state: NodeState
) -> None:
    [tree] = parse_answers(answers(detail("tool", step)), "answers.json")
    assert tree.leaves()[0].observations[0].status is status
    assert tree.leaves()[0].state is state


# --- messages that are text, as in OpenBMB/ToolBench's 600 reference answers -------------------


def told(name: str, arguments: str, response: Any = "", cut: int = 100) -> dict[str, Any]:
    """A step as those files hold it: Python's text of a call, cut after 100 characters."""
    return detail("tool", str(called(name, arguments, response))[:cut])


LONG = json.dumps({"return_type": "give_answer", "final_answer": 'It\'s "far": ' + "5 km " * 40})


def test_calls_that_are_cut_text_are_read_and_written_as_they_were() -> None:
    first = told("far_for_map", '{\n  "to": "Oslo"\n}', '{"error": "", "response": "5 km"}')
    step = {**told("Finish", LONG), "next": []}
    data = answers({**first, "next": [step]}, final_answer=LONG)
    [tree] = parse_answers(data, "answers.json")
    called_first, last = list(tree)[1:]
    assert called_first.calls[0].arguments == {"to": "Oslo"}
    assert called_first.observations[0].truncated
    assert last.state is NodeState.ANSWERED
    assert tree.answer == json.loads(LONG)["final_answer"], "from final_answer: its text is cut"
    assert canonical(dump_answers([tree])) == canonical(data)


@pytest.mark.parametrize(
    ("step", "status"),
    [
        (told("far_for_map", "{}", '{"error": "No such function", "response": ""}', 70),
         Status.ERROR_IN_MESSAGE),
        (told("far_for_map", "{}", '{"error": "", "response": "5"}', 60), Status.OK),
        (told("Finish", '{"return_type": "give_up_and_restart"}'), Status.GIVE_UP),
        (told("Finish", DONE), Status.FINAL_ANSWER),
        (told("far_for_map", '{"to": "' + "é😀" * 40), Status.OK),
    ],
)  # fmt: skip
def test_what_a_cut_step_came_to_follows_from_what_is_left(step: Any, status: Status) -> None:
    data = answers(step)
    [tree] = parse_answers(data, "answers.json")
    assert tree.leaves()[0].observations[0].status is status
    assert canonical(dump_answers([tree])) == canonical(data)


@pytest.mark.parametrize("length", range(12, 70))
def test_a_call_cut_anywhere_is_a_call(length: int) -> None:
    step = told("far_for_map", '{"to": "Troms\\u00f8", "o\'": "\U0001f600"}', cut=length)
    [tree] = parse_answers(answers(step), "answers.json")
    assert "far_for_map".startswith(tree.leaves()[0].calls[0].name)


def test_text_that_names_no_call_is_a_step_without_one() -> None:
    data = answers(detail("tool", "It is 5 km.", told("Finish", DONE)))
    [tree] = parse_answers(data, "answers.json")
    assert tree.answer == "5 km"
    assert not list(tree)[1].calls
    assert canonical(dump_answers([tree])) == canonical(data)


def test_tools_wrapped_as_openai_does_are_unwrapped() -> None:
    data = answers(detail("assistant", "Hm."))
    function = data["7"]["available_tools"][0]
    data["7"]["available_tools"] = [{"type": "function", "function": function}]
    [tree] = parse_answers(data, "answers.json")
    assert [spec.id for spec in tree.tools] == ["far_for_map"]
    assert canonical(dump_answers([tree])) == canonical(data)


STEPS = st.recursive(
    st.builds(detail, st.just("assistant"), st.text(max_size=4)),
    lambda below: st.builds(
        lambda role, text, message, following, more: detail(
            role, message if role == "tool" else text, *following, **more
        ),
        st.sampled_from(["assistant", "tool"]),
        st.text(max_size=4),
        st.builds(
            called,
            st.sampled_from(["far_for_map", "Finish"]),
            st.sampled_from(["{}", '{"a": 1}', "no", DONE]),
            st.text(max_size=4) | st.just({"a": 1}),
        ),
        st.lists(below, max_size=2),
        st.dictionaries(st.just("more"), st.integers()),
    ),
    max_leaves=6,
)


@given(st.lists(STEPS, min_size=1, max_size=2), st.booleans())
def test_every_file_of_the_format_is_written_as_it_was_read(details: Any, opened: bool) -> None:
    if opened:
        details = [detail("system", "", detail("user", "How far?", *details, x=1))]
    data = answers(*details)
    before = canonical(data)
    assert canonical(dump_answers(parse_answers(data, "answers.json"))) == before


def test_a_path_5000_steps_long_is_read_and_written_again() -> None:
    below: list[Any] = []
    for number in range(5_000):
        below = [detail("tool", called("far_for_map", f'{{"n":{number}}}', "5"), *below)]
    data = answers(*below)
    [tree] = parse_answers(data, "answers.json")
    assert len(tree) == 5_001
    written = dump_answers([tree])
    assert deepjson.dumps(written["7"]["answer"]["answer_details"]) == deepjson.dumps(below)


def test_a_run_that_answered_without_finish_is_written_as_if_it_had_called_it() -> None:
    tree = SearchTree(Task("7", "How far?"))
    tree.add(Node(ROOT, None))
    tree.add(Node(child_id(ROOT, 0), ROOT, state=NodeState.ANSWERED, answer="5 km"))
    [answer] = dump_answers([tree]).values()
    [read] = parse_answers({"7": answer}, "answers.json")
    assert read.answer == "5 km"
    assert "'name': 'Finish'" in str(path_of(answer)[-1]["message"])


def test_one_file_holds_one_answer_a_query() -> None:
    [tree] = parse_answers(answers(detail("assistant", "Hm.")), "answers.json")
    with pytest.raises(ValueError, match="two answers to task 7"):
        dump_answers([tree, tree])


BELOW = '$["7"].answer.answer_details[0]'


@pytest.mark.parametrize(
    ("bad", "path"),
    [
        ([], "$"),
        ({"7": 1}, '$["7"]'),
        (answers(), '$["7"].answer.answer_details'),
        (answers(detail("function", "")), f"{BELOW}.role"),
        (answers({"role": "assistant", "message": ""}), f"{BELOW}.next"),
        (answers(detail("tool", 7)), f"{BELOW}.message"),
        (answers(detail("tool", {"name": "far"})), f"{BELOW}.message.arguments"),
        (answers(detail("assistant", "", detail("user", ""))), f"{BELOW}.next[0].role"),
        (answers(detail("assistant", "", 1)), f"{BELOW}.next[0]"),
        (answers(detail("assistant", ""), method=None), '$["7"].answer.method'),
    ],
)
def test_a_bad_file_is_one_error_with_its_path(bad: Any, path: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_answers(bad, "answers.json")
    assert (caught.value.file, caught.value.path) == ("answers.json", path)
