"""Preference pairs from search trees: what a search tried and left, against what it kept.

Step-wise pairs follow TP-LLaMA (Chen et al., 2024, "Advancing Tool-Augmented Large Language
Models: Integrating Insights from Errors in Inference Trees", arXiv:2406.07115): on the way to a
success, at each node that branches, the step that was kept is preferred to a sibling that led
nowhere. Path-wise pairs set a whole successful path against a whole failed one.

Not every such pair teaches what it seems to: see :class:`Fault`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from toolgrove.data import codec
from toolgrove.data.records import (
    Message,
    Node,
    NodeState,
    PreferencePair,
    Role,
)
from toolgrove.data.tree import SearchTree

__all__ = ["ALWAYS_DROPPED", "Fault", "Mined", "MinedRow", "Rule", "Success", "answered", "mine"]

Success = Callable[[Node], bool | None]
"""Whether a node is a success, for instance by its score; None where that is not known."""


class Rule(StrEnum):
    """Which continuations are set against each other."""

    STEP = "step"
    """One step against its failed sibling, after the conversation up to there."""
    PATH = "path"
    """A whole successful path against a whole failed one, after the query."""


class Fault(StrEnum):
    """What can be wrong with a pair."""

    IDENTICAL_CALL = "identical_call"
    """Both sides make the very same calls; always dropped."""
    NO_WORDS = "no_words"
    """A side neither says nor calls anything; always dropped."""
    DIVERSITY_PROMPT = "diversity_prompt"
    """The chosen side was asked for with a prompt that lists earlier tries, so it may refer to
    candidates that the pair's prompt does not show. In a depth-first search this is nearly every
    pair: the kept step comes after the failed ones."""
    EMPTY_THOUGHT = "empty_thought"
    """The rejected side has no thought where the chosen one has: the mere presence of words
    tells them apart."""
    CUT_OBSERVATION = "cut_observation"
    """The conversation holds an observation that was cut."""
    UNFINISHED = "unfinished"
    """Below the rejected step a path was left open, or was pruned by nothing but its score, so it
    may not be worse."""


ALWAYS_DROPPED = frozenset({Fault.IDENTICAL_CALL, Fault.NO_WORDS})


@dataclass(frozen=True, slots=True)
class MinedRow:
    """The report on one tree.

    Parameters
    ----------
    tree, task : str
        The run or file, and the task's id.
    nodes : int
        How many steps the tree has.
    successes : int
        How many of them are a success.
    branchings : int
        Nodes on the way to a success with more than one child.
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


@dataclass(frozen=True, slots=True)
class Mined:
    """A tree's pairs, and the report on them."""

    pairs: tuple[PreferencePair, ...]
    row: MinedRow


def answered(node: Node) -> bool:
    """Whether a node called Finish with an answer; whether the answer is right, it cannot say."""
    return node.state is NodeState.ANSWERED


def mine(
    tree: SearchTree,
    *,
    rule: Rule = Rule.STEP,
    success: Success = answered,
    drop: Collection[Fault] = (),
) -> Mined:
    """The preference pairs of a tree.

    Parameters
    ----------
    tree : SearchTree
        A finished search, of ours or read from a file.
    rule : Rule
        Step-wise or path-wise.
    success : callable
        Which nodes are successes. A step has failed where nothing below it is one, nor may be one
        (None); a step that gave up is a legitimate rejected side.
    drop : collection of Fault
        Faults for which a pair is dropped besides :data:`ALWAYS_DROPPED`. Others are counted and
        named in the pair's ``origin["faults"]``.

    Returns
    -------
    Mined
        Where several successes share a branching, each of its successful steps is set against
        each failed one, once.

    Examples
    --------
    >>> from toolgrove import Task
    >>> say = lambda words: (Message(Role.ASSISTANT, words),)
    >>> tree = SearchTree(Task("1", "How far?"))
    >>> tree.add(Node("root", None, messages=(Message(Role.USER, "How far?"),)))
    >>> tree.add(Node("a", "root", 0, messages=say("No idea."), state=NodeState.GAVE_UP))
    >>> tree.add(Node("b", "root", 1, messages=say("5 km"), state=NodeState.ANSWERED))
    >>> mined = mine(tree)
    >>> mined.pairs[0].chosen[0].content, mined.pairs[0].rejected[0].content
    ('5 km', 'No idea.')
    """
    won = _at_or_above(tree, success)
    unknown = _at_or_above(tree, lambda node: success(node) is None)
    unfinished = _at_or_above(tree, lambda node: _is_open_leaf(tree, node))
    if rule is Rule.STEP:
        candidates = _steps(tree, won, unknown)
    else:
        candidates = _paths(tree, won, unknown, success)
    pairs = []
    dropped: Counter[str] = Counter()
    flagged: Counter[str] = Counter()
    for candidate in candidates:
        faults = list(_faults(candidate, unfinished))
        fatal = next((f for f in faults if f in ALWAYS_DROPPED or f in drop), None)
        if fatal is not None:
            dropped[fatal] += 1
            continue
        flagged.update(faults)
        pairs.append(_pair(tree, rule, candidate, faults))
    branchings = sum(1 for node_id in won if len(tree.children(node_id)) > 1)
    row = MinedRow(
        tree=str(tree.meta.get("run", "")),
        task=tree.task.id,
        nodes=len(tree) - 1,
        successes=sum(1 for node in tree if success(node)),
        branchings=branchings,
        pairs=len(pairs),
        dropped=dict(dropped),
        flagged=dict(flagged),
        why="" if pairs else _why(won, unknown, branchings, dropped),
    )
    return Mined(tuple(pairs), row)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Two ways on from one place: nodes of the shared conversation and of both sides."""

    shared: Sequence[Node]
    chosen: Sequence[Node]
    rejected: Sequence[Node]


def _is_open_leaf(tree: SearchTree, node: Node) -> bool:
    """Whether a path was left: for want of budget, or because its score was not among the best."""
    left = node.state is NodeState.OPEN or (
        node.state is NodeState.PRUNED and node.score is not None
    )
    return left and not tree.children(node.id)


def _at_or_above(tree: SearchTree, wanted: Success) -> dict[str, None]:
    """Ids of the wanted nodes and of those above them, in the tree's order."""
    found: set[str] = set()
    for node in tree:
        at: str | None = node.id if wanted(node) else None
        while at is not None and at not in found:
            found.add(at)
            at = tree[at].parent
    return {node.id: None for node in tree if node.id in found}


def _steps(
    tree: SearchTree, won: Collection[str], unknown: Collection[str]
) -> Iterator[_Candidate]:
    for node_id in won:
        children = tree.children(node_id)
        kept = [child for child in children if child.id in won]
        failed = [child for child in children if child.id not in won and child.id not in unknown]
        if kept and failed:
            shared = tree.path(node_id)
            for chosen in kept:
                for rejected in failed:
                    yield _Candidate(shared, [chosen], [rejected])


def _paths(
    tree: SearchTree, won: Collection[str], unknown: Collection[str], success: Success
) -> Iterator[_Candidate]:
    winners = [tree.path(node.id)[1:] for node in tree if success(node)]
    losers = [leaf for leaf in tree.leaves() if leaf.id not in won and leaf.id not in unknown]
    for chosen in winners:
        for leaf in losers:
            yield _Candidate([tree.root], chosen, tree.path(leaf.id)[1:])


def _faults(candidate: _Candidate, unfinished: Collection[str]) -> Iterator[Fault]:
    chosen, rejected = candidate.chosen, candidate.rejected
    if _calls(chosen) == _calls(rejected) and (_calls(chosen) or _said(chosen) == _said(rejected)):
        yield Fault.IDENTICAL_CALL
    if not all(any(node.calls for node in side) or any(_said(side)) for side in (chosen, rejected)):
        yield Fault.NO_WORDS
    if any(node.variant == "diversity" or node.prompt for node in chosen):
        yield Fault.DIVERSITY_PROMPT
    if not all(_said(rejected)) and all(_said(chosen)):
        yield Fault.EMPTY_THOUGHT
    if rejected[-1].id in unfinished:
        yield Fault.UNFINISHED
    seen = [*candidate.shared, *chosen[:-1], *rejected[:-1]]
    if any(observation.truncated for node in seen for observation in node.observations):
        yield Fault.CUT_OBSERVATION


def _calls(side: Sequence[Node]) -> list[str]:
    """A side's calls, comparable whatever their ids and the order of their arguments."""
    return [
        codec.digest([call.name, call.arguments, call.malformed])
        for node in side
        for call in node.calls
    ]


def _said(side: Sequence[Node]) -> list[str]:
    """What the model said in words at each step of a side."""
    replies = [message for node in side for message in node.messages]
    return [message.content.strip() for message in replies if message.role is Role.ASSISTANT]


def _pair(
    tree: SearchTree, rule: Rule, candidate: _Candidate, faults: Sequence[Fault]
) -> PreferencePair:
    return PreferencePair(
        prompt=tuple(message for node in candidate.shared for message in node.messages),
        chosen=_side(candidate.chosen),
        rejected=_side(candidate.rejected),
        tools=tuple(tree.tools),
        origin={
            "run": str(tree.meta.get("run", "")),
            "task": tree.task.id,
            "rule": rule.value,
            "at": candidate.shared[-1].id,
            "chosen": candidate.chosen[-1].id,
            "rejected": candidate.rejected[-1].id,
            "faults": [fault.value for fault in faults],
            "aliases": dict(tree.aliases),
        },
    )


def _side(nodes: Sequence[Node]) -> tuple[Message, ...]:
    """A side's messages up to the model's last one: what came after it, it did not write."""
    messages = [message for node in nodes for message in node.messages]
    while messages and messages[-1].role is not Role.ASSISTANT:
        messages.pop()
    return tuple(messages)


def _why(
    won: Collection[str], unknown: Collection[str], branchings: int, dropped: Mapping[str, int]
) -> str:
    if not won:
        return "no success"
    if not branchings:
        return "never branched on the way to its success"
    if not dropped:
        other = " or to an answer that nobody judged" if set(unknown) - set(won) else ""
        return f"every branch led to a success{other}"
    if set(dropped) == {Fault.IDENTICAL_CALL}:
        return "identical calls only"
    return "all pairs dropped: " + ", ".join(f"{n} {fault}" for fault, n in dropped.items())
