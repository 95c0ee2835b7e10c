"""Tools of four kinds that kill the agent's process while a call of theirs is under way.

``python dying_writes.py FOLDER`` is an MCP server over stdio with such a tool.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

KINDS = ("function", "async function", "method", "langchain", "mcp", "http")


def act(folder: Path) -> str:
    """Take note of a call, then kill the process that ``armed`` names."""
    with (folder / "done.txt").open("a") as stream:
        stream.write("done\n")
    armed = folder / "armed"
    if armed.exists():
        os.kill(int(armed.read_text()), signal.SIGKILL)
    return "acted"


def solve(folder: Path, kind: str, effect: str, url: str) -> Any:
    """Run an agent that calls a tool of this kind once, in ``folder/run``."""
    import asyncio

    from toolgrove.agent.agent import Agent
    from toolgrove.agent.models.scripted import ScriptedModel, call, finish
    from toolgrove.data.records import Task

    def script(messages: Any) -> Any:
        return finish("done") if messages[-1].type == "tool" else call(name, text="x")

    made = _tool(folder, kind, effect, url)
    agent = Agent(
        model=ScriptedModel(script=script),
        tools=[made],
        planner="react",
        hosts={"api.example": url},
        trusted=[_address(folder, effect)],
    )
    [spec] = agent.registry
    assert spec.effect.value == effect
    name = agent.registry.alias(spec.id)
    return asyncio.run(agent.solve(Task("t", "Act."), folder / "run"))


def die(folder: Path, kind: str, effect: str, url: str) -> None:
    """What the child does: it names itself as the one to be killed, then runs."""
    (folder / "armed").write_text(str(os.getpid()))
    solve(folder, kind, effect, url)


def _address(folder: Path, effect: str) -> str:
    return f"mcp+stdio:{sys.executable} {Path(__file__).resolve()} {folder} {effect}"


def _tool(folder: Path, kind: str, effect: str, url: str) -> Any:
    import asyncio

    from toolgrove.data.records import Effect, ToolSpec
    from toolgrove.tools.mcp.source import load_mcp
    from toolgrove.tools.python.effect import tool

    class Desk:
        @tool(effect=effect)
        def act(self, text: str) -> str:
            """Act."""
            return act(folder)

    @tool(effect=effect)
    def function(text: str) -> str:
        """Act."""
        return act(folder)

    @tool(effect=effect)
    async def waiting(text: str) -> str:
        """Act."""
        return act(folder)

    match kind:
        case "function":
            return function
        case "async function":
            return waiting
        case "method":
            return Desk().act
        case "langchain":
            from langchain_core.tools import tool as langchain_tool

            return langchain_tool(function)
        case "mcp":
            [spec], _ = asyncio.run(load_mcp(_address(folder, effect)))
            return spec
        case _:
            method = "POST" if effect == "write" else "GET"
            return ToolSpec(
                *("A/b/act", "A", "b", "act"),
                parameters={"type": "object", "properties": {"text": {"type": "string"}}},
                effect=Effect(effect),
                binding={
                    "kind": "http",
                    "method": method,
                    "url": "http://api.example/act",
                    "in": {"text": "query"},
                },
            )


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The tool over HTTP: the URL of its server."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            act(folder)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b'"acted"')

        do_GET = do_POST = answer  # noqa: N815 - the names that http.server looks for

        def log_message(self, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *args: object) -> None:
            pass  # whoever asked may be dead by now

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _serve_mcp(folder: Path, effect: str) -> None:
    from mcp.server.mcpserver import MCPServer
    from mcp.types import ToolAnnotations

    server = MCPServer("desk")
    notes = ToolAnnotations(read_only_hint=effect == "read")

    @server.tool(name="act", annotations=notes)
    def served(text: str) -> str:
        """Act."""
        return act(folder)

    server.run()


if __name__ == "__main__":
    _serve_mcp(Path(sys.argv[1]), sys.argv[2])
