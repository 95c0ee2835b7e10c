"""Right calls against the same calls with one argument made wrong, both really made.

Only reads are made: of tools that the tree and whoever makes the calls both say to read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from toolgrove.data.pairs.checks import Checks
from toolgrove.data.pairs.corruption import corrupted
from toolgrove.data.pairs.facts import call_key
from toolgrove.data.pairs.faults import Fault
from toolgrove.data.pairs.grafts import grafted, own_id, with_grafts
from toolgrove.data.pairs.modes import Branches, Contrast, Rule
from toolgrove.data.pairs.outcomes import failed, gave_something, may_do_better
from toolgrove.data.preferences import Mined, fatal_of, paired, reported
from toolgrove.data.records import (
    CONTROLS,
    Effect,
    Message,
    Node,
    NodeState,
    Observation,
    PreferencePair,
    Role,
    ToolCall,
    ToolSpec,
)
from toolgrove.data.tree import SearchTree
from toolgrove.evaluators.judgements import Judgement

__all__ = ["Calls", "mine_corruptions"]

Calls: TypeAlias = Callable[[ToolCall], Observation]
"""Makes a call and says what it gave."""
_NAMES = re.compile(r"\b\d{4}-\d\d-\d\d\b|\b[^\W\d_a-z][\w-]*(?: [^\W\d_a-z][\w-]*)*")
_QUOTES = " \"'“”‘’()"
MOST_TRIED = 4
"""Wrong calls that are made for a right one until one of them is shown to be wrong."""


@dataclass(frozen=True, slots=True)
class _Wrong:
    """A wrong call that was shown to be wrong, and the way it is; or why there is none."""

    call: ToolCall | None = None
    seen: Observation | None = None
    way: str = ""
    why: str = ""


def mine_corruptions(
    tree: SearchTree,
    judgement: Judgement,
    *,
    execute: Calls,
    unjudged: bool = False,
    drop: Collection[Fault] = (),
    keep: Collection[Fault] = (),
) -> Mined:
    """The calls on the way to a success, each against one that was shown to be wrong.

    Parameters
    ----------
    tree : SearchTree
    judgement : Judgement
        Which answers are successes.
    execute : callable
        Makes a call, and no write.
    unjudged : bool
        Whether an answer that nobody judged is a success.
    drop, keep : collection of Fault
        As in :func:`toolgrove.mine`.

    Returns
    -------
    Mined
        In its row ``branchings`` counts the calls of tools on the way to a success. Where one has
        no pair it is for a fault, or it ``gave_nothing``, a ``write`` came before or is the call
        itself, its tool is not on offer (``no_tool``), it gives something else now
        (``other_result``), or no wrong call gave anything else (``nothing_wrong``).
    """
    vouched = judgement.by or unjudged
    success = judgement.success if vouched else lambda node: None
    branches = Branches(tree, success)
    specs = {spec.id: spec for spec in tree.tools}
    pairs: list[PreferencePair] = []
    dropped: Counter[str] = Counter()
    unpaired: Counter[str] = Counter()
    places = [node for node in tree if node.id in branches.won and _one_call(branches, node)]
    for node in places:
        wrong = _shown_wrong(branches, node, specs, execute)
        made, why = _pairs(branches, node, wrong, judgement, fatal_of(drop, keep))
        pairs += made
        dropped.update([why] if why and not wrong.why else [])
        unpaired.update([why] if why else [])
    why = ", ".join(unpaired) or judgement.why or "no judged success"
    return reported(
        branches, Rule.CORRUPTION.value, pairs, dropped, unpaired,
        places=len(places), why=why, judged=judgement.by,
    )  # fmt: skip


def _one_call(branches: Branches, node: Node) -> bool:
    """Whether a step made one call of a tool, on the way to an answer and not to giving up."""
    called = len(node.calls) == 1 and node.calls[0].name not in CONTROLS
    return called and any(end.answer is not None for end in branches.ends(node))


def _shown_wrong(
    branches: Branches, node: Node, specs: Mapping[str, ToolSpec], execute: Calls
) -> _Wrong:
    [call], [gave] = node.calls, node.observations
    known, path = branches.known, branches.tree.path(node.id)
    spec = specs.get(call.name)
    if not gave_something(gave):
        return _Wrong(why="gave_nothing")
    if any(known.of(step).writes for step in path):
        return _Wrong(why="write")
    if spec is None or spec.effect is not Effect.READ:
        return _Wrong(why="no_tool")
    if not _gives(execute, call, gave):
        return _Wrong(why="other_result")
    seen = list(_values(path[:-1]))
    won = [step for step in branches.tree if step.id in branches.won]
    right = {call_key(one) for step in won for one in step.calls}
    wrong = [
        (way, other)
        for way, other in corrupted(call, spec.parameters, seen)
        if call_key(other) not in right  # which is needed, if not here
    ]
    for way, other in wrong[:MOST_TRIED]:
        made = execute(other)
        differs = failed(made) or made.content != gave.content
        if differs and not may_do_better(made) and _gives(execute, call, gave):
            return _Wrong(other, made, way)
    return _Wrong(why="nothing_wrong")


def _gives(execute: Calls, call: ToolCall, gave: Observation) -> bool:
    """Whether a call gives now what it gave then."""
    now = execute(call)
    return (now.status, now.content) == (gave.status, gave.content)


def _values(path: list[Node]) -> Iterator[Any]:
    """Arguments of the calls on a path, and the names and dates of the request."""
    for node in path:
        for call in node.calls:
            yield from (
                v for v in dict(call.arguments).values() if isinstance(v, str | int | float)
            )
        for message in node.messages:
            if message.role is Role.USER:
                yield from _names(message.content)


def _names(text: str) -> Iterator[str]:
    """The names in a text, of one or more words, and its dates.

    The first word of a sentence is written large whatever it is, so it is none.
    """
    for found in _NAMES.finditer(text):
        name, before = found.group(), text[max(found.start() - 9, 0) : found.start()]
        before = before.rstrip(_QUOTES)
        if name[0].isupper() and (not before or before[-1] in ".!?\n"):
            name = name.partition(" ")[2]
        if len(name) > 1 and not name[0].islower():
            yield name


def _pairs(
    branches: Branches, node: Node, wrong: _Wrong, judgement: Judgement, fatal: Collection[Fault]
) -> tuple[tuple[PreferencePair, ...], str]:
    if wrong.call is None or wrong.seen is None:
        return (), wrong.why
    tree = branches.tree
    parent = tree[node.parent or tree.root.id]
    made = _step(node, wrong.call, wrong.seen)
    [graft] = grafted(SearchTree(tree.task), made, parent, len(tree.children(parent.id)))
    merged = with_grafts(branches, iter([graft]), judgement.success)
    checks = Checks(merged, judged=bool(judgement.by))
    contrast = Contrast(Rule.CORRUPTION, tree.path(parent.id), [node], [graft], wordless=True)
    pairs, dropped, _ = paired(checks, [contrast], fatal)
    origin = {"judged": judgement.by, "synthetic": wrong.way}
    return tuple(
        replace(pair, origin={**pair.origin, **origin, "rejected": own_id(graft.id)})
        for pair in pairs
    ), next(iter(dropped), "")


def _step(node: Node, call: ToolCall, seen: Observation) -> Node:
    """The step as it would be with the wrong call."""
    said = next(message for message in node.messages if message.calls)
    written = replace(said.calls[0], arguments=call.arguments)
    told = Message(Role.TOOL, seen.content, call_id=written.id, name=written.name)
    return replace(
        node,
        id=f"{node.id}~{call_key(call)[:8]}",
        messages=(replace(said, calls=(written,)), told),
        calls=(call,),
        observations=(seen,),
        state=NodeState.PRUNED,
    )
