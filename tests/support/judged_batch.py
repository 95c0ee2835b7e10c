"""Batches made by the real ``Evaluation``, with right and wrong answers after a failed branch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from toolgrove.agent.agent import Agent
from toolgrove.agent.evaluation import Evaluation
from toolgrove.agent.models.scripted import ScriptedModel, call, finish, give_up
from toolgrove.data.records import Reference, Task
from toolgrove.evaluators.report import Summary
from toolgrove.evaluators.store import ResultRow
from toolgrove.evaluators.stored import read_results

__all__ = ["RIGHT", "WRONG", "evaluate", "look", "row_of", "tasks"]

RIGHT, WRONG = "It is 4.", "It is 5."


def look(where: str) -> str:
    """Look somewhere."""
    return f"nothing in {where}"


def tasks(*answers: str) -> list[Task]:
    """A task each, which the scripted agent answers so; 4 is right."""
    return [
        Task(f"t{n}", f"Say: {answer}", reference=Reference("number", 4))
        for n, answer in enumerate(answers)
    ]


def _reply(conversation: Sequence[BaseMessage]) -> AIMessage:
    """Look and give up; the second time, say what the task asks to say."""
    asked = [m for m in conversation if isinstance(m, HumanMessage)]
    if len(asked) > 1:  # the diversity prompt
        return finish(str(asked[0].content).partition("Say: ")[2].split("\n")[0])
    if conversation[-1] is asked[0]:
        return call("look", where="there")
    return give_up("Not there.")


async def evaluate(
    out: Path,
    *answers: str,
    judge: Sequence[str] = (),
    epochs: int = 1,
    depth: int = 5,
    asked: Sequence[Task] | None = None,
) -> Summary:
    """Evaluate an agent that answers so; ``judge`` are the verdicts of a judge, in turn."""
    agent = Agent(
        model=ScriptedModel(script=_reply), tools=[look], planner=f"dfsdt:width=2,depth={depth}"
    )
    verdicts = [AIMessage(f"Verdict: {verdict}") for verdict in judge]
    voter = ScriptedModel(replies=verdicts) if judge else None
    chosen = tasks(*answers) if asked is None else asked
    return await Evaluation(agent, voter, votes=1).run(chosen, out, epochs=epochs)


def row_of(out: Path, task: str, epoch: int = 0) -> ResultRow:
    """A batch's only row of a task and epoch."""
    [row] = [row for row in read_results(out) if row.key == (task, epoch)]
    return row
