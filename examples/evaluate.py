"""How often is an agent right? Tasks with references, an interval, and what went wrong."""

import asyncio
import tempfile

from toolgrove import Agent, ScriptedModel, Task, tool
from toolgrove.agent import Evaluation, call, finish
from toolgrove.data import Reference


@tool(effect="read")
def price(item: str) -> float:
    """Price of an item in euros."""
    return {"tea": 4.5, "rice": 2.0, "salt": 0.8}[item]


replies = [
    *(call("price", item="tea"), finish("Tea costs 4.50 euros.")),
    *(call("price", item="rice"), finish("Rice costs 2 euros.")),
    finish("Salt costs 1 euro."),  # guessed
]
tasks = [
    Task(item, f"What does {item} cost?", reference=Reference("number", value))
    for item, value in (("tea", 4.5), ("rice", 2.0), ("salt", 0.8))
]
agent = Agent(model=ScriptedModel(replies=replies), tools=[price], planner="react")
with tempfile.TemporaryDirectory() as out:  # a folder that stays is gone on with
    summary = asyncio.run(Evaluation(agent).run(tasks, out))
rate = summary.total.rates["answer/2"]
print(f"{rate.value:.0%} right, 95% interval {rate.low:.0%} to {rate.high:.0%}")
