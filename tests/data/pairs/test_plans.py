"""A plan that led to a success is preferred to the one before it."""

from __future__ import annotations

from langchain_core.messages import AIMessage

from toolgrove import Agent, ScriptedModel, tool
from toolgrove.data.pairs.modes import Rule
from toolgrove.data.preferences import mine


@tool(effect="read")
def price(item: str) -> float:
    """Price of an item."""
    return {"tea": 4.5, "rice": 2.0}[item]


def test_the_plan_after_a_replan_is_preferred_to_the_one_that_failed() -> None:
    wrong = '1. price(item="Tea")\n2. price(item="Rice")\n3. join()'
    right = '1. price(item="tea")\n2. price(item="rice")\n3. join()'
    said = [wrong, "Replan(names are lower case)", right, "Finish(6.5 together.)"]
    model = ScriptedModel(replies=[AIMessage(text) for text in said])
    tree = Agent(model=model, tools=[price], planner="dag").invoke("What do both cost?").tree
    [pair] = mine(tree, rule=Rule.PLAN, success=lambda node: node.state.value == "answered").pairs
    [chosen], [rejected] = pair.chosen, pair.rejected
    assert (chosen.content, rejected.content) == (right, wrong)
    assert [call.arguments["item"] for call in chosen.calls] == ["tea", "rice"]
    assert [message.role.value for message in pair.prompt] == ["system", "user"]
