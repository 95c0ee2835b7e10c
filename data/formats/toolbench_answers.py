"""ToolEval's converted answers: by query id, the one path of a search that is to be judged."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from toolgrove.data import codec
from toolgrove.data.formats import deepjson
from toolgrove.data.formats.check import Foreign, Place, checked, read_json
from toolgrove.data.formats.toolbench_entries import (
    OVERLAY,
    AnswerEntry,
    argument_texts,
    final_answer,
    final_leaf,
    kept,
    overlay,
    parse_arguments,
    shown_calls,
    with_arguments,
    with_overlay,
)
from toolgrove.data.formats.toolbench_schema import Functions, offered
from toolgrove.data.formats.toolbench_texts import CalledText, read_call
from toolgrove.data.formats.toolbench_trees_out import functions
from toolgrove.data.records import (
    FINISH,
    Message,
    Node,
    NodeState,
    Observation,
    Role,
    Status,
    Task,
    ToolCall,
)
from toolgrove.data.tree import ROOT, SearchTree, child_id
from toolgrove.errors import FormatError

__all__ = ["dump_answers", "load_answers", "parse_answers"]


_CUT_ERROR = re.compile(r'\{"error": "[^"]')
"""How a response begins that tells of an error and was cut, so that it is no JSON."""


class _Detail(Foreign):
    role: Literal["system", "user", "assistant", "tool"]
    message: Any
    next: list[Any]


class _Called(Foreign):
    name: str
    arguments: str
    response: Any = ""


class _Path(Foreign):
    method: str
    final_answer: Any = None
    """Finish's arguments, as text or as the object itself."""
    answer_details: list[Any] = Field(min_length=1)


class _Answer(Foreign):
    query: str
    available_tools: Functions
    answer: _Path


def load_answers(path: str | Path) -> list[SearchTree]:
    """The answers of a converted file, each a tree (usually a single path).

    Raises
    ------
    FormatError
        Where the file is not one of converted answers.
    """
    return parse_answers(read_json(path), str(path))


def parse_answers(data: Any, file: str) -> list[SearchTree]:
    """The answers of a parsed file.

    The format holds no status codes: a response whose ``error`` is not empty counts as an error,
    and what Finish did follows from its arguments. A tool's message may be text: a call's, as
    Python writes it and perhaps cut (:mod:`toolgrove.data.formats.toolbench_texts`), or any other,
    which is a step without a call. Arguments of Finish that are cut are read from
    ``final_answer``; where that is an empty text, what Finish said was not taken for an answer.

    Raises
    ------
    FormatError
        Where ``data`` is not a set of converted answers.

    Examples
    --------
    >>> finish = {"name": "Finish", "response": "",
    ...     "arguments": '{"return_type": "give_answer", "final_answer": "5 km"}'}
    >>> path = {"method": "CoT@1", "total_steps": 1, "final_answer": finish["arguments"],
    ...     "answer_details": [{"role": "tool", "message": finish, "next": []}]}
    >>> [tree] = parse_answers(
    ...     {"7": {"query": "How far?", "available_tools": [], "answer": path}}, "answers.json")
    >>> tree.task.id, tree.answer
    ('7', '5 km')
    """
    if not isinstance(data, dict):
        raise FormatError(file, "$", "an object of answers by query id", "Name another file.")
    return [_tree(query_id, answer, file) for query_id, answer in data.items()]


def _tree(query_id: str, raw: Any, file: str) -> SearchTree:
    answer = checked(_Answer, raw, file, Place((query_id,)))
    tools = offered(answer.available_tools)
    task = Task(query_id, answer.query, tuple(dict.fromkeys(spec.id for spec in tools)))
    tree = SearchTree(task, tools, {spec.id: spec.id for spec in tools})
    tree.add(Node(ROOT, None, messages=(Message(Role.USER, answer.query),)))
    opening = _grow(tree, query_id, answer.answer, file)
    tree.meta = {
        "run": f"{Path(file).name}#{query_id}",
        "planner": answer.answer.method,
        OVERLAY: {
            "shape": "answer",
            "opening": opening,
            "top": overlay(_without(raw, "answer"), _top(tree)),
            "answer": overlay(
                _without(raw["answer"], "answer_details"),
                _about(tree, list(tree), len(opening)),
            ),
        },
    }
    return tree


def _without(raw: AnswerEntry, key: str) -> AnswerEntry:
    return {k: v for k, v in raw.items() if k != key}


def _grow(tree: SearchTree, query_id: str, path: _Path, file: str) -> list[AnswerEntry]:
    """Add every step to the tree, and return the system and user details before the first."""
    opening: list[AnswerEntry] = []
    final = path.final_answer
    if final is not None and not isinstance(final, str):
        final = deepjson.dumps(final).decode()
    stack = [(ROOT, path.answer_details, Place((query_id, "answer", "answer_details")))]
    while stack:
        parent, siblings, above = stack.pop()
        for index, raw in enumerate(siblings):
            place = above.down(index)
            detail = checked(_Detail, raw, file, place)
            following = place.down("next")
            if detail.role in ("assistant", "tool"):
                node = _node(tree, parent, index, detail, place, file, final)
                tree.add(_with_overlay(node, raw))
                stack.append((node.id, detail.next, following))
            elif len(tree) == len(siblings) == 1:
                opening.append(_without(raw, "next"))
                stack.append((ROOT, detail.next, following))
            else:
                raise FormatError(
                    file, f"{place}.role", "assistant or tool after the query",
                    "Correct the file, or leave it out.",
                )  # fmt: skip
    return opening


def _node(
    tree: SearchTree,
    parent: str,
    index: int,
    detail: _Detail,
    place: Place,
    file: str,
    final: str | None,
) -> Node:
    above = tree[parent]
    node = Node(child_id(parent, index), parent, index, above.depth)
    text = detail.message if isinstance(detail.message, str) else ""
    told = read_call(text) if detail.role == "tool" else None
    if detail.role == "assistant" or (text and told is None):
        return replace(node, messages=(Message(Role.ASSISTANT, text),))
    called = _from_text(told, final or "") if told else None
    if called is None:
        called = checked(_Called, detail.message, file, place.down("message"))
    response = called.response
    content = response if isinstance(response, str) else deepjson.dumps(response).decode()
    call = parse_arguments(f"call_{len(tree)}", called.name, called.arguments)
    cut = told is not None and call.name != FINISH and "response" not in told.whole
    size = 0 if cut else len(content)  # how long the whole was, nobody noted
    node = replace(
        node,
        depth=above.depth + (call.name != FINISH),
        messages=(
            Message(Role.ASSISTANT, "", (call,)),
            Message(Role.TOOL, content, call_id=call.id, name=call.name),
        ),
        calls=(call,),
        observations=(Observation(_status(call, content, final), content, size, truncated=cut),),
    )
    node = with_arguments(node, called.arguments)
    match node.observations[0].status:
        case Status.FINAL_ANSWER:
            return replace(node, state=NodeState.ANSWERED, answer=final_answer(call))
        case Status.GIVE_UP:
            return replace(node, state=NodeState.GAVE_UP)
    return node


def _from_text(told: CalledText, final: str) -> _Called:
    """The call of a text; arguments of Finish that are cut are the path's final answer."""
    cut = "arguments" not in told.whole
    arguments = final if cut and final and told.name == FINISH else told.arguments
    return _Called(name=told.name, arguments=arguments, response=told.response)


def _status(call: ToolCall, content: str, final: str | None) -> Status:
    if call.name != FINISH:
        try:
            response = codec.loads(content)
        except (ValueError, RecursionError):
            cut = _CUT_ERROR.match(content) is not None
            return Status.ERROR_IN_MESSAGE if cut else Status.OK
        failed = isinstance(response, dict) and response.get("error")
        return Status.ERROR_IN_MESSAGE if failed else Status.OK
    if "give_up_and_restart" in str(call.arguments.get("return_type", call.malformed)):
        return Status.GIVE_UP
    taken = final != "" and final_answer(call)
    return Status.FINAL_ANSWER if taken else Status.BAD_FINISH


def _with_overlay(node: Node, raw: AnswerEntry) -> Node:
    [built] = _details(node)
    found: AnswerEntry = {"detail": overlay(_without(raw, "next"), built)}
    if isinstance(raw["message"], dict) and isinstance(built["message"], dict):
        found["detail"] = overlay(_without(raw, "next"), {**built, "message": raw["message"]})
        found["called"] = overlay(raw["message"], built["message"])
    found = {part: value for part, value in found.items() if value}
    meta = {OVERLAY: {**node.meta.get(OVERLAY, {}), **found}}
    return replace(node, meta=meta) if found else node


def dump_answers(trees: Iterable[SearchTree]) -> AnswerEntry:
    """Trees as a file of converted answers, by task id.

    Of a search, only the path that ToolEval judges is written: the first answer's, else the
    first give-up's, else the first leaf's (ToolBench takes a random one). As in ToolBench, the
    thought beside a call is left out, and Finish has no response.

    Raises
    ------
    ValueError
        Where two trees are of one task, because the file has one answer a query.
    """
    found: AnswerEntry = {}
    for tree in trees:
        if tree.task.id in found:
            raise ValueError(f"two answers to task {tree.task.id}: the format has one a query")
        found[tree.task.id] = _dump(tree)
    return found


def _dump(tree: SearchTree) -> AnswerEntry:
    read = tree.meta.get(OVERLAY, {}).get("shape") == "answer"
    opening = [{"role": "system", "message": ""}, {"role": "user", "message": ""}]
    if read:
        nodes = list(tree)
        opening = tree.meta[OVERLAY]["opening"]
    else:
        nodes = tree.path((final_leaf(tree) or tree.leaves()[0]).id)
    about = _about(tree, nodes, len(opening))
    top = _top(tree)
    if read:
        about = with_overlay(about, kept(tree.meta, "answer"))
        top = with_overlay(top, kept(tree.meta, "top"))
    return {**top, "answer": {**about, "answer_details": _nested(nodes, opening)}}


def _top(tree: SearchTree) -> AnswerEntry:
    return {"query": tree.task.query, "available_tools": functions(tree)}


def _about(tree: SearchTree, nodes: list[Node], opening: int) -> AnswerEntry:
    leaf = final_leaf(tree)
    return {
        "method": str(tree.meta.get("planner", "")),
        "total_steps": opening + sum(len(_details(node)) for node in nodes[1:]),
        "final_answer": _final_text(leaf) if leaf else "",
    }


def _final_text(leaf: Node) -> str:
    """The arguments of Finish; those it would have had, where a run answered without calling it."""
    if leaf.calls:
        return argument_texts(leaf)[-1]
    answered = {"return_type": "give_answer", "final_answer": leaf.answer or ""}
    given_up = {"return_type": "give_up_and_restart"}
    return codec.dumps(answered if leaf.state is NodeState.ANSWERED else given_up).decode()


def _details(node: Node) -> list[AnswerEntry]:
    """A node's steps, without what comes next."""
    if not node.calls and node.state in (NodeState.ANSWERED, NodeState.GAVE_UP):
        called = {"name": FINISH, "arguments": _final_text(node), "response": ""}
        return [{"role": "tool", "message": called}]
    if not node.calls:
        thought = node.messages[0].content if node.messages else ""
        return [{"role": "assistant", "message": thought}]
    laid_over = kept(node.meta, "called")
    return [
        {
            "role": "tool",
            "message": with_overlay(
                {
                    "name": call.name,
                    "arguments": text,
                    "response": "" if call.name == FINISH else observation.content,
                },
                laid_over,
            ),
        }
        for (call, observation), text in zip(shown_calls(node), argument_texts(node), strict=True)
    ]


def _nested(nodes: list[Node], opening: list[AnswerEntry]) -> list[AnswerEntry]:
    """Steps put into each other's ``next``; without recursion, for long paths."""
    top: AnswerEntry = {"next": []}
    ends: dict[str, AnswerEntry] = {}
    for node in nodes:
        if node.parent is None:
            steps = [dict(detail) for detail in opening]
        else:
            steps = [with_overlay(step, kept(node.meta, "detail")) for step in _details(node)]
        chain = [ends[node.parent] if node.parent else top, *({**s, "next": []} for s in steps)]
        for above, below in pairwise(chain):
            above["next"].append(below)
        ends[node.id] = chain[-1]
    found: list[AnswerEntry] = top["next"]
    return found
