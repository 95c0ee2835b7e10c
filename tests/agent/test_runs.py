"""Many runs of one agent: each in a folder of its own, and what they share is made once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from toolgrove.agent.agent import Agent
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.data.records import Status
from toolgrove.data.runs import read_tree
from toolgrove.tools.python.effect import tool

TOLD = "The weather is fine. "


@tool(effect="read")
def lookup(place: str) -> str:
    """Look a place up."""
    return TOLD * 200


def script(messages: Any) -> Any:
    return finish("fine") if len(messages) > 2 else call("lookup", place="Rome")


async def test_runs_at_once_have_a_folder_each(tmp_path: Path) -> None:
    agents = [
        Agent(model=ScriptedModel(script=script), tools=[lookup], planner="react", runs=tmp_path)
        for _ in range(2)
    ]
    outcomes = await asyncio.gather(*[agent.ainvoke("Where?") for agent in agents * 10])
    assert {outcome.answer for outcome in outcomes} == {"fine"}
    assert len({outcome.run for outcome in outcomes}) == 20
    for outcome in outcomes:
        assert outcome.run is not None
        assert list(read_tree(outcome.run)) == list(outcome.tree)


async def test_tools_are_bound_once_for_all_runs_and_again_when_they_change() -> None:
    bound: list[int] = []

    class Counting(ScriptedModel):
        def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
            bound.append(len(tools))
            return super().bind_tools(tools, **kwargs)

    @tool(effect="read")
    def another(place: str) -> str:
        """Look another place up."""
        return place

    agent = Agent(model=Counting(script=script), tools=[lookup], planner="react")
    for _ in range(3):
        assert (await agent.ainvoke("Where?")).answer == "fine"
    assert bound == [2]  # the tool and Finish
    agent.registry.add_function(another)
    assert (await agent.ainvoke("Where?")).answer == "fine"
    assert bound == [2, 3]


async def test_a_run_that_is_not_kept_gives_the_tree_of_one_that_is(tmp_path: Path) -> None:
    model = ScriptedModel(script=script)
    kept = await Agent(model=model, tools=[lookup], planner="react", runs=tmp_path).ainvoke("a")
    passing = await Agent(model=model, tools=[lookup], planner="react").ainvoke("a")
    assert passing.run is None
    assert [node.id for node in passing.tree] == [node.id for node in kept.tree]
    for one, other in zip(passing.tree, kept.tree, strict=True):
        assert one.messages == other.messages
    [observation] = [o for node in passing.tree for o in node.observations if o.truncated]
    assert observation.status is Status.OK
    assert observation.size == len(TOLD) * 200
