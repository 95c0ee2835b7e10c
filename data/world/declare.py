"""How an endpoint is declared: once, as a typed function.

The Starlette route, the ToolBench tool file, the OpenAPI document and the ToolSpec all derive from
the :class:`Endpoint` that :meth:`Tool.get` or :meth:`Tool.post` makes of it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Protocol, TypeAlias, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, create_model

from toolgrove.data.records import JsonObject
from toolgrove.data.world.state import World

__all__ = [
    "Endpoint",
    "IsoDate",
    "Number",
    "Refusal",
    "Tool",
    "Trouble",
    "WorldAnswer",
    "listed",
    "slug",
]

_Function: TypeAlias = Callable[..., JsonObject]


class Refusal(Exception):
    """An error a hub answers with: a status and a text that says what to do instead."""

    def __init__(self, status: int, error: str) -> None:
        self.status = status
        # what is quoted from a request may hold halves of surrogate pairs, which are no UTF-8
        self.error = error.encode("utf-8", "backslashreplace").decode()
        super().__init__(self.error)


@dataclass(frozen=True, slots=True)
class WorldAnswer:
    """What a server answers: status, JSON body and further headers."""

    status: int
    body: JsonObject
    headers: Mapping[str, str] = field(default_factory=dict)


class Trouble(Protocol):
    """What goes wrong with an endpoint on purpose; it may answer in the endpoint's place."""

    @property
    def status(self) -> int:
        """The HTTP status it answers with."""

    @property
    def about(self) -> str:
        """What it does, for the documentation (never shown to a model)."""

    def __call__(self, world: World, key: str) -> WorldAnswer | None:
        """An answer instead of the endpoint's, or None to let the request through.

        ``key`` names the endpoint and its arguments.
        """


def _iso_date(value: Any) -> date:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value.strip(), re.ASCII):
        return date.fromisoformat(value.strip())
    raise ValueError("expected a date as YYYY-MM-DD")


IsoDate = Annotated[date, BeforeValidator(_iso_date, json_schema_input_type=date)]
"""A date as YYYY-MM-DD only: pydantic alone would take ``20250101`` for a Unix time."""

Number = Annotated[float, Field(allow_inf_nan=False, ge=-1e15, le=1e15)]
"""A finite number of a size that arithmetic survives."""


def listed(text: str, mark: str = " ") -> tuple[str, ...]:
    """Many short words from one text.

    Examples
    --------
    >>> listed("NO SE FI")
    ('NO', 'SE', 'FI')
    """
    return tuple(text.split(mark))


def slug(name: str) -> str:
    """A name as a part of a path or file name.

    Examples
    --------
    >>> slug("Airport by IATA (v1)")
    'airport-by-iata-v1'
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


@dataclass(frozen=True)
class Endpoint:
    """One API of a tool.

    Parameters
    ----------
    tool : Tool
        The tool it belongs to.
    name, description : str
        As the hub shows them.
    method, path : str
        ``GET`` reads, ``POST`` writes; the path below the tool's, with ``{parameters}``.
    function : callable
        Computes the answer from the facts; a first parameter ``world`` is given the state.
    example : JsonObject
        Arguments that work: the documented example and ToolBench's defaults.
    trouble : Trouble or None
        What goes wrong with it on purpose.
    """

    tool: Tool
    name: str
    description: str
    method: str
    path: str
    function: _Function
    example: JsonObject
    trouble: Trouble | None = None

    @property
    def id(self) -> str:
        return f"{self.tool.category}/{self.tool.name}/{self.name}"

    @property
    def url_path(self) -> str:
        """The whole path on the server."""
        return f"/{slug(self.tool.name)}{self.path}"

    @cached_property
    def takes_world(self) -> bool:
        return next(iter(inspect.signature(self.function).parameters), "") == "world"

    @cached_property
    def arguments(self) -> type[BaseModel]:
        """The pydantic model of the arguments, from the function's signature."""
        hints = get_type_hints(self.function, include_extras=True)
        fields: dict[str, Any] = {}
        for name, parameter in inspect.signature(self.function).parameters.items():
            if name != "world":
                empty = parameter.default is inspect.Parameter.empty
                fields[name] = (hints[name], ... if empty else parameter.default)
        config = ConfigDict(str_max_length=2000)
        return create_model(self.function.__name__, __config__=config, **fields)

    @cached_property
    def properties(self) -> Mapping[str, JsonObject]:
        """JSON Schema of each argument."""
        found = self.arguments.model_json_schema()["properties"]
        return {
            name: {key: value for key, value in schema.items() if key != "title"}
            for name, schema in found.items()
        }

    @cached_property
    def required(self) -> tuple[str, ...]:
        fields = self.arguments.model_fields.items()
        return tuple(name for name, info in fields if info.is_required())

    def place(self, name: str) -> str:
        """Where an argument goes: ``path``, ``query`` or ``body``."""
        if f"{{{name}}}" in self.path:
            return "path"
        return "query" if self.method == "GET" else "body"

    def run(self, world: World, raw: JsonObject) -> JsonObject:
        """Check arguments and compute the answer, without any trouble.

        Raises
        ------
        Refusal
            400 for arguments that do not fit, and whatever the function refuses.
        """
        try:
            checked = self.arguments.model_validate(dict(raw))
        except ValidationError as error:
            raise Refusal(400, _told(error)) from None
        values = {name: getattr(checked, name) for name in self.arguments.model_fields}
        if self.takes_world:
            return self.function(world, **values)
        return self.function(**values)

    def documented(self) -> JsonObject:
        """The answer to the documented example, in a new world; empty where it is refused."""
        try:
            return self.run(World(), self.example)
        except Refusal:
            return {}


def _told(error: ValidationError) -> str:
    """The first thing that is wrong with the arguments, as a hub would say it."""
    first = error.errors(include_url=False, include_context=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return f"Missing required parameter '{name}'."
    told = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    shown = str(first["input"])[:60]
    return f"Parameter '{name}': expected {told.removeprefix('expected ')}, got '{shown}'."


@dataclass(frozen=True)
class Tool:
    """Several APIs of one provider, as on a hub."""

    category: str
    name: str
    description: str
    endpoints: list[Endpoint] = field(default_factory=list, repr=False)

    def get(
        self, name: str, path: str, *, example: JsonObject, trouble: Trouble | None = None
    ) -> Callable[[_Function], _Function]:
        """Declare an API that reads; the function's docstring is its description."""
        return self._declare("GET", name, path, example, trouble)

    def post(
        self, name: str, path: str, *, example: JsonObject, trouble: Trouble | None = None
    ) -> Callable[[_Function], _Function]:
        """Declare an API that writes; its arguments travel as a JSON body."""
        return self._declare("POST", name, path, example, trouble)

    def _declare(
        self, method: str, name: str, path: str, example: JsonObject, trouble: Trouble | None
    ) -> Callable[[_Function], _Function]:
        def declare(function: _Function) -> _Function:
            description = " ".join((function.__doc__ or "").split())
            self.endpoints.append(
                Endpoint(self, name, description, method, path, function, example, trouble)
            )
            return function

        return declare
