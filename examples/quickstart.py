"""An agent with one tool of its own."""

from toolgrove import Agent, ScriptedModel, tool
from toolgrove.agent import call, finish


@tool(effect="read")  # without it, a function is taken for one that writes
def capital(country: str) -> str:
    """Capital of a country."""
    return {"France": "Paris", "Norway": "Oslo"}[country]


# It says what it is told, so that this runs anywhere. Yours: model="openai:gpt-5", "local", …
model = ScriptedModel(replies=[call("capital", country="France"), finish("It is Paris.")])
agent = Agent(model=model, tools=[capital], planner="dfsdt:width=2,depth=6")
outcome = agent.invoke("What is the capital of France?")
print(outcome.answer)
for node in outcome.tree:
    for made, seen in zip(node.calls, node.observations, strict=False):
        print(made.name, dict(made.arguments), "gave", seen.content)
