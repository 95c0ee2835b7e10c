"""Trees of ours become answer files that ToolBench's own readers can take.

What the readers expect is what they read (ToolBench, Apache-2.0): ``convert_to_answer_format.py``
and ``preprocess_toolllama_data.py`` take ``answer_generation`` and walk ``tree`` or ``trys``;
``evaluation/dataclass.py`` has the shape of a tool.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from toolgrove.data.formats.toolbench_trees import dump_answer_tree, parse_answer_tree
from toolgrove.data.records import (
    Message,
    Node,
    NodeState,
    Observation,
    Role,
    Status,
    Task,
    ToolCall,
    ToolSpec,
    Usage,
)
from toolgrove.data.tree import ROOT, SearchTree, child_id

SPEC = ToolSpec(
    "Maps/map/far",
    "Maps",
    "map",
    "far",
    "How far it is.",
    {
        "type": "object",
        "properties": {
            "to": {"type": "string", "description": "Where to", "default": "Oslo"},
            "by": {"enum": ["car", "foot"]},
            "stops": {"type": ["array", "null"], "items": {"type": "string"}},
        },
        "required": ["to"],
    },
)


class Property(BaseModel):
    """A parameter as dataclass.py's Tool.Parameters.Properties has it."""

    type_: str = Field(alias="type")
    enum: list[str] | None = None
    description: str | None = None
    example_value: str | bool | int | float | None = None


class Parameters(BaseModel):
    """The parameters as dataclass.py's Tool.Parameters has them."""

    required: list[str]
    optional: list[str] | None = []
    type_: str = Field(alias="type")
    properties: dict[str, Property]


class Tool(BaseModel):
    """A tool as dataclass.py's Tool has it, without the id its reader adds."""

    name: str
    description: str
    parameters: Parameters


def new_tree(planner: str) -> SearchTree:
    opening = (Message(Role.SYSTEM, "Answer."), Message(Role.USER, "How far?"))
    tree = SearchTree(Task("7", "How far?"), [SPEC], {"far_for_map": SPEC.id}, {"planner": planner})
    tree.add(Node(ROOT, None, messages=opening))
    return tree


def add(
    tree: SearchTree, parent: str, thought: str, *calls: tuple[str, dict[str, Any], Status]
) -> str:
    """Add a step as the planners make one; more than one call is made at once."""
    above = tree[parent]
    index = len(tree.children(parent))
    made = tuple(ToolCall(f"c{len(tree)}_{i}", c[0], c[1]) for i, c in enumerate(calls))
    seen = tuple(Observation(c[2], f"saw {c[0]}", 8) for c in calls)
    told = [
        Message(Role.TOOL, o.content, call_id=c.id, name=c.name)
        for c, o in zip(made, seen, strict=True)
    ]
    last = calls[-1][2] if calls else Status.OK
    states = {Status.FINAL_ANSWER: NodeState.ANSWERED, Status.GIVE_UP: NodeState.GAVE_UP}
    node = Node(
        id=child_id(parent, index),
        parent=parent,
        index=index,
        depth=above.depth + len(made),
        messages=(
            Message(Role.ASSISTANT, thought, made),
            *(told or [Message(Role.USER, "Call a tool.")]),
        ),
        calls=tuple(ToolCall(c.id, tree.aliases.get(c.name, c.name), c.arguments) for c in made),
        observations=seen,
        variant="diversity" if index else "plain",
        state=states.get(last, NodeState.OPEN),
        answer=calls[-1][1].get("final_answer") if last is Status.FINAL_ANSWER else None,
        usage=Usage(10, 5),
    )
    tree.add(node)
    return node.id


FAR = ("far_for_map", {"to": "Oslo"}, Status.OK)
WRONG = ("near_for_map", {}, Status.NO_SUCH_TOOL)
DONE = ("Finish", {"return_type": "give_answer", "final_answer": "5 km"}, Status.FINAL_ANSWER)
STOP = ("Finish", {"return_type": "give_up_and_restart"}, Status.GIVE_UP)


def a_search() -> SearchTree:
    tree = new_tree("dfsdt:width=2")
    first = add(tree, ROOT, "Look it up.", FAR, FAR)
    add(tree, first, "", STOP)
    second = add(tree, ROOT, "Another way.", WRONG)
    third = add(tree, second, "Hm.")
    add(tree, third, "", DONE)
    return tree


def converted(answer: dict[str, Any]) -> list[tuple[str, Any]]:
    """The steps that process_valid_data of convert_to_answer_format.py takes from a file."""
    conversation = answer["answer_generation"]["train_messages"][-1]
    assert [message["role"] for message in conversation[:2]] == ["system", "user"]
    steps: list[tuple[str, Any]] = []
    index = 2
    while index < len(conversation):
        message = conversation[index]
        index += 1
        if message["role"] in ("system", "user", "function"):
            continue
        assert message["role"] == "assistant"
        if "function_call" in message:
            called = message["function_call"]
            finish = called["name"] == "Finish"
            response = "" if finish else conversation[index]["content"]
            steps.append(("tool", (called["name"], json.loads(called["arguments"]), response)))
            index += 1
        else:
            steps.append(("assistant", message["content"]))
    return steps


def walked(raw: dict[str, Any]) -> list[tuple[str, Any]]:
    """The steps that process_invalid_data's purify_graph finds below a node of the tree."""
    found: list[tuple[str, Any]] = []
    for child in raw["children"]:
        if child["node_type"] == "Thought":
            found.append(("assistant", child["description"]))
            found += walked(child)
        else:
            assert child["node_type"] == "Action"
            [told] = child["children"]
            assert told["node_type"] == "Action Input"
            called = (child["description"], json.loads(told["description"]), told["observation"])
            found.append(("tool", called))
            found += walked(told)
    return found


def test_a_search_is_what_the_converter_reads() -> None:
    answer = json.loads(json.dumps(dump_answer_tree(a_search())))
    generation = answer["answer_generation"]
    assert (answer["win"], generation["valid_data"]) == (True, True)
    assert (generation["finish_type"], generation["query"]) == ("give_answer", "How far?")
    assert json.loads(generation["final_answer"]) == DONE[1]
    assert converted(answer) == [
        ("tool", ("near_for_map", {}, "saw near_for_map")),
        ("assistant", "Hm."),
        ("tool", ("Finish", DONE[1], "")),
    ]
    assert (generation["query_count"], generation["total_tokens"]) == (5, 75)


def test_each_step_of_the_final_path_has_a_conversation_that_ends_with_it() -> None:
    """preprocess_toolllama_data.py makes its training rows of these."""
    rows = dump_answer_tree(a_search())["answer_generation"]["train_messages"]
    assert [row[-1]["role"] for row in rows] == ["assistant"] * 3
    assert [len(row) for row in rows] == [3, 5, 7]
    assert all({"role", "content"} <= message.keys() for row in rows for message in row)
    assert rows[0][-1]["content"] == "Another way."


def test_the_whole_tree_is_what_the_converter_walks_where_there_is_no_answer() -> None:
    tree = new_tree("dfsdt")
    first = add(tree, ROOT, "Look it up.", FAR, FAR)
    add(tree, first, "Hm.")
    add(tree, ROOT, "", WRONG)
    answer = json.loads(json.dumps(dump_answer_tree(tree)))
    assert answer["answer_generation"]["valid_data"] is False
    far = ("tool", ("far_for_map", {"to": "Oslo"}, "saw far_for_map"))
    assert walked(answer["tree"]["tree"]) == [
        ("assistant", "Look it up."),
        far,
        far,
        ("assistant", "Hm."),
        ("tool", ("near_for_map", {}, "saw near_for_map")),
    ]
    assert answer["tree"]["size"] == 9
    assert answer["tree"]["max_length"] == 7


def test_a_search_that_gave_up_says_so_and_is_still_valid_data() -> None:
    tree = new_tree("dfsdt")
    add(tree, ROOT, "", STOP)
    generation = dump_answer_tree(tree)["answer_generation"]
    assert (generation["valid_data"], generation["finish_type"]) == (True, "give_up")
    assert json.loads(generation["final_answer"]) == STOP[1]


@pytest.mark.parametrize("planner", ["react", "cot:chains=2"])
def test_independent_chains_become_trys(planner: str) -> None:
    tree = new_tree(planner)
    add(tree, add(tree, ROOT, "", FAR), "", STOP)
    add(tree, add(tree, ROOT, "", FAR), "", DONE)
    answer = dump_answer_tree(tree)
    assert "tree" not in answer
    assert [found["win"] for found in answer["trys"]] == [False, True]
    assert answer["try_count"] == 2
    kinds = [entry["node_type"] for entry in answer["trys"][1]["chain"]]
    assert kinds == ["Action", "Action Input", "Action", "Action Input"]
    assert "finish_type" not in answer["answer_generation"]
    assert converted(answer)[-1] == ("tool", ("Finish", DONE[1], ""))


def test_every_offered_tool_has_the_shape_of_toolevals_tool() -> None:
    shown = dump_answer_tree(a_search())["answer_generation"]["function"]
    tools = [Tool.model_validate(function) for function in shown]
    assert [tool.name for tool in tools] == ["far_for_map", "Finish"]
    properties = tools[0].parameters.properties
    assert {name: found.type_ for name, found in properties.items()} == {
        "to": "string",
        "by": "string",
        "stops": "string",
    }
    assert properties["to"].example_value == "Oslo"
    assert properties["by"].enum == ["car", "foot"]


def test_an_answer_and_the_two_calls_before_it_are_finished() -> None:
    tree = new_tree("dfsdt")
    at = ROOT
    for thought in ("One.", "Two.", "Three."):
        at = add(tree, at, thought, FAR)
    add(tree, at, "Done.", DONE)
    raw = dump_answer_tree(tree)["tree"]["tree"]
    marks = []
    while raw["children"]:
        raw = raw["children"][0]
        marks.append(raw["finished"])
    assert marks == [False] * 5 + [True] * 7


def test_a_system_message_is_there_even_where_the_tree_has_none() -> None:
    tree = SearchTree(Task("7", "How far?"), meta={"planner": "dfsdt"})
    tree.add(Node(ROOT, None))
    add(tree, ROOT, "", DONE)
    [conversation] = dump_answer_tree(tree)["answer_generation"]["train_messages"]
    assert [message["role"] for message in conversation] == ["system", "user", "assistant"]
    assert conversation[1]["content"] == "How far?"


STEPS = st.lists(
    st.tuples(
        st.integers(0, 30),
        st.text(max_size=5),
        st.lists(st.sampled_from([FAR, WRONG]), max_size=2) | st.sampled_from([[DONE], [STOP]]),
    ),
    max_size=12,
)


@given(STEPS, st.sampled_from(["dfsdt", "cot"]))
def test_what_is_written_is_read_again_as_the_same_search(steps: Any, planner: str) -> None:
    """Words, calls and outcomes survive; a step with several calls comes back as several."""
    tree = new_tree(planner)
    for parent, thought, calls in steps:
        open_nodes = [node for node in tree if node.state is NodeState.OPEN]
        add(tree, open_nodes[parent % len(open_nodes)].id, thought, *calls)
    written = dump_answer_tree(tree)
    again = parse_answer_tree(json.loads(json.dumps(written)), "7_DFS.json")
    assert again.answer == tree.answer
    assert said(again) == said(tree)
    assert canonical(dump_answer_tree(again)) == canonical(written)
    assert len(again.answered) == len(tree.answered)


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def said(tree: SearchTree) -> list[tuple[str, list[Any]]]:
    """Every leaf's path as what was said and called, one call at a time, in any order."""
    paths = []
    for leaf in tree.leaves():
        path: list[Any] = []
        for node in tree.path(leaf.id)[1:]:
            path.append(node.messages[0].content)
            path += [(call.name, dict(call.arguments)) for call in node.messages[0].calls]
        paths.append((repr(leaf.state), [part for part in path if part != ""]))
    return sorted(paths, key=repr)
