"""Rows of conversations as the local model reads and writes them.

A row is a line of JSON: a preference pair (``prompt``, ``chosen``, ``rejected``) or a conversation
to imitate (``messages``), each with the ``tools`` on offer. It becomes pieces of text: what the
model is shown, by the prompt that it is asked with, and in between what it is to write.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from toolgrove.agent.models import local_prompt
from toolgrove.agent.models.local import LocalChatModel
from toolgrove.data import codec
from toolgrove.data.records import Message, Role, ToolCall
from toolgrove.errors import FormatError
from toolgrove.planners.chat import all_to_langchain

__all__ = ["Piece", "Row", "Template", "chosen_rows", "fit_rows", "pieces", "read_rows", "unfit"]

Template = Callable[[Sequence[Mapping[str, str]], bool], str]
"""Turns of a chat as one text; True ends it where the assistant is to speak."""
_LONGEST: int = LocalChatModel.model_fields["result_chars"].default


@dataclass(frozen=True, slots=True)
class Row:
    """A conversation, and what is to come after it.

    Parameters
    ----------
    prompt : tuple of Message
        Not learnt.
    sides : tuple of tuple of Message
        What is: of a pair the chosen side, then the rejected one; otherwise one.
    functions : tuple of mapping
        The tools on offer, as OpenAI's function objects.
    task : str
        The request: rows of one are kept back together.
    """

    prompt: tuple[Message, ...]
    sides: tuple[tuple[Message, ...], ...]
    functions: tuple[Mapping[str, Any], ...]
    task: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a conversation's text; ``learnt`` where the model is to write it."""

    text: str
    learnt: bool


def read_rows(file: Path) -> list[Row]:
    """The rows of a file of JSON lines.

    Raises
    ------
    FormatError
        For a line that is no such row.
    """
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise FormatError(
            str(file), "$", f"a file of rows ({error.strerror})", "`toolgrove mine` writes some."
        ) from None
    return [_row(file, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def chosen_rows(pairs: Sequence[Row]) -> list[Row]:
    """What to imitate, of pairs: their chosen sides, each once.

    Sides without a thought are left out: pairs of calls alone have none, and a model that
    imitates them stops thinking.
    """
    thought = [row for row in pairs if all(m.content for m in row.sides[0] if m.calls)]
    once = {codec.digest([row.prompt, row.sides[0]]): row for row in thought}
    return [replace(row, sides=row.sides[:1]) for row in once.values()]


def unfit(row: Row) -> str | None:
    """Why the local model cannot learn a row; None where it can.

    With tools on offer each of its replies is one call of one of them.
    """
    offered = {function["name"] for function in row.functions}
    for message in (message for side in row.sides for message in side):
        if message.role is not Role.ASSISTANT:
            continue
        if len(message.calls) > 1:
            return "several calls in one reply"
        if offered and not message.calls:
            return "a reply without a call where tools are on offer"
        if any(call.malformed is not None for call in message.calls):
            return "arguments that are no JSON object"
        if offered and any(call.name not in offered for call in message.calls):
            return "a call of a tool that is not on offer"
    if not all(any(m.role is Role.ASSISTANT for m in side) for side in row.sides):
        return "nothing that the model is to write"
    return None


def pieces(row: Row, side: Sequence[Message], template: Template, examples: bool) -> list[Piece]:
    """A row's conversation with one of its sides, in the words of the local model's prompt.

    Raises
    ------
    ValueError
        Where a reply has no turn of its own: the chat template joins it to another.
    """
    said = [*row.prompt, *side]
    found: list[Piece] = []
    written = ""
    for place in range(len(row.prompt), len(said)):
        if said[place].role is not Role.ASSISTANT:
            continue
        shown = template(_turns(said[:place], row, examples), True)
        whole = template(_turns(said[: place + 1], row, examples), False).rstrip("\n")
        if not (shown.startswith(written) and whole.startswith(shown)):
            raise ValueError("a reply without a turn of its own")
        found += [Piece(shown[len(written) :], False), Piece(whole[len(shown) :], True)]
        written = whole
    return found


def _turns(said: Sequence[Message], row: Row, examples: bool) -> list[dict[str, str]]:
    messages = all_to_langchain(said)
    if not row.functions:
        return local_prompt.render_chat(messages)
    return local_prompt.render(messages, row.functions, longest=_LONGEST, examples=examples)


def _row(file: Path, number: int, line: bytes) -> Row:
    try:
        read = codec.loads(line)
        tools = read.get("tools") or []
        tools = codec.loads(tools) if isinstance(tools, str) else tools
        functions = tuple(tool["function"] for tool in tools)
        if "messages" in read:
            prompt, said = _split(_messages(read["messages"]))
            sides: tuple[tuple[Message, ...], ...] = (said,)
        else:
            prompt = _messages(read["prompt"])
            names = _call_names(prompt)
            sides = tuple(_messages(read[name], names) for name in ("chosen", "rejected"))
        return Row(prompt, sides, functions, _request(prompt))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(
            str(file), f"line {number}", f"prompt, chosen and rejected, or messages ({error!r})",
            "`toolgrove mine` writes such rows.",
        ) from None  # fmt: skip


def _split(messages: tuple[Message, ...]) -> tuple[tuple[Message, ...], tuple[Message, ...]]:
    """A conversation before the model's first reply, and from there on."""
    first = next((n for n, m in enumerate(messages) if m.role is Role.ASSISTANT), len(messages))
    return messages[:first], messages[first:]


def _messages(
    rows: Sequence[Mapping[str, Any]], names: Mapping[str, str] | None = None
) -> tuple[Message, ...]:
    known = dict(names or {})
    found = []
    for row in rows:
        calls = tuple(map(_call, row.get("tool_calls") or ()))
        known |= {call.id: call.name for call in calls}
        told = row.get("tool_call_id")
        name = row.get("name") or known.get(told or "")
        found.append(Message(Role(row["role"]), row.get("content") or "", calls, told, name))
    return tuple(found)


def _call(row: Mapping[str, Any]) -> ToolCall:
    made = row["function"]
    arguments = made["arguments"]
    if isinstance(arguments, str):
        arguments = codec.loads(arguments)
    if not isinstance(arguments, Mapping):
        raise TypeError("arguments are an object")
    return ToolCall(row.get("id") or "", made["name"], dict(arguments))


def _call_names(messages: Sequence[Message]) -> dict[str, str]:
    return {call.id: call.name for message in messages for call in message.calls}


def _request(prompt: Sequence[Message]) -> str:
    return next((message.content for message in prompt if message.role is Role.USER), "")


def fit_rows(rows: Sequence[Row]) -> tuple[list[Row], Counter[str]]:
    """The rows that can be learnt, and how many cannot, by why."""
    reasons = [unfit(row) for row in rows]
    fit = [row for row, why in zip(rows, reasons, strict=True) if why is None]
    return fit, Counter(why for why in reasons if why)
