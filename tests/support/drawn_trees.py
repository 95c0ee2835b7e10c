"""Search trees drawn in lines of text, and trees drawn at random."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

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
)
from toolgrove.data.tree import ROOT, SearchTree

__all__ = ["DONE", "TREES", "step", "tree_of"]

DONE = {"return_type": "give_answer", "final_answer": "5 km"}


def tree_of(steps: str, tools: tuple[str, ...] = (), query: str = "How far?") -> SearchTree:
    """A tree from lines: an id below its parent, then words and marks.

    ``a <root far(Oslo) 'Look.'`` is a step that says Look. and calls far; ``+`` answers, ``-``
    gives up, ``x`` is pruned, ``?`` is pruned for its score, ``*`` was asked for diversely, ``~``
    had its observation cut, ``!`` failed.
    """
    offered = [ToolSpec(name, "", "", name) for name in tools]
    aliases = {name: name for name in tools}
    tree = SearchTree(Task("7", query), offered, aliases, {"run": "made"})
    opening = (Message(Role.SYSTEM, "Answer."), Message(Role.USER, query))
    tree.add(Node(ROOT, None, messages=opening))
    for line in filter(None, map(str.strip, steps.splitlines())):
        head, _, words = line.partition("'")
        name, parent, *rest = head.split()
        tree.add(step(tree, name, parent.removeprefix("<"), rest, words.rstrip("'")))
    return tree


def step(tree: SearchTree, name: str, parent: str, rest: list[str], words: str) -> Node:
    marks = "".join(part for part in rest if "(" not in part)
    calls = [
        ToolCall(f"{name}{i}", part.partition("(")[0], {"to": part.partition("(")[2].rstrip(")")})
        for i, part in enumerate(part for part in rest if "(" in part)
    ]
    status = Status.NOT_WORKING if "!" in marks else Status.OK
    seen = [Observation(status, f"saw {call.name}", truncated="~" in marks) for call in calls]
    state = NodeState.OPEN
    if "+" in marks or "-" in marks:
        state = NodeState.ANSWERED if "+" in marks else NodeState.GAVE_UP
        ended = Status.FINAL_ANSWER if "+" in marks else Status.GIVE_UP
        calls.append(ToolCall(f"{name}F", "Finish", DONE if "+" in marks else {}))
        seen.append(Observation(ended, "ended"))
    elif "x" in marks or "?" in marks:
        state = NodeState.PRUNED
    told = [
        Message(Role.TOOL, o.content, call_id=c.id, name=c.name)
        for c, o in zip(calls, seen, strict=True)
    ]
    return Node(
        name,
        parent,
        len(tree.children(parent)),
        messages=(Message(Role.ASSISTANT, words, tuple(calls)), *told),
        prompt=(Message(Role.USER, "Do otherwise."),) if "*" in marks else (),
        variant="diversity" if "*" in marks else "plain",
        calls=tuple(calls),
        observations=tuple(seen),
        state=state,
        score=0.1 if "?" in marks else None,
        answer="5 km" if "+" in marks else None,
    )


def grown(draw: Callable[[Any], Any]) -> SearchTree:
    """Any tree: any branching, calls and outcomes; some steps plan."""
    tree = tree_of("", ("far", "near"))
    for number in range(draw(st.integers(0, 25))):
        open_nodes = [node.id for node in tree if node.state is NodeState.OPEN]
        parent = draw(st.sampled_from(open_nodes))
        call = draw(st.sampled_from(["", "far(Oslo)", "far(Rome)", "near(Oslo)"]))
        mark = draw(st.sampled_from(["", "", "+", "-", "x", "!"]))
        words = draw(st.sampled_from(["", "One.", "Two."]))
        rest = [part for part in (call, mark, draw(st.sampled_from(["", "*", "~"]))) if part]
        made = step(tree, f"n{number}", parent, rest, words)
        planned = draw(st.sampled_from([{}, {}, {"variant": "plan"}, {"meta": {"replan": "no"}}]))
        tree.add(replace(made, **planned))
    return tree


TREES = st.composite(grown)()
