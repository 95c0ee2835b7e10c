"""Preference pairs as rows for TRL's DPO trainer, conversational and with an explicit prompt.

A row is a JSON object on a line::

    prompt, chosen, rejected   messages; ``content`` is a string, ``arguments`` an object
    tools                      JSON text of the functions on offer, or null
    origin                     JSON text: where the pair came from, and its faults

Load them, and rows of other kinds, with :func:`features`. Left to guess, ``datasets`` (5.2) reads
an argument such as ``"2022-07-01"`` as a timestamp and ``"02139"`` as 2139, and fills missing keys
with null; with a JSON feature for each message it gives back what was written. For the same reason
``tools`` is text, which TRL (1.16) parses itself. Rows whose prompt fills ``max_length`` TRL drops
in silence.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolgrove.data import codec
from toolgrove.data.formats.check import unreadable
from toolgrove.data.functions import CONTROL_FUNCTIONS, FINISH_FUNCTION, function
from toolgrove.data.records import Message, PreferencePair, Role
from toolgrove.errors import FormatError
from toolgrove.machine.files import write_beside

if TYPE_CHECKING:
    import datasets

__all__ = ["SavedPairs", "columns_of", "dump_pair", "features", "save_pairs", "unfit"]

_INT64 = 2**63
_DEEPEST = 200
_TOO_DEEP = object()
_NO_UNICODE = "text that is not Unicode"
_OFFERED = ("aliases", "controls")
"""Of a pair's origin, what ``tools`` says in its row."""


def unfit(pair: PreferencePair) -> str | None:
    """Why a pair cannot be a row; None where it can.

    ``datasets`` holds neither arguments that are no JSON object nor whole numbers past 64 bits,
    a text may hold no half of a surrogate pair, and JSON has no number that is not finite.
    """
    for message in (*pair.prompt, *pair.chosen, *pair.rejected):
        texts = [message.content, message.name or "", message.call_id or ""]
        for call in message.calls:
            if call.malformed is not None or not isinstance(call.arguments, Mapping):
                return "arguments that are no JSON object"
            texts += [call.id, call.name]
            why = next(filter(None, map(_unfit, _leaves([call.arguments]))), None)
            if why is not None:
                return why
        if not all(map(_encodable, texts)):
            return _NO_UNICODE
    return None


def _unfit(leaf: Any) -> str | None:
    if isinstance(leaf, str):
        return None if _encodable(leaf) else _NO_UNICODE
    if isinstance(leaf, int):
        return None if -_INT64 <= leaf < _INT64 else "a whole number past 64 bits"
    if isinstance(leaf, float):
        return None if math.isfinite(leaf) else "a number that is not finite"
    if leaf is _TOO_DEEP:
        return "arguments that are nested too deeply"
    return None if leaf is None else "a value that is not JSON"


def dump_pair(pair: PreferencePair) -> dict[str, Any]:
    """A pair as a row.

    Raises
    ------
    ValueError
        Where the pair is :func:`unfit`.

    Examples
    --------
    >>> from toolgrove import ToolCall
    >>> pair = PreferencePair(
    ...     [Message(Role.USER, "Where is 02139?")],
    ...     [Message(Role.ASSISTANT, calls=(ToolCall("c", "zip", {"code": "02139"}),))],
    ...     [Message(Role.ASSISTANT, "No idea.")])
    >>> row = dump_pair(pair)
    >>> row["chosen"][0]["content"], row["chosen"][0]["tool_calls"][0]["function"], row["tools"]
    ('', {'name': 'zip', 'arguments': {'code': '02139'}}, None)
    """
    why = unfit(pair)
    if why is not None:
        raise ValueError(f"a pair with {why} cannot be a row")
    names = {tool: alias for alias, tool in pair.origin.get("aliases", {}).items()}
    offered = [function(spec, names.get(spec.id, spec.id)) for spec in pair.tools]
    said = (*pair.prompt, *pair.chosen, *pair.rejected)
    controls = {call.name for message in said for call in message.calls}
    controls.update(pair.origin.get("controls", ()))
    own = [*(f for name, f in CONTROL_FUNCTIONS.items() if name in controls), FINISH_FUNCTION]
    tools = [{"type": "function", "function": f} for f in (*offered, *own)]
    origin = {key: value for key, value in pair.origin.items() if key not in _OFFERED}
    return {
        "prompt": [_message(message) for message in pair.prompt],
        "chosen": [_message(message) for message in pair.chosen],
        "rejected": [_message(message) for message in pair.rejected],
        "tools": codec.dumps(tools).decode() if offered else None,
        "origin": codec.dumps(origin).decode(),
    }


def _message(message: Message) -> dict[str, Any]:
    row: dict[str, Any] = {"role": message.role.value, "content": message.content}
    if message.calls:
        row["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": dict(call.arguments)},
            }
            for call in message.calls
        ]
    if message.role is Role.TOOL:
        row["tool_call_id"], row["name"] = message.call_id or "", message.name or ""
    return row


@dataclass(frozen=True, slots=True)
class SavedPairs:
    """How many pairs were written, and how many were left out, by the reason."""

    pairs: int
    left_out: Mapping[str, int]


def save_pairs(path: str | Path, pairs: Iterable[PreferencePair]) -> SavedPairs:
    """Write pairs as JSON lines, one in memory at a time; the file appears when it is whole.

    Returns
    -------
    SavedPairs
        Pairs that are :func:`unfit` are left out and counted.
    """
    written = 0
    left_out: Counter[str] = Counter()

    def lines() -> Iterator[bytes]:
        nonlocal written
        for pair in pairs:
            why = unfit(pair)
            if why is not None:
                left_out[why] += 1
                continue
            yield codec.dumps(dump_pair(pair)) + b"\n"
            written += 1

    write_beside(path, lines())
    return SavedPairs(written, dict(left_out))


_PAIR: Mapping[str, Any] = {"prompt": [{}], "chosen": [{}], "rejected": [{}]}
_TEXTS: Mapping[str, Any] = {"tools": "", "origin": ""}


def features(file: str | Path | None = None) -> datasets.Features:
    """What ``datasets.load_dataset("json", …, features=features())`` wants (extra ``train``).

    Parameters
    ----------
    file : str or Path or None
        The file of rows, whatever their kind; its first row tells the columns. Without it, pairs.

    Raises
    ------
    FormatError
        Where the file's first line is no row.
    """
    return columns_of({**_PAIR, **_TEXTS} if file is None else _first(file))


def columns_of(row: Mapping[str, Any]) -> datasets.Features:
    """The types of a row's columns: messages are JSON, whatever arguments they hold."""
    from datasets import Features, Json, List, Value

    def of(value: Any) -> Any:
        if isinstance(value, list):
            return List(Value("string") if value and isinstance(value[0], str) else Json())
        types = {bool: "bool", int: "int64", float: "float64"}
        return Value(types.get(type(value), "string"))

    return Features({name: of(value) for name, value in row.items()})


def _first(file: str | Path) -> Mapping[str, Any]:
    try:
        with Path(file).open("rb") as lines:
            row = codec.loads(next(iter(lines), b""))
    except OSError as error:
        raise unreadable(file, error) from None
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise FormatError(str(file), "line 1", "a row", "Write it with `toolgrove mine`.")
    return row


def _leaves(value: Any) -> Iterator[Any]:
    """Whatever is no object or list in a JSON value, keys included."""
    waiting = [(value, 0)]
    while waiting:
        part, depth = waiting.pop()
        if depth > _DEEPEST:
            yield _TOO_DEEP
        elif isinstance(part, Mapping):
            waiting += [(inner, depth + 1) for inner in (*part, *part.values())]
        elif isinstance(part, list | tuple):
            waiting += [(inner, depth + 1) for inner in part]
        else:
            yield part


def _encodable(text: str) -> bool:
    if text.isascii():  # as most are, and as is known of a text
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
