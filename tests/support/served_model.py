"""A chat model behind OpenAI's API on loopback, whose replies are a function of what it is asked.

So it says the same to a run that was killed and goes on, and to one on another machine.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from toolgrove.data.records import Task

__all__ = ["ServedModel"]


class ServedModel:
    """A running server; leave it to end it.

    It calls the first tool that it is offered, then answers: right, wrong, or by giving up.
    ``before(number, port)`` hears of each request, with the port that it came from; a request is
    left without an answer where it says so.
    """

    def __init__(self, tasks: list[Task]) -> None:
        self.answers = {task.query: _said(task) for task in tasks}
        self.asked = 0
        self.before: Callable[[int, int], bool] = lambda number, port: True
        self._lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with server._lock:
                    server.asked += 1
                    answers = server.before(server.asked, self.client_address[1])
                if not answers:
                    return
                body = json.dumps(server.reply(asked)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: Any, client_address: Any) -> None:
                """A client that was killed takes no answer."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.name = f"openai-compatible:http://127.0.0.1:{self._server.server_address[1]}/v1#served"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def reply(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """A chat completion."""
        messages = asked["messages"]
        name, arguments = self._call(json.dumps(messages), asked["tools"])
        call = {"name": name, "arguments": json.dumps(arguments)}
        calls = [{"id": "0", "type": "function", "function": call}]
        message = {"role": "assistant", "content": "", "tool_calls": calls}
        tokens = {"prompt_tokens": len(messages), "completion_tokens": 1}
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
        return {"model": "served", "choices": [choice], "usage": tokens}

    def _call(self, messages: str, tools: list[dict[str, Any]]) -> tuple[str, dict[str, str]]:
        names = [tool["function"]["name"] for tool in tools]
        first = next(name for name in names if name != "Finish")
        if first not in messages:
            return first, {}
        draw = hashlib.sha256(messages.encode()).digest()[0] % 4
        if draw == 0:
            return "Finish", {"return_type": "give_up_and_restart", "final_answer": ""}
        right = next(text for query, text in self.answers.items() if query in messages)
        answer = right if draw > 1 else "It is 1 foot."
        return "Finish", {"return_type": "give_answer", "final_answer": answer}

    def __enter__(self) -> ServedModel:
        self._thread.start()
        return self

    def __exit__(self, *exc: Any) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _said(task: Task) -> str:
    assert task.reference is not None
    return f"It is {task.reference.value} {task.reference.unit}".strip()
