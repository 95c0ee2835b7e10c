"""Python functions as tools: what the model is told, and what a call gives."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import types
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from enum import Enum
from math import inf
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field
from typing_extensions import TypedDict

from toolgrove.data.records import Effect, Observation, Status, ToolCall
from toolgrove.errors import SpecError
from toolgrove.tools.python.backend import python_backend
from toolgrove.tools.python.function import function_spec
from toolgrove.tools.registry import Registry


class Unit(Enum):
    C = "celsius"
    F = "fahrenheit"


@dataclass
class Place:
    """Where something is."""

    name: str
    title: str = "none"


class Box(TypedDict):
    south: float
    north: float


@dataclass
class Branch:
    value: int
    twigs: list[Branch] = field(default_factory=list)


def forecast(
    place: Place,
    days: Annotated[int, Field(ge=1, le=16)],
    unit: Unit = Unit.C,
    kind: Literal["hourly", "daily"] = "daily",
    box: Box | None = None,
    tags: list[str] | None = None,
    on: date = date(2026, 1, 1),
) -> dict[str, float]:
    """Forecast the weather.

    From a model of the air.

    Parameters
    ----------
    place : Place
        Where.
    days, kind : int, str
        How many,
        and how.

    Returns
    -------
    dict
        Degrees by day.
    """
    return {place.name: days + (unit is Unit.F) + (on - date(2026, 1, 1)).days}


def survivors(self: int, config: str, run_manager: str, schema: int = 0, _x: int = 0) -> str:
    """Parameters that frameworks swallow."""
    return f"{self} {config} {run_manager} {schema} {_x}"


def _call(function: Callable[..., Any], /, **arguments: Any) -> Observation:
    with Registry() as registry:
        spec = registry.add_function(function)
        execute = python_backend(registry)
        return asyncio.run(_awaited(execute(ToolCall("c", spec.id, arguments))))


async def _awaited(call: Any) -> Any:
    return await call


def test_annotations_and_docstring_become_the_spec() -> None:
    spec = function_spec(forecast, effect=Effect.WRITE)
    assert spec.name == "forecast"
    assert spec.id.endswith("/forecast")
    assert spec.effect is Effect.WRITE
    assert spec.description == "Forecast the weather.\n\nFrom a model of the air."
    assert spec.parameters["required"] == ["place", "days"]
    assert spec.parameters["additionalProperties"] is False
    assert spec.returns == {
        "type": "object",
        "additionalProperties": {"type": "number"},
        "description": "Degrees by day.",
    }
    properties = spec.parameters["properties"]
    assert list(properties) == ["place", "days", "unit", "kind", "box", "tags", "on"]
    assert (
        properties["place"]
        == {
            "type": "object",
            "description": "Where.",
            "properties": {
                "name": {"type": "string"},
                "title": {"type": "string", "default": "none"},
            },
            "required": ["name"],
            "additionalProperties": False,
        }
        or properties["place"]["properties"]["title"]["default"] == "none"
    )
    assert properties["days"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 16,
        "description": "How many, and how.",
    }
    assert properties["unit"]["enum"] == ["celsius", "fahrenheit"]
    assert properties["kind"]["enum"] == ["hourly", "daily"]
    assert properties["box"]["anyOf"][0]["required"] == ["south", "north"]
    assert properties["on"] == {"type": "string", "format": "date", "default": "2026-01-01"}


def test_a_type_that_contains_itself_keeps_its_reference() -> None:
    def grow(tree: Branch) -> Branch:
        return tree

    schema = function_spec(grow).parameters
    assert schema["$defs"]["Branch"]["properties"]["twigs"]["items"] == {"$ref": "#/$defs/Branch"}
    observation = _call(grow, tree={"value": 1, "twigs": [{"value": 2}]})
    assert observation.content == '{"value":1,"twigs":[{"value":2,"twigs":[]}]}'


def test_arguments_are_converted_and_results_become_json() -> None:
    given = {"place": {"name": "Oslo"}, "days": "3", "unit": "fahrenheit", "on": "2026-01-11"}
    observation = _call(forecast, **given)
    assert (observation.status, observation.content) == (Status.OK, '{"Oslo":14}')


@pytest.mark.parametrize(
    ("result", "content"),
    [
        ("plain text", "plain text"),
        (None, "null"),
        (3.0, "3.0"),
        (float("nan"), '"NaN"'),
        ([date(2026, 1, 2), Unit.C], '["2026-01-02","celsius"]'),
        (Place("x"), '{"name":"x","title":"none"}'),
        ({"ü": {1}}, '{"ü":[1]}'),
    ],
)
def test_results_of_many_kinds(result: Any, content: str) -> None:
    def give() -> Any:
        return result

    assert _call(give).content == content


def test_parameters_that_frameworks_swallow_survive() -> None:
    observation = _call(survivors, self=1, config="c", run_manager="r", schema=2, _x=3)
    assert observation.content == "1 c r 2 3"


def test_an_async_function_is_awaited_and_a_sync_one_leaves_the_loop_free() -> None:
    async def here() -> str:
        return threading.current_thread().name

    def there() -> str:
        return threading.current_thread().name

    assert _call(here).content == threading.main_thread().name
    assert _call(there).content.startswith("tool-")


def test_positional_only_parameters_and_bound_methods_work() -> None:
    def power(base: int, exponent: int = 2, /) -> int:
        return base**exponent

    class Counter:
        def __init__(self) -> None:
            self.seen = 5

        def add(self, more: int) -> int:
            """Add some."""
            return self.seen + more

    assert _call(power, base=3).content == "9"
    assert _call(Counter().add, more=2).content == "7"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ValueError("no such city:\nAtlantis"), Status.ERROR_IN_MESSAGE),
        (StopIteration("over"), Status.ERROR_IN_MESSAGE),
        (SystemExit("bye"), Status.ERROR_IN_MESSAGE),
        (TimeoutError("late"), Status.TIMEOUT),
        (ConnectionResetError("gone"), Status.NOT_WORKING),
        (asyncio.CancelledError("from within"), Status.NOT_WORKING),
    ],
)
def test_an_exception_is_an_observation_in_a_line(error: BaseException, status: Status) -> None:
    def fail() -> None:
        raise error

    async def fail_async() -> None:
        raise error

    for function in (fail, fail_async):
        observation = _call(function)
        assert observation.status is status
        assert "\n" not in observation.content
        assert "Traceback" not in observation.content


def test_wrong_arguments_are_told_and_the_function_is_not_called() -> None:
    def never(count: int) -> None:
        raise AssertionError

    observation = _call(never, count="many", other=1)
    assert observation.status is Status.INVALID_REQUEST
    assert observation.attempts == 0
    assert "count" in observation.content
    assert "other" in observation.content


def test_a_result_that_is_not_json_is_told() -> None:
    def give() -> Any:
        return object()

    observation = _call(give)
    assert observation.status is Status.NOT_WORKING
    assert "object" in observation.content


def test_cancelling_a_call_reaches_an_async_function() -> None:
    async def scenario() -> str:
        begun, ended = asyncio.Event(), asyncio.Event()

        async def wait() -> None:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        with Registry() as registry:
            spec = registry.add_function(wait)
            task = asyncio.ensure_future(python_backend(registry)(ToolCall("c", spec.id)))
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        return "ended" if ended.is_set() else "left running"

    assert asyncio.run(scenario()) == "ended"


_HUNG = """
import asyncio, threading
from toolgrove.data.records import ToolCall
from toolgrove.tools.calls.settings import CallSettings
from toolgrove.tools.calls.stack import build_stack
from toolgrove.tools.python.effect import tool
from toolgrove.tools.registry import Registry

@tool(effect="read")
def hang() -> None:
    threading.Event().wait()

async def main() -> None:
    with Registry() as registry:
        spec = registry.add_function(hang)
        async with build_stack(registry, CallSettings(timeout=0.05)) as execute:
            calls = [execute(ToolCall("c", spec.id)) for _ in range(40)]
            print({o.status.value for o in await asyncio.gather(*calls)})

asyncio.run(main())
"""


def test_promise_17_functions_that_hang_keep_neither_the_run_nor_the_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _HUNG], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "{'timeout'}"


def _star(*numbers: int) -> None: ...
def _stars(**numbers: int) -> None: ...
def _bare(x) -> None: ...
def _unknown(x: Missing) -> None: ...  # noqa: F821 - what is tested
def _opaque(x: threading.Thread) -> None: ...
def _inside(ok: int, x: list[Missing]) -> None: ...  # noqa: F821 - what is tested
def _quoted(ok: int, x: list["Missing"]) -> None: ...  # type: ignore[name-defined] # noqa: F821, UP037
def _result(x: int) -> Missing: ...  # noqa: F821 - what is tested
def _calls(ok: int, x: Callable[[int], int]) -> None: ...
def _class(ok: int, x: type) -> None: ...
def _deep(ok: int, x: dict[str, list[threading.Thread]]) -> None: ...
def _regex(ok: int, x: Annotated[str, Field(pattern="(")]) -> None: ...
def _default(ok: int, x: threading.Thread = threading.current_thread()) -> None: ...  # noqa: B008 - tested


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (_star, "numbers takes any number"),
        (_stars, "numbers takes any number"),
        (_bare, "x has no annotation"),
        (_unknown, "Missing"),
        (_opaque, "_opaque: parameter x: threading.Thread cannot become JSON"),
        (_inside, "_inside: the annotation of parameter x cannot be read.*Missing"),
        (_quoted, "_quoted: parameter x: .*Missing.* cannot become JSON"),
        (_result, "_result: the annotation of its result cannot be read.*Missing"),
        (_calls, "_calls: parameter x: .*Callable.* cannot become JSON"),
        (_class, "_class: parameter x: type cannot become JSON"),
        (_deep, "_deep: parameter x: .*Thread.* cannot become JSON"),
        (_regex, "_regex: parameter x: str cannot become JSON .*unclosed|unterminated"),
        (_default, "_default: parameter x: threading.Thread cannot become JSON"),
        (Place, "not a function"),
        (print, "cannot|annotation|any number"),
    ],
)
def test_what_cannot_become_a_tool_is_refused_clearly(
    function: Callable[..., Any], says: str
) -> None:
    with pytest.raises(SpecError, match=says) as caught:
        function_spec(function)
    assert "Arguments" not in str(caught.value)  # a name of ours that says nothing


def _ahead(password: Annotated[str, Field(pattern=r"(?=.*\d).{8,}")], most: float = inf) -> str:
    return f"{password} {most}"


async def test_look_around_is_checked_and_an_infinite_default_left_unsaid() -> None:
    with Registry() as registry:
        spec = registry.add_function(_ahead)
        assert "default" not in spec.parameters["properties"]["most"]
        execute = python_backend(registry)
        good = await execute(ToolCall("c", spec.id, {"password": "abcdefg1"}))
        assert (good.status, good.content) == (Status.OK, "abcdefg1 inf")
        bad = await execute(ToolCall("c", spec.id, {"password": "abcdefgh"}))
        assert bad.status is Status.INVALID_REQUEST


@pytest.fixture
def module() -> Any:
    """A module that only this test knows."""
    made = types.ModuleType("toolgrove_test_module")
    exec("import subprocess\ndef double(x: int) -> int:\n    return 2 * x\n", made.__dict__)
    sys.modules[made.__name__] = made
    yield made
    del sys.modules[made.__name__]


def test_a_catalogue_from_disk_imports_only_what_is_allowed(tmp_path: Path, module: Any) -> None:
    with Registry.open(tmp_path) as registry:
        spec = registry.add_function(module.double)
        evil = replace(spec, binding={"kind": "python", "ref": "subprocess:run"})
        through = replace(
            spec, id="t", binding={"kind": "python", "ref": f"{module.__name__}:subprocess.run"}
        )
        other = replace(spec, id="o", parameters={"type": "object", "properties": {}})
        registry.add([replace(evil, id="e"), through, other])

    async def ask(spec_id: str, *modules: str) -> Observation:
        with Registry.open(tmp_path) as again:
            return await python_backend(again, modules)(ToolCall("c", spec_id, {"x": 4}))

    assert "add_function" in asyncio.run(ask(spec.id)).content
    assert asyncio.run(ask(spec.id, module.__name__)).content == "8"
    for spec_id in ("e", "t", "o"):
        observation = asyncio.run(ask(spec_id, module.__name__))
        assert observation.status is Status.NOT_WORKING, spec_id
        assert observation.attempts == 0
