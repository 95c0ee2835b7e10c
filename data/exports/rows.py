"""Rows of a training file, read strictly: preference pairs (DPO), labelled turns (KTO), and
conversations to imitate (SFT).

A line is one JSON object. What it holds tells its kind::

    prompt, chosen, rejected     a preference pair, as `toolgrove mine` writes them
    prompt, completion, label    a completion that is wanted (true) or not (false)
    prompt, completion, value    a step and the share of successes below it
    prompt, completion           a completion to imitate; or `messages`, the whole conversation

Messages have `role`, `content` and, of an assistant, `tool_calls`; `weight` 0 says that a reply is
shown and not to be imitated, as in OpenAI's format. `tools` and `origin` are JSON
text, or the value itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, Field

from toolgrove.data import codec
from toolgrove.data.formats.check import Foreign, checked, unreadable
from toolgrove.data.records import JsonObject
from toolgrove.errors import FormatError

__all__ = [
    "RowKind",
    "TrainingRow",
    "by_turn",
    "calls_of",
    "is_learnt",
    "is_test",
    "of_kind",
    "read_rows",
    "request_of",
]


_NAMED = re.compile(r"^Request: (.*)\Z", re.DOTALL | re.MULTILINE)


class RowKind(StrEnum):
    """What a row is for."""

    DPO = "dpo"
    KTO = "kto"
    SFT = "sft"
    PRM = "prm"
    """A step with the share of successes below it: read and counted; no trainer here takes it."""


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """A row of a training file.

    Parameters
    ----------
    kind : RowKind
    prompt : tuple of JsonObject
        The conversation before both sides.
    chosen : tuple of JsonObject
        The preferred side; the only one where the kind has no other.
    rejected : tuple of JsonObject
    label : bool or None
        Whether a KTO row's completion is wanted.
    tools : tuple of JsonObject
        The functions on offer.
    origin : JsonObject
        Where the row came from.
    line : int
        Its line in the file, from 1.
    """

    kind: RowKind
    prompt: tuple[JsonObject, ...]
    chosen: tuple[JsonObject, ...]
    rejected: tuple[JsonObject, ...] = ()
    label: bool | None = None
    tools: tuple[JsonObject, ...] = ()
    origin: JsonObject = field(default_factory=dict)
    line: int = 0

    @property
    def sides(self) -> dict[str, tuple[JsonObject, ...]]:
        """The completions that the row has, by name."""
        named = {"chosen": self.chosen, "rejected": self.rejected}
        return named if self.kind is RowKind.DPO else {"completion": self.chosen}


class _Function(Foreign):
    name: str = Field(min_length=1)
    arguments: dict[str, Any]


class _Call(Foreign):
    id: str = ""
    function: _Function


class _Message(Foreign):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    tool_calls: list[_Call] = Field(default_factory=list)
    tool_call_id: str | None = None
    name: str | None = None
    weight: Literal[0, 1] | None = None


class _Offered(Foreign):
    name: str = Field(min_length=1)
    parameters: dict[str, Any] = Field(default_factory=dict)


class _Tool(Foreign):
    function: _Offered


class _Row(Foreign):
    messages: list[_Message] | None = None
    prompt: list[_Message] | None = None
    chosen: list[_Message] | None = None
    rejected: list[_Message] | None = None
    completion: list[_Message] | None = None
    label: bool | None = None
    value: float | None = None
    tools: list[_Tool] | None = None
    origin: dict[str, Any] | None = None


def read_rows(path: str | Path) -> Iterator[TrainingRow]:
    """The rows of a file, one in memory at a time.

    Raises
    ------
    FormatError
        For the first line that is no row: it names the file, the line, the field and the mend.
    """
    for row in rows_and_errors(path):
        if isinstance(row, FormatError):
            raise row
        yield row


def rows_and_errors(path: str | Path) -> Iterator[TrainingRow | FormatError]:
    """As :func:`read_rows`, with an error in the place of each line that is no row."""
    try:
        with Path(path).open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    try:
                        yield _read(line, str(path), number)
                    except FormatError as error:
                        yield error
    except OSError as error:
        raise unreadable(path, error) from None


def _read(line: bytes, file: str, number: int) -> TrainingRow:
    def wrong(at: str, expected: str, mend: str) -> FormatError:
        return FormatError(file, f"line {number}: {at}", expected, mend)

    try:
        raw = codec.loads(line.decode("utf-8-sig"))
    except ValueError as error:
        raise wrong("$", f"one JSON object ({error})", "Mend or delete the line.") from None
    if not isinstance(raw, dict):
        raise wrong("$", "a JSON object", "Write one JSON object a line.")
    raw = dict(raw)
    for name in ("tools", "origin"):
        if isinstance(raw.get(name), str):
            try:
                raw[name] = codec.loads(raw[name])
            except ValueError as error:
                raise wrong(f"$.{name}", f"JSON text ({error})", "Mend the text.") from None
    checked(_Row, raw, file, f"line {number}: $")
    common: dict[str, Any] = {
        "tools": tuple(raw.get("tools") or ()),
        "origin": raw.get("origin") or {},
        "line": number,
    }
    has = {
        name for name in ("prompt", "chosen", "rejected", "completion", "messages") if raw.get(name)
    }
    if {"prompt", "chosen", "rejected"} <= has:
        prompt, chosen, rejected = (tuple(raw[name]) for name in ("prompt", "chosen", "rejected"))
        return TrainingRow(RowKind.DPO, prompt, chosen, rejected, **common)
    if {"prompt", "completion"} <= has:
        label = raw.get("label")
        kind = RowKind.SFT if label is None else RowKind.KTO
        kind = RowKind.PRM if raw.get("value") is not None else kind
        prompt, said = tuple(raw["prompt"]), tuple(raw["completion"])
        return TrainingRow(kind, prompt, said, label=label, **common)
    if "messages" in has:
        said = tuple(raw["messages"])
        begins = next((i for i, one in enumerate(said) if one["role"] == "assistant"), len(said))
        if 0 < begins < len(said):
            return TrainingRow(RowKind.SFT, said[:begins], said[begins:], **common)
        raise wrong("$.messages", "a request and an answer to it", "Add what is missing.")
    missing = next((n for n in ("prompt", "chosen", "rejected") if n not in has), "prompt")
    raise wrong(
        f"$.{missing}",
        "messages: prompt, chosen and rejected; or prompt and completion; or messages",
        "Write the file with `toolgrove mine`, or add what is missing.",
    )


def of_kind(rows: Iterable[TrainingRow], kind: RowKind) -> Iterator[TrainingRow]:
    """Rows of one kind: those that are, and those that pairs give, each once.

    A pair gives its chosen side to imitate, and both its sides with a label.
    """
    seen: set[bytes] = set()
    for row in rows:
        for made in _turned(row, kind):
            key = codec.digest([made.prompt, made.chosen, made.rejected, made.label]).encode()
            if key not in seen:
                seen.add(key)
                yield made


def _turned(row: TrainingRow, kind: RowKind) -> list[TrainingRow]:
    if row.kind is kind:
        return [row]
    if row.kind is not RowKind.DPO:
        return []
    if kind is RowKind.SFT:
        return [replace(row, kind=kind, rejected=())]
    sides = ((row.chosen, True), (row.rejected, False))
    return [replace(row, kind=kind, chosen=s, rejected=(), label=wanted) for s, wanted in sides]


def calls_of(messages: Iterable[JsonObject]) -> list[JsonObject]:
    """The functions that messages call, in order: ``name`` and ``arguments`` of each."""
    return [call["function"] for message in messages for call in message.get("tool_calls") or ()]


def is_learnt(message: JsonObject) -> bool:
    """Whether a message of a side is a reply to imitate, and not one that is shown only."""
    return message["role"] == "assistant" and message.get("weight") != 0


def by_turn(row: TrainingRow) -> list[TrainingRow]:
    """A row as one for each of its turns that are to be imitated, after all that is before it.

    So a trainer that learns all of a completion learns neither what tools answered nor the replies
    that are shown only.
    """
    said = [*row.prompt, *row.chosen]
    learnt = [place >= len(row.prompt) and is_learnt(one) for place, one in enumerate(said)]
    begins = [at for at in range(1, len(said)) if learnt[at] and not learnt[at - 1]]
    ends = [at for at in range(1, len(said) + 1) if learnt[at - 1] and not any(learnt[at : at + 1])]
    return [
        replace(row, prompt=tuple(said[:begin]), chosen=tuple(said[begin:end]))
        for begin, end in zip(begins, ends, strict=True)
    ]


def request_of(row: TrainingRow) -> str:
    """What the user asked for: the words of the first message of a user.

    A prompt that begins with examples names each request (``Request: …``): the last one is asked.
    """
    users = [one["content"] for one in row.prompt if one["role"] == "user"]
    named = [found[1] for found in map(_NAMED.search, users) if found]
    return (named[-1:] or users[:1] or [""])[0]


def is_test(row: TrainingRow, share: float) -> bool:
    """Whether a row is of the part that is held back: all rows of a request are, or none.

    Examples
    --------
    >>> row = TrainingRow(RowKind.SFT, ({"role": "user", "content": "How far?"},), ())
    >>> is_test(row, 0.0), is_test(row, 1.0)
    (False, True)
    """
    words = " ".join(re.findall(r"\w+", request_of(row).casefold()))
    return int(codec.digest(words)[:8], 16) < share * 2**32
