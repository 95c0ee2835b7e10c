"""ToolBench answer trees are read for what they are, and written again as they were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.data.formats import deepjson
from toolgrove.data.formats.toolbench_trees import (
    dump_answer_tree,
    load_answer_tree,
    parse_answer_tree,
    save_answer_tree,
)
from toolgrove.data.preferences import mine
from toolgrove.data.records import NodeState, Role, Status
from toolgrove.data.tree import SearchTree
from toolgrove.errors import FormatError

REAL = {
    "G1_10": (3, "answered"),
    "G1_57": (12, "answered"),
    "G1_69": (24, None),
    "G2_10": (31, None),
    "G2_119": (25, None),
    "G2_127": (7, None),
    "G2_52": (30, "answered"),
    "G3_13": (75, None),
    "G3_15": (45, "answered"),
    "G3_21": (4, "answered"),
}


def real(shared_data: Path, task: str) -> Path:
    return shared_data / "toolbench" / "trees" / f"{task}_ChatGPT_DFS_woFilter_w2.json"


def canonical(value: Any) -> str:
    """JSON in which 1, 1.0 and true differ and the order of keys does not count."""
    return json.dumps(value, sort_keys=True)


def entry(kind: str, description: str = "", *children: Any, **more: Any) -> dict[str, Any]:
    return {"node_type": kind, "description": description, "children": list(children), **more}


def call(name: str, text: str, code: int, *children: Any, **more: Any) -> dict[str, Any]:
    told = {"observation": "seen", "observation_code": code, **more}
    return entry("Action", name, entry("Action Input", text, *children, **told))


def answer_file(*children: Any, **more: Any) -> dict[str, Any]:
    generation = {"query": "How far?", "function": [{"name": "far_for_map"}]}
    return {
        "win": False,
        "tree": {"size": 0, "max_length": 0, "tree": entry("Action Input", "", *children)},
        "answer_generation": generation,
        **more,
    }


DONE = '{"return_type": "give_answer", "final_answer": "5 km"}'


@pytest.mark.parametrize("task", REAL)
def test_a_real_tree_is_written_as_it_was_read(shared_data: Path, task: str) -> None:
    file = real(shared_data, task)
    tree = load_answer_tree(file)
    assert canonical(dump_answer_tree(tree)) == canonical(json.loads(file.read_text()))


@pytest.mark.parametrize("task", REAL)
def test_a_real_tree_has_a_node_for_each_query_to_its_model(shared_data: Path, task: str) -> None:
    file = real(shared_data, task)
    tree = load_answer_tree(file)
    steps, ended = REAL[task]
    assert (
        tree.model_calls
        == steps
        == json.loads(file.read_text())["answer_generation"]["query_count"]
    )
    assert (tree.answer is not None) == (ended == "answered")
    assert (tree.task.id, tree.task.group) == (task, task[:2])
    assert all(node.depth <= 12 for node in tree)


def test_valid_data_is_no_answer_where_the_search_gave_up(shared_data: Path) -> None:
    file = real(shared_data, "G2_10")
    assert json.loads(file.read_text())["answer_generation"]["valid_data"] is True
    tree = load_answer_tree(file)
    assert tree.answer is None
    assert sum(node.state is NodeState.GAVE_UP for node in tree) == 6


@pytest.mark.parametrize("task", [task for task, (_, ended) in REAL.items() if ended])
def test_a_real_answers_path_is_the_conversation_its_model_had(
    shared_data: Path, task: str
) -> None:
    """ToolBench's own record of the final path (train_messages) cuts messages as we do."""
    file = real(shared_data, task)
    raw = json.loads(file.read_text())["answer_generation"]["train_messages"][-1]
    had = [message for message in raw if message.get("valid") is not False]
    tree = load_answer_tree(file)
    found = tree.trajectory(tree.answered[0].id).messages[:-1]  # nothing follows its last reply
    assert len(found) == len(had)
    for ours, theirs in zip(found, had, strict=True):
        assert ours.role == {"function": "tool"}.get(theirs["role"], theirs["role"])
        assert ours.content == (theirs["content"] or "")
        if theirs.get("function_call"):
            assert ours.calls[0].name == theirs["function_call"]["name"]
            assert ours.calls[0].arguments == json.loads(theirs["function_call"]["arguments"])
        else:
            assert ours.calls == ()


@pytest.mark.parametrize("task", ["G1_57", "G2_52", "G3_15"])
def test_the_diversity_prompt_is_seen_where_the_file_recorded_it(
    shared_data: Path, task: str
) -> None:
    """On the final path, ToolBench marks the prompts it took back with valid: false."""
    file = real(shared_data, task)
    raw = json.loads(file.read_text())["answer_generation"]["train_messages"]
    tree = load_answer_tree(file)
    path = tree.path(tree.answered[0].id)[1:]
    assert len(path) == len(raw)
    asked = [conversation[-2].get("valid") is False for conversation in raw]
    assert [node.variant == "diversity" for node in path] == asked
    assert any(asked)


def test_a_thought_the_search_went_on_from_is_a_message_of_its_own() -> None:
    finish = call("Finish", DONE, 3)
    alone = answer_file(entry("Thought", "Hm.", finish, expand_num=1))
    tree = parse_answer_tree(alone, "1_m.json")
    assert [len(node.calls) for node in tree] == [0, 0, 1]
    joined = parse_answer_tree(answer_file(entry("Thought", "Hm.", finish)), "1_m.json")
    assert [len(node.calls) for node in joined] == [0, 1]
    assert joined.answered[0].messages[0].content == "Hm."
    assert joined.answer == tree.answer == "5 km"


def test_what_a_node_came_to_follows_from_code_and_pruning() -> None:
    gave_up = call("Finish", '{"return_type": "give_up_and_restart"}', 4, pruned=True)
    cut_off = call("far_for_map", '{"to": "x"}', 0, pruned=True)
    open_end = call("far_for_map", "{'to': 1}", 11)
    tree = parse_answer_tree(answer_file(gave_up, cut_off, open_end), "1_m.json")
    states = [node.state for node in list(tree)[1:]]
    assert states == [NodeState.GAVE_UP, NodeState.PRUNED, NodeState.OPEN]
    assert [node.depth for node in list(tree)[1:]] == [0, 1, 1]
    last = list(tree)[-1]
    assert last.calls[0].malformed == "{'to': 1}"
    assert last.observations[0].status is Status.ERROR_IN_MESSAGE


def test_an_observation_that_toolbench_cut_is_known_to_be_cut() -> None:
    cut = call("far_for_map", "{}", 0, observation="x" * 1024 + "...")
    whole = call("far_for_map", "{}", 0, observation="and so on...")
    tree = parse_answer_tree(answer_file(cut, whole), "1_m.json")
    [first], [second] = (node.observations for node in list(tree)[1:])
    assert (first.truncated, second.truncated) == (True, False)
    assert second.size == len("and so on...")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (DONE, "5 km"),
        ('{"return_type": "give_answer", "final_answer": {"km": 5}}', '{"km":5}'),
        ('{"return_type": "give_answer", "final_answer": "5 km', "5 km"),
        ('{"return_type":"give_answer","final_answer":"5 km,\nor \\"so\\""}', '5 km,\nor "so"'),
        ('{"return_type":"give_answer","final_answer":"5 km \\u00e9", }', "5 km é"),
    ],
)
def test_the_answer_is_read_from_finish_even_where_it_is_no_json(text: str, answer: str) -> None:
    tree = parse_answer_tree(answer_file(call("Finish", text, 3)), "1_m.json")
    assert tree.answer == answer


def test_stabletoolbenchs_wrapped_functions_and_failed_requests_are_read() -> None:
    data = answer_file(
        entry("Thought", "", observation_code=-1, pruned=True),
        call("far_for_map", "{}", -1, call("Finish", DONE, 3)),
    )
    wrapped = {"type": "function", "function": {"name": "far_for_map"}}
    data["answer_generation"]["function"] = [wrapped]
    tree = parse_answer_tree(data, "1_DFS.json")
    assert [spec.id for spec in tree.tools] == ["far_for_map"]
    assert next(o.status for node in tree for o in node.observations) is Status.NOT_WORKING
    assert tree.answer == "5 km"
    assert canonical(dump_answer_tree(tree)) == canonical(data)


def test_the_second_child_is_diverse_only_if_the_first_made_a_call() -> None:
    thought = entry("Thought", "Hm.", pruned=True, expand_num=1)
    made = call("far_for_map", "{}", 0)
    tree = parse_answer_tree(answer_file(thought, thought, made, made), "1_m.json")
    variants = [node.variant for node in list(tree)[1:]]
    assert variants == ["plain", "plain", "plain", "diversity"]


def test_chains_are_siblings_that_knew_nothing_of_each_other() -> None:
    steps = [entry("Thought", "Hm."), entry("Action", "far_for_map"), entry("Action Input", "{}")]
    finish = [entry("Action", "Finish"), entry("Action Input", DONE, observation_code=3)]
    chains = [
        {"chain": [without(e) for e in steps], "win": False},
        {"chain": [without(e) for e in (*steps, *finish)], "win": False},
    ]
    data = {**answer_file(), "trys": chains, "try_count": 2, "compare_candidates": []}
    del data["tree"]
    tree = parse_answer_tree(data, "7_CoT@2.json")
    assert [len(tree.children(node.id)) for node in tree] == [2, 0, 1, 0]
    assert {node.variant for node in tree} == {"plain"}
    assert tree.answer == "5 km"
    assert tree.task.id == "7"
    assert canonical(dump_answer_tree(tree)) == canonical(data)


def without(raw: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in raw.items() if key != "children"}


JSON_TEXT = st.sampled_from(["{}", '{"a": 1}', '{"a":1}', "[1]", "no", "", DONE])
EXTRAS = st.fixed_dictionaries(
    {},
    optional={
        "is_terminal": st.booleans(),
        "pruned": st.booleans(),
        "finished": st.booleans(),
        "depth": st.integers(0, 9) | st.floats(0, 9),
        "Elo": st.sampled_from([1000.0, 1000, 0.0]),
        "matching_time": st.integers(0, 3),
        "child_count": st.integers(0, 3),
        "expand_num": st.integers(0, 3),
        "messages": st.lists(st.text(max_size=3), max_size=2),
    },
)
TOLD = st.fixed_dictionaries(
    {},
    optional={
        "observation": st.text(max_size=5),
        "observation_code": st.integers(0, 12),
        "io_state": st.just({}),
    },
)


def messages(below: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Any chain of entries that the format allows, with any of its keys there or not."""
    children = st.lists(below, max_size=3)
    inputs = st.builds(
        lambda text, more, told, kids: entry("Action Input", text, *kids, **more, **told),
        JSON_TEXT, EXTRAS, TOLD, children,
    )  # fmt: skip
    actions = st.builds(
        lambda name, more, told: entry("Action", name, told, **more),
        st.sampled_from(["far_for_map", "Finish"]), EXTRAS, inputs,
    )  # fmt: skip
    thoughts = st.builds(
        lambda text, more, kids: entry("Thought", text, *kids, **more),
        st.text(max_size=4), EXTRAS, st.lists(actions, max_size=1) | children,
    )  # fmt: skip
    return actions | thoughts


LEAF = st.builds(lambda text, more: entry("Thought", text, **more), st.text(max_size=4), EXTRAS)
FILES = st.builds(
    lambda children, top, generation: {
        **answer_file(*children),
        **top,
        "answer_generation": {"query": "How far?", "function": [], **generation},
    },
    st.lists(st.recursive(LEAF, messages, max_leaves=8), max_size=3),
    st.fixed_dictionaries(
        {},
        optional={
            "win": st.booleans(),
            "forward_args": st.just({"with_filter": True}),
            "compare_candidates": st.just([[]]),
            "more": st.integers(),
        },
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "valid_data": st.booleans(),
            "train_messages": st.just([[{"role": "user", "content": None, "x": 1}]]),
            "final_answer": st.text(max_size=3),
            "function": st.just([{"name": "Finish", "strict": True}]),
        },
    ),
)


@given(FILES)
def test_every_tree_of_the_format_is_written_as_it_was_read(data: dict[str, Any]) -> None:
    before = canonical(data)
    tree = parse_answer_tree(data, "1_m.json")
    assert canonical(dump_answer_tree(tree)) == before
    assert canonical(data) == before


def test_a_tree_5000_calls_deep_is_read_and_written_again(tmp_path: Path) -> None:
    below: list[Any] = []
    for number in range(5_000):
        told = {"observation": str(number), "observation_code": 0}
        told = entry("Action Input", json.dumps({"n": number}), *below, **told)
        below = [entry("Thought", "Hm.", entry("Action", "far_for_map", told))]
    written = deepjson.dumps(answer_file(*below))
    file = tmp_path / "1_m.json"
    file.write_bytes(written)
    tree = load_answer_tree(file)
    assert (len(tree), max(node.depth for node in tree)) == (5_001, 5_000)
    save_answer_tree(tmp_path / "again.json", tree)
    again = deepjson.loads((tmp_path / "again.json").read_text())
    assert entries_of(again["tree"]["tree"]) == entries_of(
        deepjson.loads(written.decode())["tree"]["tree"]
    )
    del below, again  # nested deeper than a traceback may print


def entries_of(top: Any) -> list[Any]:
    """A nested tree's entries in order, each without its children but with their number."""
    found, waiting = [], [top]
    while waiting:
        raw = waiting.pop()
        found.append({**without(raw), "below": len(raw["children"])})
        waiting += raw["children"]
    return found


def test_values_nested_too_deeply_are_kept_but_no_arguments() -> None:
    deep: Any = []
    for _ in range(5_000):
        deep = {"a": [deep]}
    text = deepjson.dumps(deep).decode()
    data = answer_file(call("far_for_map", text, 0, io_state=deep), forward_args={"a": deep})
    tree = parse_answer_tree(data, "1_m.json")
    assert tree.leaves()[0].calls[0].malformed == text
    assert deepjson.dumps(dump_answer_tree(tree)["forward_args"]) == deepjson.dumps({"a": deep})
    assert mine(tree).row.why == "no success"
    del deep, data, tree  # nested deeper than a traceback may print


def test_a_whole_number_past_64_bits_stays_one() -> None:
    tree = parse_answer_tree(answer_file(call("f", f'{{"n": {2**70}}}', 0)), "1_m.json")
    assert tree.leaves()[0].calls[0].arguments == {"n": 2**70}


BELOW = "$.tree.tree.children[0]"


@pytest.mark.parametrize(
    ("bad", "path"),
    [
        ([], "$"),
        ({"tree": {}}, "$.tree.tree"),
        ({"trys": []}, "$.answer_generation"),
        ({**answer_file(), "trys": []}, "$"),
        ({key: value for key, value in answer_file().items() if key != "tree"}, "$"),
        (answer_file(3), BELOW),
        (answer_file(entry("Reflection")), f"{BELOW}.node_type"),
        (answer_file(entry("Thought", None)), f"{BELOW}.description"),  # type: ignore[arg-type]  # bad on purpose
        (answer_file(entry("Action Input")), f"{BELOW}.node_type"),
        (answer_file(entry("Action", "f")), BELOW),
        (answer_file(entry("Action", "f", entry("Thought"))), BELOW),
        (answer_file(call("f", "{}", 13)), f"{BELOW}.children[0].observation_code"),
        (answer_file(call("f", "{}", 0, observation=1)), f"{BELOW}.children[0].observation"),
        (
            answer_file(entry("Thought", "Hm.", entry("Action", "f", "no"))),
            f"{BELOW}.children[0].children[0]",
        ),
        ({**answer_file(), "answer_generation": {"query": 1}}, "$.answer_generation.query"),
        (
            {**answer_file(), "answer_generation": {"query": "q", "function": [{}]}},
            "$.answer_generation.function[0].name",
        ),
    ],
)
def test_a_bad_answer_file_is_one_error_with_its_path(bad: Any, path: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_answer_tree(bad, "1_m.json")
    assert (caught.value.file, caught.value.path) == ("1_m.json", path)


@pytest.mark.parametrize(
    ("chain", "path"),
    [
        ([], "$.trys[0].chain"),
        ([entry("Thought", "Hm."), 1], "$.trys[0].chain[1]"),
        ([entry("Action", "f")], "$.trys[0].chain[0]"),
    ],
)
def test_a_bad_chain_is_one_error_with_its_path(chain: list[Any], path: str) -> None:
    data = {key: value for key, value in answer_file().items() if key != "tree"}
    with pytest.raises(FormatError) as caught:
        parse_answer_tree({**data, "trys": [{"chain": chain, "win": False}]}, "1_m.json")
    assert caught.value.path == path


def test_the_opening_is_what_the_file_says_the_model_was_shown(shared_data: Path) -> None:
    opening = load_answer_tree(real(shared_data, "G1_10")).root.messages
    assert [message.role for message in opening] == [Role.SYSTEM, Role.USER]
    unfinished: SearchTree = load_answer_tree(real(shared_data, "G1_69"))
    assert [message.content for message in unfinished.root.messages] == [unfinished.task.query]
