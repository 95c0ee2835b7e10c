"""What each trainer's own loader keeps of a row, written after its source.

They are strict where the loaders are silent: what is dropped there without a word is missing here.
``benchmarks/exports.py`` runs the loaders themselves on the same rows.
"""

from __future__ import annotations

import json
import re
from typing import Any

Row = dict[str, Any]
_MS_SWIFT = {"system", "user", "tool_call", "tool_response", "tool", "assistant"}


def llamafactory(row: Row, info: Row) -> Row | None:
    """``SharegptDatasetConverter`` of LLaMA-Factory 0.9.5; None where it skips the row."""
    tags, columns = info["tags"], info["columns"]
    role, content = tags["role_tag"], tags["content_tag"]
    asked = (tags["user_tag"], tags["observation_tag"])
    gave = (tags["assistant_tag"], tags["function_tag"])
    messages, system = row[columns["messages"]], ""
    if messages and messages[0][role] == tags["system_tag"]:
        system, messages = messages[0][content], messages[1:]
    if any(one[role] not in (gave if i % 2 else asked) for i, one in enumerate(messages)):
        return None
    if (len(messages) % 2 == 0) is bool(info.get("ranking")):
        return None
    said = [{"role": one[role], "content": one[content]} for one in messages]
    if info.get("ranking"):
        sides = [row[columns[name]] for name in ("chosen", "rejected")]
        if any(side[role] not in gave for side in sides):
            return None
        response = [{"role": side[role], "content": side[content]} for side in sides]
    else:
        said, response = said[:-1], said[-1:]
    tools = row[columns["tools"]]
    return {"prompt": said, "response": response, "system": system, "tools": tools}


def llamafactory_calls(turn: Row) -> tuple[str, list[Row]]:
    """``FunctionFormatter`` of 0.9.5: the words and the calls of a turn of the model."""
    if turn["role"] != "function_call":
        return turn["content"], []
    text = turn["content"]
    marked = re.search(r"<tool_call>(.*?)</tool_call>", text, re.DOTALL)
    words = text.replace(marked[0], "") if marked else ""
    calls = json.loads(marked[1] if marked else text)
    return words, calls if isinstance(calls, list) else [calls]


def ms_swift(row: Row) -> Row:
    """``RowPreprocessor`` of ms-swift 4.6 and the calls that its agent templates read."""
    kept = {}
    for key in ("messages", "rejected_messages"):
        for message in row.get(key, ()):
            assert message["role"] in _MS_SWIFT
            said: Row = {"role": message["role"], "content": message["content"]}
            if message["role"] == "tool_call":
                said["content"] = json.loads(message["content"])
                assert set(said["content"]) == {"name", "arguments"}
            kept.setdefault(key, []).append(said)
    return {**kept, "tools": json.loads(row["tools"]) if row.get("tools") else None}


def axolotl_chat(row: Row) -> Row:
    """``dpo.chat_template`` of Axolotl 0.19: role and content of each message, nothing else."""
    last = {name: row[name][-1] for name in ("chosen", "rejected")}
    return {
        "messages": [{"role": m["role"], "content": m["content"]} for m in row["prompt"]],
        **{name: {"role": m["role"], "content": m["content"]} for name, m in last.items()},
    }


def axolotl_text(row: Row) -> Row:
    """``dpo.user_defined`` of Axolotl 0.19 with its formats left alone."""
    return {name: row[name] for name in ("prompt", "chosen", "rejected")}


def openrlhf(row: Row, template: Any = None) -> tuple[str, str, str]:
    """``preprocess_data`` of OpenRLHF 0.11.2: with a template it is given messages, no tools."""
    if template is None:
        return row["prompt"], row["chosen"], row["rejected"]
    prompt = template.text(row["prompt"], (), asks=True)
    sides = (template.text(row["prompt"] + row[name], ()) for name in ("chosen", "rejected"))
    chosen, rejected = (side[len(prompt) :] for side in sides)
    return prompt, chosen, rejected
