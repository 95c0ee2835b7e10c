"""Rounds of calls as the steps of planner ``dta``, with the very prompts that it asks with."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from toolgrove.data import codec
from toolgrove.data.pairs.checks import Checks
from toolgrove.data.pairs.faults import Fault
from toolgrove.data.pairs.modes import Contrast, Rule
from toolgrove.data.pairs.rounds import RoundCall, Rounds, rounds
from toolgrove.data.pairs.solved import folded
from toolgrove.data.pairs.steps import MaybeRow, one_sided
from toolgrove.data.records import Message, Node, Role
from toolgrove.data.request import RunRequest, earlier
from toolgrove.data.tree import SearchTree, child_id
from toolgrove.planners.dag.prompts import conversation
from toolgrove.tools.offer import Offer

__all__ = ["round_steps"]


def round_steps(checks: Checks, fatal: Collection[Fault]) -> Iterator[MaybeRow]:
    """Each step of each success that can be told as rounds: a round's calls, at last the answer."""
    tree = checks.branches.tree
    for success in checks.branches.successes:
        path = folded(checks, tree.path(success.id))
        faults = checks.of_chosen(Contrast(Rule.PATH, path[:1], path[1:], []))
        spoken = {Fault.DIVERSITY_PROMPT, Fault.CUT_THOUGHT, Fault.EMPTY_THOUGHT}
        faults = [fault for fault in faults if fault not in spoken]  # no thought is told
        why = next((fault.value for fault in faults if fault in fatal), "")
        told = rounds(checks, success)
        why = why or ("" if told.calls else "no_calls") or _unknown(told)
        if why or success.answer is None:
            yield MaybeRow(why=why or "no_answer")
        else:
            yield from _steps(told, faults)


def _unknown(told: Rounds) -> str:
    """Whether a call is not told by a name on offer, or found by a search for tools."""
    offered = {spec.id for spec in told.tree.tools} & set(told.tree.aliases.values())
    return "" if all(one.made.name in offered for one in told.calls) else "unknown_tool"


def _steps(told: Rounds, faults: Collection[Fault]) -> Iterator[MaybeRow]:
    tree = told.tree
    offer = Offer(tuple(tree.tools), {str(k): str(v) for k, v in tree.aliases.items()})
    asked = RunRequest(tree.task.query, tuple(earlier(tree.task)))
    path = [tree.root]
    for level in range(told.count + 1):
        calls = [one for one in told.calls if one.round == level]
        node = _node(told, path[-1], calls, number=sum(len(n.calls) for n in path) + 1)
        prompt = conversation(path, offer, asked, node.variant)
        said = [Message(Role.ASSISTANT, node.messages[0].content)]
        at = f"{told.success.id}/{level}"
        row = one_sided(_without_tools(tree), at, prompt, said, list(faults))
        yield MaybeRow(row)
        path.append(node)


def _without_tools(tree: SearchTree) -> SearchTree:
    """The tree without tools: the prompt lists them, and none are bound."""
    return SearchTree(tree.task, (), {}, tree.meta)


def _node(told: Rounds, parent: Node, calls: list[RoundCall], *, number: int) -> Node:
    """A round as a step of the planner; the last one has no calls, and the answer."""
    lines = [f"{number + place}. {_line(one)}" for place, one in enumerate(calls)]
    text = "\n".join([*lines, "join()"]) if calls else f"Finish({told.success.answer})"
    written = tuple(one.written for one in calls)
    return Node(
        id=child_id(parent.id, 0),
        parent=parent.id,
        messages=(Message(Role.ASSISTANT, text, written),),
        calls=tuple(one.made for one in calls),
        observations=tuple(one.gave for one in calls),
        variant="divide" if number == 1 and calls else "aggregate",
        meta={"tasks": [number + place for place in range(len(calls))]},
    )


def _line(one: RoundCall) -> str:
    values = [
        f"{name}={codec.dumps(value).decode()}" for name, value in one.written.arguments.items()
    ]
    return f"{one.written.name}({', '.join(values)})"
