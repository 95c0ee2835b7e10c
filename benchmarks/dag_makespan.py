"""How long plans take, by the critical path of their calls: wall time against the least there is.

    python benchmarks/dag_makespan.py [--n 5]

A whole run of the planner ``dag`` (of ``react`` where it says so), the second of its agent and
kept on disk, with calls of 200 ms each: a diamond (three calls, one that needs them all, four that
need that one), ten calls side by side, and a diamond whose plan the model takes 300 ms to write,
line by line, and 300 ms to judge, as in the peers' figures; or which ends with its answer, so that
nothing is left to judge. The peer is the critical path: the time at which the last call can end if
each begins as soon as its line is written and its inputs are there.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk
from sides import median, options, report

from toolgrove.agent.agent import Agent
from toolgrove.agent.models.scripted import ScriptedModel, finish
from toolgrove.tools.python.effect import tool

__all__: list[str] = []

NAP = 0.2
WRITING = 0.3
DIAMOND = [(1, ()), (2, ()), (3, ()), (4, (1, 2, 3)), *((n, (4,)) for n in (5, 6, 7, 8))]
TEN: list[tuple[int, tuple[int, ...]]] = [(n, ()) for n in range(1, 11)]


def plan(tasks: list[tuple[int, tuple[int, ...]]], end: str = "join()") -> str:
    """The lines of a plan."""
    lines = [f"{n}. nap(needs=[{', '.join(f'${i}' for i in needs)}], n={n})" for n, needs in tasks]
    return "\n".join([*lines, end]) + "\n"


def critical(tasks: list[tuple[int, tuple[int, ...]]], writing: float) -> float:
    """Seconds at which the last call can end, where the lines are written at an even pace."""
    ends: dict[int, float] = {}
    for line, (number, needs) in enumerate(tasks, 1):
        written = writing * line / (len(tasks) + 1)
        ends[number] = NAP + max([written, *(ends[need] for need in needs)])
    return max(ends.values())


class Slow(ScriptedModel):
    """Writes its replies line by line at an even pace, each in ``writing`` seconds."""

    writing: float = 0.0

    async def _agenerate(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        return self._generate(messages)

    async def _astream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        began = time.monotonic()
        text = str(self._generate(messages).generations[0].message.content)
        lines = text.splitlines(keepends=True)
        for number, line in enumerate(lines, 1):
            left = began + self.writing * number / len(lines) - time.monotonic()
            if left > 0:
                await asyncio.sleep(left)
            yield ChatGenerationChunk(message=AIMessageChunk(line))


@dataclass(frozen=True, slots=True)
class Case:
    """What is timed, and the least that it can take."""

    name: str
    replies: tuple[AIMessage, ...]
    least: float
    planner: str = "dag"
    writing: float = 0.0
    blocking: bool = False


def _parallel() -> AIMessage:
    calls = [{"name": "nap", "args": {"needs": [], "n": n}, "id": str(n)} for n, _ in TEN]
    return AIMessage("", tool_calls=calls)


CASES = (
    Case(
        "diamond",
        (AIMessage(plan(DIAMOND)), AIMessage("Finish(done)")),
        critical(DIAMOND, 0.0),
    ),
    Case("ten calls", (AIMessage(plan(TEN)), AIMessage("Finish(done)")), critical(TEN, 0.0)),
    Case(
        "ten blocking calls",
        (AIMessage(plan(TEN)), AIMessage("Finish(done)")),
        critical(TEN, 0.0),
        blocking=True,
    ),
    Case("ten calls, react", (_parallel(), finish("done")), critical(TEN, 0.0), planner="react"),
    Case(
        "diamond, written in 0.3 s and judged in 0.3 s",
        (AIMessage(plan(DIAMOND)), AIMessage("Finish(done)")),
        critical(DIAMOND, WRITING) + WRITING,
        writing=WRITING,
    ),
    Case(
        "diamond, written in 0.3 s with its answer",
        (AIMessage(plan(DIAMOND, "Finish($5, $6, $7 and $8)")),),
        critical(DIAMOND, WRITING),
        writing=WRITING,
    ),
)


def _tool(began: list[float], blocking: bool) -> Callable[..., Any]:
    if blocking:

        @tool(effect="read")
        def nap(needs: list[int], n: int) -> int:
            """Take 200 ms."""
            began.append(time.monotonic())
            time.sleep(NAP)
            return n

        return nap

    @tool(effect="read")
    async def nap_async(needs: list[int], n: int) -> int:
        """Take 200 ms."""
        began.append(time.monotonic())
        await asyncio.sleep(NAP)
        return n

    nap_async.__name__ = "nap"
    return nap_async


async def timed(case: Case) -> tuple[float, float]:
    """Seconds of the run, and of its beginning until the first call."""
    began: list[float] = []
    model = Slow(replies=[*case.replies, *case.replies], writing=case.writing)
    with tempfile.TemporaryDirectory() as folder:
        agent = Agent(
            model=model,
            tools=[_tool(began, case.blocking)],
            planner=case.planner,
            runs=Path(folder),
        )
        await agent.ainvoke("warm up")  # compiles the tools' checks, once an agent
        began.clear()
        at = time.monotonic()
        outcome = await agent.ainvoke("go")
        took = time.monotonic() - at
    assert outcome.answer in ("done", "5, 6, 7 and 8")
    return took, began[0] - at


def main() -> int:
    """Measure and print."""
    given = options(__doc__).parse_args()
    found: dict[str, list[tuple[float, float]]] = {case.name: [] for case in CASES}
    for _ in range(given.n):
        for case in CASES:
            found[case.name].append(asyncio.run(timed(case)))
    for case in CASES:
        took = median([seconds for seconds, _ in found[case.name]])
        first = median([seconds for _, seconds in found[case.name]])
        print(
            f"{case.name}: {took} s, at least {case.least:.3f} s, ratio {took / case.least:.3f}; "
            f"first call after {first} s"
        )
    ours = median([seconds for seconds, _ in found["diamond"]])
    ratios = {
        case.name: round(median([s for s, _ in found[case.name]]) / case.least, 3) for case in CASES
    }
    report(
        "dag_makespan", ours, round(CASES[0].least, 3), "critical path", "s", given.n, ratios=ratios
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
