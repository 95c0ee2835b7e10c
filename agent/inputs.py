"""What an agent is given: a request of any form, as a task, and what goes beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from toolgrove.agent.deciding import Decisions
from toolgrove.data import codec
from toolgrove.data.blocks import BLOCKS, mark_of, named_block, read_block
from toolgrove.data.records import Message, Role, Task, ToolCall
from toolgrove.data.request import earlier, with_earlier
from toolgrove.errors import UsageError
from toolgrove.machine.files import write_beside
from toolgrove.tools.content import Keep, content_text

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage, MessageLikeRepresentation
    from langchain_core.prompt_values import PromptValue
    from langchain_core.runnables import RunnableConfig

    Request: TypeAlias = (
        str
        | Task
        | BaseMessage
        | PromptValue
        | Sequence[MessageLikeRepresentation]
        | Mapping[str, Sequence[MessageLikeRepresentation]]
    )
    """What an agent can be asked."""

__all__ = ["RunInputs", "as_task", "said_after"]

_FORMS = (
    'words, a Task, messages (LangChain\'s, ("user", "…") pairs or {"role": …, "content": …}), '
    '{"messages": […]} or a prompt value'
)


def as_task(asked: Request, keep: Keep | None = None) -> Task:
    """A request as a task, named by a digest of what was said.

    Of messages the last one, which has to be the user's, is the request; those before it are what
    was said earlier, and system messages are instructions of this run. ``keep`` takes their
    pictures and the like, and gives the texts that stand for them.

    Raises
    ------
    UsageError
        Where it is none of these, or the last word is not the user's.

    Examples
    --------
    >>> as_task("How far is it?").id
    '8aa8843327d7'
    >>> as_task([("user", "How far is it?"), ("ai", "337 km."), ("user", "In miles?")]).query
    'In miles?'
    """
    if isinstance(asked, Task):
        return asked
    if isinstance(asked, str):
        return Task(codec.digest(asked)[:12], asked)
    said = _paired([_ours(message, keep) for message in _messages(asked)])
    if not said or said[-1].role is not Role.USER:
        raise UsageError(
            "the last message has to be the user's: it is what the agent is to answer."
        )
    *before, request = said
    return said_after(before, as_task(request.content))


def said_after(before: Sequence[Message], task: Task) -> Task:
    """A request after a conversation, and so another task; one after nothing is what it was."""
    if not before:
        return task
    said = [*before, *earlier(task)]
    return with_earlier(replace(task, id=codec.digest([task.id, said])[:12]), said)


def _messages(asked: Any) -> list[BaseMessage]:
    from langchain_core.messages import BaseMessage, convert_to_messages
    from langchain_core.prompt_values import PromptValue

    if isinstance(asked, Mapping) and "role" not in asked:
        asked = asked.get("messages")
    one = isinstance(asked, tuple) and len(asked) == 2 and all(isinstance(x, str) for x in asked)
    if one or isinstance(asked, str | BaseMessage | Mapping):
        asked = [asked]
    if not isinstance(asked, PromptValue | Sequence):
        raise UsageError(f"an agent is asked with {_FORMS}.")
    try:
        return convert_to_messages(asked)
    except (ValueError, NotImplementedError, KeyError, TypeError) as error:
        why = " ".join(str(error).split())[:200]
        raise UsageError(f"a message cannot be read ({why}). Give {_FORMS}.") from error


def _ours(message: BaseMessage, keep: Keep | None) -> Message:
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

    text = content_text(message, keep)
    match message:
        case SystemMessage():
            return Message(Role.SYSTEM, text)
        case HumanMessage():
            return Message(Role.USER, text)
        case AIMessage():
            calls = [ToolCall(c["id"] or "", c["name"], c["args"]) for c in message.tool_calls]
            return Message(Role.ASSISTANT, text, tuple(calls))
        case ToolMessage():
            return Message(Role.TOOL, text, call_id=message.tool_call_id, name=message.name)
        case _:
            raise UsageError(f"a message of the kind {message.type!r} cannot be taken in.")


def _paired(messages: Sequence[Message]) -> list[Message]:
    """Messages without calls that no result answers, results of no call, and what is empty then.

    Chat APIs refuse a conversation that has them, such as one that was cut.
    """
    asked = {call.id for message in messages for call in message.calls}
    answered = {message.call_id for message in messages if message.role is Role.TOOL}
    kept = []
    for message in messages:
        calls = tuple(call for call in message.calls if call.id in answered)
        if message.role is Role.TOOL and message.call_id not in asked:
            continue
        if message.role is Role.ASSISTANT and not (calls or message.content.strip()):
            continue
        kept.append(Message(message.role, message.content, calls, message.call_id, message.name))
    return kept


@dataclass(frozen=True, slots=True)
class RunInputs:
    """What a run is given besides its task.

    Parameters
    ----------
    context : Any
        For tools and instructions that ask for it.
    secrets : mapping
        By name a value, or a value and the origin that it may be sent to; for this run only.
    config : RunnableConfig or None
        LangChain's.
    decisions : mapping
        About calls that wait, where the run is gone on with (:mod:`toolgrove.agent.deciding`).
    """

    context: Any = None
    secrets: Mapping[str, str | tuple[str, str]] = field(default_factory=dict)
    config: RunnableConfig | None = None
    decisions: Decisions = field(default_factory=dict)
    _blocks: dict[str, bytes] = field(default_factory=dict)

    def hold(self, data: bytes, mime: str) -> str:
        """Take bytes of the request in, and give the text that stands for them."""
        name = named_block(data, mime)
        self._blocks[name] = data
        return mark_of(name, mime)

    def hold_all(self, run: Path) -> None:
        """Take in what is kept beside another run, which this one goes on with."""
        for path in sorted((run / BLOCKS).glob("*.*")):
            if (data := read_block(run, path.name)) is not None:
                self._blocks[path.name] = data

    def put(self, run: Path) -> None:
        """Write what was taken in beside a run's journal, before anything names it."""
        for name, data in self._blocks.items():
            write_beside(run / BLOCKS / name, [data])
