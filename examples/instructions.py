"""The same agent for two customers, each with words of their own."""

from toolgrove import Agent, ScriptedModel, Task, tool
from toolgrove.agent import call, finish

LANGUAGES = {"ada": "English", "zoe": "French"}


@tool(effect="read")
def stock(item: str) -> int:
    """How many of an item are in stock."""
    return {"tea": 3}.get(item, 0)


def words(task: Task) -> str:
    """Called once a run; the run's journal keeps what it gave."""
    return f"You work in a small shop. Answer in {LANGUAGES[task.id]}, in one sentence."


replies = [call("stock", item="tea"), finish("Yes, three."), finish("Oui, trois.")]
model = ScriptedModel(replies=[*replies[:2], replies[0], replies[2]])
agent = Agent(model=model, tools=[stock], planner="react", instructions=words)
for customer in LANGUAGES:
    outcome = agent.invoke(Task(customer, "Is there tea?"))
    print(model.asked[-1][0].text.splitlines()[-1])
    print(outcome.answer)
