"""What happens in a run, as it happens: the one stream that everything which watches is fed from.

What takes time has two events of one ``id``: its start, and its end with what came of it or an
``error``. ``parent`` is the id of what it belongs to: a call to its step, a step to its run, the
run of an agent that another one calls to that call. What an earlier process had asked for is read
from the journal and is not told again; the steps that it belongs to are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from toolgrove.data.records import Message, Node, Observation, Score, Task, ToolCall, ToolSpec
from toolgrove.data.reply import Reply

if TYPE_CHECKING:
    from toolgrove.agent.outcome import Outcome

__all__ = [
    "STARTS",
    "BudgetUsed",
    "Event",
    "ModelEnded",
    "ModelStarted",
    "ModelToken",
    "NodeAdded",
    "NodeScored",
    "RetrievalEnded",
    "RetrievalStarted",
    "RunEnded",
    "RunScored",
    "RunStarted",
    "StepEnded",
    "StepStarted",
    "ToolEnded",
    "ToolStarted",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened.

    Parameters
    ----------
    id : str
        Of the run, step or call that it tells of; start and end have the same.
    parent : str or None
        Id of what that belongs to; None of a run that nothing of ours has begun.
    run : str
        Id of the run. A run that is kept has the same one whenever it is gone on with.
    time : float
        Seconds since 1970.
    """

    id: str
    parent: str | None
    run: str
    time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Event):
    """A run begins, or is gone on with.

    Parameters
    ----------
    task : Task
        What is asked.
    name : str
        The ``run_name`` of the config; the agent's class otherwise.
    planner, model : str
        What it is begun with.
    folder : str
        Where its journal is; empty where none is kept.
    tags : sequence of str
        Those of the config.
    metadata : mapping
        That of the config.
    """

    task: Task
    name: str
    planner: str
    model: str
    folder: str = ""
    tags: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded(Event):
    """A run has ended, or was cut short.

    Parameters
    ----------
    outcome : Outcome or None
        What it came to; None where it was cut short.
    error : str
        Why it was.
    """

    outcome: Outcome | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted(Event):
    """A step is made: the model is asked, and its calls are made.

    Parameters
    ----------
    node : str
        Id that the node will have in the tree.
    after : str
        Id of the node that it goes on from.
    variant : str
        How the model is asked.
    """

    node: str
    after: str
    variant: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEnded(Event):
    """A step was made; whether the search takes it is told by :class:`NodeAdded`.

    Parameters
    ----------
    node : Node or None
        The step; None where it came to nothing.
    error : str
        Why it did not.
    """

    node: Node | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeAdded(Event):
    """A step is in the search tree, with the planner's word on it (``state``, ``reason``)."""

    node: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeScored(Event):
    """A node of the tree has a new score or state."""

    node: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStarted(Event):
    """A chat model is asked.

    Parameters
    ----------
    model : str
        Its name.
    messages : sequence of Message
        The conversation.
    functions : sequence of str
        Names of the tools on offer.
    provider : str
        What kind of model it is, in LangChain's words.
    """

    model: str
    messages: Sequence[Message]
    functions: Sequence[str] = ()
    provider: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelToken(Event):
    """A piece of a reply, where the model streams and somebody listens to tokens.

    A reply that is asked for again after an error begins anew.

    Parameters
    ----------
    text : str
        A piece of what it says.
    call : str
        A piece of a call's arguments, as it writes them.
    """

    text: str = ""
    call: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEnded(Event):
    """A chat model has replied.

    Parameters
    ----------
    model : str
        Its name.
    reply : Reply or None
        What it said, with its tokens and seconds; None where it did not answer.
    error : str
        Why it did not.
    """

    model: str
    reply: Reply | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolStarted(Event):
    """A call is about to be made: nothing has left yet.

    Parameters
    ----------
    call : ToolCall
        Its ``name`` is the tool's id.
    name : str
        The tool as the model calls it.
    spec : ToolSpec or None
        What is known of the tool.
    """

    call: ToolCall
    name: str
    spec: ToolSpec | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolEnded(Event):
    """A call was made, and what came of it is in the journal.

    Parameters
    ----------
    call : ToolCall
        As it was made.
    name : str
        The tool as the model calls it.
    observation : Observation or None
        What it gave; None where it was cut short.
    error : str
        Why it was.
    """

    call: ToolCall
    name: str
    observation: Observation | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalStarted(Event):
    """Tools are looked for.

    Parameters
    ----------
    query : str
        What for.
    k : int or None
        How many at most; None where it is not known here.
    asked_by : {"task", "model"}
        Whether it is the beginning of a run, or the model's call of ``search_tools``.
    """

    query: str
    k: int | None = None
    asked_by: Literal["task", "model"] = "task"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalEnded(Event):
    """Tools were found.

    Parameters
    ----------
    query : str
        What for.
    tools : sequence of ToolSpec
        The best first.
    error : str
        Why none could be looked for.
    """

    query: str
    tools: Sequence[ToolSpec] = ()
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetUsed(Event):
    """What a run has spent so far.

    Parameters
    ----------
    model_calls, tool_calls, tokens : int
        How many.
    money : float
        What the tokens cost; 0 where they have no price.
    seconds : float
        Time spent on the run.
    limit : str
        Which limit of the budget was met; empty where none was.
    """

    model_calls: int
    tool_calls: int
    tokens: int
    money: float
    seconds: float
    limit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunScored(Event):
    """An evaluator has judged a run; ``run`` is the run that it judges.

    Parameters
    ----------
    score : Score
        Its value, the reason and who judged.
    """

    score: Score


STARTS = (RunStarted, StepStarted, ModelStarted, ToolStarted, RetrievalStarted)
"""What takes time and has an end of its own."""
