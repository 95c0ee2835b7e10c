"""An MCP server over stdio without the SDK, which does what no SDK's server would.

``python raw_mcp_server.py MODE [PORT]``. With a port it starts a program of its own before it hangs
or answers, which connects there and stays: the connection ends when that program does.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from typing import Any

MODE = sys.argv[1]
STAYS = """
import socket, time
connection = socket.create_connection(("127.0.0.1", {}))
print("connected", flush=True)
time.sleep(600)
"""
OBJECT = {"type": "object", "properties": {"x": {"type": "string"}}}
GOOD = {"name": "good", "description": "d", "inputSchema": OBJECT}
TOOLS: dict[str, list[Any]] = {
    "one bad": [
        GOOD,
        {"name": "bad"},
        {"name": "null", "inputSchema": None},
        {"inputSchema": OBJECT},
        "no tool",
        {**GOOD, "name": "annotated", "annotations": {"readOnlyHint": True}},
    ],
}
ANSWERS: dict[str, dict[str, Any]] = {
    "summary": {
        "content": [{"type": "text", "text": "found 2 rows"}],
        "structuredContent": {"rows": [{"id": 7}, {"id": 8}]},
    },
    "whole": {
        "content": [{"type": "text", "text": "id 7 (a), id 8 (b), true"}],
        "structuredContent": {"rows": [{"id": 7}, {"id": 8}], "names": ["a", "b"], "ok": True},
    },
    "other number": {
        "content": [{"type": "text", "text": "row 75"}],
        "structuredContent": {"id": 7, "none": None},
    },
    "only structured": {"structuredContent": {"a": 1}},
    "new part": {
        "content": [
            {"type": "text", "text": "before"},
            {"type": "video", "url": "x"},
            {"type": "text", "text": "after"},
        ]
    },
    "text": {"content": "bare"},
}


def start() -> None:
    """Start the program, and wait until it is connected."""
    if len(sys.argv) > 2:
        command = [sys.executable, "-c", STAYS.format(sys.argv[2])]
        program = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert program.stdout is not None
        program.stdout.readline()


def say(message: Any) -> None:
    print(json.dumps(message), flush=True)


def listed(cursor: str | None) -> dict[str, Any]:
    if MODE == "same cursor":
        return {"tools": [{**GOOD, "name": cursor or "first"}], "nextCursor": "second"}
    if MODE == "no more":
        return {"tools": [GOOD], "nextCursor": ""}
    return {"tools": TOOLS.get(MODE, [GOOD])}


def answer(asked: dict[str, Any]) -> dict[str, Any] | None:
    given = asked.get("params") or {}
    match asked["method"]:
        case "initialize":
            about = {"name": "raw", "version": "1"}
            version = given["protocolVersion"]
            return {"result": {"protocolVersion": version, "capabilities": {}, "serverInfo": about}}
        case "tools/list":
            if MODE == "list hangs":
                start()
                return None
            return {"result": listed(given.get("cursor"))}
        case "tools/call":
            wanted = given["arguments"]["x"]
            if wanted == "error":
                return {"error": {"code": -32603, "message": "no", "data": {"why": "closed"}}}
            if wanted == "bare error":
                return {"error": "oops"}
            if wanted == "half":
                return {"result": {"content": [{"type": "text", "text": "a\ud800b"}]}}
            return {"result": ANSWERS[wanted]}
    return {"error": {"code": -32601, "message": "unknown"}}


def main() -> None:
    if MODE != "list hangs":
        start()
    if MODE == "hangs":
        threading.Event().wait()
    print("starting ...", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        said = answer(asked) if "id" in asked else None
        if said is not None:
            say({"jsonrpc": "2.0", "id": asked["id"], **said})


if __name__ == "__main__":
    main()
