"""The records every part of Toolgrove speaks.

They are frozen, shaped like JSON and free of behaviour beyond small derivations, so that any
evaluator, miner or viewer can read what any planner wrote.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from toolgrove.data.expected import ExpectedCall

__all__ = [
    "BEGIN_SUBTASK",
    "CONTROLS",
    "END_SUBTASK",
    "FINISH",
    "MADE",
    "RUN_PYTHON",
    "SAFE_METHODS",
    "SEARCH_TOOLS",
    "Effect",
    "InnerCall",
    "JsonObject",
    "Message",
    "Node",
    "NodeState",
    "Observation",
    "PreferencePair",
    "Reference",
    "Role",
    "Score",
    "Status",
    "Task",
    "ToolCall",
    "ToolSpec",
    "Usage",
]

JsonObject: TypeAlias = Mapping[str, Any]
"""A JSON object: string keys, JSON values. Treat it as read-only."""

FINISH = "Finish"
"""The name of the tool that ends a path, as in ToolBench."""
SEARCH_TOOLS = "search_tools"
"""The name of the tool that finds tools."""
RUN_PYTHON = "run_python"
"""The name of the tool that runs code which the model writes."""
MADE = "made"
"""The source of a tool that was made from runs (:mod:`toolgrove.planners.made_tools`)."""
BEGIN_SUBTASK, END_SUBTASK = "begin_subtask", "end_subtask"
"""The names of the tools that open and close a part of a long task."""
CONTROLS = frozenset({FINISH, SEARCH_TOOLS, RUN_PYTHON, BEGIN_SUBTASK, END_SUBTASK})
"""What a model calls to steer its own run, and what reaches no API itself."""


class Effect(StrEnum):
    """What a call does to the world. A write is never repeated unless somebody says so."""

    READ = "read"
    WRITE = "write"


class Status(StrEnum):
    """How a call ended. ``code`` is ToolBench's number for it."""

    OK = "ok"
    NO_SUCH_TOOL = "no_such_tool"
    BAD_FINISH = "bad_finish"
    FINAL_ANSWER = "final_answer"
    GIVE_UP = "give_up"
    TIMEOUT = "timeout"
    NOT_WORKING = "not_working"
    UNAUTHORIZED = "unauthorized"
    UNSUBSCRIBED = "unsubscribed"
    TOO_MANY_REQUESTS = "too_many_requests"
    RATE_LIMITED = "rate_limited"
    ERROR_IN_MESSAGE = "error_in_message"
    INVALID_REQUEST = "invalid_request"
    IN_DOUBT = "in_doubt"
    """A write whose outcome is unknown after a crash (ToolBench has no such code: 6)."""
    PREVIEWED = "previewed"
    """A call that a dry run shows instead of making it (ToolBench has no such code: 12)."""

    @property
    def code(self) -> int:
        """ToolBench's status code, 0 to 12.

        Examples
        --------
        >>> Status.FINAL_ANSWER.code, Status.IN_DOUBT.code
        (3, 6)
        """
        return _CODES[self]

    @classmethod
    def from_code(cls, code: int) -> Status:
        """The status of a ToolBench code; raises ``ValueError`` outside 0 to 12.

        Examples
        --------
        >>> Status.from_code(6)
        <Status.NOT_WORKING: 'not_working'>
        """
        if not 0 <= code <= 12:
            raise ValueError(f"{code} is not a ToolBench status code (0 to 12)")
        return _STATUSES[code]

    @property
    def failed(self) -> bool:
        """Whether the call went wrong; one that was only shown did not."""
        return not (self.usable or self is Status.PREVIEWED)

    @property
    def usable(self) -> bool:
        """Whether the call gave something that can be built on.

        Examples
        --------
        >>> [(s.failed, s.usable) for s in (Status.OK, Status.TIMEOUT, Status.PREVIEWED)]
        [(False, True), (True, False), (False, False)]
        """
        return self in (Status.OK, Status.FINAL_ANSWER)


_STATUSES = tuple(Status)
_CODES: dict[Status, int] = {status: code for code, status in enumerate(Status)}
_CODES[Status.IN_DOUBT] = _CODES[Status.NOT_WORKING]
_CODES[Status.PREVIEWED] = _CODES[Status.INVALID_REQUEST]


SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""The HTTP methods that ask for no change."""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """One callable API.

    Parameters
    ----------
    id : str
        Unique and stable: ``category/tool/name`` unless the source has ids of its own.
    category, tool, name : str
        As the source writes them (ToolBench's category, tool and API name).
    description : str
        Third-party text: data, never an instruction.
    parameters : JsonObject
        JSON Schema (draft 2020-12) of type ``object``.
    returns : JsonObject or None
        JSON Schema, or an example response, where the source has one.
    effect : Effect
        Whether a call may change something. Where the binding has an HTTP method, the method
        decides: what is sent by another one than GET, HEAD or OPTIONS writes.
    source : str
        Where it came from: ``toolbench``, ``openapi``, ``python``, ``mcp``, ``langchain`` or
        ``made``.
    binding : JsonObject
        What the backend needs to make the call, for instance method, URL and the place of each
        parameter. Never shown to a model.
    tool_description : str
        What the source says of the whole tool.
    """

    id: str
    category: str
    tool: str
    name: str
    description: str = ""
    parameters: JsonObject = field(default_factory=lambda: {"type": "object", "properties": {}})
    returns: JsonObject | None = None
    effect: Effect = Effect.READ
    source: str = ""
    binding: JsonObject = field(default_factory=dict)
    tool_description: str = ""

    def __post_init__(self) -> None:
        binding = self.binding if isinstance(self.binding, Mapping) else {}
        method = str(binding.get("method", "GET")).upper()
        if self.effect is Effect.READ and method not in SAFE_METHODS:
            object.__setattr__(self, "effect", Effect.WRITE)  # whatever a catalogue says


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model's request to call a tool.

    ``name`` is the alias the model wrote until the registry has resolved it, a ``ToolSpec.id``
    from then on. ``arguments`` is what parsed; text that did not parse is kept in ``malformed``.
    """

    id: str
    name: str
    arguments: JsonObject = field(default_factory=dict)
    malformed: str | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """What came back from a call. A tool's failure is one of these, never an exception.

    Parameters
    ----------
    status : Status
        How the call ended.
    content : str
        What the model is shown, possibly cut.
    size : int
        Characters of the whole content before it was cut.
    truncated : bool
        Whether ``content`` was cut; the whole is then under ``stored``.
    stored : str or None
        Name of the file in the run's ``observations`` folder that holds the whole content.
    seconds : float
        Wall time of the call, retries included.
    cached : bool
        Whether it was answered without a call.
    attempts : int
        How often the tool was really called.
    retry_after : float or None
        Seconds after which the same call may do better (a server's Retry-After, 0 where it named
        no time); None where repeating it would not help.
    simulated : bool
        Whether a model made it up in the API's place (``toolgrove serve apis``).
    more : JsonObject or None
        Arguments that give the next page, where the answer says that there is one.
    repeated : bool
        Whether the path held this very call already, and this is what it gave then.
    sent : JsonObject or None
        The arguments that were sent, where whoever was asked for approval changed those that the
        model wrote.
    inner : tuple of InnerCall
        The calls that were made on the way, in their order: those of code that the model wrote.
    """

    status: Status
    content: str
    size: int = 0
    truncated: bool = False
    stored: str | None = None
    seconds: float = 0.0
    cached: bool = False
    attempts: int = 1
    retry_after: float | None = None
    simulated: bool = False
    more: JsonObject | None = None
    repeated: bool = False
    sent: JsonObject | None = None
    inner: tuple[InnerCall, ...] = field(default=(), metadata={"later": True})


@dataclass(frozen=True, slots=True)
class InnerCall:
    """A call that another one made, and what it gave.

    Parameters
    ----------
    call : ToolCall
        As it was resolved; its id is that of the outer call with a number.
    observation : Observation
    """

    call: ToolCall
    observation: Observation


class Role(StrEnum):
    """Who says a message."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation.

    An assistant's ``calls`` are its requests; a tool's message carries ``call_id`` and ``name`` of
    the call it answers.
    """

    role: Role
    content: str = ""
    calls: tuple[ToolCall, ...] = ()
    call_id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of model calls, as the model itself counted them."""

    input_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        if not (other.input_tokens or other.output_tokens):
            return self
        return Usage(
            self.input_tokens + other.input_tokens, self.output_tokens + other.output_tokens
        )

    @property
    def total(self) -> int:
        return self.input_tokens + self.output_tokens


class NodeState(StrEnum):
    """What became of a node."""

    OPEN = "open"
    """It can be expanded."""
    ANSWERED = "answered"
    """It called Finish with an answer."""
    GAVE_UP = "gave_up"
    """It called Finish to give up and restart."""
    PRUNED = "pruned"
    """The planner will not go on from here; ``reason`` says why."""


@dataclass(frozen=True, slots=True)
class Node:
    """One step of a search: a model's message, its calls and what they gave.

    Parameters
    ----------
    id : str
        Derived from the path (:func:`toolgrove.data.tree.child_id`), so that it is the same in
        every run that takes the same way; the root's is ``root``.
    parent : str or None
        The parent's id; None for the root.
    index : int
        Place among the siblings, from 0.
    depth : int
        Tool calls on the path so far, this node's included (Finish is not one).
    messages : tuple of Message
        What this step adds to the conversation: the reply, then one tool message a call.
    prompt : tuple of Message
        What was shown to the model for this step only (the diversity prompt), and to no
        descendant.
    calls, observations : tuple
        Aligned: ``observations[i]`` answers ``calls[i]``.
    needs : tuple of (int, int)
        ``(i, j)``: call ``j`` uses what call ``i`` gave.
    variant : str
        Which prompt was used: ``plain``, ``diversity``, or a step of a planner of graphs (``plan``,
        ``join``, ``divide``, ``aggregate``, ``answer``).
    model : str
        The model's name.
    usage : Usage
        Tokens of this step's model calls.
    seconds : float
        Wall time of this step's model calls.
    score : float or None
        A planner's value for the node, where it has one.
    state : NodeState
        What became of it.
    reason : str
        Why it was pruned, in words.
    answer : str or None
        The final answer, where the state is ``answered``.
    meta : JsonObject
        What a foreign format said of the node and we have no field for; of a plan, the ``tasks``'
        numbers, the ``problems``, and why to ``replan``.
    """

    id: str
    parent: str | None
    index: int = 0
    depth: int = 0
    messages: tuple[Message, ...] = ()
    prompt: tuple[Message, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    observations: tuple[Observation, ...] = ()
    needs: tuple[tuple[int, int], ...] = ()
    variant: str = "plain"
    model: str = ""
    usage: Usage = Usage()
    seconds: float = 0.0
    score: float | None = None
    state: NodeState = NodeState.OPEN
    reason: str = ""
    answer: str | None = None
    meta: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reference:
    """What a right answer is, where that is known.

    Parameters
    ----------
    kind : str
        ``number``, ``date``, ``name``, ``set``, ``text`` or ``unsolvable``.
    value : Any
        The answer: a number, an ISO date, a string, a list of strings. Where unsolvable None, or
        what the request leaves out.
    unit : str
        The number's unit, in pint's words; empty where it has none.
    tolerance : float
        Relative tolerance of a number; a figure may besides be the value rounded.
    calls : tuple of ToolCall
        Reference calls; ``name`` is a ``ToolSpec.id``.
    aliases : tuple of str
        Other ways to say a name.
    call_sets : tuple of tuple of ExpectedCall
        Sets of calls, any one of which is right; an empty set says that no call is. They take the
        place of ``calls``.
    """

    kind: str
    value: Any = None
    unit: str = ""
    tolerance: float = 0.002
    calls: tuple[ToolCall, ...] = ()
    aliases: tuple[str, ...] = ()
    call_sets: tuple[tuple[ExpectedCall, ...], ...] = field(default=(), metadata={"later": True})


@dataclass(frozen=True, slots=True)
class Task:
    """A query, its candidate tools and, where known, the right answer.

    Parameters
    ----------
    id : str
        ToolBench's ``query_id`` or our own.
    query : str
        What the user asks.
    tools : tuple of str or None
        Ids of the candidate tools; None means: retrieve them.
    group : str
        ``G1`` one tool, ``G2`` several tools of a category, ``G3`` several categories; or empty.
    relevant : tuple of str
        Ids of the tools that a labelled data set calls relevant.
    reference : Reference or None
        The right answer and calls.
    """

    id: str
    query: str
    tools: tuple[str, ...] | None = None
    group: str = ""
    relevant: tuple[str, ...] = ()
    reference: Reference | None = None
    meta: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Score:
    """A judgement that can be traced: who judged what, with which version, when.

    Parameters
    ----------
    value : float or None
        Between 0 and 1; None where the evaluator has no opinion.
    reason : str
        Why, in words.
    evaluator : str
        Evaluator and version, ``answer/2``.
    judge : str
        The judging model, or ``code``.
    world : str
        Version of the API world the run saw, where known.
    date : str
        ISO 8601, UTC.
    infrastructure : bool
        True where the run broke down for reasons that are not the agent's: such a score stays
        out of every rate.
    """

    value: float | None
    reason: str
    evaluator: str
    judge: str = "code"
    world: str = ""
    date: str = ""
    infrastructure: bool = False
    details: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PreferencePair:
    """Two continuations of one prompt, the first preferred.

    Parameters
    ----------
    prompt, chosen, rejected : sequences of Message
        The shared conversation, and what each side adds to it.
    tools : tuple of ToolSpec
        What was on offer.
    origin : JsonObject
        Where it came from: run or file, task id, rule, node ids.
    """

    prompt: Sequence[Message]
    chosen: Sequence[Message]
    rejected: Sequence[Message]
    tools: tuple[ToolSpec, ...] = ()
    origin: JsonObject = field(default_factory=dict)
