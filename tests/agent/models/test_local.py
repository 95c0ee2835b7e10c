"""What the local model does with an engine's replies, without a model: the engine is a stand-in."""

from __future__ import annotations

import asyncio
import doctest
import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from toolgrove.agent.models import local
from toolgrove.agent.models.local import LocalChatModel
from toolgrove.agent.models.local_engine import Completion, ContextExceeded, Stopped, Worker
from toolgrove.errors import ModelError, UsageError

CLOCK: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "now",
        "parameters": {
            "type": "object",
            "properties": {"zone": {"type": "string", "pattern": "^[A-Z]{3}$"}},
            "required": ["zone"],
        },
    },
}
CALL = '{"thought": "I need the time.", "tool": "now", "arguments": {"zone": "UTC"}}'

Reply = Callable[[dict[str, Any]], Completion]


def said(text: str, finish: str = "stop") -> Completion:
    usage = {
        "prompt_tokens": 40,
        "completion_tokens": 9,
        "prompt_tokens_details": {"cached_tokens": 30},
    }
    return Completion(text, finish, usage, {"prompt_ms": 2.0}, ())


class StandIn:
    """An engine that replies as it is told and keeps what it was asked."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.asked: list[dict[str, Any]] = []

    def complete(self, messages: Any, **request: Any) -> Completion:
        if request["stopping"].is_set():
            raise Stopped
        self.asked.append({"messages": messages, **request})
        completion = self.reply(self.asked[-1])
        for piece in completion.text.split(" ") if "hear" in request else ():
            request["hear"]((piece, 40))
        return completion


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Callable[[Reply | str], StandIn]:
    def use(reply: Reply | str) -> StandIn:
        stand_in = StandIn((lambda _: said(reply)) if isinstance(reply, str) else reply)
        running = Worker(lambda: stand_in)  # type: ignore[arg-type,return-value]  # a stand-in
        monkeypatch.setattr(local, "worker", lambda *options: running)
        return stand_in

    return use


Use = Callable[[Reply | str], StandIn]


def ask(model: LocalChatModel | None = None, *more: Any) -> AIMessage:
    bound = (model or LocalChatModel()).bind_tools([CLOCK])
    return bound.invoke([HumanMessage("What time is it in UTC?"), *more])


def test_a_reply_is_one_tool_call_with_its_thought(engine: Use) -> None:
    engine(CALL)
    reply = ask()
    assert reply.content == "I need the time."
    assert [(c["name"], c["args"]) for c in reply.tool_calls] == [("now", {"zone": "UTC"})]


def test_usage_and_timings_are_the_engines(engine: Use) -> None:
    engine(CALL)
    reply = ask()
    assert reply.usage_metadata == {
        "input_tokens": 40,
        "output_tokens": 9,
        "total_tokens": 49,
        "input_token_details": {"cache_read": 30},
    }
    assert reply.response_metadata["timings"] == {"prompt_ms": 2.0}
    assert reply.response_metadata["model_name"] == "qwen2.5-coder-1.5b-instruct-q4_k_m"


def test_a_reply_that_was_cut_is_an_invalid_call_that_says_so(engine: Use) -> None:
    stand_in = engine(lambda _: said(CALL[:30], "length"))
    reply = ask()
    assert reply.tool_calls == []
    assert reply.invalid_tool_calls[0]["error"] == "the reply was cut after 9 tokens"
    assert len(stand_in.asked) == 1


def test_a_schema_the_converter_refuses_is_asked_again_with_open_arguments(engine: Use) -> None:
    def reply(request: Mapping[str, Any]) -> Completion:
        open_arguments = "additionalProperties" in json.dumps(request["schema"]["properties"])
        pattern = "pattern" in json.dumps(request["schema"])
        assert open_arguments
        return said("```json\n{}" if pattern else CALL)

    stand_in = engine(reply)
    model = LocalChatModel()
    assert ask(model).tool_calls[0]["args"] == {"zone": "UTC"}
    assert len(stand_in.asked) == 2
    assert ask(model).tool_calls
    assert len(stand_in.asked) == 3, "what was refused once is not tried again"


OTHER = {"type": "function", "function": {"name": "then", "parameters": {}}}
MADE = AIMessage("", tool_calls=[{"name": "now", "args": {"zone": "UTC"}, "id": "1"}])


def stubborn(request: Mapping[str, Any]) -> Completion:
    """Calls the first tool it is left, always the same way."""
    schema = request["schema"]
    step = schema.get("anyOf", [schema])[0]["properties"]
    arguments = {"zone": "UTC"} if step["tool"]["const"] == "now" else {}
    call = {"thought": "", "tool": step["tool"]["const"], "arguments": arguments}
    return said(json.dumps(call))


@pytest.mark.parametrize(
    ("conversation", "called"),
    [
        pytest.param([], "now", id="nothing ruled out"),
        pytest.param([HumanMessage('- now({"zone":"UTC"}) -> ok: 12:00')], "then", id="listed"),
        pytest.param([HumanMessage('- now({"zone":"CET"}) -> ok: 12:00')], "now", id="other args"),
        pytest.param([HumanMessage('ok: x now({"zone":"UTC"})')], "now", id="inside a result"),
        pytest.param([HumanMessage('- now({"zone":')], "now", id="cut"),
        pytest.param([MADE, ToolMessage("busy", tool_call_id="1")], "now", id="made once"),
        pytest.param([MADE, ToolMessage("no", tool_call_id="1")] * 2, "then", id="made twice"),
    ],
)
def test_a_call_that_is_ruled_out_is_not_made_again(
    engine: Use, conversation: list[Any], called: str
) -> None:
    stand_in = engine(stubborn)
    bound = LocalChatModel().bind_tools([CLOCK, OTHER])
    reply = bound.invoke([HumanMessage("What time is it?"), *conversation])
    assert reply.tool_calls[0]["name"] == called
    usage: Any = reply.usage_metadata
    assert usage["input_tokens"] == 40 * len(stand_in.asked), "every reply is counted"
    prompts = [request["messages"] for request in stand_in.asked]
    assert all(prompt == prompts[0] for prompt in prompts), "so that it is computed once"


def test_the_last_tool_left_may_repeat_itself(engine: Use) -> None:
    engine(stubborn)
    told = [HumanMessage("When?"), HumanMessage('- now({"zone":"UTC"})\n- then({})')]
    reply = LocalChatModel().bind_tools([CLOCK, OTHER]).invoke(told)
    assert reply.tool_calls[0]["name"] == "then"


@pytest.mark.parametrize(
    "text",
    ["no JSON", "[]", "{}", '{"thought": "", "tool": "then", "arguments": {}}', CALL[:-1]],
)
def test_what_is_no_offered_call_is_never_made_one(engine: Use, text: str) -> None:
    engine(text)
    reply = ask()
    assert reply.tool_calls == []
    assert reply.invalid_tool_calls[0]["args"] == text


def test_results_are_cut_until_the_conversation_fits_and_the_request_stays(engine: Use) -> None:
    def reply(request: Mapping[str, Any]) -> Completion:
        if sum(len(turn["content"]) for turn in request["messages"]) > 4000:
            raise ContextExceeded("too long")
        return said(CALL)

    stand_in = engine(reply)
    call = AIMessage("", tool_calls=[{"name": "now", "args": {"zone": "UTC"}, "id": "1"}])
    ask(None, *[call, ToolMessage("x" * 5000, tool_call_id="1", name="now")] * 4)
    turns = [turn["content"] for turn in stand_in.asked[-1]["messages"]]
    assert len(stand_in.asked) > 1
    assert any(turn.endswith("Request: What time is it in UTC?") for turn in turns)


def test_a_conversation_that_never_fits_is_a_model_error(engine: Use) -> None:
    def reply(request: Mapping[str, Any]) -> Completion:
        raise ContextExceeded("too long")

    engine(reply)
    with pytest.raises(ModelError, match="does not fit the local model's context window of 8192"):
        ask()


def test_a_named_tool_choice_is_the_only_one_offered(engine: Use) -> None:
    stand_in = engine(CALL)
    for choice in ("now", CLOCK):
        LocalChatModel().bind_tools([OTHER, CLOCK], tool_choice=choice).invoke("hi")
        assert stand_in.asked[-1]["schema"]["properties"]["tool"] == {"const": "now"}
    LocalChatModel().bind_tools([OTHER, CLOCK], tool_choice="any").invoke("hi")
    assert len(stand_in.asked[-1]["schema"]["anyOf"]) == 2


def test_without_tools_it_replies_in_plain_text(engine: Use) -> None:
    stand_in = engine("Yes.")
    assert LocalChatModel(max_tokens=7).invoke("Is it right?").content == "Yes."
    assert (stand_in.asked[0]["schema"], stand_in.asked[0]["max_tokens"]) == (None, 7)


def test_the_probability_is_that_of_the_tools_name_alone(engine: Use) -> None:
    tokens = (('{"thought": "now', -9.0), ('", "tool": ', -9.0), ('"n', -0.25), ('ow",', -0.5))
    completion = Completion(CALL, "stop", said("").usage, {}, (*tokens, (' "arg', -9.0)))
    engine(lambda _: completion)
    assert ask().response_metadata["tool_logprob"] == -0.75


def test_a_cancelled_call_stops_the_engine_and_the_next_one_is_answered(engine: Use) -> None:
    began, stopped = threading.Event(), threading.Event()

    def reply(request: Mapping[str, Any]) -> Completion:
        if not began.is_set():
            began.set()
            request["stopping"].wait()
            stopped.set()
            raise Stopped
        return said(CALL)

    async def cancel_one() -> AIMessage:
        bound = LocalChatModel().bind_tools([CLOCK])
        first = asyncio.create_task(bound.ainvoke("first"))
        await asyncio.to_thread(began.wait)
        waiting = asyncio.create_task(bound.ainvoke("queued behind it"))
        last = asyncio.create_task(bound.ainvoke("last"))
        await asyncio.sleep(0)
        for task in (first, waiting):
            task.cancel()
        done = await asyncio.gather(first, waiting, return_exceptions=True)
        assert all(isinstance(error, asyncio.CancelledError) for error in done)
        return await last

    stand_in = engine(reply)
    assert asyncio.run(cancel_one()).tool_calls
    assert stopped.is_set()
    asked = [request["messages"][-1]["content"] for request in stand_in.asked]
    assert [text.rpartition("Request: ")[2] for text in asked] == ["first", "last"]


def test_an_engine_that_cannot_load_is_tried_again_at_the_next_call() -> None:
    tries: list[int] = []

    def load() -> Any:
        tries.append(0)
        if len(tries) == 1:
            raise ModelError("no file")
        return StandIn(lambda _: said(CALL))

    running = Worker(load)
    failed: Future[int] = running.submit(lambda engine: 1)
    with pytest.raises(ModelError):
        failed.result()
    assert running.submit(lambda engine: 1).result() == 1


def test_what_is_bound_holds_for_that_call_only(engine: Use) -> None:
    stand_in = engine("7")
    model = LocalChatModel(max_tokens=9)
    model.bind(max_tokens=1, stop=["."], grammar="root ::= [0-9]").invoke("How good is it?")
    model.invoke("And now?")
    first, second = stand_in.asked
    assert [first[k] for k in ("max_tokens", "stop", "schema")] == [1, ["."], "root ::= [0-9]"]
    assert [second[k] for k in ("max_tokens", "stop", "schema")] == [9, None, None]


def test_a_longest_reply_is_bound_with_tools_too(engine: Use) -> None:
    stand_in = engine(CALL)
    LocalChatModel().bind_tools([CLOCK], max_tokens=50).invoke("When?")
    assert stand_in.asked[0]["max_tokens"] == 50


def test_a_response_format_is_narrowed_and_another_kind_is_refused(engine: Use) -> None:
    stand_in = engine("3")
    schema = {"type": "integer", "minimum": 0, "maximum": 9, "x-note": "?"}
    form = {"type": "json_schema", "json_schema": {"name": "grade", "schema": schema}}
    LocalChatModel().bind(response_format=form).invoke("Grade it.")
    assert stand_in.asked[0]["schema"] == {"type": "integer", "minimum": 0, "maximum": 9}
    with pytest.raises(UsageError, match="response_format is"):
        LocalChatModel().bind(response_format={"type": "json_object"}).invoke("Grade it.")


def gathered(pieces: list[Any]) -> Any:
    whole = pieces[0]
    for piece in pieces[1:]:
        whole += piece
    return whole


def test_a_plain_reply_streams_and_each_piece_counts_its_tokens(engine: Use) -> None:
    engine("one two three")

    async def listen() -> list[Any]:
        return [piece async for piece in LocalChatModel().astream("Count.")]

    for pieces in (asyncio.run(listen()), list(LocalChatModel().stream("Count."))):
        assert [str(piece.content) for piece in pieces] == ["one", "two", "three", ""]
        counted = [piece.usage_metadata for piece in pieces]
        assert [(one["input_tokens"], one["output_tokens"]) for one in counted] == [
            (40, 1), (0, 1), (0, 1), (0, 6),
        ]  # fmt: skip
        whole = gathered(pieces)
        assert whole.usage_metadata["total_tokens"] == 49
        assert whole.usage_metadata["input_token_details"] == {"cache_read": 30}
        assert whole.response_metadata["finish_reason"] == "stop"


def test_a_tool_call_streams_as_one_piece(engine: Use) -> None:
    engine(CALL)
    (piece,) = LocalChatModel().bind_tools([CLOCK]).stream("What time is it in UTC?")
    assert [(c["name"], c["args"]) for c in piece.tool_calls] == [("now", {"zone": "UTC"})]
    assert piece.content == "I need the time."


def test_a_call_that_is_none_stays_one_when_streamed(engine: Use) -> None:
    engine(lambda _: said(CALL[:30], "length"))
    (piece,) = LocalChatModel().bind_tools([CLOCK]).stream("What time is it in UTC?")
    assert piece.tool_calls == []
    assert len(piece.invalid_tool_calls) == 1


def test_who_stops_listening_stops_the_engine(engine: Use) -> None:
    stopped = threading.Event()

    def reply(request: Mapping[str, Any]) -> Completion:
        request["hear"](("first", 40))
        request["stopping"].wait()
        stopped.set()
        raise Stopped

    async def leave() -> str:
        stream = LocalChatModel().astream("Count to a million.")
        async with aclosing(stream) as pieces:  # type: ignore[type-var]  # it is a generator
            async for piece in pieces:
                return str(piece.content)
        return ""

    engine(reply)
    assert asyncio.run(leave()) == "first"
    assert stopped.wait(10)
    stopped.clear()
    stream: Any = LocalChatModel().stream("Count to a million.")
    assert next(stream).content == "first"
    stream.close()
    assert stopped.wait(10)


def test_an_engine_that_fails_in_mid_stream_raises_there(engine: Use) -> None:
    def reply(request: Mapping[str, Any]) -> Completion:
        request["hear"](("first", 40))
        raise ModelError("out of memory")

    async def listen() -> None:
        pieces = LocalChatModel().astream("Count.")
        assert (await anext(pieces)).content == "first"
        with pytest.raises(ModelError, match="out of memory"):
            await anext(pieces)

    engine(reply)
    asyncio.run(listen())


def test_the_pages_examples_run() -> None:
    page = Path(__file__).parents[3] / "docs" / "local-model.md"
    failed, tried = doctest.testfile(str(page), module_relative=False)
    assert (failed, tried) == (0, 5)
