"""The model's own key goes to its server, and nowhere else (promises 13 and 16)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote

import pytest
from langchain_core.language_models import FakeListChatModel
from pydantic import SecretStr

from toolgrove.agent.agent import Agent
from toolgrove.agent.models.loading import load_model
from toolgrove.data.chat_text import ask_text_now
from toolgrove.data.records import Task
from toolgrove.data.secret_forms import own_keys
from toolgrove.errors import ModelError, UsageError
from toolgrove.machine.client import client_options
from toolgrove.tools.secrets import SecretStore

KEY = "sk-proj-0123456789/abcdef"
PASSWORD = "open sesame!"


def length(text: str) -> int:
    """How long a text is."""
    return len(text)


class Servers:
    """A model server that says back what it is told, and a proxy that nobody should meet."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.met: list[str] = []
        self.code = 200

    @property
    def text(self) -> str:
        said = f"You sent {self.asked[-1]} {KEY} {quote(KEY, safe='')}" + "x" * 500
        message = {"role": "assistant", "content": said}
        return json.dumps({"choices": [{"message": message}], "error": said})


@pytest.fixture
def servers() -> Iterator[tuple[Servers, str, str]]:
    told = Servers()

    class Model(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            told.asked.append(self.headers.get("Authorization", ""))
            body = told.text.encode()
            self.send_response(told.code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    class Proxy(Model):
        def do_POST(self) -> None:
            told.met.append(self.path)
            self.send_error(502)

        do_GET = do_CONNECT = do_POST  # noqa: N815 - the standard library names them

    with (
        ThreadingHTTPServer(("127.0.0.1", 0), Model) as model,
        ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy,
    ):
        for one in (model, proxy):
            Thread(target=one.serve_forever, daemon=True).start()
        yield told, f"127.0.0.1:{model.server_port}", f"http://127.0.0.1:{proxy.server_port}"
        model.shutdown()
        proxy.shutdown()


@pytest.mark.parametrize("code", [200, 401])
@pytest.mark.parametrize("way", ["key", "password"])
async def test_promise_13_the_models_own_key_is_kept_nowhere(
    servers: tuple[Servers, str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    way: str,
) -> None:
    told, host, _ = servers
    told.code = code
    name = f"openai-compatible:http://{host}/v1#small"
    if way == "key":
        monkeypatch.setenv("TOOLGROVE_API_KEY", KEY)
    else:
        monkeypatch.setenv("OTHER_API_KEY", KEY)
        name = name.replace("http://", f"http://me:{quote(PASSWORD)}@")
    agent = Agent(model=name, tools=[length], planner="react:depth=2")
    text = ""
    try:
        tree = await agent.solve(Task("t", "How long is it?"), tmp_path / "run")
        text = repr(list(tree))
    except ModelError as error:
        text = str(error)
    assert told.asked[0] == (f"Bearer {KEY}" if way == "key" else "Basic bWU6b3BlbiBzZXNhbWUh")
    files = await asyncio.to_thread(lambda: [*tmp_path.rglob("*.jsonl")])
    kept = [path.read_text() for path in files]
    assert kept
    for said in (text, repr(agent.model), repr(agent.settings), *kept):
        for secret in (KEY, KEY[:14], quote(KEY, safe=""), PASSWORD, "bWU6b3Blb", "sesame"):
            assert secret not in said


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "TOOLGROVE_PROXY"])
def test_promise_16_a_model_on_this_machine_is_asked_through_no_proxy(
    servers: tuple[Servers, str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    told, host, proxy = servers
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("TOOLGROVE_API_KEY", raising=False)
    monkeypatch.setenv(variable, proxy)
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password mine\n")
    monkeypatch.setenv("NETRC", str(netrc))
    load_model(f"openai-compatible:http://{host}#small").invoke("hello")
    assert told.asked == [""], "and no password out of a .netrc is sent"
    assert told.met == []


def test_a_proxy_is_used_where_somebody_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    url = "https://api.example/v1"
    assert client_options(url)["proxy"] is None
    monkeypatch.setenv("TOOLGROVE_PROXY", "http://proxy.example:3128")
    assert client_options(url)["proxy"] == "http://proxy.example:3128"
    for here in ("http://localhost:1", "http://127.9.9.9:1", "http://[::1]:1"):
        assert client_options(here)["proxy"] is None


def test_promise_13_an_error_of_a_provider_says_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_PROVIDER_API_KEY", KEY)

    class Refusing(FakeListChatModel):
        key: SecretStr = SecretStr("another-key-of-9")

        def _call(self, *args: Any, **kwargs: Any) -> str:
            raise RuntimeError(f"401 for {KEY}, another-key-of-9 at http://me:pw@x.example/")

    with pytest.raises(ModelError) as told:
        ask_text_now(Refusing(responses=[]), "hello")
    said = "401 for [secret SOME_PROVIDER_API_KEY], [secret key] at http://x.example/"
    assert said in str(told.value)
    assert own_keys({}, Refusing(responses=[]).bind(stop=["x"])) == {"key": "another-key-of-9"}


def test_promise_13_a_tool_that_says_the_models_key_is_scrubbed() -> None:
    assert (
        SecretStore({"OPENAI_API_KEY": KEY}).scrub(f"env: {KEY}") == "env: [secret OPENAI_API_KEY]"
    )


def test_a_bad_url_is_told_without_its_password() -> None:
    with pytest.raises(UsageError) as told:
        load_model("openai-compatible:ftp://me:secretpassword@x.example")
    assert "secretpassword" not in str(told.value)


def test_a_missing_key_is_said_by_its_name(
    servers: tuple[Servers, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told, host, _ = servers
    monkeypatch.delenv("TOOLGROVE_API_KEY", raising=False)
    told.code = 401
    with pytest.raises(ModelError, match="TOOLGROVE_API_KEY gives"):
        load_model(f"openai-compatible:http://{host}").invoke("hello")
