"""smolagents' side: its ToolCallingAgent with a scripted model, run where it is installed."""

from __future__ import annotations

from typing import Any

from smolagents import Tool, ToolCallingAgent
from smolagents.models import (
    ChatMessage,
    ChatMessageToolCall,
    ChatMessageToolCallFunction,
    MessageRole,
    Model,
)
from smolagents.monitoring import LogLevel, TokenUsage
from worker import Clock, serve


class Noop(Tool):
    """A tool that returns at once."""

    name = "noop"
    description = "Return at once."
    inputs = {"x": {"type": "integer", "description": "Any number."}}  # noqa: RUF012 - so declared there
    output_type = "string"

    def forward(self, x: int) -> str:
        return "ok"


class Scripted(Model):
    """Calls ``noop`` so many times, then answers; prepares each request as real models do."""

    def __init__(self, steps: int) -> None:
        super().__init__(model_id="scripted")
        self.steps, self.made = steps, 0

    def generate(
        self,
        messages: Any,
        stop_sequences: Any = None,
        response_format: Any = None,
        tools_to_call_from: Any = None,
        **more: Any,
    ) -> ChatMessage:
        self._prepare_completion_kwargs(
            messages,
            stop_sequences=stop_sequences,
            response_format=response_format,
            tools_to_call_from=tools_to_call_from,
        )
        made, self.made = self.made, self.made + 1
        ended = made >= self.steps
        function = ChatMessageToolCallFunction(
            name="final_answer" if ended else "noop",
            arguments={"answer": "done"} if ended else {"x": made},
        )
        call = ChatMessageToolCall(id=f"c{made}", type="function", function=function)
        return ChatMessage(
            role=MessageRole.ASSISTANT,
            content=None,
            tool_calls=[call],
            token_usage=TokenUsage(1, 1),
        )


def _tools(number: int) -> list[Tool]:
    tools = []
    for i in range(number):
        tool = Noop()
        tool.name = "noop" if i == 0 else f"noop_{i}"
        tools.append(tool)
    return tools


def steps(steps: int, tools: int = 1) -> dict[str, float]:
    agent = ToolCallingAgent(
        tools=_tools(tools),
        model=Scripted(steps),
        max_steps=10**9,
        verbosity_level=LogLevel.OFF,
    )
    with Clock() as clock:
        assert agent.run("go") == "done"
    return {"first": clock.cpu * 1e3 / steps, "cpu_ms": clock.cpu * 1e3 / steps}


if __name__ == "__main__":
    serve({"steps": steps})
