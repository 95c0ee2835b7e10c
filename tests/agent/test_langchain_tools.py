"""Our tools as LangChain's, by LangChain's own standard tests and under awkward names."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.tools import BaseTool
from langchain_tests.integration_tests import ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests

from toolgrove.agent.langchain_tools import to_langchain
from toolgrove.data.records import Observation, Status, ToolCall, ToolSpec
from toolgrove.tools.calls.stack import build_stack
from toolgrove.tools.registry import Registry


def area(width: float, height: float = 1.0) -> float:
    """Area of a rectangle."""
    return width * height


async def broken(why: str) -> str:
    """Fail."""
    raise ValueError(why)


def awkward(config: str, run_manager: str, callbacks: str, input: str, tool_input: str) -> str:
    """Say what was given."""
    return "/".join((config, run_manager, callbacks, input, tool_input))


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as registry:
        yield registry


def exported(registry: Registry, function: Any, **options: Any) -> BaseTool:
    [tool] = to_langchain(registry, [registry.add_function(function).id], **options)
    return tool


def as_call(tool: BaseTool, args: dict[str, Any]) -> dict[str, Any]:
    return {"type": "tool_call", "id": "call-1", "name": tool.name, "args": args}


class _Exported:
    @property
    def tool_constructor(self) -> BaseTool:
        return exported(Registry(), area)

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return {"width": 2.0, "height": 3.0}


class TestUnits(_Exported, ToolsUnitTests):
    """langchain-tests' unit tests."""


class TestIntegration(_Exported, ToolsIntegrationTests):
    """langchain-tests' integration tests."""


def test_an_answer_carries_its_observation(registry: Registry) -> None:
    tool = exported(registry, area)
    message = tool.invoke(as_call(tool, {"width": 2, "height": "3"}))
    assert (message.content, message.status, message.tool_call_id) == ("6.0", "success", "call-1")
    assert isinstance(message.artifact, Observation)
    assert message.artifact.status is Status.OK


def test_wrong_arguments_come_back_as_advice(registry: Registry) -> None:
    tool = exported(registry, area)
    message = tool.invoke(as_call(tool, {"height": "tall"}))
    assert message.status == "error"
    assert "width" in message.content
    assert "not a JSON object" in tool.invoke("2 by 3")


def test_a_failure_is_a_message(registry: Registry) -> None:
    tool = exported(registry, broken)
    message = tool.invoke(as_call(tool, {"why": "no luck"}))
    assert (message.status, message.content) == ("error", "ValueError: no luck")


async def test_parameters_that_langchain_keeps_for_itself_arrive(registry: Registry) -> None:
    tool = exported(registry, awkward)
    names = ("config", "run_manager", "callbacks", "input", "tool_input")
    args = {name: name for name in names}
    assert tool.invoke(args) == "/".join(names)
    assert (await tool.ainvoke(as_call(tool, args))).content == "/".join(names)


def test_a_parameter_named_self_arrives(registry: Registry) -> None:
    properties = {name: {"type": "string"} for name in ("self", "cls")}
    spec = ToolSpec("a/b/say", "a", "b", "say", parameters={"properties": properties})
    registry.add([spec])

    async def echo(call: ToolCall) -> Observation:
        return Observation(Status.OK, json.dumps(call.arguments))

    [tool] = to_langchain(registry, execute=echo)
    assert json.loads(tool.invoke({"self": "me", "cls": "us"})) == {"self": "me", "cls": "us"}


async def test_one_open_stack_can_be_shared(registry: Registry) -> None:
    async with build_stack(registry) as execute:
        tool = exported(registry, area, execute=execute)
        found = await asyncio.gather(*(tool.ainvoke({"width": n}) for n in range(10)))
    assert found == [f"{float(n)}" for n in range(10)]


def test_a_chat_model_is_offered_the_schema(registry: Registry) -> None:
    from langchain_core.utils.function_calling import convert_to_openai_tool

    offered = convert_to_openai_tool(exported(registry, area))["function"]
    assert (offered["name"], offered["description"]) == ("area", "Area of a rectangle.")
    assert offered["parameters"]["required"] == ["width"]
    assert set(offered["parameters"]["properties"]) == {"width", "height"}
