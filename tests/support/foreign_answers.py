"""Answers and votes of others, made small, and ``toolgrove score`` called on them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from toolgrove.cli.main import app

TOOL = {"name": "far_for_map", "description": "How far it is.", "parameters": {}}


def finish(answer: str) -> dict[str, str]:
    said = json.dumps({"return_type": "give_answer", "final_answer": answer})
    return {"name": "Finish", "arguments": said, "response": ""}


def converted(query: str, answer: str | None, *, cut: int | None = None) -> dict[str, Any]:
    """One converted answer; None gave none. With ``cut``, messages are text, as ToolBench's."""
    called = {"name": "far_for_map", "arguments": "{}", "response": '{"error": ""}'}
    messages: list[Any] = [called, *([] if answer is None else [finish(answer)])]
    below: list[Any] = []
    for message in reversed(messages):
        shown = message if cut is None else str(message)[:cut]
        below = [{"role": "tool", "message": shown, "next": below}]
    final = "" if answer is None else finish(answer)["arguments"]
    path = {"method": "CoT@1", "total_steps": 2, "final_answer": final, "answer_details": below}
    return {"query": query, "available_tools": [TOOL], "answer": path}


def votes(*words: str) -> dict[str, Any]:
    return {"is_solved": {str(run): f"AnswerStatus.{word}" for run, word in enumerate(words)}}


def written(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["score", *map(str, arguments)])


def printed(*arguments: object) -> dict[str, Any]:
    result = call(*arguments, "--json")
    assert result.exit_code == 0, result.output or result.exception
    found: dict[str, Any] = json.loads(result.stdout)
    return found
