"""Rows for LLaMA-Factory, in its ``sharegpt`` form; tried with the loader of 0.9.5.

That form has one text a turn. A side that holds calls is a turn of ``function_call`` whose text is
a JSON list of names and arguments; the key ``tool_calls`` would be dropped without a word. Words
beside calls stand before that list, which then is marked as the loader's templates look for it.
The turns of user and model must alternate, and a pair's sides are one turn each: several results
of one step are one turn, a JSON list; so are words of the model and the calls that come next.
No turn can be left unlearnt but all before the last one, by ``mask_history: true``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from toolgrove.data import codec
from toolgrove.data.exports.rows import RowKind, TrainingRow, calls_of
from toolgrove.data.exports.unfit import UnfitRow
from toolgrove.data.records import JsonObject

__all__ = ["dataset_info", "dump_row"]

_TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "observation_tag": "observation",
    "function_tag": "function_call",
    "system_tag": "system",
}
_MARKED = ("<tool_call>", "</tool_call>")


def dump_row(row: TrainingRow) -> JsonObject:
    """A row as LLaMA-Factory's loader keeps it.

    Raises
    ------
    UnfitRow
        Where a side is no single turn, the turns do not alternate, or one is not to be imitated.
    """
    if row.kind is RowKind.SFT and any(one.get("weight") == 0 for one in row.chosen):
        raise UnfitRow("replies that are shown only, where the form has all of them learnt")
    made: dict[str, object] = {}
    turns = _turns(row.prompt)
    if row.kind is RowKind.DPO:
        made["chosen"], made["rejected"] = (_one(_turns(side)) for side in row.sides.values())
    else:
        turns += _turns(row.chosen)
    if row.kind is RowKind.KTO:
        _one(_turns(row.chosen))
        made["label"] = row.label
    _must_alternate(turns, whole=row.kind is not RowKind.DPO)
    tools = [tool["function"] for tool in row.tools]
    return {"messages": turns, **made, "tools": codec.dumps(tools).decode() if tools else ""}


def dataset_info(files: Iterable[tuple[str, RowKind]]) -> JsonObject:
    """What ``dataset_info.json`` says of files of such rows."""
    info = {}
    for name, kind in files:
        columns = {"messages": "messages", "tools": "tools"}
        if kind is RowKind.DPO:
            columns |= {"chosen": "chosen", "rejected": "rejected"}
        if kind is RowKind.KTO:
            columns["kto_tag"] = "label"
        info[f"toolgrove_{name.removesuffix('.jsonl').replace('.', '_')}"] = {
            "file_name": name,
            "formatting": "sharegpt",
            "columns": columns,
            "tags": _TAGS,
            **({"ranking": True} if kind is RowKind.DPO else {}),
        }
    return info


def _turns(messages: Iterable[JsonObject]) -> list[dict[str, str]]:
    """Messages as turns: what a tool, or the model, says in several messages is one turn."""
    turns: list[dict[str, str]] = []
    for role, group in groupby(messages, lambda one: one["role"]):
        said = list(group)
        if role == "assistant":
            turns.append(_turn(said))
        elif role == "tool":
            texts = [one["content"] for one in said]
            text = texts[0] if len(texts) == 1 else codec.dumps(texts).decode()
            turns.append({"role": "observation", "content": text})
        else:
            turns += [{"role": role, "content": one["content"]} for one in said]
    return turns


def _turn(messages: Sequence[JsonObject]) -> dict[str, str]:
    words = "\n".join(one["content"] for one in messages if one["content"])
    made = [{"name": f["name"], "arguments": f["arguments"]} for f in calls_of(messages)]
    if not made:
        return {"role": "assistant", "content": words}
    # an angle bracket in an argument must not look like the mark around the list
    text = codec.dumps(made).decode().replace("<", "\\u003c")
    if any(mark in words for mark in (*_MARKED, "<think>")):
        raise UnfitRow("words beside a call that hold the loader's own marks")
    marked = f"{words}\n{_MARKED[0]}{text}{_MARKED[1]}" if words.strip() else text
    return {"role": "function_call", "content": marked}


def _one(turns: Sequence[dict[str, str]]) -> dict[str, str]:
    if len(turns) != 1 or turns[0]["role"] not in ("assistant", "function_call"):
        raise UnfitRow("a side of several turns, where the form has one")
    return turns[0]


def _must_alternate(turns: Sequence[dict[str, str]], *, whole: bool) -> None:
    roles = [turn["role"] for turn in turns]
    roles = roles[1:] if roles[:1] == ["system"] else roles
    asked, gave = ("user", "observation"), ("assistant", "function_call")
    fits = all(role in (gave if place % 2 else asked) for place, role in enumerate(roles))
    if not fits or (len(roles) % 2 == 0) is not whole:
        raise UnfitRow("turns that do not alternate between the user or a tool, and the model")
