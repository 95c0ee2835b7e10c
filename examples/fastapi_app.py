"""An agent behind an HTTP endpoint: uvicorn fastapi_app:app; needs fastapi."""

from fastapi import FastAPI
from pydantic import BaseModel

from toolgrove import Agent, Budget, ScriptedModel, tool
from toolgrove.agent import call, finish


@tool(effect="read")
def double(x: int) -> int:
    """Double a number."""
    return 2 * x


class Answer(BaseModel):
    answer: str | None
    ended: str
    steps: int


replies = [call("double", x=21), finish("It is 42.")]
agent = Agent(
    model=ScriptedModel(replies=replies),  # yours: "openai:gpt-5", …
    tools=[double],
    planner="react",
    budget=Budget(model_calls=20),  # a request ends, whatever the model does
)
app = FastAPI(title="Doubling")


@app.get("/ask")
async def ask(question: str) -> Answer:
    """One agent serves all requests; each has a run of its own."""
    outcome = await agent.ainvoke(question)
    return Answer(answer=outcome.answer, ended=outcome.ended, steps=len(outcome.tree))


if __name__ == "__main__":
    from fastapi.testclient import TestClient

    print(TestClient(app).get("/ask", params={"question": "What is 21 doubled?"}).json())
