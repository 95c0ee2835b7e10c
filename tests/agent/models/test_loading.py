"""How models are named, and the client for OpenAI-compatible servers against a real server."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from toolgrove.agent.models.loading import FORMS, load_model
from toolgrove.agent.models.local import LocalChatModel
from toolgrove.agent.models.openai_compatible import OpenAICompatibleChatModel
from toolgrove.agent.models.replay import RecordingChatModel
from toolgrove.errors import ModelError, UsageError
from toolgrove.planners.chat import model_name

TOOL: Any = {
    "type": "function",
    "function": {
        "name": "now",
        "description": "The time.",
        "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}},
    },
}


class TestNames:
    def test_local_is_named_after_its_file(self, tmp_path: Path) -> None:
        assert model_name(load_model("local")) == "qwen2.5-coder-1.5b-instruct-q4_k_m"
        assert model_name(load_model(f"local:{tmp_path}/tiny.gguf")) == "tiny"

    def test_options_reach_the_class(self) -> None:
        assert load_model("local", threads=2) == LocalChatModel(threads=2)

    @pytest.mark.parametrize("name", ["", "gpt", "local-model", "replay", "scripted:"])
    def test_an_unknown_name_lists_the_forms(self, name: str) -> None:
        with pytest.raises(UsageError) as error:
            load_model(name)
        assert FORMS in str(error.value)

    def test_scripted_reads_its_file(self, tmp_path: Path) -> None:
        (tmp_path / "s.json").write_text('[{"text": "hello"}]')
        assert load_model(f"scripted:{tmp_path}/s.json").invoke("hi").content == "hello"

    def test_record_and_replay_hold_hands(self, tmp_path: Path) -> None:
        (tmp_path / "s.json").write_text('[{"text": "hello"}]')
        model = load_model(f"record:{tmp_path}/r.jsonl:scripted:{tmp_path}/s.json")
        assert isinstance(model, RecordingChatModel)
        assert model.invoke("hi").content == "hello"
        assert load_model(f"replay:{tmp_path}/r.jsonl#scripted:s.json").invoke("hi").text == "hello"

    def test_a_provider_without_langchain_says_what_to_install(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(ModelError, match="pip install langchain"):
            load_model("openai:gpt-5")

    def test_a_provider_is_loaded_by_init_chat_model(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        package = tmp_path / "langchain"
        package.mkdir()
        (package / "__init__.py").touch()
        (package / "chat_models.py").write_text(
            "def init_chat_model(name, **options):\n"
            "    if name.startswith('broken'):\n"
            "        raise ValueError('no key')\n"
            "    return (name, options)\n"
        )
        monkeypatch.syspath_prepend(str(tmp_path))
        loaded: Any = load_model("openai:gpt-5", temperature=0)
        assert loaded == ("openai:gpt-5", {"temperature": 0})
        with pytest.raises(ModelError, match=r"broken:x could not .*: no key.* BROKEN_API_KEY"):
            load_model("broken:x")

    def test_a_missing_gguf_file_is_an_error_of_ours(self, tmp_path: Path) -> None:
        pytest.importorskip("xllamacpp")
        with pytest.raises(ModelError, match=r"is no file\. Fetch the model"):
            load_model(f"local:{tmp_path}/none.gguf").invoke("hi")

    def test_local_without_xllamacpp_says_what_to_install(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setitem(sys.modules, "xllamacpp", None)
        with pytest.raises(ModelError, match=r"pip install 'toolgrove\[local\]'"):
            load_model(f"local:{tmp_path}/other.gguf").invoke("hi")

    def test_naming_models_imports_none_of_them(self) -> None:
        code = (
            "import sys, toolgrove.agent.models.loading as m\n"
            "heavy = {'xllamacpp', 'langchain_core', 'httpx', 'langchain'} & set(sys.modules)\n"
            "sys.exit(f'imported {heavy}' if heavy else 0)"
        )
        subprocess.run([sys.executable, "-c", code], check=True)


Handler = Callable[[dict[str, Any], Request], Response]


@contextmanager
def serving(handler: Handler) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A real server on loopback; yields its URL and the requests it gets."""
    got: list[dict[str, Any]] = []

    async def completions(request: Request) -> Response:
        got.append(json.loads(await request.body()))
        return handler(got[-1], request)

    app = Starlette(routes=[Route("/v1/chat/completions", completions, methods=["POST"])])
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", got
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def completion(**message: Any) -> Response:
    return JSONResponse(
        {
            "model": "served",
            "choices": [{"message": {"role": "assistant", **message}, "finish_reason": "stop"}],
            "usage": {
                "prompt_tokens": 11,
                "completion_tokens": 3,
                "prompt_tokens_details": {"cached_tokens": 8},
            },
        }
    )


def calling(arguments: Any) -> dict[str, Any]:
    return {"id": "c1", "type": "function", "function": {"name": "now", "arguments": arguments}}


class TestOpenAICompatible:
    def test_a_conversation_with_tools_goes_out_and_a_call_comes_back(self) -> None:
        said = AIMessage("", tool_calls=[{"name": "now", "args": {"zone": "UTC"}, "id": "c0"}])
        conversation = [
            SystemMessage("Be good."),
            HumanMessage("When?"),
            said,
            ToolMessage("12:00", tool_call_id="c0", name="now"),
        ]
        with serving(
            lambda body, request: completion(content=None, tool_calls=[calling('{"zone": "CET"}')])
        ) as (url, got):
            model = load_model(f"openai-compatible:{url}#served")
            reply = model.bind_tools([TOOL]).invoke(conversation)
        assert reply.tool_calls == [
            {"name": "now", "args": {"zone": "CET"}, "id": "c1", "type": "tool_call"}
        ]
        usage: Any = reply.usage_metadata
        assert (usage["input_tokens"], usage["input_token_details"]) == (11, {"cache_read": 8})
        (sent,) = got
        assert (sent["model"], sent["temperature"], sent["tools"]) == ("served", 0.0, [TOOL])
        assert [m["role"] for m in sent["messages"]] == ["system", "user", "assistant", "tool"]
        assert sent["messages"][2]["tool_calls"][0]["function"] == {
            "name": "now",
            "arguments": '{"zone": "UTC"}',
        }
        assert sent["messages"][3]["tool_call_id"] == "c0"

    @pytest.mark.parametrize(
        ("choice", "sent"),
        [
            ("any", "required"),
            ("now", {"type": "function", "function": {"name": "now"}}),
            ("auto", "auto"),
            (None, None),
        ],
    )
    def test_tool_choice_is_said_as_openai_says_it(self, choice: Any, sent: Any) -> None:
        with serving(lambda body, request: completion(content="ok")) as (url, got):
            model = OpenAICompatibleChatModel(base_url=url)
            model.bind_tools([TOOL], tool_choice=choice).invoke("hi")
        assert got[0].get("tool_choice") == sent

    def test_arguments_that_do_not_parse_are_kept_as_invalid(self) -> None:
        with serving(lambda body, request: completion(tool_calls=[calling('{"zone": ')])) as (
            url,
            _,
        ):
            reply = OpenAICompatibleChatModel(base_url=url).invoke("hi")
        assert reply.tool_calls == []
        assert reply.invalid_tool_calls[0]["args"] == '{"zone": '

    @pytest.mark.parametrize(
        ("arguments", "args"),
        [
            ({"zone": "CET"}, {"zone": "CET"}),
            ('"{\\"zone\\": \\"CET\\"}"', {"zone": "CET"}),
            (None, {}),
            ("", {}),
            ("null", {}),
            ('{"zone": "C\nET"}', {"zone": "C\nET"}),
        ],
    )
    def test_arguments_in_another_form_are_taken_where_an_object_is_meant(
        self, arguments: Any, args: Any
    ) -> None:
        with serving(lambda body, request: completion(tool_calls=[calling(arguments)])) as (url, _):
            reply = OpenAICompatibleChatModel(base_url=url).invoke("hi")
        assert [call["args"] for call in reply.tool_calls] == [args]
        assert reply.invalid_tool_calls == []

    @pytest.mark.parametrize(
        ("arguments", "kept"),
        [
            (["CET"], '["CET"]'),
            ('["CET"]', '["CET"]'),
            ('"CET"', '"CET"'),
            (5, "5"),
            ('{"zone": NaN}', '{"zone": NaN}'),
            ('{"zone": 1}{"zone": 2}', '{"zone": 1}{"zone": 2}'),
            ("[" * 100_000, "[" * 100_000),
        ],
    )
    def test_arguments_that_are_no_object_are_an_invalid_call_and_no_end_of_the_run(
        self, arguments: Any, kept: str
    ) -> None:
        good = calling({"zone": "CET"})
        calls = [calling(arguments), "no call", {"id": 7}, good]
        with serving(lambda body, request: completion(tool_calls=calls)) as (url, _):
            reply = OpenAICompatibleChatModel(base_url=url).invoke("hi")
        assert [call["args"] for call in reply.tool_calls] == [{"zone": "CET"}]
        (invalid,) = reply.invalid_tool_calls
        assert (invalid["name"], invalid["args"]) == ("now", kept)

    @pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 529])
    def test_a_server_in_passing_trouble_is_asked_again(self, status: int) -> None:
        past = "Thu, 01 Jan 1970 00:00:00 GMT"
        trouble = Response(status_code=status, headers={"Retry-After": past})
        answers = [trouble, completion(content="ok")]
        with serving(lambda body, request: answers.pop(0)) as (url, _):
            assert OpenAICompatibleChatModel(base_url=url).invoke("hi").content == "ok"

    def test_a_server_that_asks_for_an_hour_is_not_asked_before(self) -> None:
        busy = Response(status_code=429, headers={"Retry-After": "3600"})
        with (
            serving(lambda body, request: busy) as (url, got),
            pytest.raises(ModelError, match="answered 429"),
        ):
            OpenAICompatibleChatModel(base_url=url).invoke("hi")
        assert len(got) == 1

    def test_a_server_that_is_loading_is_asked_again(self) -> None:
        busy = Response(status_code=503, headers={"Retry-After": "0"})
        answers = [busy, busy, completion(content="ok")]
        with serving(lambda body, request: answers.pop(0)) as (url, got):
            assert OpenAICompatibleChatModel(base_url=url).invoke("hi").content == "ok"
        assert len(got) == 3

    def test_a_server_that_stays_busy_is_given_up(self) -> None:
        busy = Response(status_code=429, headers={"Retry-After": "0"})
        with (
            serving(lambda body, request: busy) as (url, got),
            pytest.raises(ModelError, match="answered 429"),
        ):
            OpenAICompatibleChatModel(base_url=url, attempts=2).invoke("hi")
        assert len(got) == 2

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            (PlainTextResponse("no such model: default", 404), "404 for the model 'default'"),
            (PlainTextResponse("<html>"), "no chat completion"),
            (JSONResponse({"choices": []}), "no chat completion"),
            (JSONResponse([1]), "no chat completion"),
            (JSONResponse({"choices": [{"message": None}]}), "no chat completion"),
            (
                Response(status_code=302, headers={"Location": "http://127.0.0.1:9/"}),
                "answered 302",
            ),
        ],
    )
    def test_what_is_no_completion_is_a_model_error(self, answer: Response, said: str) -> None:
        with (
            serving(lambda body, request: answer) as (url, _),
            pytest.raises(ModelError, match=said),
        ):
            OpenAICompatibleChatModel(base_url=url).invoke("hi")

    def test_a_server_that_is_not_there_is_a_model_error(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        with pytest.raises(ModelError, match="cannot be reached"):
            OpenAICompatibleChatModel(base_url=f"http://127.0.0.1:{port}", attempts=1).invoke("hi")

    def test_the_key_is_sent_as_a_bearer_token_and_shown_nowhere(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TOOLGROVE_API_KEY", "s3cret-value")
        headers: list[str | None] = []

        def handler(body: dict[str, Any], request: Request) -> Response:
            headers.append(request.headers.get("authorization"))
            return Response("denied", status_code=401)

        with serving(handler) as (url, _):
            model = OpenAICompatibleChatModel(base_url=url)
            with pytest.raises(ModelError, match="key that TOOLGROVE_API_KEY gives") as error:
                model.invoke("hi")
            monkeypatch.delenv("TOOLGROVE_API_KEY")
            with pytest.raises(ModelError, match="may want a key, which TOOLGROVE_API_KEY gives"):
                OpenAICompatibleChatModel(base_url=url).invoke("hi")
        assert headers == ["Bearer s3cret-value", None]
        assert "s3cret-value" not in f"{error.value} {model!r} {model._identifying_params}"

    def test_waiting_for_a_reply_leaves_the_event_loop_free(self) -> None:
        free = threading.Event()

        def handler(body: dict[str, Any], request: Request) -> Response:
            return completion(content=str(free.is_set()))

        async def ask(url: str) -> list[str]:
            model = OpenAICompatibleChatModel(base_url=url)
            asyncio.get_running_loop().call_soon(free.set)
            return [m.text for m in await asyncio.gather(*(model.ainvoke("hi") for _ in range(5)))]

        with serving(handler) as (url, got):
            assert asyncio.run(ask(url)) == ["True"] * 5
        assert len(got) == 5

    def test_it_answers_inside_a_running_event_loop_too(self) -> None:
        async def ask(url: str) -> str:
            return OpenAICompatibleChatModel(base_url=url).invoke("hi").text

        with serving(lambda body, request: completion(content="ok")) as (url, _):
            assert asyncio.run(ask(url)) == "ok"

    @pytest.mark.parametrize("url", ["", "127.0.0.1:80", "ftp://x.example", "file:///etc"])
    def test_a_url_of_no_server_is_refused(self, url: str) -> None:
        with pytest.raises(UsageError, match="is no URL of a model server"):
            OpenAICompatibleChatModel(base_url=url)

    def test_the_path_of_the_url_is_kept_or_v1(self) -> None:
        for url, base in [
            ("http://h.example", "http://h.example/v1"),
            ("http://h.example/", "http://h.example/v1"),
            ("http://h.example/api/v3/", "http://h.example/api/v3"),
        ]:
            assert OpenAICompatibleChatModel(base_url=url).base_url == base


@pytest.mark.parametrize("name", ["local", "scripted:none.json", "replay:none.jsonl"])
def test_an_option_that_a_model_would_pass_over_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="takes no temperature"):
        load_model(name, temperature=0.5)


def test_sampling_reaches_a_server_by_its_name() -> None:
    model: Any = load_model("openai-compatible:http://127.0.0.1:1/v1#m", top_p=0.5, seed=7)
    assert (model.top_p, model.seed) == (0.5, 7)
