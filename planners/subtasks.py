"""Parts of a long task, as a tree: a model opens one, works on it, and closes it with a conclusion.

After the Thread Inference Model ("Beyond Context Limits", Luo et al. 2025), whose reasoning is a
tree of tasks with thoughts, calls, subtasks and a conclusion, and whose working memory keeps of a
finished subtask the conclusion alone. There the model is trained to write such trees; here any
model that calls tools is offered two more. What they fold away is up to
:mod:`toolgrove.planners.context`.
"""

from __future__ import annotations

from collections.abc import Sequence

from toolgrove.data.records import BEGIN_SUBTASK, END_SUBTASK, Node, Observation, Status, ToolCall

__all__ = ["CONTROLS", "DEEPEST", "LONGEST", "mark_of", "marked"]

CONTROLS = (BEGIN_SUBTASK, END_SUBTASK)
"""What an offer holds for a run with subtasks."""

DEEPEST = 8
"""How many subtasks may be open at once, so that their goals have room in every prompt."""
LONGEST = {BEGIN_SUBTASK: 500, END_SUBTASK: 2000}
"""Characters of a goal and of a conclusion."""

_TEXT = {BEGIN_SUBTASK: "goal", END_SUBTASK: "conclusion"}
_OPENED = "Begun. Work on this part now; end it with end_subtask as soon as you can conclude it."
_CLOSED = "Ended."


def marked(call: ToolCall, open_goals: Sequence[str], *, alone: bool) -> Observation:
    """What a call that opens or closes a subtask gives.

    Parameters
    ----------
    call : ToolCall
        As the offer resolved it.
    open_goals : sequence of str
        Goals of the subtasks that are open on its path, the outermost first.
    alone : bool
        Whether it is the only call of its message; what stands beside it would be in no subtask
        for certain.

    Examples
    --------
    >>> marked(ToolCall("c", "end_subtask", {"conclusion": "7"}), [], alone=True).content
    'No subtask is open. Go on with the task, or call Finish.'
    """
    longest = LONGEST[call.name]
    text = str(call.arguments[_TEXT[call.name]])
    if not alone:
        mend = f"{call.name} has to be the only call of its message."
    elif len(text) > longest:
        mend = f"The {_TEXT[call.name]} is too long: {len(text)} characters, {longest} at most."
    elif call.name == END_SUBTASK and not open_goals:
        mend = "No subtask is open. Go on with the task, or call Finish."
    elif call.name == BEGIN_SUBTASK and len(open_goals) >= DEEPEST:
        mend = f"{DEEPEST} subtasks are open, and there may be no more. End one first."
    else:
        told = _OPENED if call.name == BEGIN_SUBTASK else _CLOSED
        return Observation(Status.OK, told, len(told), attempts=0)
    return Observation(Status.INVALID_REQUEST, mend, len(mend), attempts=0)


def mark_of(node: Node) -> tuple[str, str] | None:
    """The control that a step called with success and its text, or None where it called none."""
    if len(node.calls) != 1 or node.calls[0].name not in _TEXT:
        return None
    call, observation = node.calls[0], node.observations[0]
    if observation.status is not Status.OK:
        return None
    return call.name, str(call.arguments[_TEXT[call.name]])
