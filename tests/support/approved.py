"""A desk that posts letters: an agent whose writes somebody has to approve."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage

from toolgrove.agent.agent import Agent
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.data.decisions import Pause, decided
from toolgrove.data.records import Task
from toolgrove.tools.calls.policy import Policy
from toolgrove.tools.python.effect import tool

TASK = Task("t", "Write to Ann and Bob.")
DAG = '1. post(to="Ann")\n2. look(what="Bob")\n3. post(to=$2)\n4. look(what=$1)\njoin()\n'


def both(*calls: AIMessage) -> AIMessage:
    """One reply that makes several calls."""
    return AIMessage("", tool_calls=[one.tool_calls[0] for one in calls])


class Desk:
    """What was posted is kept in a file, so that it outlives the process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def posted(self) -> list[str]:
        file = self.folder / "posted.txt"
        return file.read_text().splitlines() if file.exists() else []

    def agent(self, planner: str = "react", approve: Any = None, **options: Any) -> Agent:
        folder = self.folder

        @tool(effect="write")
        def post(to: str, copies: int = 1) -> str:
            """Post a letter."""
            with (folder / "posted.txt").open("a") as file:
                file.write(f"{to} {copies}\n")
            return f"posted to {to}"

        def look(what: str) -> str:
            """Look something up."""
            with (folder / "looked.txt").open("a") as file:
                file.write(f"{what}\n")
            return what

        look.__module__ = "library"  # what a plan reads there waits for no write of the desk

        def script(messages: Sequence[BaseMessage]) -> AIMessage:
            if planner.startswith("dag"):
                last = str(messages[-1].content)
                return AIMessage("Finish(done)" if "Results:" in last else DAG)
            if any(message.type == "tool" for message in messages):
                return finish("done")
            letters = [call("post", to="Ann"), call("post", to="Bob")]
            return both(call("look", what="Ann"), *letters)

        policy = Policy(approve=approve)
        model = ScriptedModel(script=script)
        return Agent(
            model=model,
            tools=[post, tool(effect="read")(look)],
            planner=planner,
            policy=policy,
            **options,
        )

    async def begun(self, planner: str = "react", **options: Any) -> Any:
        """Begin the run, with nobody there who decides."""
        agent = self.agent(planner, lambda spec, call: Pause(), **options)
        return await agent.solve(TASK, self.folder / "run")


def main(folder: str, decisions: str, planner: str) -> None:
    """Go on with the run in a folder, in a process of its own."""
    given = {name: decided(value) for name, value in json.loads(decisions).items()}
    outcome = Desk(Path(folder)).agent(planner).resume(Path(folder) / "run", decisions=given)
    print(outcome.ended, outcome.answer)
