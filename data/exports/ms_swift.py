"""Rows for ms-swift; tried with the loader of 4.6.

``messages`` is the whole conversation with the chosen side, ``rejected_messages`` the one with the
other. A call is a message of its own with the role ``tool_call``, its result one of
``tool_response``, in the order of the calls. Replies that are not to be imitated, those of a
prompt among them, say so: ``"loss": false``.
"""

from __future__ import annotations

from collections.abc import Iterable

from toolgrove.data import codec
from toolgrove.data.exports.rows import RowKind, TrainingRow, is_learnt
from toolgrove.data.exports.unfit import UnfitRow
from toolgrove.data.records import JsonObject

__all__ = ["dump_row"]


def dump_row(row: TrainingRow) -> JsonObject:
    """A row as ms-swift's loader keeps it.

    Raises
    ------
    UnfitRow
        Where the results of a step's calls cannot be put in the order of the calls.
    """
    if row.kind is RowKind.SFT:
        said = [*({**one, "weight": 0} for one in row.prompt), *row.chosen]
        made: dict[str, object] = {"messages": _messages(said, mask=True)}
    else:
        before = _messages(row.prompt)
        made = {"messages": before + _messages(row.chosen)}
    if row.kind is RowKind.DPO:
        made["rejected_messages"] = before + _messages(row.rejected)
    if row.kind is RowKind.KTO:
        made["label"] = row.label
    if row.tools:
        made["tools"] = codec.dumps(row.tools).decode()
    return made


def _messages(messages: Iterable[JsonObject], *, mask: bool = False) -> list[JsonObject]:
    made: list[JsonObject] = []
    waiting: list[str] = []
    for message in messages:
        role, content = message["role"], message["content"]
        if role == "tool":
            if waiting and message.get("tool_call_id", waiting[0]) != waiting.pop(0):
                raise UnfitRow("results that stand in another order than their calls")
            made.append({"role": "tool_response", "content": content})
            continue
        calls = message.get("tool_calls") or ()
        shown = {"loss": False} if mask and role == "assistant" and not is_learnt(message) else {}
        waiting = [call.get("id", "") for call in calls]
        if content or not calls:
            made.append({"role": role, "content": content, **shown})
        for call in calls:
            function = call["function"]
            said = {"name": function["name"], "arguments": function["arguments"]}
            made.append({"role": "tool_call", "content": codec.dumps(said).decode(), **shown})
    return made
