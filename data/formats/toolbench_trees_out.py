"""Any search tree as a ToolBench answer file, in the shapes that ToolBench's own readers take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from toolgrove.data.formats import deepjson
from toolgrove.data.formats.toolbench_entries import (
    OVERLAY,
    AnswerEntry,
    argument_texts,
    build_entries,
    final_leaf,
    kept,
    overlay,
    shown_calls,
    with_overlay,
)
from toolgrove.data.formats.toolbench_schema import to_function
from toolgrove.data.functions import FINISH_FUNCTION
from toolgrove.data.records import JsonObject, Message, Node, Role
from toolgrove.data.tree import ROOT, SearchTree
from toolgrove.machine.files import write_beside

__all__ = ["answer_overlays", "dump_answer_tree", "functions", "save_answer_tree"]


def dump_answer_tree(tree: SearchTree) -> AnswerEntry:
    """A tree as the JSON of a ToolBench answer file.

    A tree that was read from such a file becomes equal to it. One of ours becomes the ``tree``
    shape of a search; ReAct and CoT runs, whose only branching is at the root, become ``trys``.
    A node with several calls becomes as many steps, because the format knows one call a step.

    Parameters
    ----------
    tree : SearchTree
        Any tree, of any depth.

    Returns
    -------
    dict
        Plain JSON. ``answer_generation.train_messages`` holds, as in ToolBench, a whole
        conversation for each step, so its size grows with the square of the final path's length.
        Its conversations share their messages: copy before you change one.
    """
    searched = _shape(tree) == "tree"
    entries = build_entries(tree, searched=searched)
    top = with_overlay(_top(tree, entries), kept(tree.meta, "top"))
    if searched:
        sizes = with_overlay(_sizes(tree, entries), kept(tree.meta, "tree"))
        top["tree"] = {**sizes, "tree": _nested(tree, entries)}
    else:
        top["trys"] = _tries(tree, entries)
    generation = _generation(tree, entries, searched=searched)
    if OVERLAY not in tree.meta:
        generation.update(_train_messages(tree, searched=searched))
    top["answer_generation"] = with_overlay(generation, kept(tree.meta, "generation"))
    return top


def save_answer_tree(path: str | Path, tree: SearchTree) -> None:
    """Write :func:`dump_answer_tree` to a file, beside it first."""
    write_beside(path, [deepjson.dumps(dump_answer_tree(tree))])


def answer_overlays(tree: SearchTree, data: Mapping[str, Any]) -> JsonObject:
    """What an answer file says around its tree that :func:`dump_answer_tree` would not.

    Parameters
    ----------
    tree : SearchTree
        The tree that was read from ``data``, its nodes' overlays and its shape set.
    data : mapping
        The parsed file.
    """
    searched = _shape(tree) == "tree"
    entries = build_entries(tree, searched=searched)
    around = {k: v for k, v in data.items() if k not in ("tree", "trys", "answer_generation")}
    found: AnswerEntry = {
        "top": overlay(around, _top(tree, entries)),
        "generation": overlay(
            data["answer_generation"], _generation(tree, entries, searched=searched)
        ),
    }
    if searched:
        sizes = {key: value for key, value in data["tree"].items() if key != "tree"}
        found["tree"] = overlay(sizes, _sizes(tree, entries))
    else:
        pairs = zip(data["trys"], _tries(tree, entries), strict=True)
        found["trys"] = [overlay(read, built) for read, built in pairs]
    return {part: value for part, value in found.items() if value}


def _shape(tree: SearchTree) -> str:
    shape = tree.meta.get(OVERLAY, {}).get("shape")
    if shape:
        return str(shape)
    planner = str(tree.meta.get("planner", "")).lower()
    linear = all(len(tree.children(node.id)) < 2 for node in tree if node.parent is not None)
    return "trys" if planner.startswith(("react", "cot")) and linear else "tree"


def _top(tree: SearchTree, entries: Mapping[str, list[AnswerEntry]]) -> AnswerEntry:
    answers = tree.answered
    top: AnswerEntry = {
        "win": bool(answers),
        "forward_args": {},
        "compare_candidates": [_path(tree, leaf, entries) for leaf in answers],
    }
    if _shape(tree) == "trys":
        top["try_count"] = len(tree.children(ROOT))
    return top


def _path(
    tree: SearchTree, leaf: Node, entries: Mapping[str, list[AnswerEntry]]
) -> list[AnswerEntry]:
    return [dict(entry) for node in tree.path(leaf.id)[1:] for entry in entries[node.id]]


def _sizes(tree: SearchTree, entries: Mapping[str, list[AnswerEntry]]) -> AnswerEntry:
    """How many entries there are, and how many the longest way down has, the root included."""
    down: dict[str, int] = {}
    for node in tree:
        down[node.id] = len(entries[node.id]) + (down[node.parent] if node.parent else 0)
    return {"size": sum(map(len, entries.values())), "max_length": max(down.values())}


def _nested(tree: SearchTree, entries: Mapping[str, list[AnswerEntry]]) -> AnswerEntry:
    """Entries put into each other's ``children``; without recursion, for deep trees."""
    firsts: dict[str, AnswerEntry] = {}
    ends: dict[str, AnswerEntry] = {}
    for node in tree:
        own = [{**entry, "children": []} for entry in entries[node.id]]
        for above, below in pairwise(own):
            above["children"].append(below)
        ends[node.id] = own[-1]
        firsts[node.id] = own[0]
    for node in tree:
        ends[node.id]["children"] += [firsts[child.id] for child in tree.children(node.id)]
    return firsts[tree.root.id]


def _tries(tree: SearchTree, entries: Mapping[str, list[AnswerEntry]]) -> list[AnswerEntry]:
    leaves = [leaf for leaf in tree.leaves() if leaf.parent is not None]
    tries: list[AnswerEntry] = []
    kept_tries = tree.meta.get(OVERLAY, {}).get("trys", ())
    for number, leaf in enumerate(leaves):
        built: AnswerEntry = {"chain": _path(tree, leaf, entries), "win": leaf.answer is not None}
        laid_over = kept_tries[number] if number < len(kept_tries) else {}
        tries.append(with_overlay(built, laid_over))
    return tries


def functions(tree: SearchTree) -> list[AnswerEntry]:
    """The functions a tree's model was offered, in ToolBench's form, Finish last."""
    names = {tool: alias for alias, tool in tree.aliases.items()}
    offered = [to_function(spec, names.get(spec.id, spec.id)) for spec in tree.tools]
    return [*offered, dict(FINISH_FUNCTION)]


def _generation(
    tree: SearchTree, entries: Mapping[str, list[AnswerEntry]], *, searched: bool
) -> AnswerEntry:
    leaf = final_leaf(tree) if searched or tree.answered else None
    generation: AnswerEntry = {
        "valid_data": leaf is not None,
        "query_count": tree.model_calls,
        "total_tokens": tree.usage.total,
        "final_answer": entries[leaf.id][-1]["description"] if leaf else "",
        "function": functions(tree),
        "chain": [],
        "query": tree.task.query,
    }
    if searched:
        gave_up = leaf is not None and leaf.answer is None
        generation["finish_type"] = "give_up" if gave_up else "give_answer"
    return generation


def _train_messages(tree: SearchTree, *, searched: bool) -> AnswerEntry:
    """The final path's conversation up to each of its assistant messages."""
    leaf = final_leaf(tree) if searched or tree.answered else None
    if leaf is None:
        return {} if searched else {"train_messages": []}
    messages = [message for node in tree.path(leaf.id) for message in _conversation(tree, node)]
    ends = [i for i, message in enumerate(messages, 1) if message["role"] == "assistant"]
    return {"train_messages": [messages[:end] for end in ends]}


def _conversation(tree: SearchTree, node: Node) -> Iterator[AnswerEntry]:
    """A node's messages with OpenAI's older ``function_call``, one call a message."""
    if node.parent is None:
        yield from _opening(tree, node)
        return
    thought = node.messages[0].content if node.messages else ""
    for (call, observation), text in zip(shown_calls(node), argument_texts(node), strict=True):
        called = {"name": call.name, "arguments": text}
        yield {"role": "assistant", "content": thought or None, "function_call": called}
        yield {"role": "function", "name": call.name, "content": observation.content}
        thought = ""
    if not node.calls:
        yield {"role": "assistant", "content": thought}
    for message in node.messages:
        if message.role is Role.USER:
            yield {"role": "user", "content": message.content}


def _opening(tree: SearchTree, root: Node) -> list[AnswerEntry]:
    """A system and a user message: ToolBench's readers take the first two for these."""
    said: dict[Role, Message] = {message.role: message for message in root.messages}
    system = said.get(Role.SYSTEM, Message(Role.SYSTEM))
    user = said.get(Role.USER, Message(Role.USER, tree.task.query))
    return [{"role": m.role.value, "content": m.content} for m in (system, user)]
