"""Pictures go to the model and come back from tools; a run that holds them reads as any other."""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool as langchain_tool

from support.bench import Bench
from toolgrove.agent.agent import Agent
from toolgrove.agent.models.local import LocalChatModel
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.agent.view.page import render
from toolgrove.data.blocks import BLOCKS
from toolgrove.data.preferences import mine
from toolgrove.data.runs import read_tree
from toolgrove.errors import ModelError
from toolgrove.planners.registry import PLANNERS
from toolgrove.planners.showing import WithBlocks, as_taken

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))
TEXT = base64.b64encode(PNG).decode()
ASKED = [
    HumanMessage(
        [
            {"type": "text", "text": "What is on it?"},
            {"type": "image", "base64": TEXT, "mime_type": "image/png"},
        ]
    )
]
BENCH = Bench()


def agent(replies: Any, planner: str = "react", **options: Any) -> Agent:
    model = replies
    if isinstance(replies, list):
        model = ScriptedModel(replies=replies)
    elif not isinstance(replies, ScriptedModel):
        model = ScriptedModel(script=replies)
    made = Agent(model=model, planner=planner, **options)
    made.registry = BENCH.registry
    return made


def folders(runs: Path) -> list[Path]:
    return list(runs.iterdir())


def pictures(messages: Any) -> list[bytes]:
    """The pictures that a model was shown, in order."""
    return [
        base64.b64decode(block["base64"])
        for message in messages
        for block in (message.content if isinstance(message.content, list) else [])
        if block["type"] == "image"
    ]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image", "base64": TEXT, "mime_type": "image/png"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{TEXT}"}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": TEXT}},
    ],
    ids=["langchain", "openai", "anthropic"],
)
async def test_a_picture_of_the_users_goes_to_the_model(tmp_path: Path, block: Any) -> None:
    made = agent([call("add", a=1, b=2), finish("A cat.")], runs=tmp_path)
    asked = [HumanMessage([{"type": "text", "text": "What is on it?"}, block])]
    outcome = await made.ainvoke(asked)
    assert isinstance(made.model, ScriptedModel)
    for said in made.model.asked:
        assert pictures(said) == [PNG]
    assert outcome.run is not None
    [kept] = (outcome.run / BLOCKS).iterdir()
    assert kept.read_bytes() == PNG
    assert TEXT[:40].encode() not in (outcome.run / "journal.jsonl").read_bytes()
    assert outcome.tree.task.query == f"What is on it?\n[image: blocks/{kept.name}]"


@pytest.mark.parametrize("planner", sorted(PLANNERS))
async def test_every_planner_shows_it_where_its_model_is_asked(planner: str) -> None:
    def script(messages: Any) -> AIMessage:
        text = messages[-1].text
        if "one digit" in text:
            return AIMessage("9")
        if "one letter" in text:
            return AIMessage("A")
        return AIMessage("Finish(A cat.)") if "Tools:\n" in text else finish("A cat.")

    made = agent(script, planner)
    assert (await made.ainvoke(ASKED)).answer == "A cat."
    assert isinstance(made.model, ScriptedModel)
    assert pictures(made.model.asked[0]) == [PNG]


async def test_a_picture_elsewhere_is_named_and_not_fetched(tmp_path: Path) -> None:
    block = {"type": "image", "url": "https://pictures.example/cat.png"}
    made = agent([finish("A cat.")], runs=tmp_path)
    await made.ainvoke([HumanMessage(["What is on it?", block])])
    assert isinstance(made.model, ScriptedModel)
    assert block in made.model.asked[0][1].content


@langchain_tool(response_format="content_and_artifact")
def photo(of: str) -> tuple[str, bytes]:
    """A photograph."""
    return f"A photograph of a {of}", PNG


@langchain_tool
def drawing(of: str) -> list[Any]:
    """A drawing."""
    return [
        {"type": "text", "text": f"A drawing of a {of}"},
        {"type": "image", "base64": TEXT, "mime_type": "image/png"},
    ]


@pytest.mark.parametrize("tool", [photo, drawing], ids=["artifact", "content"])
async def test_a_picture_of_a_tools_comes_back_to_the_model(tmp_path: Path, tool: Any) -> None:
    model = ScriptedModel(replies=[])
    made = Agent(model=model, tools=[tool], planner="react", runs=tmp_path)
    [name] = made.registry.offer(made.registry.ids()).aliases
    model.replies = [call(name, of="cat"), call(name, of="dog"), finish("A cat.")]
    outcome = await made.ainvoke("Show me a cat.")
    assert [pictures(said) for said in model.asked] == [[], [PNG], [PNG]]
    assert [m.type for m in model.asked[1]][-2:] == ["tool", "human"]
    seen = next(seen for node in outcome.tree for seen in node.observations)
    assert seen.content.count("[image: blocks/") == 1
    assert "cat" in seen.content


async def test_a_picture_of_an_mcp_server_comes_back_to_the_model(tmp_path: Path) -> None:
    pytest.importorskip("mcp", reason="needs the extra mcp")
    from toolgrove.tools.mcp.source import load_mcp
    from toolgrove.tools.registry import Registry

    server = Path(__file__).parents[1] / "support" / "mcp_server.py"
    (tmp_path / "state").write_text("")
    address = f"mcp+stdio:{sys.executable} {server} stdio {tmp_path / 'state'}"
    with Registry() as registry:
        registry.add((await load_mcp(address))[0])
        [spec] = [one for one in registry if one.name == "picture"]
        model = ScriptedModel(replies=[call(registry.alias(spec.id)), finish("A cat.")])
        made = Agent(model=model, planner="react", trusted={address}, runs=tmp_path / "runs")
        made.registry = registry
        await made.ainvoke("Show me.")
        assert pictures(model.asked[1]) == [b"\x00\x00\x00"]


async def test_a_model_that_takes_none_is_told_so_in_place(tmp_path: Path) -> None:
    class Blind(ScriptedModel):
        @property
        def takes_images(self) -> bool:
            return False

    model = Blind(replies=[finish("I cannot see.")])
    await agent(model).ainvoke(ASKED)
    shown = model.asked[0][1]
    assert isinstance(shown.content, str)
    assert "What is on it?" in shown.content
    assert "[image left out here: scripted takes none.]" in shown.content
    message = HumanMessage([{"type": "image", "base64": TEXT, "mime_type": "image/png"}])
    profiled = ScriptedModel(profile={"image_inputs": False})
    for one in (LocalChatModel(), profiled):
        [noted] = as_taken(WithBlocks([message]), one, "m")
        assert noted.content == "[image left out here: m takes none.]"


async def test_a_kept_run_with_pictures_is_gone_on_with_viewed_and_mined(tmp_path: Path) -> None:
    def dies(messages: Any) -> AIMessage:
        if messages[-1].type == "tool":
            raise ConnectionError("gone")
        return call("fail", why="dark") if len(messages) < 3 else call("add", a=1, b=2)

    with pytest.raises(ModelError):
        await agent(dies, "dfsdt", runs=tmp_path).ainvoke(ASKED)
    [run] = folders(tmp_path)
    made = agent([call("add", a=1, b=2), finish("A cat.")], "dfsdt")
    outcome = await made.aresume(run)
    assert outcome.answer == "A cat."
    assert isinstance(made.model, ScriptedModel)
    assert pictures(made.model.asked[0]) == [PNG]
    tree = read_tree(run)
    assert "[image: blocks/" in tree.root.messages[1].content
    assert mine(tree).row.successes == 1
    assert "blocks/" in render([run])


async def test_what_is_lost_or_was_changed_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        await agent([], runs=tmp_path).ainvoke(ASKED)
    [run] = folders(tmp_path)
    [kept] = (run / BLOCKS).iterdir()
    kept.write_bytes(b"another")
    made = agent([finish("?")])
    await made.aresume(run)
    assert isinstance(made.model, ScriptedModel)
    assert "is not there any more" in str(made.model.asked[0][1].content)


async def test_a_conversation_goes_on_with_its_pictures(tmp_path: Path) -> None:
    made = agent([finish("A cat."), finish("Grey.")] * 2, runs=tmp_path)
    first = await made.ainvoke(ASKED)
    await made.ainvoke([*first.messages, ("user", "What colour?")])
    await made.thread("cats").ainvoke(ASKED)
    await made.thread("cats").ainvoke("What colour?")
    assert isinstance(made.model, ScriptedModel)
    assert [pictures(said) for said in made.model.asked] == [[PNG]] * 4


async def test_words_that_look_like_a_picture_are_words() -> None:
    made = agent([finish("No.")])
    await made.ainvoke("Is [image: blocks/../../etc/passwd] there, or blocks/x.png?")
    assert isinstance(made.model, ScriptedModel)
    assert isinstance(made.model.asked[0][1].content, str)
