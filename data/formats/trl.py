"""Preference pairs as rows for TRL's DPO trainer, conversational and with an explicit prompt.

A row is a JSON object on a line::

    prompt, chosen, rejected   messages; ``content`` is a string, ``arguments`` an object
    tools                      JSON text of the functions on offer, or null
    origin                     JSON text: where the pair came from, and its faults

Load them with :func:`features`. Left to guess, ``datasets`` (5.2) reads an argument such as
``"2022-07-01"`` as a timestamp and ``"02139"`` as 2139, and fills missing keys with null; with a
JSON feature for each message it gives back what was written. For the same reason ``tools`` is
text, which TRL (1.16) parses itself. Rows whose prompt fills ``max_length`` TRL drops in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolgrove.data import codec
from toolgrove.data.functions import CONTROL_FUNCTIONS, FINISH_FUNCTION, function
from toolgrove.data.records import Message, PreferencePair, Role
from toolgrove.machine.files import write_beside

if TYPE_CHECKING:
    import datasets

__all__ = ["dump_pair", "features", "save_pairs", "unfit"]

_INT64 = 2**63


def unfit(pair: PreferencePair) -> str | None:
    """Why a pair cannot be a row; None where it can.

    ``datasets`` holds neither arguments that are no JSON object nor whole numbers past 64 bits,
    and a message text may hold no half of a surrogate pair.
    """
    for message in (*pair.prompt, *pair.chosen, *pair.rejected):
        if any(call.malformed is not None for call in message.calls):
            return "arguments that are no JSON object"
        for text in _leaves([message.content, *(dict(c.arguments) for c in message.calls)]):
            if isinstance(text, int) and not -_INT64 <= text < _INT64:
                return "a whole number past 64 bits"
            if isinstance(text, str) and not _encodable(text):
                return "text that is not Unicode"
    return None


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
    called = {call.name for message in said for call in message.calls}
    own = [*(f for name, f in CONTROL_FUNCTIONS.items() if name in called), FINISH_FUNCTION]
    tools = [{"type": "function", "function": f} for f in (*offered, *own)]
    origin = {key: value for key, value in pair.origin.items() if key != "aliases"}
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


def save_pairs(path: str | Path, pairs: Iterable[PreferencePair]) -> None:
    """Write pairs as JSON lines, one in memory at a time; the file appears when it is whole.

    Raises
    ------
    ValueError
        For a pair that is :func:`unfit`.
    """
    write_beside(path, (codec.dumps(dump_pair(pair)) + b"\n" for pair in pairs))


def features() -> datasets.Features:
    """What ``datasets.load_dataset("json", …, features=features())`` wants (extra ``train``)."""
    from datasets import Features, Json, List, Value

    messages = List(Json())
    return Features(
        {
            "prompt": messages,
            "chosen": messages,
            "rejected": messages,
            "tools": Value("string"),
            "origin": Value("string"),
        }
    )


def _leaves(value: Any) -> Iterator[Any]:
    """Strings and numbers in a JSON value, keys included."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Mapping):
            waiting += [*part, *part.values()]
        elif isinstance(part, list | tuple):
            waiting += part
        else:
            yield part


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
