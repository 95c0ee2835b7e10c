"""What a node costs in a large tree: bushy and one chain, of 50 and of 5,000 nodes.

    python benchmarks/tree_growth.py [--n 3]

CPU milliseconds a node, with the journal on disk, replies and observations as long as ToolBench's
(1,024 characters an observation), and a model that answers at once. The bushy tree is DFSDT's, nine
wide and four deep; the chain is ReAct's. Neither may recurse: the limit is set to 200 frames. The
floor, printed as the peer, is a bare tree of nodes with a pointer to the parent that gathers a
path's messages anew for each node, and does nothing else.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from sides import median, options, report
from worker import Clock

from toolgrove.agent.agent import Agent
from toolgrove.agent.inputs import as_task
from toolgrove.planners.budget import Budget
from toolgrove.tools.python.effect import tool

__all__: list[str] = []

SHAPES = {"bushy": "dfsdt:width=9,depth=4", "chain": "react:depth=1000000"}
SMALL, LARGE = 50, 5000
TEXT, OBSERVATION = "I should " * 16, "o" * 1024


class Explorer(BaseChatModel):
    """Makes another call each time it is asked, and never comes to an end."""

    asked: int = 0

    @property
    def _llm_type(self) -> str:
        return "explorer"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Runnable[Any, AIMessage]:
        return self.bind(tools=list(tools), **kwargs)

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        self.asked += 1
        call = {"name": "look", "args": {"x": self.asked}, "id": "0"}
        return ChatResult(generations=[ChatGeneration(message=AIMessage(TEXT, tool_calls=[call]))])

    async def _agenerate(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> ChatResult:
        return self._generate(messages)


@tool(effect="read")
async def look(x: int) -> str:
    """Look at something."""
    return OBSERVATION


async def ours(planner: str, nodes: int) -> float:
    """CPU ms a node."""
    agent = Agent(model=Explorer(), tools=[look], planner=planner, budget=Budget(model_calls=nodes))
    with tempfile.TemporaryDirectory() as folder:
        await agent.solve(as_task("warm up"), Path(folder) / "warm")  # binds the tool
        limit = sys.getrecursionlimit()
        with Clock() as clock:
            sys.setrecursionlimit(200)
            tree = await agent.solve(as_task("go"), Path(folder) / "run")
            sys.setrecursionlimit(limit)
    assert len(tree) == nodes + 1, (len(tree), tree.ended)
    return clock.cpu * 1e3 / nodes


class Bare:
    """A node of the floor."""

    __slots__ = ("children", "depth", "messages", "parent")

    def __init__(self, parent: Bare | None, messages: list[dict[str, str]]) -> None:
        self.parent, self.messages = parent, messages
        self.children: list[Bare] = []
        self.depth = 0 if parent is None else parent.depth + 1

    def path(self) -> list[dict[str, str]]:
        """The messages from the root."""
        found, at = [], self
        while at.parent is not None:
            found.append(at.messages)
            at = at.parent
        return [message for messages in reversed(found) for message in messages]


def floor(shape: str, nodes: int) -> float:
    """CPU ms a node of a bare tree of the same shape."""
    width, depth = (9, 4) if shape == "bushy" else (1, nodes + 1)
    with Clock() as clock:
        stack = [Bare(None, [])]
        for _ in range(nodes):
            while stack[-1].depth >= depth or len(stack[-1].children) >= width:
                stack.pop()
            at = stack[-1]
            at.path()
            said = [
                {"role": "assistant", "content": TEXT},
                {"role": "tool", "content": OBSERVATION},
            ]
            at.children.append(Bare(at, said))
            stack.append(at.children[-1])
    return clock.cpu * 1e3 / nodes


def main() -> int:
    """Measure and print."""
    given = options(__doc__, n=3).parse_args()
    asyncio.run(ours(SHAPES["chain"], SMALL))
    found: dict[tuple[str, int], list[float]] = {}
    bare: dict[tuple[str, int], list[float]] = {}
    for _ in range(given.n):
        for shape, planner in SHAPES.items():
            for nodes in (SMALL, LARGE):
                times = 5 if nodes == SMALL else 1
                found.setdefault((shape, nodes), []).extend(
                    asyncio.run(ours(planner, nodes)) for _ in range(times)
                )
                bare.setdefault((shape, nodes), []).append(floor(shape, nodes))
    cost = {key: median(values) for key, values in found.items()}
    for (shape, nodes), value in cost.items():
        least = round(min(bare[shape, nodes]), 4)
        print(f"{shape} of {nodes}: {value} CPU ms a node, bare tree {least}")
    growth = {shape: round(cost[shape, LARGE] / cost["bushy", SMALL], 3) for shape in SHAPES}
    floors = median(bare["chain", LARGE])
    report(
        "tree_growth",
        cost["chain", LARGE],
        floors,
        "bare tree of the same shape",
        "CPU ms/node, chain of 5,000",
        given.n,
        to_a_tree_of_50=growth,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
