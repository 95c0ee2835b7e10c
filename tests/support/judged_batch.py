"""Batches made by the real ``Evaluation``, with right and wrong answers after a failed branch."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from toolgrove.agent.agent import Agent
from toolgrove.agent.evaluation import Evaluation
from toolgrove.agent.models.scripted import ScriptedModel, call, finish, give_up
from toolgrove.data.journal import Journal
from toolgrove.data.pairs.faults import Fault
from toolgrove.data.pairs.modes import Rule
from toolgrove.data.preferences import MinedRow
from toolgrove.data.records import (
    Message,
    Node,
    NodeState,
    PreferencePair,
    Reference,
    Role,
    Score,
    Task,
    ToolCall,
)
from toolgrove.data.runs import read_tree
from toolgrove.data.tree import ROOT, SearchTree, child_id
from toolgrove.evaluators.answer import AnswerEvaluator
from toolgrove.evaluators.base import Evaluator, judged
from toolgrove.evaluators.mining import Mining, mine_files
from toolgrove.evaluators.report import Summary
from toolgrove.evaluators.runner import run_batch
from toolgrove.evaluators.store import ResultRow
from toolgrove.evaluators.stored import read_results

__all__ = [
    "MADE_UP",
    "MODES",
    "RIGHT",
    "WRONG",
    "Says",
    "batch_of",
    "chosen",
    "edit",
    "evaluate",
    "journalled",
    "look",
    "mined",
    "row_of",
    "step",
    "tasks",
]

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


MODES = ["auto", "answer/2", "answer"]


MADE_UP = [Fault.NO_SUCCESSFUL_CALL]
"""The agent of these tests answers without a call."""


def chosen(pairs: list[PreferencePair]) -> list[str]:
    """The answers that pairs prefer."""
    return [
        str(call.arguments["final_answer"])
        for pair in pairs
        for message in pair.chosen
        for call in message.calls
        if call.name == "Finish"
    ]


def mined(
    *paths: Path, success: str = "auto", rule: Rule = Rule.STEP
) -> tuple[list[str], dict[str, MinedRow], Mining]:
    """The answers that are preferred, and the rows by the run's folder; runs may be alike."""
    keep = [*MADE_UP, Fault.NEAR_DUPLICATE]
    mining = mine_files(paths, success=success, rule=rule, keep=keep)
    answers = chosen(list(mining))
    return answers, {row.tree.rpartition("/")[2]: row for row in mining.report.rows}, mining


def journalled(run: Path, task: Task, answers: Mapping[str, float], *, failed: int = 1) -> None:
    """A run whose root has failed branches, then one answered leaf for each answer, with scores."""
    with Journal.create(run, task=task, tools=[], aliases={}, config={}) as journal:
        journal.node(Node(ROOT, None, messages=(Message(Role.USER, task.query),)))
        for index in range(failed):
            journal.node(step(index, NodeState.GAVE_UP, "", None))
        for index, (answer, score) in enumerate(answers.items(), failed):
            journal.node(step(index, NodeState.ANSWERED, answer, score))
        journal.end("answered")


def step(index: int, state: NodeState, answer: str, score: float | None) -> Node:
    kind = "give_answer" if state is NodeState.ANSWERED else "give_up_and_restart"
    made = ToolCall(f"c{index}", "Finish", {"return_type": kind, "final_answer": answer})
    said = (Message(Role.ASSISTANT, f"Try {index}.", (made,)),)
    final = answer if state is NodeState.ANSWERED else None
    return Node(
        child_id(ROOT, index), ROOT, index, messages=said, calls=(made,), state=state,
        answer=final, score=score,
    )  # fmt: skip


class Says:
    """An evaluator that gives every run the same value."""

    def __init__(self, name: str, value: float | None) -> None:
        self.name, self.value = name, value

    async def score(self, tree: SearchTree) -> Score:
        return judged(tree, self.name, self.value, "so it says")


async def batch_of(
    out: Path, answers: Mapping[str, float], *evaluators: Evaluator, failed: int = 1
) -> Path:
    """A batch of one run with these answers; its folder."""
    task = Task("t", "What?", reference=Reference("number", 4))

    async def solve(task: Task, run: Path) -> SearchTree:
        journalled(run, task, answers, failed=failed)
        return read_tree(run)

    await run_batch([task], solve, evaluators or [AnswerEvaluator()], out, config={"of": "test"})
    return out / row_of(out, "t").run


def edit(out: Path, change: str, *values: object) -> None:
    with closing(sqlite3.connect(out / "results.sqlite")) as db, db:
        db.execute(change, values)
