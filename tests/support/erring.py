"""A scripted agent that errs: it adds two numbers, and says what came out or something else."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from langchain_core.messages import AIMessage, BaseMessage

from toolgrove.agent.agent import Agent
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.data.records import Reference, Task
from toolgrove.errors import ModelError
from toolgrove.tools.python.effect import tool

_ASKED = re.compile(r"What is (\d+) plus (\d+)\?")


def sums(n: int, start: int = 1) -> list[Task]:
    """Tasks that ask for ``i`` plus 100, with the right number."""
    return [
        Task(f"t{i}", f"What is {i} plus 100?", reference=Reference("number", 100 + i))
        for i in range(start, start + n)
    ]


class Erring:
    """An agent whose samples of a task are off by these in turn; a judge of right is always right.

    Parameters
    ----------
    off : sequence of int
        By how much each further answer to a task is wrong: 0 is right.
    dies_after : int or None
        How often the model answers before it is gone.
    """

    def __init__(self, off: Sequence[int], dies_after: int | None = None) -> None:
        self.off, self.left = off, dies_after
        self.asked = 0
        self._answers: Counter[str] = Counter()

        @tool(effect="read")
        def add(a: int, b: int) -> int:
            """Add two numbers."""
            return a + b

        self.agent = Agent(model=ScriptedModel(script=self._said), tools=[add], planner="react")

    def _said(self, messages: Sequence[BaseMessage]) -> AIMessage:
        if self.left == 0:
            raise ModelError("the model is gone")
        self.left = None if self.left is None else self.left - 1
        self.asked += 1
        text = "\n".join(str(one.content) for one in messages if one.type == "human")
        found = _ASKED.search(text)
        assert found
        total = int(found[1]) + int(found[2])
        if "Verdict:" in text:
            return finish(f"Verdict: {'Right' if f'It is {total}.' in text else 'Wrong'}")
        if not any(one.type == "tool" for one in messages):
            return call("add", a=int(found[1]), b=int(found[2]))
        off = self.off[self._answers[found[0]] % len(self.off)]
        self._answers[found[0]] += 1
        return finish(f"It is {total + off}.")
