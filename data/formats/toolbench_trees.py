"""ToolBench answer trees, ``<query id>_<method>.json``: whole searches, failed branches and all.

Two shapes share the format: ``tree`` (depth-first search, DFSDT) and ``trys`` (independent
chains, CoT@n). ToolBench's ``valid_data`` is true for a search that gave up, too; the mark of an
answer is a last call with observation code 3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import NoneType
from typing import Any, Literal, NamedTuple

from pydantic import Field

from toolgrove.data.formats.check import Foreign, Place, checked, read_json
from toolgrove.data.formats.toolbench_entries import (
    OVERLAY,
    AnswerEntry,
    build_entries,
    final_answer,
    overlay,
    parse_arguments,
    with_arguments,
)
from toolgrove.data.formats.toolbench_schema import Functions, offered
from toolgrove.data.formats.toolbench_trees_out import (
    answer_overlays,
    dump_answer_tree,
    save_answer_tree,
)
from toolgrove.data.records import (
    FINISH,
    Message,
    Node,
    NodeState,
    Observation,
    Role,
    Status,
    Task,
)
from toolgrove.data.tree import ROOT, SearchTree, child_id
from toolgrove.errors import FormatError

__all__ = [
    "dump_answer_tree",
    "load_answer_tree",
    "name_parts",
    "parse_answer_tree",
    "save_answer_tree",
]


CUT_AT = 1024
"""Characters after which ToolBench cuts an observation, and writes ``...`` behind."""
_FAILED = -1
"""The code where the model itself could not be asked."""
_CODES = (None, *range(_FAILED, 13))
_NONE: list[Any] = []


class _Entry(Foreign):
    """An entry's shape; :func:`_entry` looks at it, and this says what does not fit."""

    node_type: Literal["Thought", "Action", "Action Input"]
    description: str
    observation: str = ""
    observation_code: int | None = Field(default=None, ge=_FAILED, le=12)
    pruned: bool = False
    expand_num: int = 0
    children: list[Any] = Field(default_factory=list)


class _Tree(Foreign):
    tree: dict[str, Any]


class _Try(Foreign):
    chain: list[Any] = Field(min_length=1)


class _Shown(Foreign):
    role: str
    content: str | None = None
    valid: bool = True
    """False for a diversity prompt, which ToolBench took back after its step."""


class _Generation(Foreign):
    query: str
    function: Functions
    train_messages: list[list[_Shown]] = Field(default_factory=list)


class _Answer(Foreign):
    tree: _Tree | None = None
    trys: list[_Try] | None = None
    forward_args: dict[str, Any] = Field(default_factory=dict)
    answer_generation: _Generation


@dataclass(frozen=True, slots=True)
class _Chain:
    """One of a file's independent chains, in which an entry's only child is the next one."""

    raws: list[Any]
    place: Place

    def entries(self, number: int, file: str) -> list[_At]:
        """The entry of that number, if there is one."""
        if number == len(self.raws):
            return []
        place = self.place.down(number)
        return [_At(_entry(self.raws[number], file, place), place, self, number)]


class _At(NamedTuple):
    """An entry of the file, and where it stands."""

    raw: AnswerEntry
    place: Place
    chain: _Chain | None = None
    """The chain that it is part of, where the file holds chains."""
    number: int = 0


_KINDS = ("Thought", "Action", "Action Input")


def _entry(raw: Any, file: str, place: Place) -> AnswerEntry:
    """A parsed entry if it has the shape of :class:`_Entry`.

    A file has hundreds of them, so this is told without making a model of each.
    """
    fits = (
        type(raw) is dict
        and raw.get("node_type") in _KINDS
        and type(raw.get("description")) is str
        and type(raw.get("observation", "")) is str
        and raw.get("observation_code") in _CODES
        and type(raw.get("observation_code")) in (int, NoneType)
        and type(raw.get("pruned", False)) is bool
        and type(raw.get("expand_num", 0)) is int
        and type(raw.get("children", _NONE)) is list
    )
    if not fits:
        checked(_Entry, raw, file, place)
    found: AnswerEntry = raw
    return found


def load_answer_tree(path: str | Path) -> SearchTree:
    """The search tree of an answer file.

    Parameters
    ----------
    path : path
        ``<query id>_<method>.json``, or with the group before it (``G1_10_ChatGPT_…``).

    Returns
    -------
    SearchTree
        ``tree.task.id`` is the file name's part before the method. Tools are known by the names
        their functions have in the file. What we have no field for is kept in ``meta``.

    Raises
    ------
    FormatError
        Where the file is not an answer tree.
    """
    return parse_answer_tree(read_json(path), str(path))


def parse_answer_tree(data: Any, file: str, *, overlays: bool = True) -> SearchTree:
    """The search tree of a parsed answer file, of any depth.

    A message's thought and its call are one node. A node whose message was asked for with
    ToolBench's diversity prompt (an earlier sibling had made a call) has the variant
    ``diversity``; the prompt itself is not in the file.

    Parameters
    ----------
    data : Any
        Parsed JSON.
    file : str
        Its name, for errors.
    overlays : bool
        Whether ``meta`` keeps what we have no field for, so that the file can be written again.

    Raises
    ------
    FormatError
        Where ``data`` is not an answer tree.
    """
    answer = checked(_Answer, data, file)
    if (answer.tree is None) == (answer.trys is None):
        raise FormatError(
            file, "$", "either tree (a search) or trys (chains)", "Name a ToolBench answer file."
        )
    generation = answer.answer_generation
    tree = _empty(generation, file)
    root: list[AnswerEntry] = []
    if answer.tree is not None:
        place = Place().down("tree", "tree")
        top = _At(_entry(answer.tree.tree, file, place), place)
        root, starts = [top.raw], _below(top, file)
    else:
        places = [Place(("trys", i, "chain")) for i in range(len(answer.trys or ()))]
        chains = [_Chain(t.chain, p) for t, p in zip(answer.trys or (), places, strict=True)]
        starts = [entry for chain in chains for entry in chain.entries(0, file)]
    filtered = answer.forward_args.get("with_filter") is True
    raws = {ROOT: root, **_grow(tree, starts, file, filtered=filtered, overlays=overlays)}
    if not overlays:
        return tree
    return _with_overlays(tree, data, raws, searched=answer.tree is not None)


def _empty(generation: _Generation, file: str) -> SearchTree:
    """A tree that holds its root: the messages every path begins with."""
    task_id, group, method = name_parts(file)
    tools = offered(generation.function)
    candidates = tuple(dict.fromkeys(spec.id for spec in tools))
    task = Task(task_id, generation.query, candidates, group)
    tree = SearchTree(task, tools, {spec.id: spec.id for spec in tools})
    tree.meta = {"run": Path(file).name, "planner": method}
    tree.add(Node(ROOT, None, messages=_opening(generation)))
    return tree


def _opening(generation: _Generation) -> tuple[Message, ...]:
    """The system and user message, which only files with a finished path hold."""
    conversation = generation.train_messages[0] if generation.train_messages else []
    opening = []
    for message in conversation:
        if message.role not in (Role.SYSTEM, Role.USER):
            break
        if message.valid:
            opening.append(Message(Role(message.role), message.content or ""))
    return tuple(opening) or (Message(Role.USER, generation.query),)


def name_parts(file: str) -> tuple[str, str, str]:
    """Task id, group and method of an answer file's name.

    Examples
    --------
    >>> name_parts("trees/G1_10_ChatGPT_DFS_woFilter_w2.json")
    ('G1_10', 'G1', 'ChatGPT_DFS_woFilter_w2')
    >>> name_parts("10_CoT@1.json")
    ('10', '', 'CoT@1')
    """
    stem = Path(file).stem
    found = re.match(r"((?:(G[123])_)?\d+)_(.+)", stem)
    return (found[1], found[2] or "", found[3]) if found else (stem, "", "")


def _below(at: _At, file: str) -> list[_At]:
    """The entries after this one."""
    if at.chain is not None:
        return at.chain.entries(at.number + 1, file)
    below = []
    for index, raw in enumerate(at.raw.get("children", _NONE)):
        place = at.place.down("children", index)
        below.append(_At(_entry(raw, file, place), place))
    return below


def _message(start: _At, file: str) -> tuple[list[_At], list[_At]]:
    """The entries that one message of the model became, and those that follow it.

    A thought belongs to the call below it unless the search went on from the thought itself
    (``expand_num``), for then it was a message without a call.
    """
    entries = [start]
    below = _below(start, file)
    if start.raw["node_type"] == "Thought":
        joined = len(below) == 1 and below[0].raw["node_type"] == "Action"
        if not joined or start.raw.get("expand_num"):
            return entries, below
        entries.append(below[0])
        below = _below(below[0], file)
    if entries[-1].raw["node_type"] != "Action":
        raise FormatError(
            file, f"{start.place}.node_type", "Thought or Action, because a message begins here",
            "Correct the file, or leave it out.",
        )  # fmt: skip
    if [at.raw["node_type"] for at in below] != ["Action Input"]:
        raise FormatError(
            file, str(entries[-1].place), "an Action with one Action Input after it",
            "Correct the file, or leave it out.",
        )  # fmt: skip
    entries.append(below[0])
    return entries, _below(below[0], file)


def _grow(
    tree: SearchTree, starts: list[_At], file: str, *, filtered: bool, overlays: bool
) -> dict[str, list[AnswerEntry]]:
    """Add every message to the tree, in the order it was searched in; give back its entries."""
    raws: dict[str, list[AnswerEntry]] = {}
    stack: list[tuple[str, int, _At, bool]] = []

    def push(parent: str, siblings: list[_At]) -> None:
        diverse = _diverse(siblings, file, filtered=filtered)
        found = enumerate(zip(siblings, diverse, strict=True))
        stack.extend(reversed([(parent, i, at, asked) for i, (at, asked) in found]))

    push(ROOT, starts)
    while stack:
        parent, index, start, asked = stack.pop()
        entries, below = _message(start, file)
        node = _node(tree[parent], index, entries, asked, number=len(tree))
        if overlays and node.calls:
            node = with_arguments(node, entries[-1].raw["description"])
        tree.add(node)
        raws[node.id] = [at.raw for at in entries]
        push(node.id, below)
    return raws


def _diverse(siblings: list[_At], file: str, *, filtered: bool) -> list[bool]:
    """Which siblings ToolBench asked for with its diversity prompt: those after a call.

    Chains know nothing of each other, and so were all asked for plainly.
    """
    if len(siblings) < 2 or siblings[0].chain is not None:
        return [False] * len(siblings)
    called = [_reaches_call(sibling, file, filtered=filtered) for sibling in siblings]
    return [any(called[:index]) for index in range(len(siblings))]


def _reaches_call(at: _At, file: str, *, filtered: bool) -> bool:
    """Whether the first way down from here makes a call; only one message where filtered."""
    while at.raw["node_type"] != "Action Input":
        below = _below(at, file)
        if not below or (filtered and at.raw.get("expand_num")):
            return False
        at = below[0]
    return True


def _node(parent: Node, index: int, entries: list[_At], diverse: bool, *, number: int) -> Node:
    first, last = entries[0].raw, entries[-1].raw
    thought = first["description"] if first["node_type"] == "Thought" else ""
    pruned = last.get("pruned", False)
    node = partial(
        Node,
        id=child_id(parent.id, index),
        parent=parent.id,
        index=index,
        variant="diversity" if diverse else "plain",
        meta={OVERLAY: {"empty_thought": True}} if len(entries) == 3 and not thought else {},
    )
    state = NodeState.PRUNED if pruned else NodeState.OPEN
    reason = "pruned by ToolBench" if pruned else ""
    if last["node_type"] == "Thought":
        said = Message(Role.ASSISTANT, thought)
        return node(depth=parent.depth, messages=(said,), state=state, reason=reason)
    call = parse_arguments(f"call_{number}", entries[-2].raw["description"], last["description"])
    observation = _observation(last)
    answer = None
    if observation.status is Status.FINAL_ANSWER:
        state, answer = NodeState.ANSWERED, final_answer(call)
    elif observation.status is Status.GIVE_UP:
        state, reason = NodeState.GAVE_UP, ""
    return node(
        depth=parent.depth + (call.name != FINISH),
        messages=(
            Message(Role.ASSISTANT, thought, (call,)),
            Message(Role.TOOL, observation.content, call_id=call.id, name=call.name),
        ),
        calls=(call,),
        observations=(observation,),
        state=state,
        reason=reason,
        answer=answer,
    )


def _observation(entry: AnswerEntry) -> Observation:
    seen: str = entry.get("observation", "")
    cut = len(seen) > CUT_AT and seen.endswith("...")
    size = 0 if cut else len(seen)  # how long the whole was, nobody noted
    code = entry.get("observation_code") or 0
    status = Status.NOT_WORKING if code == _FAILED else Status.from_code(code)
    return Observation(status, seen, size, truncated=cut)


def _with_overlays(
    tree: SearchTree, data: AnswerEntry, raws: dict[str, list[AnswerEntry]], *, searched: bool
) -> SearchTree:
    """Keep in ``meta`` what the file says beyond what our records hold."""
    for node_id, built in build_entries(tree, searched=searched).items():
        node = tree[node_id]
        pairs = zip(raws[node_id], built, strict=bool(raws[node_id]))
        kept = [overlay(_childless(read), entry) for read, entry in pairs]
        if any(kept):
            meta = {OVERLAY: {**node.meta.get(OVERLAY, {}), "entries": kept}}
            tree.replace(replace(node, meta=meta))
    shape = {"shape": "tree" if searched else "trys"}
    tree.meta = {**tree.meta, OVERLAY: shape}
    tree.meta = {**tree.meta, OVERLAY: {**shape, **answer_overlays(tree, data)}}
    return tree


def _childless(raw: AnswerEntry) -> AnswerEntry:
    return {key: value for key, value in raw.items() if key != "children"}
