"""What ``Field``, ``Annotated`` and ``Doc`` say of a parameter holds: its value and its words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, Literal, Optional

import pytest
from pydantic import BaseModel, Field
from typing_extensions import Doc, TypedDict

from toolgrove.data.records import Observation, Status, ToolCall
from toolgrove.tools.python.backend import python_backend
from toolgrove.tools.python.function import function_spec
from toolgrove.tools.registry import Registry


class Unit(Enum):
    C = "celsius"
    F = "fahrenheit"


@dataclass
class Place:
    """A place."""

    name: Annotated[str, "what it is called"]
    floor: Annotated[int, Doc("counted from 0")] = 0
    rooms: int = Field(default=2, ge=1, description="how many rooms")
    tags: list[str] = field(default_factory=list)


class Box(TypedDict):
    size: Annotated[int, "in litres"]


class Model(BaseModel):
    box: Annotated[Box, "what it is in"]
    weight: Annotated[float, "in kg", Field(gt=0)] = 1.0


def defaults(
    n: int = Field(default=7, ge=1, description="how many"),
    names: list[str] = Field(default_factory=lambda: ["a"]),  # noqa: B008 - what is tested
    mode: Literal["a", "b"] = Field(default="b"),
    unit: Unit = Field(default=Unit.F, description="scale"),  # noqa: B008 - what is tested
    maybe: Optional[int] = Field(default=None, le=9),  # noqa: UP045 - as people write it
) -> str:
    """Say what was given.

    Parameters
    ----------
    n : int
        The docstring's word.
    names : list
        The docstring's names.
    """
    return repr((n, names, mode, unit, maybe))


def required(q: str = Field(description="the query", min_length=2), n: int = 1) -> str:
    """Say what was given."""
    return repr((q, n))


def annotated(
    q: Annotated[str, "the query"],
    n: Annotated[int, Field(default=3, ge=1), "how many"],
    kind: Annotated[str, Doc("which kind"), "not this"] = "x",
    maybe: Annotated[int, "perhaps"] | None = None,
    both: Annotated[int, Field(ge=1, description="first")] = Field(default=5, description="last"),
    field: Annotated[str, "not this", Field(description="the field's")] = "f",
) -> str:
    """Say what was given."""
    return repr((q, n, kind, maybe, both, field))


def keywords(
    a: int, /, b: int = Field(default=2), *, c: int = Field(default=3, alias="see"), d: int = 4
) -> str:
    """Say what was given."""
    return repr((a, b, c, d))


def nested(place: Place, model: Model) -> str:
    """Say what was given."""
    return repr((place, model.weight))


def called(function: Callable[..., Any], **arguments: Any) -> Observation:
    async def made() -> Observation:
        with Registry() as registry:
            spec = registry.add_function(function)
            call = ToolCall("c", registry.alias(spec.id), arguments)
            resolved = registry.offer([spec.id]).resolve(call)
            if isinstance(resolved, Observation):
                return resolved
            return await python_backend(registry)(resolved)

    return asyncio.run(made())


@pytest.mark.parametrize(
    ("function", "given", "gave"),
    [
        (defaults, {}, "(7, ['a'], 'b', <Unit.F: 'fahrenheit'>, None)"),
        (defaults, {"n": 2, "names": [], "unit": "celsius", "maybe": 3},
         "(2, [], 'b', <Unit.C: 'celsius'>, 3)"),
        (required, {"q": "oslo"}, "('oslo', 1)"),
        (annotated, {"q": "oslo"}, "('oslo', 3, 'x', None, 5, 'f')"),
        (annotated, {"q": "oslo", "n": 4, "both": 6}, "('oslo', 4, 'x', None, 6, 'f')"),
        (keywords, {"a": 1}, "(1, 2, 3, 4)"),
        (keywords, {"a": 1, "b": 5, "c": 6, "d": 7}, "(1, 5, 6, 7)"),
        (nested, {"place": {"name": "hut"}, "model": {"box": {"size": 3}}},
         "(Place(name='hut', floor=0, rooms=2, tags=[]), 1.0)"),
    ],
)  # fmt: skip
def test_a_field_gives_its_default_and_not_itself(
    function: Callable[..., Any], given: dict[str, Any], gave: str
) -> None:
    seen = called(function, **given)
    assert (seen.status, seen.content) == (Status.OK, gave)


@pytest.mark.parametrize(
    ("function", "given"),
    [
        (defaults, {"n": 0}),
        (defaults, {"maybe": 10}),
        (required, {}),
        (required, {"q": "x"}),
        (annotated, {"q": "oslo", "n": 0}),
        (annotated, {"q": "oslo", "both": 0}),
        (nested, {"place": {"name": "hut", "rooms": 0}, "model": {"box": {"size": 3}}}),
        (nested, {"place": {"name": "hut"}, "model": {"box": {"size": 3}, "weight": 0}}),
    ],
)
def test_a_fields_bounds_hold(function: Callable[..., Any], given: dict[str, Any]) -> None:
    assert called(function, **given).status is Status.INVALID_REQUEST


def test_a_schema_says_what_the_fields_say() -> None:
    schema = function_spec(defaults).parameters
    assert "required" not in schema
    properties = schema["properties"]
    assert properties["n"] == {
        "type": "integer",
        "default": 7,
        "minimum": 1,
        "description": "how many",
    }
    assert properties["names"]["description"] == "The docstring's names."
    assert properties["mode"]["default"] == "b"
    assert (properties["unit"]["default"], properties["unit"]["description"]) == (
        "fahrenheit",
        "scale",
    )
    schema = function_spec(required).parameters
    assert schema["required"] == ["q"]
    assert schema["properties"]["q"] == {
        "type": "string",
        "minLength": 2,
        "description": "the query",
    }
    assert function_spec(keywords).parameters["properties"].keys() == {"a", "b", "c", "d"}
    assert function_spec(keywords).parameters["required"] == ["a"]


def test_words_in_annotated_become_descriptions_at_any_depth() -> None:
    schema = function_spec(annotated).parameters
    assert schema["required"] == ["q"]
    assert {name: part["description"] for name, part in schema["properties"].items()} == {
        "q": "the query",
        "n": "how many",
        "kind": "which kind",
        "maybe": "perhaps",
        "both": "last",
        "field": "the field's",
    }
    assert schema["properties"]["n"]["default"] == 3
    parts = function_spec(nested).parameters["properties"]
    place, model = parts["place"]["properties"], parts["model"]["properties"]
    assert place["name"]["description"] == "what it is called"
    assert place["floor"]["description"] == "counted from 0"
    assert (place["rooms"]["description"], place["rooms"]["minimum"]) == ("how many rooms", 1)
    assert model["box"]["description"] == "what it is in"
    assert model["box"]["properties"]["size"]["description"] == "in litres"
    assert model["weight"]["description"] == "in kg"
