"""LangChain's callbacks see a run as one tree: the agent, and below it what it asked and called."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from langchain_core.callbacks import AsyncCallbackManager, BaseCallbackHandler
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.tools import tool as langchain_tool
from langchain_core.tracers.context import collect_runs

from support.streaming import StreamingModel
from toolgrove.agent.agent import Agent
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.data.records import ToolSpec
from toolgrove.errors import ModelError
from toolgrove.tools.python.effect import tool


class Listener(BaseCallbackHandler):
    """Keeps who began below whom, and how it ended."""

    def __init__(self) -> None:
        self.names: dict[UUID, str] = {}
        self.parents: dict[UUID, UUID | None] = {}
        self.ended: dict[UUID, Any] = {}
        self.tags: dict[UUID, list[str]] = {}
        self.metadata: dict[UUID, dict[str, Any]] = {}

    def _begin(self, kind: str, *args: Any, **kwargs: Any) -> None:
        run = kwargs["run_id"]
        name = kwargs.get("name") or (args[0] or {}).get("name") or ""
        self.names[run] = f"{kind} {name}".strip()
        self.parents[run] = kwargs.get("parent_run_id")
        self.tags[run] = list(kwargs.get("tags") or ())
        self.metadata[run] = dict(kwargs.get("metadata") or {})

    def on_chain_start(self, *args: Any, **kwargs: Any) -> None:
        self._begin("chain", *args, **kwargs)

    def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
        self._begin("model", None, **{**kwargs, "name": ""})

    def on_tool_start(self, *args: Any, **kwargs: Any) -> None:
        self._begin("tool", *args, **kwargs)

    def on_retriever_start(self, *args: Any, **kwargs: Any) -> None:
        self._begin("retriever", *args, **kwargs)

    def _end(self, gave: Any, *, run_id: UUID, **kwargs: Any) -> None:
        self.ended[run_id] = gave

    on_chain_end = on_llm_end = on_tool_end = on_retriever_end = _end
    on_chain_error = on_llm_error = on_tool_error = on_retriever_error = _end

    def tree(self) -> list[Any]:
        """The runs as nested lists: a name, then what is below it."""

        def below(parent: UUID | None) -> list[Any]:
            found = [run for run, above in self.parents.items() if above == parent]
            return [[self.names[run], *below(run)] for run in found]

        return below(None)

    def named(self, name: str) -> list[UUID]:
        return [run for run, known in self.names.items() if known == name]


@tool(effect="read")
def double(x: int) -> int:
    """Double a number."""
    return 2 * x


@tool(effect="read")
def broken(x: int) -> int:
    """Fail."""
    raise ValueError("no luck")


def agent(*replies: Any, **more: Any) -> Agent:
    said = list(replies) or [call("double", x=21), finish("42")]
    return Agent(model=ScriptedModel(replies=said), tools=[double, broken], planner="react", **more)


MODEL, TOOL = ["model"], ["tool double"]


async def test_a_run_is_one_tree() -> None:
    listener = Listener()
    outcome = await agent().ainvoke("?", {"callbacks": [listener]})
    assert listener.tree() == [["chain Agent", MODEL, TOOL, MODEL]]
    assert set(listener.ended) == set(listener.names)
    assert listener.ended[listener.named("chain Agent")[0]] == outcome
    [called] = listener.named("tool double")
    assert (listener.ended[called].content, listener.ended[called].status) == ("42", "success")


def test_from_sync_code_too() -> None:
    listener = Listener()
    agent().invoke("?", {"callbacks": [listener]})
    assert listener.tree() == [["chain Agent", MODEL, TOOL, MODEL]]


async def test_sync_code_in_a_running_loop_stays_in_the_tree_it_is_called_from() -> None:
    listener = Listener()

    def ask(_: Any) -> str | None:
        return agent().invoke("?").answer

    await RunnableLambda(ask).ainvoke(None, {"callbacks": [listener], "run_name": "outer"})
    assert listener.tree() == [["chain outer", ["chain Agent", MODEL, TOOL, MODEL]]]


async def test_names_tags_and_metadata_of_the_config_are_told() -> None:
    listener = Listener()
    run = uuid4()
    config: RunnableConfig = {
        "callbacks": [listener],
        "run_name": "mine",
        "run_id": run,
        "tags": ["night"],
        "metadata": {"who": "me"},
    }
    await agent().ainvoke("?", config)
    assert listener.tree() == [["chain mine", MODEL, TOOL, MODEL]]
    assert listener.names[run] == "chain mine"
    assert all("night" in tags for tags in listener.tags.values())
    assert all(metadata["who"] == "me" for metadata in listener.metadata.values())


async def test_in_a_chain_the_run_is_a_part_of_its_tree() -> None:
    listener = Listener()
    chain = RunnableLambda(lambda text: f"{text}?") | agent()
    await chain.ainvoke("What", {"callbacks": [listener]})
    [[root, first, second]] = listener.tree()
    assert (root, first) == ("chain RunnableSequence", ["chain RunnableLambda"])
    assert second == ["chain Agent", MODEL, TOOL, MODEL]


@pytest.mark.parametrize("planner", ["dfsdt", "dag", "beam:width=2"])
async def test_whatever_the_planner_all_hangs_below_the_agent(planner: str) -> None:
    def script(messages: Any) -> Any:
        if planner == "dag":
            done = listener.named("tool double")
            return AIMessage("Action: Finish(42)" if done else "1. double(x=21)\n2. join()")
        return finish("42") if any(m.type == "tool" for m in messages) else call("double", x=21)

    listener = Listener()
    run = Agent(model=ScriptedModel(script=script), tools=[double], planner=planner)
    await run.ainvoke("?", {"callbacks": [listener]})
    [[root, *below]] = listener.tree()
    assert root == "chain Agent"
    assert TOOL in below
    assert all(one in (MODEL, TOOL) for one in below)
    assert set(listener.ended) == set(listener.names)


async def test_a_tool_of_langchains_is_told_once_with_what_it_asks_below_it() -> None:
    asked = RunnableLambda(lambda x: x + x).with_config(run_name="adding")

    @langchain_tool
    async def plus(x: int) -> int:
        """Add a number to itself."""
        return await asked.ainvoke(x)

    listener = Listener()
    model = ScriptedModel(replies=[call("plus_for_langchain", x=21), finish("42")])
    run = Agent(model=model, tools=[plus], planner="react")
    await run.ainvoke("?", {"callbacks": [listener]})
    assert listener.tree() == [["chain Agent", MODEL, ["tool plus", ["chain adding"]], MODEL]]


async def test_what_a_function_asks_hangs_below_its_call() -> None:
    @tool(effect="read")
    async def consult(x: int) -> str:
        """Ask another agent."""
        return str((await agent().ainvoke("?")).answer)

    listener = Listener()
    model = ScriptedModel(replies=[call("consult", x=1), finish("42")])
    run = Agent(model=model, tools=[consult], planner="react")
    await run.ainvoke("?", {"callbacks": [listener], "run_name": "outer"})
    below = ["tool consult", ["chain Agent", MODEL, TOOL, MODEL]]
    assert listener.tree() == [["chain outer", MODEL, below, MODEL]]


async def test_calls_at_once_stay_apart() -> None:
    @tool(effect="read")
    async def meet(x: int) -> int:
        """Wait for the other call."""
        here.append(x)
        if len(here) == 2:
            both.set()
        await both.wait()
        return await RunnableLambda(lambda x: x).with_config(run_name=f"in {x}").ainvoke(x)

    here: list[int] = []
    both = asyncio.Event()
    two = call("meet", x=1)
    two.tool_calls.append({**call("meet", x=2).tool_calls[0], "id": "1"})
    listener = Listener()
    run = Agent(model=ScriptedModel(replies=[two, finish("x")]), tools=[meet], planner="react")
    await run.ainvoke("?", {"callbacks": [listener]})
    [[_, _, first, second, _]] = listener.tree()
    assert sorted([first[1], second[1]]) == [["chain in 1"], ["chain in 2"]]


async def test_a_failed_call_and_a_broken_run_are_told_as_such() -> None:
    listener = Listener()
    with pytest.raises(ModelError):
        await agent(call("broken", x=1)).ainvoke("?", {"callbacks": [listener]})
    [failed] = listener.named("tool broken")
    assert listener.ended[failed].status == "error"
    [root] = listener.named("chain Agent")
    assert isinstance(listener.ended[root], Exception)
    assert "1 replies" in str(listener.ended[root])


async def test_what_is_retrieved_is_told() -> None:
    found = ToolSpec("a/b/c", "a", "b", "c", "A tool.", binding={"kind": "nothing"})
    listener = Listener()
    run = Agent(model=ScriptedModel(replies=[finish("x")]), retrieve=lambda query, k: [found])
    await run.ainvoke("What?", {"callbacks": [listener]})
    assert listener.tree() == [["chain Agent", ["retriever tools"], MODEL]]
    [documents] = [listener.ended[run] for run in listener.named("retriever tools")]
    assert [one.page_content for one in documents] == ["A tool."]


async def test_astream_events_tells_the_run_with_its_calls() -> None:
    config: RunnableConfig = {"run_name": "mine", "tags": ["night"]}
    events = [event async for event in agent().astream_events("What?", config, version="v2")]
    told = [(event["event"], event["name"]) for event in events]
    assert told[0] == ("on_chain_start", "mine")
    assert told[-1] == ("on_chain_end", "mine")
    assert ("on_tool_start", "double") in told
    assert ("on_tool_end", "double") in told
    assert [kind for kind, _ in told].count("on_chat_model_start") == 2
    root = events[0]["run_id"]
    inner = [event for event in events if event["run_id"] != root]
    assert all(event["parent_ids"] == [root] for event in inner)
    assert all("night" in event["tags"] for event in events)
    assert events[0]["data"]["input"] == "What?"
    assert events[-1]["data"]["output"].answer == "42"


async def test_astream_events_has_the_pieces_of_replies() -> None:
    plan, end = AIMessage("1. double(x=21)\n2. join()"), AIMessage("Action: Finish(42)")
    model = StreamingModel(replies=[plan, end])
    run = Agent(model=model, tools=[double], planner="dag")
    events = [event async for event in run.astream_events("What?", version="v2")]
    pieces = [e["data"]["chunk"].content for e in events if e["event"] == "on_chat_model_stream"]
    assert "".join(pieces).startswith("1. double(x=21)")


async def test_runs_collected_from_outside_are_one_root() -> None:
    with collect_runs() as collected:
        await agent().ainvoke("?")
    [root] = collected.traced_runs
    assert root.name == "Agent"
    assert [run.run_type for run in root.child_runs] == ["llm", "tool", "llm"]


async def test_each_run_of_a_batch_has_a_tree() -> None:
    model = ScriptedModel(script=lambda messages: finish("x"))
    listener = Listener()
    await Agent(model=model, tools=[double]).abatch(["a", "b", "c"], {"callbacks": [listener]})
    assert listener.tree() == [["chain Agent", MODEL]] * 3


async def test_where_nobody_listens_no_manager_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def configured(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("nobody listens")

    monkeypatch.setattr(AsyncCallbackManager, "configure", configured)
    assert (await agent().ainvoke("?")).answer == "42"
    assert (await agent().ainvoke("?", {"tags": ["night"]})).answer == "42"


async def test_tools_find_the_config_of_the_run() -> None:
    @langchain_tool
    def whose(x: int, config: RunnableConfig) -> str:
        """Say whose run it is."""
        return str(config["configurable"]["user"])

    model = ScriptedModel(replies=[call("whose_for_langchain", x=1), finish("x")])
    run = Agent(model=model, tools=[whose], planner="react")
    outcome = await run.ainvoke("?", {"configurable": {"user": "ada"}})
    seen = [o.content for node in outcome.tree for o in node.observations]
    assert seen[0] == "ada"
