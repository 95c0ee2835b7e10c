"""Toolgrove's side: an agent with a model that answers at once, or after a set time."""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from worker import Clock, serve

from toolgrove.agent.agent import Agent
from toolgrove.planners.budget import Budget
from toolgrove.tools.python.effect import tool

__all__ = ["Minimal", "noop"]

UNLIMITED = Budget(model_calls=10**9)


class Minimal(BaseChatModel):
    """The least that a chat model can do: calls ``noop`` so many times, then answers.

    Each step adds two messages to the two that a conversation begins with.
    """

    steps: int
    delay: float = 0.0

    @property
    def _llm_type(self) -> str:
        return "minimal"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Runnable[Any, AIMessage]:
        return self.bind(tools=list(tools), **kwargs)

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        made = (len(messages) - 2) // 2
        call: dict[str, Any] = {"name": "noop", "args": {"x": made}, "id": "0"}
        if made >= self.steps:
            answer = {"return_type": "give_answer", "final_answer": "done"}
            call = {"name": "Finish", "args": answer, "id": "0"}
        return ChatResult(generations=[ChatGeneration(message=AIMessage("", tool_calls=[call]))])

    async def _agenerate(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> ChatResult:
        if self.delay:
            await asyncio.sleep(self.delay)
        return self._generate(messages)


async def noop(x: int) -> str:
    """Return at once."""
    return "ok"


def blocking(x: int) -> str:
    """Return at once."""
    return "ok"


def _named(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    copy = types.FunctionType(function.__code__, function.__globals__, name)
    copy.__annotations__, copy.__doc__ = function.__annotations__, function.__doc__
    copy.__qualname__ = name
    return tool(effect="read")(copy)


def _agent(model: Minimal, tools: int = 1, *, sync: bool = False, runs: Any = None) -> Agent:
    one = blocking if sync else noop
    others = [_named(one, f"noop_{i}") for i in range(tools - 1)]
    return Agent(
        model=model,
        tools=[_named(one, "noop"), *others],
        planner="react:depth=1000000",
        budget=UNLIMITED,
        runs=runs,
    )


async def _once(agent: Agent, steps: int) -> float:
    with Clock() as clock:
        outcome = await agent.ainvoke("go")
    assert (outcome.answer, len(outcome.tree)) == ("done", steps + 2)
    return clock.cpu * 1e3 / steps


def steps(steps: int, tools: int = 1, sync: bool = False) -> dict[str, float]:
    """CPU ms a step of an agent's first run and of its second one, with the journal on disk."""
    with tempfile.TemporaryDirectory() as folder:
        agent = _agent(Minimal(steps=steps), tools, sync=sync, runs=folder)
        first, second = (asyncio.run(_once(agent, steps)) for _ in range(2))
    return {"first": first, "cpu_ms": second}


def ainvoke(steps: int) -> dict[str, float]:
    """CPU ms of the bare ``model.ainvoke`` of the same conversation, a step."""

    async def go() -> float:
        model = Minimal(steps=steps)
        said: list[BaseMessage] = [SystemMessage("s" * 500), HumanMessage("go")]
        with Clock() as clock:
            for _ in range(steps):
                reply = await model.ainvoke(list(said))
                said += [reply, ToolMessage("ok", tool_call_id="0", name="noop")]
        return clock.cpu * 1e3 / steps

    return {"cpu_ms": asyncio.run(go())}


def together(runs: int, steps: int, delay: float, kept: bool) -> dict[str, float]:
    """Seconds that so many runs at once take, and the memory they need."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a kept run has two files open

    async def go() -> Clock:
        with tempfile.TemporaryDirectory() as folder:
            model = Minimal(steps=steps, delay=delay)
            agent = _agent(model, runs=Path(folder) if kept else None)
            await agent.ainvoke("warm up")
            with Clock() as clock:
                outcomes = await asyncio.gather(*[agent.ainvoke("go") for _ in range(runs)])
            assert {outcome.answer for outcome in outcomes} == {"done"}
            return clock

    clock = asyncio.run(go())
    return {"wall": clock.wall, "cpu": clock.cpu, "kib": clock.kib / runs}


if __name__ == "__main__":
    sys.exit(serve({"steps": steps, "ainvoke": ainvoke, "together": together}))
