"""Rows of conversations as the local model reads and writes them.

A row of a training file (:mod:`toolgrove.data.exports.rows`) becomes pieces of text: what the model
is shown, by the prompt that it is asked with, and in between what it is to write.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolgrove.agent.models import local_prompt
from toolgrove.agent.models.local import LocalChatModel
from toolgrove.data.exports.rows import RowKind, TrainingRow, of_kind, read_rows, request_of
from toolgrove.data.records import JsonObject, Message, Role, ToolCall
from toolgrove.planners.chat import all_to_langchain

__all__ = ["Piece", "Row", "Template", "fit_rows", "learnable", "pieces", "unfit"]

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
    passed_over : tuple of frozenset of int
        Of each side the places of replies that are shown and not learnt; empty where all are.
    """

    prompt: tuple[Message, ...]
    sides: tuple[tuple[Message, ...], ...]
    functions: tuple[Mapping[str, Any], ...]
    task: str
    passed_over: tuple[frozenset[int], ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a conversation's text; ``learnt`` where the model is to write it."""

    text: str
    learnt: bool


def learnable(file: Path, kind: RowKind) -> list[Row]:
    """The rows of a file of a kind: of pairs that are to be imitated the chosen sides, each once.

    Chosen sides without a thought are not imitated: pairs of calls alone have none, and a model
    that imitates them stops thinking.

    Raises
    ------
    FormatError
        For a line that is no row.
    """
    read = list(read_rows(file))
    pairs = any(one.kind is RowKind.DPO for one in read)
    rows = [_row(one) for one in of_kind(read, kind)]
    if kind is RowKind.SFT and pairs:
        rows = [row for row in rows if all(m.content for m in row.sides[0] if m.calls)]
    return rows


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
    passed_over = row.passed_over or (frozenset(),) * len(row.sides)
    if not all(
        any(m.role is Role.ASSISTANT and place not in skipped for place, m in enumerate(side))
        for side, skipped in zip(row.sides, passed_over, strict=True)
    ):
        return "nothing that the model is to write"
    return None


def pieces(row: Row, number: int, template: Template, examples: bool) -> list[Piece]:
    """A row's conversation with one of its sides, in the words of the local model's prompt.

    Raises
    ------
    ValueError
        Where a reply has no turn of its own: the chat template joins it to another.
    """
    said = [*row.prompt, *row.sides[number]]
    passed_over = row.passed_over[number] if row.passed_over else ()
    found: list[Piece] = []
    written = ""
    for place in range(len(row.prompt), len(said)):
        if said[place].role is not Role.ASSISTANT:
            continue
        shown = template(_turns(said[:place], row, examples), True)
        whole = template(_turns(said[: place + 1], row, examples), False).rstrip("\n")
        if not (shown.startswith(written) and whole.startswith(shown)):
            raise ValueError("a reply without a turn of its own")
        learnt = place - len(row.prompt) not in passed_over
        found += [Piece(shown[len(written) :], False), Piece(whole[len(shown) :], learnt)]
        written = whole
    return found


def _turns(said: Sequence[Message], row: Row, examples: bool) -> list[dict[str, str]]:
    messages = all_to_langchain(said)
    if not row.functions:
        return local_prompt.render_chat(messages)
    return local_prompt.render(messages, row.functions, longest=_LONGEST, examples=examples)


def _row(read: TrainingRow) -> Row:
    prompt = _messages(read.prompt, {})
    names = {call.id: call.name for message in prompt for call in message.calls}
    sides = tuple(_messages(side, names) for side in read.sides.values())
    functions = tuple(tool["function"] for tool in read.tools)
    passed_over = tuple(
        frozenset(place for place, one in enumerate(side) if one.get("weight") == 0)
        for side in read.sides.values()
    )
    return Row(prompt, sides, functions, request_of(read), passed_over)


def _messages(rows: Sequence[JsonObject], names: Mapping[str, str]) -> tuple[Message, ...]:
    """Messages as ours; a result without a name has the name of the call that it answers."""
    known = dict(names)
    found = []
    for row in rows:
        calls = tuple(
            ToolCall(call.get("id", ""), call["function"]["name"], call["function"]["arguments"])
            for call in row.get("tool_calls") or ()
        )
        known |= {call.id: call.name for call in calls}
        told = row.get("tool_call_id")
        name = row.get("name") or known.get(told or "")
        found.append(Message(Role(row["role"]), row["content"], calls, told, name))
    return tuple(found)


def fit_rows(rows: Sequence[Row]) -> tuple[list[Row], Counter[str]]:
    """The rows that can be learnt, and how many cannot, by why."""
    reasons = [unfit(row) for row in rows]
    fit = [row for row, why in zip(rows, reasons, strict=True) if why is None]
    return fit, Counter(why for why in reasons if why)
