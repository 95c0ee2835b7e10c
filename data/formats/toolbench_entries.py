"""One step of a search as ToolBench's tree entries, and what an overlay keeps of foreign ones.

ToolBench cuts a model's message into a chain of entries, Thought → Action → Action Input (the
last with the observation). We hold it as one :class:`~toolgrove.data.records.Node`. What an entry
says beyond that is kept as an *overlay*: the difference between the entry that was read and the
one we would have written, so that it can be written again just as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any, TypeAlias

from toolgrove.data import codec
from toolgrove.data.formats import deepjson
from toolgrove.data.records import JsonObject, Node, NodeState, Observation, ToolCall
from toolgrove.data.tree import SearchTree

__all__ = [
    "OVERLAY",
    "AnswerEntry",
    "argument_texts",
    "build_entries",
    "final_answer",
    "final_leaf",
    "kept",
    "new_entry",
    "overlay",
    "parse_arguments",
    "shown_calls",
    "with_arguments",
    "with_overlay",
]

AnswerEntry: TypeAlias = dict[str, Any]

OVERLAY = "toolbench"
"""Key in ``Node.meta`` and ``SearchTree.meta`` under which overlays are kept."""
_ANSWER = re.compile(r'"final_answer"\s*:\s*"(.*)', re.DOTALL)


def overlay(read: Mapping[str, Any], built: Mapping[str, Any]) -> JsonObject:
    """What ``read`` says that ``built`` does not, and which keys it lacks.

    Examples
    --------
    >>> overlay({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4})
    {'set': {'b': 2}, 'unset': ['c']}
    >>> with_overlay({"a": 1, "b": 3, "c": 4}, _)
    {'a': 1, 'b': 2}
    """
    found: dict[str, Any] = {}
    more = {k: v for k, v in read.items() if k not in built or not _same(v, built[k])}
    missing = [key for key in built if key not in read]
    if more:
        found["set"] = more
    if missing:
        found["unset"] = missing
    return found


def with_overlay(built: Mapping[str, Any], kept: Mapping[str, Any]) -> AnswerEntry:
    """``built`` with what was read laid over it: the inverse of :func:`overlay`."""
    missing = kept.get("unset", ())
    more: Mapping[str, Any] = kept.get("set", {})
    return {**{k: v for k, v in built.items() if k not in missing}, **more}


def kept(meta: JsonObject, part: str) -> JsonObject:
    """A part of the overlay in a node's or a tree's ``meta``; empty where there is none."""
    found: JsonObject = meta.get(OVERLAY, {}).get(part, {})
    return found


def _same(a: Any, b: Any) -> bool:
    """Equal as JSON: ``1``, ``1.0`` and ``true`` differ, which ``==`` does not see."""
    if type(a) is not type(b):
        return False
    nested = isinstance(a, dict | list)
    return deepjson.dumps(a) == deepjson.dumps(b) if nested else bool(a == b)


def parse_arguments(call_id: str, name: str, text: str) -> ToolCall:
    """A call from the text of its arguments, which may be no JSON object.

    Line breaks in a text may be written as such, as ToolBench reads them.

    Examples
    --------
    >>> parse_arguments("c", "zip", '{"code": "02139"}').arguments
    {'code': '02139'}
    >>> parse_arguments("c", "zip", "{'code': 1}").malformed
    "{'code': 1}"
    """
    try:
        arguments = deepjson.loads(text, strict=False)
        codec.dumps(arguments)
    except (ValueError, RecursionError):  # nested too deeply to be handed on
        arguments = None
    if isinstance(arguments, dict):
        return ToolCall(call_id, name, arguments)
    return ToolCall(call_id, name, malformed=text)


def with_arguments(node: Node, text: str) -> Node:
    """The node with its one call's arguments kept as the model wrote them, if we would not."""
    if text == _written(node.calls[0]):
        return node
    found = {**node.meta.get(OVERLAY, {}), "arguments": [text]}
    return replace(node, meta={**node.meta, OVERLAY: found})


def argument_texts(node: Node) -> list[str]:
    """The text of each call's arguments: as the model wrote it where that is kept, else JSON."""
    kept_texts: list[str] | None = node.meta.get(OVERLAY, {}).get("arguments")
    return kept_texts or [_written(call) for call, _ in shown_calls(node)]


def _written(call: ToolCall) -> str:
    return call.malformed if call.malformed is not None else codec.dumps(call.arguments).decode()


def final_answer(call: ToolCall) -> str:
    """The answer in Finish's arguments; where they are no JSON, what stands after its key.

    Examples
    --------
    >>> final_answer(ToolCall("c", "Finish", malformed='{"final_answer": "5 km'))
    '5 km'
    """
    if call.malformed is not None:
        found = _ANSWER.search(call.malformed)
        return "" if found is None else _unescaped(found[1].rstrip('}\n", '))
    answer = call.arguments.get("final_answer", "")
    return answer if isinstance(answer, str) else codec.dumps(answer).decode()


def _unescaped(text: str) -> str:
    """The inside of a JSON text as it reads, where it was not cut in an escape."""
    try:
        return str(deepjson.loads(f'"{text}"', strict=False))
    except ValueError:
        return text


def shown_calls(node: Node) -> Iterator[tuple[ToolCall, Observation]]:
    """A node's calls under the names the model used, each with its observation."""
    shown = node.messages[0].calls if node.messages else ()
    calls = shown if len(shown) == len(node.calls) else node.calls
    return zip(calls, node.observations, strict=True)


def final_leaf(tree: SearchTree) -> Node | None:
    """The node a run ends with: the first answer, else the first that gave up, else None."""
    gave_up = (node for node in tree if node.state is NodeState.GAVE_UP)
    return next(chain(tree.answered, gave_up), None)


def build_entries(tree: SearchTree, *, searched: bool) -> dict[str, list[AnswerEntry]]:
    """Every node's chain of entries, without ``children``, as ToolBench would write them.

    Parameters
    ----------
    tree : SearchTree
        Any tree; overlays in its nodes' ``meta`` are laid over.
    searched : bool
        Whether to number the nodes in the order they were added in (``expand_num``), and to mark
        an answer and the two calls before it ``finished``, as ToolBench's depth-first search
        does and its single chains do not.
    """
    entries: dict[str, list[AnswerEntry]] = {}
    for number, node in enumerate(tree):
        depth = 0 if node.parent is None else entries[node.parent][-1]["depth"] + 1
        chain_ = _chain(node, depth)
        chain_[-1]["child_count"] = len(tree.children(node.id))
        chain_[-1]["expand_num"] = number if searched else 0
        entries[node.id] = chain_
    for leaf in tree.answered if searched else ():
        _mark_finished(tree, leaf, entries)
    for node in tree:
        kept_chain = node.meta.get(OVERLAY, {}).get("entries", ())
        for number, laid_over in enumerate(kept_chain):
            entries[node.id][number] = with_overlay(entries[node.id][number], laid_over)
    return entries


def _chain(node: Node, depth: int) -> list[AnswerEntry]:
    if node.parent is None:
        return [new_entry("Action Input", "", depth)]
    thought = node.messages[0].content if node.messages else ""
    found: list[AnswerEntry] = []
    if thought or not node.calls or node.meta.get(OVERLAY, {}).get("empty_thought"):
        found.append(new_entry("Thought", thought, depth))
    for (call, observation), text in zip(shown_calls(node), argument_texts(node), strict=True):
        found.append(new_entry("Action", call.name, depth + len(found)))
        found.append(new_entry("Action Input", text, depth + len(found)))
        found[-1]["observation"] = observation.content
        found[-1]["observation_code"] = observation.status.code
    found[-1]["pruned"] = node.state in (NodeState.PRUNED, NodeState.GAVE_UP)
    return found


def new_entry(kind: str, description: str, depth: int) -> AnswerEntry:
    """A new entry, as ToolBench begins each, without ``children``."""
    made: AnswerEntry = {
        "is_terminal": False,
        "pruned": False,
        "finished": False,
        "depth": depth,
        "node_type": kind,
        "description": description,
        "Elo": 1000.0,
        "child_count": 1,
        "expand_num": 0,
    }
    if kind == "Action Input":
        made["io_state"] = {}
    return made


def _mark_finished(tree: SearchTree, leaf: Node, entries: Mapping[str, list[AnswerEntry]]) -> None:
    inputs = 2
    at: str | None = leaf.id
    while at is not None:
        for entry in reversed(entries[at]):
            entry["finished"] = True
            inputs -= entry["node_type"] == "Action Input"
            if inputs < 0:
                return
        at = tree[at].parent
