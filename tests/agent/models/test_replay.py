"""Recordings of model replies: what they hold, and that nothing is ever made up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.runnables import Runnable

from toolgrove.agent.agent import Agent
from toolgrove.agent.models.replay import RecordingChatModel, ReplayChatModel
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.data.quoting import quoted
from toolgrove.errors import FormatError, ModelError, ReplayMiss, UsageError
from toolgrove.tools.python.effect import tool

TOOL: Any = {
    "type": "function",
    "function": {"name": "now", "description": "The time.", "parameters": {"type": "object"}},
}
ASKED: list[BaseMessage] = [SystemMessage("Be good."), HumanMessage("What time is it?")]


def counting(name: str = "m") -> ScriptedModel:
    """A model that never says the same thing twice."""
    said: list[int] = []

    def reply(_: Sequence[BaseMessage]) -> AIMessage:
        said.append(0)
        usage: Any = {"input_tokens": 7, "output_tokens": len(said), "total_tokens": 7 + len(said)}
        message = call("now", f"reply {len(said)}", n=len(said))
        message.usage_metadata = usage
        message.response_metadata = {"model_name": name, "timings": {"prompt_ms": 1.5}}
        return message

    return ScriptedModel(script=reply, model_name=name)


def recorded(path: Path, *conversations: list[BaseMessage], name: str = "m") -> None:
    bound = RecordingChatModel(inner=counting(name), path=path).bind_tools([TOOL])
    for conversation in conversations:
        bound.invoke(conversation)


def replaying(path: Path, model: str = "") -> Runnable[Any, AIMessage]:
    return ReplayChatModel(path=path, model=model).bind_tools([TOOL])


def test_a_replay_says_and_costs_what_the_model_did(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    recorded(path, ASKED)
    reply = replaying(path).invoke(ASKED)
    assert (reply.content, reply.tool_calls[0]["name"], reply.tool_calls[0]["args"]) == (
        "reply 1",
        "now",
        {"n": 1},
    )
    assert reply.usage_metadata == {"input_tokens": 7, "output_tokens": 1, "total_tokens": 8}
    assert reply.response_metadata["timings"] == {"prompt_ms": 1.5}
    assert ReplayChatModel(path=path).model_name == "replay:m"


def test_a_question_that_was_not_recorded_fails_and_says_how_to_record_it(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    recorded(path, ASKED)
    other = [*ASKED, call("now"), ToolMessage("12:00", tool_call_id="0", name="now")]
    with pytest.raises(ReplayMiss) as missed:
        replaying(path).invoke(other)
    for part in (str(path), "'What time is it?'", "tool '12:00'", "now", f"record:{path}:local"):
        assert part in str(missed.value)


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(([HumanMessage("What time is it?")], [TOOL], None), id="another prompt"),
        pytest.param((ASKED, [], None), id="no tools"),
        pytest.param(
            (ASKED, [{**TOOL, "function": {**TOOL["function"], "description": "?"}}], None),
            id="another schema",
        ),
        pytest.param((ASKED, [TOOL], "now"), id="another tool choice"),
    ],
)
def test_prompt_tools_and_options_belong_to_the_question(tmp_path: Path, asked: Any) -> None:
    path = tmp_path / "r.jsonl"
    recorded(path, ASKED)
    messages, tools, choice = asked
    model = ReplayChatModel(path=path)
    with pytest.raises(ReplayMiss):
        model.bind_tools(tools, tool_choice=choice).invoke(messages)


def test_ids_of_calls_do_not_belong_to_the_question(tmp_path: Path) -> None:
    def conversation(name: str) -> list[BaseMessage]:
        said = AIMessage("", tool_calls=[{"name": "now", "args": {}, "id": name}])
        return [*ASKED, said, ToolMessage("12:00", tool_call_id=name, name="now")]

    path = tmp_path / "r.jsonl"
    recorded(path, conversation("a"))
    assert replaying(path).invoke(conversation("b")).content == "reply 1"


def test_a_question_asked_twice_while_recording_gets_one_reply(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    bound = RecordingChatModel(inner=counting(), path=path).bind_tools([TOOL])
    assert [bound.invoke(ASKED).content for _ in range(2)] == ["reply 1"] * 2
    assert len(path.read_bytes().splitlines()) == 1


def test_a_recording_is_the_same_file_whatever_the_order(tmp_path: Path) -> None:
    later = [*ASKED, HumanMessage("And now?")]
    other: list[BaseMessage] = [HumanMessage("A question before the other in the alphabet")]
    model = ScriptedModel(script=lambda messages: call("now", str(len(messages))))
    files = []
    for number, order in enumerate(([ASKED, later, other], [other, later, ASKED])):
        path = tmp_path / f"{number}.jsonl"
        bound = RecordingChatModel(inner=model, path=path).bind_tools([TOOL])
        for conversation in order:
            bound.invoke(conversation)
        files.append(path.read_bytes())
    assert files[0] == files[1]
    rows = [json.loads(line) for line in files[0].splitlines()]
    assert [(row["request"][:1], row["step"]) for row in rows] == [("A", 1), ("W", 2), ("W", 3)]


def test_a_recording_goes_on_with_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    recorded(path, ASKED)
    recorded(path, ASKED, [HumanMessage("New?")])
    assert replaying(path).invoke(ASKED).content == "reply 1"
    assert len(path.read_bytes().splitlines()) == 2


def test_concurrent_replies_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    bound = RecordingChatModel(inner=counting(), path=path).bind_tools([TOOL])

    async def ask() -> None:
        await asyncio.gather(*(bound.ainvoke([HumanMessage(str(i))]) for i in range(20)))

    asyncio.run(ask())
    assert len(path.read_bytes().splitlines()) == 20


def test_of_several_models_one_has_to_be_named(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    recorded(path, ASKED, name="a")
    recorded(path, ASKED, name="b")
    with pytest.raises(UsageError, match=r"replies of a, b\. Name one"):
        ReplayChatModel(path=path)
    assert replaying(path, "b").invoke(ASKED).response_metadata["model_name"] == "b"


def test_a_reply_that_was_no_call_is_replayed_as_such(tmp_path: Path) -> None:
    broken: Any = {"type": "invalid_tool_call", "id": "0", "name": None, "args": "{", "error": "x"}
    path = tmp_path / "r.jsonl"
    inner = ScriptedModel(replies=[AIMessage("", invalid_tool_calls=[broken])])
    RecordingChatModel(inner=inner, path=path).bind_tools([TOOL]).invoke(ASKED)
    assert replaying(path).invoke(ASKED).invalid_tool_calls == [broken]


@pytest.mark.parametrize("line", ["{", "[]", '{"key": "k"}', "null"])
def test_a_file_that_is_no_recording_names_the_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "r.jsonl"
    recorded(path, ASKED)
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(FormatError, match="line 2"):
        ReplayChatModel(path=path)


def test_a_missing_recording_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        ReplayChatModel(path=tmp_path / "none.jsonl")


def test_a_recorded_run_and_its_replay_grow_the_same_tree(tmp_path: Path) -> None:
    @tool(effect="read")
    def double(x: int) -> int:
        """Double a number."""
        return 2 * x

    path = tmp_path / "r.jsonl"
    inner = ScriptedModel(replies=[call("double", x=21), finish("It is 42.")])
    question = "What is 21 doubled?"
    recorder = RecordingChatModel(inner=inner, path=path)
    live = Agent(model=recorder, tools=[double], planner="react").invoke(question).tree
    player = ReplayChatModel(path=path)
    again = Agent(model=player, tools=[double], planner="react").invoke(question).tree
    seen = [[(n.id, n.messages, n.calls, n.usage) for n in tree] for tree in (live, again)]
    assert seen[0] == seen[1]
    assert again.answer == "It is 42."


def test_the_shipped_recordings_are_of_the_prompt_that_is_used_today() -> None:
    """After a change of the local model's prompt they have to be made anew."""
    from toolgrove.agent.demo import recordings
    from toolgrove.agent.models.local_prompt import PROMPT_DIGEST

    rows = [json.loads(line) for line in recordings().read_bytes().splitlines()]
    assert {row["reply"]["metadata"]["prompt_digest"] for row in rows} == {PROMPT_DIGEST}


def test_the_nonces_of_quotations_do_not_belong_to_the_question(tmp_path: Path) -> None:
    def asked(*texts: str) -> list[BaseMessage]:
        return [SystemMessage("Judge."), HumanMessage("\n".join(map(quoted, texts)))]

    path = tmp_path / "r.jsonl"
    recorded(path, asked("a", "b"))
    assert replaying(path).invoke(asked("a", "b")).content == "reply 1"
    with pytest.raises(ReplayMiss):
        replaying(path).invoke(asked("a", "c"))
