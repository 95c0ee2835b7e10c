"""An API with a key, from its OpenAPI document; a write is made where it was approved."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from toolgrove import Agent, ScriptedModel, ToolCall, ToolSpec
from toolgrove.agent import call, finish
from toolgrove.data import load_openapi
from toolgrove.tools import AddressPolicy, Network, Policy


class Library(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = self.headers["X-Key"] == "open-sesame"
        self.send_response(201 if known else 401)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(
            json.dumps({"lent": asked["book"]} if known else {"error": "key"}).encode()
        )

    def log_message(self, *_: object) -> None:
        pass


def approve(spec: ToolSpec, made: ToolCall) -> bool:  # may be async, and ask a person
    print("may it?", spec.id, dict(made.arguments))
    return made.arguments["book"] == 1


server = ThreadingHTTPServer(("127.0.0.1", 0), Library)
Thread(target=server.serve_forever, daemon=True).start()
host = f"127.0.0.1:{server.server_port}"
body = {"type": "object", "required": ["book"], "properties": {"book": {"type": "integer"}}}
lend = {"operationId": "lend", "summary": "Lend a book."}
lend["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
document = {
    "openapi": "3.1.0",
    "info": {"title": "Library", "version": "1"},
    "servers": [{"url": f"http://{host}"}],
    "security": [{"key": []}],
    "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
    "paths": {"/loans": {"post": lend}},
}
os.environ["TOOLGROVE_SECRET_LIBRARY_KEY"] = "open-sesame"
os.environ["TOOLGROVE_ORIGIN_LIBRARY_KEY"] = f"http://{host}"  # and it is sent nowhere else
replies = [call("lend_for_library", book=2), call("lend_for_library", book=1), finish("Lent.")]
agent = Agent(
    model=ScriptedModel(replies=replies),
    tools=load_openapi(json.dumps(document).encode()).specs,
    planner="react",
    policy=Policy(approve=approve),
    network=Network(addresses=AddressPolicy(hosts=frozenset({host}))),
)
for node in agent.invoke("Lend me a book.").tree:
    for seen in node.observations:
        print(seen.status.value, seen.content)
