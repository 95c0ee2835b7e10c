"""A provider that refuses one tool does not end the run: it goes on without it, and says so."""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from toolgrove import Agent
from toolgrove.agent.models.openai_compatible import OpenAICompatibleChatModel
from toolgrove.errors import ModelError
from toolgrove.planners.chat import Chat

FINISH = {"return_type": "give_answer", "final_answer": "42"}


class Provider:
    """Chat completions that refuse a request whose tools break a rule, as strict providers do."""

    def __init__(self) -> None:
        self.refuses = re.compile("(?!)")
        self.says = "Invalid schema for function '{name}': it is not liked."
        self.offered: list[list[str]] = []
        self.url = ""

    def answer(self, body: Any) -> tuple[int, Any]:
        names = [tool["function"]["name"] for tool in body.get("tools", ())]
        self.offered.append(names)
        bad = [(place, name) for place, name in enumerate(names) if self.refuses.search(name)]
        if bad:
            place, name = bad[0]
            return 400, {"error": {"message": self.says.format(name=name, place=place)}}
        call = {"name": "Finish", "arguments": json.dumps(FINISH)}
        said = {"role": "assistant", "content": None, "tool_calls": [
            {"id": "c", "type": "function", "function": call}]}  # fmt: skip
        return 200, {"choices": [{"message": said, "finish_reason": "tool_calls"}]}


@pytest.fixture
def provider() -> Iterator[Provider]:
    found = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            code, answer = found.answer(body)
            data = json.dumps(answer).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def good(a: int) -> int:
    """Good."""
    return a


def bad(a: int) -> int:
    """Bad."""
    return a


def worse(a: int) -> int:
    """Worse."""
    return a


@pytest.mark.parametrize(
    "says",
    [
        "Invalid schema for function '{name}': it is not liked.",
        "tools.{place}.custom.input_schema: it is not liked",
        "tools[{place}].function.parameters: it is not liked",
        "{name} has a schema that is not liked",
    ],
)
def test_the_run_goes_on_without_the_tool_that_is_refused(
    provider: Provider, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    provider.refuses, provider.says = re.compile("bad|worse"), says
    agent = Agent(model=f"openai-compatible:{provider.url}#m", tools=[bad, good, worse])
    with caplog.at_level(logging.WARNING):
        outcome = agent.invoke("How many?")
    assert outcome.answer == "42"
    assert [len(names) for names in provider.offered] == [4, 3, 2]
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert all("goes on without it" in one and "not liked" in one for one in said)


async def test_what_is_refused_is_told_in_each_reply_and_not_offered_again(
    provider: Provider,
) -> None:
    provider.refuses = re.compile("^bad$")
    functions = [{"name": name, "description": name, "parameters": {"type": "object"}}
                 for name in ("good", "bad")]  # fmt: skip
    chat = Chat(OpenAICompatibleChatModel(base_url=provider.url), functions)
    for _ in range(2):
        reply = await chat.ask([], "c")
        assert list(reply.notes["refused"]) == ["bad"]
    other = chat.offering(functions[1:])
    assert list((await other.ask([], "c")).notes["refused"]) == ["bad"]
    assert provider.offered == [["good", "bad"], ["good"], ["good"], []]
    assert (await chat.offering(functions[:1]).ask([], "c")).notes == {}


@pytest.mark.parametrize("says", ["Too many tokens.", "good and bad clash", "'Finish' is bad"])
async def test_a_refusal_that_names_no_single_tool_ends_it(provider: Provider, says: str) -> None:
    provider.refuses, provider.says = re.compile("^good$"), says
    functions = [{"name": name, "description": name, "parameters": {"type": "object"}}
                 for name in ("good", "bad", "Finish")]  # fmt: skip
    chat = Chat(OpenAICompatibleChatModel(base_url=provider.url), functions)
    with pytest.raises(ModelError, match="400"):
        await chat.ask([], "c")
    assert len(provider.offered) == 1
