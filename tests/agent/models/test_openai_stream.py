"""The client for OpenAI-compatible servers in pieces, against a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from toolgrove.agent.agent import Agent
from toolgrove.agent.models.openai_compatible import OpenAICompatibleChatModel
from toolgrove.data.events import ModelToken, RunEnded
from toolgrove.data.records import Usage
from toolgrove.errors import ModelError
from toolgrove.tools.python.effect import tool

SENT: list[str] = []
USAGE = {"prompt_tokens": 9, "completion_tokens": 4}


@tool(effect="write")
def send(text: str) -> str:
    """Send a text."""
    SENT.append(text)
    return "sent"


def text(*pieces: str) -> list[dict[str, Any]]:
    return [{"content": piece} for piece in pieces]


def called(name: str, *pieces: str) -> list[dict[str, Any]]:
    first = {"index": 0, "id": "c1", "function": {"name": name, "arguments": ""}}
    rest = [{"index": 0, "function": {"arguments": piece}} for piece in pieces]
    return [{"tool_calls": [one]} for one in (first, *rest)]


class Server:
    """Streams what it is given, or answers whole where it is told not to stream."""

    def __init__(self) -> None:
        self.replies: list[list[dict[str, Any]]] = []
        self.streams, self.breaks, self.counts = True, False, True
        self.got: list[dict[str, Any]] = []
        this = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                this.got.append(asked)
                if asked.get("stream") and not this.streams:
                    self._send(400, "application/json", b'{"error": "no stream_options here"}')
                elif asked.get("stream"):
                    self._send(200, "text/event-stream", this.events())
                else:
                    self._send(200, "application/json", this.body())

            def _send(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        self.thread = Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def events(self) -> bytes:
        deltas = self.replies.pop(0)
        events = [{"model": "m", "choices": [{"delta": delta}]} for delta in deltas]
        if not self.breaks:
            events.append({"model": "m", "choices": [{"delta": {}, "finish_reason": "stop"}]})
            if self.counts:
                events.append({"model": "m", "choices": [], "usage": USAGE})
        lines = [f": a comment\n\ndata: {json.dumps(event)}\n\n" for event in events]
        return "".join([*lines, "" if self.breaks else "data: [DONE]\n\n"]).encode()

    def body(self) -> bytes:
        said = "".join(delta.get("content", "") for delta in self.replies.pop(0))
        choice = {"message": {"content": said}, "finish_reason": "stop"}
        return json.dumps({"model": "m", "choices": [choice], "usage": USAGE}).encode()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.server.shutdown()
    made.server.server_close()
    made.thread.join()


async def test_a_text_comes_in_pieces_with_its_tokens(server: Server) -> None:
    server.replies = [text("Hel", "lo", " you")]
    model = OpenAICompatibleChatModel(base_url=server.url)
    chunks = [chunk async for chunk in model.astream("hi")]
    assert [str(chunk.text) for chunk in chunks if chunk.text] == ["Hel", "lo", " you"]
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole = whole + chunk
    assert whole.usage_metadata is not None
    assert (whole.usage_metadata["input_tokens"], whole.usage_metadata["output_tokens"]) == (9, 4)
    assert whole.response_metadata["finish_reason"] == "stop"
    assert server.got[0]["stream_options"] == {"include_usage": True}


async def test_calls_come_in_pieces_and_are_made(server: Server) -> None:
    SENT.clear()
    answer = called("Finish", '{"return_type": "give_answer", ', '"final_answer": "do', 'ne"}')
    server.replies = [called("send", '{"te', 'xt": "hel', 'lo"}'), answer]
    agent = Agent(
        model=OpenAICompatibleChatModel(base_url=server.url), tools=[send], planner="react"
    )
    events = [event async for event in agent.astream("Send it.")]
    assert SENT == ["hello"]
    written = "".join(event.call for event in events if isinstance(event, ModelToken))
    assert written.startswith('{"text": "hello"}')
    last = events[-1]
    assert isinstance(last, RunEnded)
    assert last.outcome is not None
    assert last.outcome.answer == "done"
    assert last.outcome.tree.usage == Usage(18, 8)


async def test_arguments_that_are_cut_short_are_not_completed_by_guessing(server: Server) -> None:
    SENT.clear()
    cut = called("send", '{"text": "hel')
    answer = called("Finish", '{"return_type": "give_answer", "final_answer": "x"}')
    server.replies = [cut, answer]
    agent = Agent(
        model=OpenAICompatibleChatModel(base_url=server.url), tools=[send], planner="react"
    )
    events = [event async for event in agent.astream("Send it.")]
    assert SENT == []
    last = events[-1]
    assert isinstance(last, RunEnded)
    assert last.outcome is not None
    assert last.outcome.answer == "x"


async def test_nor_where_callbacks_listen_to_the_pieces(server: Server) -> None:
    SENT.clear()
    cut = called("send", '{"text": "hel')
    answer = called("Finish", '{"return_type": "give_answer", "final_answer": "x"}')
    server.replies = [cut, answer]
    agent = Agent(
        model=OpenAICompatibleChatModel(base_url=server.url), tools=[send], planner="react"
    )
    events = [event async for event in agent.astream_events("Send it.", version="v2")]
    assert any(event["event"] == "on_chat_model_stream" for event in events)
    assert SENT == []


async def test_a_server_that_does_not_stream_is_asked_as_ever(server: Server) -> None:
    server.streams = False
    server.replies = [text("Hello")]
    model = OpenAICompatibleChatModel(base_url=server.url)
    chunks = [chunk async for chunk in model.astream("hi")]
    assert "".join(str(chunk.text) for chunk in chunks) == "Hello"
    assert len(server.got) == 2
    assert "stream" not in server.got[1]


async def test_a_reply_that_breaks_off_is_an_error(server: Server) -> None:
    server.breaks = True
    server.replies = [text("Hel", "lo")]
    model = OpenAICompatibleChatModel(base_url=server.url)
    with pytest.raises(ModelError, match="broke off"):
        _ = [chunk async for chunk in model.astream("hi")]


async def test_a_key_that_is_said_back_in_pieces_is_in_none(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOOLGROVE_API_KEY", "sk-12345678")
    server.replies = [text("your key is sk-12", "345678, or", " sk-")]
    model = OpenAICompatibleChatModel(base_url=server.url)
    chunks = [chunk async for chunk in model.astream("hi")]
    said = "".join(str(chunk.text) for chunk in chunks)
    assert said == "your key is [secret TOOLGROVE_API_KEY], or sk-"
