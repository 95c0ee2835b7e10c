"""Training rows to try exports on: what is hard to keep is in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TOOL = {
    "type": "function",
    "function": {
        "name": "far_for_map",
        "description": "How far.",
        "parameters": {"type": "object", "properties": {"to": {"type": "string"}}},
    },
}
OTHER = {
    "type": "function",
    "function": {
        "name": "zip_for_post",
        "parameters": {"type": "object", "properties": {"code": {"type": "string"}}},
    },
}


def call(name: str, place: int = 1, content: str = "", **arguments: Any) -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    made = {"id": f"call{place:05d}", "type": "function", "function": function}
    return {"role": "assistant", "content": content, "tool_calls": [made]}


def says(content: str) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


def told(content: str, place: int = 1, name: str = "far_for_map") -> dict[str, Any]:
    return {"role": "tool", "content": content, "tool_call_id": f"call{place:05d}", "name": name}


def asked(request: str = "How far is Bergen from 02139?") -> list[dict[str, Any]]:
    return [{"role": "system", "content": "Use tools."}, {"role": "user", "content": request}]


def pair(
    chosen: list[dict[str, Any]],
    rejected: list[dict[str, Any]],
    prompt: list[dict[str, Any]] | None = None,
    **origin: Any,
) -> dict[str, Any]:
    about = {"run": "runs/a", "task": "7", "rule": "step", "faults": [], **origin}
    return {
        "prompt": prompt or asked(),
        "chosen": chosen,
        "rejected": rejected,
        "tools": json.dumps([TOOL, OTHER]),
        "origin": json.dumps(about),
    }


PAIRS = [
    pair([call("far_for_map", to="Bergen")], [call("far_for_map", to="Bergen City")]),
    pair(
        [
            call(
                "zip_for_post",
                2,
                "I look it up.",
                code="02139",
                also={"<tool_call>": [1, None]},
            )
        ],
        [says("I do not know.")],
        [*asked(), call("far_for_map", to="Bergen"), told("no start")],
        rule="arguments",
        faults=["empty_thought"],
    ),
]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
