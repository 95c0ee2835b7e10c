"""Steps by themselves: labelled for KTO, and valued for process reward models."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from toolgrove.data.pairs.checks import Checks
from toolgrove.data.pairs.faults import Fault
from toolgrove.data.pairs.modes import Contrast, Rule
from toolgrove.data.pairs.numbering import numbered
from toolgrove.data.preferences import made_by, offered_by
from toolgrove.data.records import JsonObject, Message, Node, NodeState, PreferencePair, Role
from toolgrove.data.tree import SearchTree

__all__ = ["MaybeRow", "TreeRow", "labelled_steps", "one_sided", "valued_steps"]


@dataclass(frozen=True, slots=True)
class TreeRow(PreferencePair):
    """A row with one side: ``chosen`` is its completion, and ``rejected`` is empty.

    Parameters
    ----------
    columns : JsonObject
        What else stands in its row: a label, a value.
    """

    columns: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MaybeRow:
    """A row for a place in a tree, or why there is none."""

    row: TreeRow | None = None
    why: str = ""


def one_sided(
    tree: SearchTree,
    at: str,
    prompt: list[Message],
    completion: list[Message],
    faults: Collection[Fault] = (),
    **columns: object,
) -> TreeRow:
    """A row of a tree; its calls are numbered by their places."""
    shown, calls = numbered(prompt)
    origin = {
        "run": str(tree.meta.get("run", "")),
        "task": tree.task.id,
        "at": at,
        "branching": True,
        **made_by(tree),
        "faults": [fault.value for fault in faults],
        **offered_by(tree),
    }
    said = numbered(completion, calls)[0]
    return TreeRow(shown, said, (), tuple(tree.tools), origin, columns)


def labelled_steps(checks: Checks, fatal: Collection[Fault]) -> Iterator[MaybeRow]:
    """Each step as wanted or not, or why it is neither.

    A step is not wanted where its call failed and gave nothing, or where a sibling led to a success
    and it did not. It is wanted on the way to a success, where it has no fault of a chosen side. Of
    any other step nothing is known to be wrong: ``no_blame``.
    """
    tree = checks.branches.tree
    for node in tree:
        if node.parent is None:
            continue
        label, faults, why = _label(checks, node)
        why = why or next((fault.value for fault in faults if fault in fatal), "")
        reply = [one for one in node.messages if one.role is Role.ASSISTANT]
        if why or not reply:
            yield MaybeRow(why=why or Fault.NO_WORDS.value)
            continue
        prompt = [message for one in tree.path(node.parent) for message in one.messages]
        yield MaybeRow(one_sided(tree, node.id, prompt, reply, faults, label=label))


def _label(checks: Checks, node: Node) -> tuple[bool, list[Fault], str]:
    branches = checks.branches
    assert node.parent is not None
    shared = branches.tree.path(node.parent)
    facts = branches.known.of(node)
    to_blame = bool(facts.to_blame) or facts.unknown
    failed = (facts.failed or facts.unknown) and not facts.gained and to_blame
    if node.id in branches.won and not failed:
        return True, checks.of_chosen(Contrast(Rule.STEP, shared, [node], [])), ""
    beside = [one for one in branches.tree.children(node.parent) if one.id in branches.won]
    texts = checks.of_texts(Contrast(Rule.STEP, shared, [], [node]))
    if facts.failed and not to_blame:
        return False, texts, Fault.PASSING_FAILURE.value
    if node.id in branches.unknown and not failed:
        return False, texts, "not_judged"
    if node.id in branches.cut and not failed:
        return False, texts, Fault.UNFINISHED.value
    if not failed and not beside:
        return False, texts, "no_blame"
    better = [one for one in beside if one is not node]
    contrasts = [Contrast(Rule.STEP, shared, [one], [node]) for one in better]
    same = any({Fault.AS_GOOD, Fault.IDENTICAL_CALL} & {*checks.faults(one)} for one in contrasts)
    return False, texts, Fault.AS_GOOD.value if same else ""


def valued_steps(checks: Checks, fatal: Collection[Fault]) -> Iterator[MaybeRow]:
    """Each step with the share of ends below it that are a success, and both counts.

    An end that was cut, or whose answer nobody judged, does not count.
    """
    branches = checks.branches
    tree = branches.tree
    won = {node.id for node in branches.successes}
    counts = _counted(tree, lambda node: node.id in won, lambda node: _ended(checks, node))
    for node in tree:
        if node.parent is None:
            continue
        successes, ends = counts[node.id]
        shared = tree.path(node.parent)
        faults = checks.of_texts(Contrast(Rule.STEP, shared, [node], []))
        why = "" if ends else "not_judged" if node.id in branches.unknown else "unfinished"
        why = why or next((fault.value for fault in faults if fault in fatal), "")
        reply = [one for one in node.messages if one.role is Role.ASSISTANT]
        if why or not reply:
            yield MaybeRow(why=why or Fault.NO_WORDS.value)
            continue
        prompt = [message for one in shared for message in one.messages]
        value = round(successes / ends, 4)
        columns = {"value": value, "successes": successes, "ends": ends, "label": value > 0}
        yield MaybeRow(one_sided(tree, node.id, prompt, reply, faults, **columns))


def _ended(checks: Checks, node: Node) -> bool:
    branches = checks.branches
    return not (
        branches.tree.children(node.id)
        or (node.id in branches.unknown and node.state is NodeState.ANSWERED)
        or (node.id in branches.cut and not branches.known.of(node).failed)
    )


def _counted(
    tree: SearchTree, success: Callable[[Node], bool], ended: Callable[[Node], bool]
) -> dict[str, tuple[int, int]]:
    """For each node, how many ends below it are a success, and how many ends there are."""
    counts = {node.id: [int(success(node)), int(ended(node))] for node in tree}
    for node in reversed(list(tree)):  # a parent stands before its children
        if node.parent is not None:
            above, own = counts[node.parent], counts[node.id]
            above[0], above[1] = above[0] + own[0], above[1] + own[1]
    return {node_id: (one, all_) for node_id, (one, all_) in counts.items()}
