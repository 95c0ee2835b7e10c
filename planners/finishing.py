"""How a path comes to its answer besides a call of Finish: by a plan's last line, or in words."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING

from toolgrove.data.records import (
    FINISH,
    Message,
    Node,
    NodeState,
    Observation,
    Role,
    Status,
    ToolCall,
)
from toolgrove.data.spoken import spoken
from toolgrove.data.tree import ROOT
from toolgrove.planners.cascade_prompts import PLAN_MARK

if TYPE_CHECKING:
    from toolgrove.planners.frontier import Frontier, Step
    from toolgrove.planners.run import Run

__all__ = ["answered", "in_words"]

_TURNS = ("plain", "diversity")
"""Steps that are turns of a chat; a plan's steps have words for their answers."""


def answered(node: Node, answer: str) -> Node:
    """The node with the answer as its last call, as every path ends that came to one."""
    arguments = {"return_type": "give_answer", "final_answer": answer}
    finish = ToolCall(f"call_{node.id[:12]}_{len(node.calls)}", FINISH, arguments)
    done = Observation(Status.FINAL_ANSWER, "answered", 8)
    said, *gave = node.messages
    gave.append(Message(Role.TOOL, done.content, call_id=finish.id, name=FINISH))
    return replace(
        node,
        messages=(replace(said, calls=(*said.calls, finish)), *gave),
        calls=(*node.calls, finish),
        observations=(*node.observations, done),
        state=NodeState.ANSWERED,
        answer=answer,
    )


def in_words(run: Run, frontier: Frontier, node: Node, rest: tuple[Step, ...]) -> Node:
    """A node whose reply called nothing as the answer that it is, where it may be one.

    With ``finish="text"`` it always may, with ``"tool"`` never; otherwise where the planner would
    have nothing left to do if the path ended here. Words that do not fit the form that is asked
    for are no answer, and the model is told why.

    Parameters
    ----------
    run : Run
    frontier : Frontier
        Whose copy is asked what it would do next.
    node : Node
        As it was grown.
    rest : tuple of Step
        What the wave holds besides.
    """
    finish = run.brief.finish
    if finish == "tool" or node.calls or node.variant not in _TURNS or not node.messages:
        return node
    said = node.messages[0]
    text = spoken(said.content).strip()
    if not text or text.startswith(PLAN_MARK) or node.state is not NodeState.OPEN:
        return node
    if finish == "auto" and (rest or _goes_on(frontier, node)):
        return node
    form = run.offer(node.parent or ROOT).form
    if form is not None:
        try:
            text = form.taken(text)
        except ValueError as error:
            return replace(node, messages=(said, Message(Role.USER, str(error))))
    return answered(replace(node, depth=node.depth - 1, messages=(said,)), text)


def _goes_on(frontier: Frontier, node: Node) -> bool:
    """Whether the search would try something else if this path ended here."""
    search = copy.copy(frontier) if frontier.forks else copy.deepcopy(frontier)
    search.on_node(replace(node, state=NodeState.PRUNED, reason="ends in words"))
    return bool(search.next())
