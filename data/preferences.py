"""Preference pairs from search trees: what a search tried and left, against what it kept.

Step-wise pairs follow TP-LLaMA (Chen et al., 2024, "Advancing Tool-Augmented Large Language
Models: Integrating Insights from Errors in Inference Trees", arXiv:2406.07115): on the way to a
success, at each node that branches, the step that was kept is preferred to a sibling that led
nowhere. :class:`Rule` has the others.

Not every such pair teaches what it seems to: see :class:`Fault`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from toolgrove.data.pairs.checks import Checks
from toolgrove.data.pairs.faults import ALWAYS_DROPPED, DROPPED, Fault
from toolgrove.data.pairs.modes import (
    OF_MANY,
    Branches,
    Contrast,
    Rule,
    Success,
    answered,
    candidates,
)
from toolgrove.data.pairs.numbering import numbered
from toolgrove.data.records import (
    BEGIN_SUBTASK,
    END_SUBTASK,
    RUN_PYTHON,
    SEARCH_TOOLS,
    Message,
    Node,
    PreferencePair,
    Role,
)
from toolgrove.data.tree import SearchTree

__all__ = [
    "Mined",
    "MinedRow",
    "fatal_of",
    "flagged_of",
    "left_out",
    "made_by",
    "mine",
    "named",
    "offered_by",
    "paired",
    "reported",
]


@dataclass(frozen=True, slots=True)
class MinedRow:
    """The report on one tree and one rule.

    Parameters
    ----------
    tree, task : str
        The run or file, and the task's id.
    nodes : int
        How many steps the tree has.
    successes : int
        How many of them are a success.
    branchings : int
        Nodes with more than one child.
    pairs : int
        How many pairs there are.
    dropped : mapping of str to int
        Pairs left out, by the first :class:`Fault` they were dropped for.
    flagged : mapping of str to int
        Pairs that have a fault and were kept, by fault.
    why : str
        Why there is no pair, where there is none.
    judged : str
        The evaluator whose score says what is a success; empty where nobody judged the answer.
    rule : str
        Which continuations were set against each other.
    paired : int
        Branchings at which there is a pair.
    unpaired : mapping of str to int
        The other branchings by why: the fault that its pairs were dropped for, or ``no_success``,
        ``not_judged``, ``no_failure`` and ``nothing_to_compare``. With ``paired`` they add up to
        ``branchings``.
    """

    tree: str
    task: str
    nodes: int
    successes: int
    branchings: int
    pairs: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    flagged: Mapping[str, int] = field(default_factory=dict)
    why: str = ""
    judged: str = ""
    rule: str = Rule.STEP.value
    paired: int = 0
    unpaired: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mined:
    """A tree's pairs, and the report on them."""

    pairs: tuple[PreferencePair, ...]
    row: MinedRow


def mine(
    tree: SearchTree,
    *,
    rule: Rule = Rule.STEP,
    success: Success = answered,
    drop: Collection[Fault] = (),
    keep: Collection[Fault] = (),
) -> Mined:
    """The preference pairs of a tree.

    Parameters
    ----------
    tree : SearchTree
        A finished search, of ours or read from a file.
    rule : Rule
        Which continuations are set against each other. ``divergence`` and ``corruption`` need more
        than a tree, and give nothing here (:func:`toolgrove.mine_files`).
    success : callable
        Which nodes are successes. A step has failed where nothing below it is one, nor may be one
        (None); a step that gave up is a legitimate rejected side. Whoever names one vouches for
        the answers; unless it does, refusals and answers without a call are no successes.
    drop, keep : collection of Fault
        Faults for which a pair is dropped besides :data:`ALWAYS_DROPPED` and :data:`DROPPED`, and
        those of :data:`DROPPED` for which it is not. A kept pair's faults are counted, and named in
        its ``origin["faults"]``.

    Returns
    -------
    Mined
        Where several successes share a branching, each of its successful steps is set against
        each failed one, once.

    Examples
    --------
    >>> from toolgrove import Task
    >>> from toolgrove.data import NodeState
    >>> say = lambda words: (Message(Role.ASSISTANT, words),)
    >>> tree = SearchTree(Task("1", "How far?"))
    >>> tree.add(Node("root", None, messages=(Message(Role.USER, "How far?"),)))
    >>> tree.add(Node("a", "root", 0, messages=say("No idea."), state=NodeState.GAVE_UP))
    >>> tree.add(Node("b", "root", 1, messages=say("5 km"), state=NodeState.ANSWERED))
    >>> mined = mine(tree, success=lambda node: node.id == "b")
    >>> mined.pairs[0].chosen[0].content, mined.pairs[0].rejected[0].content
    ('5 km', 'No idea.')
    """
    branches = Branches(tree, success)
    checks = Checks(branches, judged=success is not answered)
    pairs, dropped, at = paired(checks, candidates(branches, rule), fatal_of(drop, keep))
    branchings = branches.branchings()
    reasons = (at.get(node.id, _unpaired(branches, rule, node)) for node in branchings)
    unpaired = Counter(filter(None, reasons))
    why = _why(branches, rule, dropped)
    return reported(branches, rule.value, pairs, dropped, unpaired, places=len(branchings), why=why)


def reported(
    branches: Branches,
    rule: str,
    pairs: Sequence[PreferencePair],
    dropped: Mapping[str, int],
    unpaired: Mapping[str, int],
    *,
    places: int,
    why: str,
    judged: str = "",
) -> Mined:
    """A tree's pairs with the report on them.

    Parameters
    ----------
    dropped, unpaired : mapping of str to int
        Pairs left out, and places without a pair, by why.
    places : int
        How many places were looked at.
    why : str
        What is said where there is no pair.
    """
    tree = branches.tree
    row = MinedRow(
        tree=str(tree.meta.get("run", "")),
        task=tree.task.id,
        nodes=len(tree) - 1,
        successes=len(branches.successes),
        branchings=places,
        pairs=len(pairs),
        dropped=dict(dropped),
        flagged=flagged_of(pairs),
        why="" if pairs else why,
        judged=judged,
        rule=rule,
        paired=places - sum(unpaired.values()),
        unpaired=dict(unpaired),
    )
    return Mined(tuple(pairs), row)


def fatal_of(drop: Collection[Fault], keep: Collection[Fault]) -> frozenset[Fault]:
    """The faults that a pair is dropped for."""
    return (DROPPED - set(keep)) | ALWAYS_DROPPED | set(drop)


def paired(
    checks: Checks, contrasts: Iterable[Contrast], fatal: Collection[Fault]
) -> tuple[list[PreferencePair], Counter[str], dict[str, str]]:
    """Pairs of the contrasts that have no fatal fault.

    Returns
    -------
    list, Counter, dict
        The pairs; the others by their first fatal fault; and by the id of each node that contrasts
        part at, why it has no pair, or an empty text where it has one.
    """
    pairs: list[PreferencePair] = []
    dropped: Counter[str] = Counter()
    at: dict[str, str] = {}
    for candidate in contrasts:
        faults = checks.faults(candidate)
        why = next((fault.value for fault in faults if fault in fatal), "")
        place = candidate.stem[-1].id
        at[place] = at.get(place, why) and why
        if why:
            dropped[why] += 1
        else:
            pairs.append(_pair(checks.branches, candidate, faults))
    return pairs, dropped, at


def left_out(mined: Mined, reasons: Sequence[str | None], why: str) -> Mined:
    """A tree's pairs but for those with a reason, and its row with these among the dropped.

    Parameters
    ----------
    mined : Mined
    reasons : sequence of str or None
        One for each pair.
    why : str
        What the row says where no pair is left.
    """
    row = mined.row
    judged = list(zip(mined.pairs, reasons, strict=True))
    pairs = tuple(pair for pair, reason in judged if not reason)
    still = {_place(pair) for pair in pairs}
    branched = {
        _place(pair): reason
        for pair, reason in judged
        if reason and pair.origin["branching"] and _place(pair) not in still
    }.values()
    if len(pairs) == len(mined.pairs):
        return mined
    row = replace(
        row,
        pairs=len(pairs),
        dropped=dict(Counter(row.dropped) + Counter(filter(None, reasons))),
        flagged=flagged_of(pairs),
        why="" if pairs else why,
        paired=row.paired - len(branched),
        unpaired=dict(Counter(row.unpaired) + Counter(branched)),
    )
    return Mined(pairs, row)


def _place(pair: PreferencePair) -> str:
    """What of a report's places a pair belongs to: a branching, or a call that was made wrong."""
    place: str = pair.origin["chosen" if "synthetic" in pair.origin else "at"]
    return place


def named(mined: Mined, faults: Sequence[Sequence[Fault]]) -> Mined:
    """A tree's pairs with more faults each, where there are some."""
    pairs = tuple(
        replace(
            pair,
            origin={
                **pair.origin,
                "faults": [*pair.origin["faults"], *(one.value for one in found)],
            },
        )
        if found
        else pair
        for pair, found in zip(mined.pairs, faults, strict=True)
    )
    return Mined(pairs, replace(mined.row, flagged=flagged_of(pairs)))


def flagged_of(pairs: Iterable[PreferencePair]) -> dict[str, int]:
    """How many pairs have each fault that they were kept with."""
    return dict(Counter(fault for pair in pairs for fault in pair.origin["faults"]))


def _pair(branches: Branches, candidate: Contrast, faults: Sequence[Fault]) -> PreferencePair:
    tree = branches.tree
    prompt, calls = numbered([message for node in candidate.shared for message in node.messages])
    chosen, rejected = (
        numbered(_side(nodes, candidate.wordless), calls)[0]
        for nodes in (candidate.chosen, candidate.rejected)
    )
    at = candidate.stem[-1].id
    return PreferencePair(
        prompt=prompt,
        chosen=chosen,
        rejected=rejected,
        tools=tuple(tree.tools),
        origin={
            "run": str(tree.meta.get("run", "")),
            "task": tree.task.id,
            "rule": candidate.rule.value,
            "at": at,
            "branching": len(tree.children(at)) > 1,
            "chosen": candidate.chosen[-1].id,
            "rejected": candidate.rejected[-1].id,
            "gap": branches.gap(candidate),
            **made_by(tree),
            "faults": [fault.value for fault in faults],
            **offered_by(tree),
        },
    )


def made_by(tree: SearchTree) -> dict[str, Any]:
    """The planner and the sampling seed of a run, as its header has them."""
    sampling = tree.meta.get("sampling")
    first = sampling[0] if isinstance(sampling, list) and sampling else {}
    seed = first.get("seed") if isinstance(first, Mapping) else None
    return {"planner": str(tree.meta.get("planner", "")), "seed": seed}


def offered_by(tree: SearchTree) -> dict[str, Any]:
    """What a row has to know of what the model was offered, whatever the row itself calls."""
    settings = tree.meta.get("settings")
    settings = settings if isinstance(settings, Mapping) else {}
    offered = [names for setting, names in _OFFERED.items() if settings.get(setting)]
    return {"aliases": dict(tree.aliases), "controls": [*chain.from_iterable(offered)]}


_OFFERED: Mapping[str, Sequence[str]] = {
    "search_tools": (SEARCH_TOOLS,),
    "code": (RUN_PYTHON,),
    "subtasks": (BEGIN_SUBTASK, END_SUBTASK),
}
"""The control tools that a setting of a run offers."""


def _side(nodes: Sequence[Node], wordless: bool) -> list[Message]:
    """A side's messages up to the model's last one: what came after it, it did not write."""
    messages = [message for node in nodes for message in node.messages]
    while messages and messages[-1].role is not Role.ASSISTANT:
        messages.pop()
    return [replace(message, content="") if wordless else message for message in messages]


def _unpaired(branches: Branches, rule: Rule, node: Node) -> str:
    """Why a branching has no candidate."""
    if rule in OF_MANY:
        return "needs_mine_files"
    if rule not in (Rule.STEP, Rule.PATH):
        return "nothing_to_compare"
    if node.id not in branches.won:
        return "not_judged" if node.id in branches.unknown else "no_success"
    return "no_failure"


def _why(branches: Branches, rule: Rule, dropped: Mapping[str, int]) -> str:
    won, tree = branches.won, branches.tree
    if dropped:
        if set(dropped) == {Fault.IDENTICAL_CALL}:
            return "identical calls only"
        return "all pairs dropped: " + ", ".join(f"{n} {fault}" for fault, n in dropped.items())
    if rule in OF_MANY:
        return "needs other runs or tools: mine_files has them"
    if rule in (Rule.SUBGOAL, Rule.ARGUMENTS, Rule.PLAN):
        return "nothing to compare"
    if not won:
        return "no success"
    if all(len(tree.children(node_id)) < 2 for node_id in won):
        return "never branched on the way to its success"
    other = " or to an answer that nobody judged" if set(branches.unknown) - set(won) else ""
    return f"every branch led to a success{other}"
