"""Haystack's side: its Agent with a scripted chat generator, run in an environment that has it."""

from __future__ import annotations

import asyncio
from typing import Any

from haystack import component
from haystack.components.agents import Agent
from haystack.dataclasses import ChatMessage, ToolCall
from haystack.tools import Tool, flatten_tools_or_toolsets
from worker import Clock, serve

SCHEMA = {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}


@component
class Scripted:
    """Calls ``noop`` so many times, then answers; shows itself the tools as real generators do."""

    def __init__(self, steps: int = 1, delay: float = 0.0) -> None:
        self.steps, self.delay = steps, delay

    def _reply(self, messages: list[ChatMessage], tools: Any) -> dict[str, Any]:
        offered = flatten_tools_or_toolsets(tools)
        self.shown = [{"type": "function", "function": {**tool.tool_spec}} for tool in offered]
        made = sum(message.role.value == "assistant" for message in messages)
        if made >= self.steps:
            return {"replies": [ChatMessage.from_assistant("done")]}
        call = ToolCall(tool_name="noop", arguments={"x": made}, id=f"c{made}")
        return {"replies": [ChatMessage.from_assistant(tool_calls=[call])]}

    @component.output_types(replies=list[ChatMessage])
    def run(self, messages: list[ChatMessage], tools: Any = None, **more: Any) -> dict[str, Any]:
        return self._reply(messages, tools)

    @component.output_types(replies=list[ChatMessage])
    async def run_async(
        self, messages: list[ChatMessage], tools: Any = None, **more: Any
    ) -> dict[str, Any]:
        if self.delay:
            await asyncio.sleep(self.delay)
        return self._reply(messages, tools)


async def noop(x: int) -> str:
    return "ok"


def _agent(steps: int, tools: int = 1, delay: float = 0.0) -> Agent:
    names = ["noop", *(f"noop_{i}" for i in range(tools - 1))]
    offered = [
        Tool(name=name, description="Return at once.", parameters=SCHEMA, async_function=noop)
        for name in names
    ]
    agent = Agent(chat_generator=Scripted(steps, delay), tools=offered, max_agent_steps=10**9)
    agent.warm_up()
    return agent


async def _once(agent: Agent) -> Clock:
    with Clock() as clock:
        result = await agent.run_async(messages=[ChatMessage.from_user("go")])
    assert result["messages"][-1].text == "done"
    return clock


def steps(steps: int, tools: int = 1) -> dict[str, float]:
    agent = _agent(steps, tools)
    first, second = (asyncio.run(_once(agent)).cpu * 1e3 / steps for _ in range(2))
    return {"first": first, "cpu_ms": second}


def together(runs: int, steps: int, delay: float) -> dict[str, float]:
    async def go() -> Clock:
        agent = _agent(steps, delay=delay)
        await _once(agent)
        asked = [ChatMessage.from_user("go")]
        with Clock() as clock:
            results = await asyncio.gather(
                *[agent.run_async(messages=list(asked)) for _ in range(runs)]
            )
        assert {result["messages"][-1].text for result in results} == {"done"}
        return clock

    clock = asyncio.run(go())
    return {"wall": clock.wall, "cpu": clock.cpu, "kib": clock.kib / runs}


if __name__ == "__main__":
    serve({"steps": steps, "together": together})
