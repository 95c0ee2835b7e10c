"""Concurrent against sequential DFSDT on the same random searches: wall time, and calls wasted.

    python benchmarks/concurrent_dfsdt.py [--in-flight 4] [--seeds 20] [--delay 0.05]

A scripted model that takes ``--delay`` seconds a reply, as do its tools, searches trees of width 2
that branch and give up at random, by seed: about 20 steps each, as ToolBench's have. Both searches
must come to the same nodes and answer. The peer is the sequential search; the last line is one
JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage

from toolgrove.agent.agent import Agent
from toolgrove.agent.models.scripted import ScriptedModel, call, finish, give_up
from toolgrove.data.records import Task
from toolgrove.data.tree import SearchTree
from toolgrove.tools.python.effect import tool

__all__: list[str] = []


class Slow(ScriptedModel):
    """Takes its time, as a model behind a network does."""

    delay: float = 0.05

    async def _agenerate(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        await asyncio.sleep(self.delay)
        return self._generate(messages)


class Script:
    """Replies that are a function of the conversation: calls, giving up, at last an answer."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __call__(self, messages: Sequence[BaseMessage]) -> AIMessage:
        said = "\n".join(f"{m.type}:{m.content}:{getattr(m, 'tool_calls', '')}" for m in messages)
        draw = random.Random(f"{self.seed}:{said}")
        roll = draw.random()
        if len(messages) > 4 and roll < 0.02:
            return finish("found")
        if len(messages) > 4 and roll < 0.15:
            return give_up("this leads nowhere")
        return call("look", where=draw.randrange(10**9))


async def search(seed: int, in_flight: int, delay: float) -> tuple[float, SearchTree]:
    """Seconds that one search took, and its tree."""

    @tool(effect="read")
    async def look(where: int) -> str:
        """Look somewhere."""
        await asyncio.sleep(delay)
        return f"nothing at {where}"

    agent = Agent(
        model=Slow(script=Script(seed), delay=delay),
        tools=[look],
        planner="dfsdt:width=2,depth=4",
        in_flight=in_flight,
    )
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        tree = await agent.solve(Task("t", "Where is it?"), Path(folder) / "run")
        return time.perf_counter() - began, tree


def main() -> int:
    """Search, compare, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--in-flight", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--delay", type=float, default=0.05)
    options = parser.parse_args()
    asyncio.run(search(0, 1, 0.0))  # imports and caches
    alone: list[float] = []
    ahead: list[float] = []
    for seed in range(options.seeds):
        one, sequential = asyncio.run(search(seed, 1, options.delay))
        other, concurrent = asyncio.run(search(seed, options.in_flight, options.delay))
        if [node.id for node in sequential] != [node.id for node in concurrent]:
            print(f"seed {seed}: the trees differ", file=sys.stderr)
            return 1
        unused = concurrent.ending.unused.model_calls if concurrent.ending else 0
        print(
            f"seed {seed:2}: {len(sequential) - 1:3} steps, {one:5.2f} s and {other:5.2f} s, "
            f"{unused} model calls made ahead and not wanted"
        )
        alone.append(one)
        ahead.append(other)
    line = {
        "name": "concurrent_dfsdt",
        "ours": round(median(ahead), 3),
        "peer": round(median(alone), 3),
        "peer_name": "sequential DFSDT",
        "unit": f"s a search, {options.in_flight} in flight",
        "ratio": round(median(a / b for a, b in zip(ahead, alone, strict=True)), 3),
        "n": options.seeds,
    }
    print(json.dumps(line))
    return 0


if __name__ == "__main__":
    sys.exit(main())
