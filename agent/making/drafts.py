"""What is proposed: Python that calls tools, and the solved tasks that speak for it."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from toolgrove.agent.flows import within
from toolgrove.data import codec
from toolgrove.data.records import JsonObject, ToolSpec

__all__ = ["Draft", "DraftTrial", "free_name", "function_names", "kind_of", "parsed", "schema_of"]

_LONGEST = 56
"""Characters of a name, which model APIs allow 64."""
_WORDS = re.compile(r"[^a-z0-9]+")
_KEPT = ("type", "enum", "format")
"""What a parameter keeps of the schema of the tool's that it goes to: no prose."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A function that is proposed.

    Parameters
    ----------
    name : str
    source : str
        Python: one ``def`` of that name.
    parameters : tuple of (str, JsonObject)
        Name and schema of each, all required.
    calls : tuple of (str, str)
        By the name that the source has for it, the id of each tool that it calls.
    written : bool
        Whether a model wrote the code; else it was put together from calls.
    """

    name: str
    source: str
    parameters: tuple[tuple[str, JsonObject], ...]
    calls: tuple[tuple[str, str], ...]
    written: bool = False

    @property
    def digest(self) -> str:
        """Names its source and what it calls."""
        return codec.digest([self.source, list(self.calls)])

    def call(self, arguments: Mapping[str, Any]) -> str:
        """Python that defines the function and calls it.

        Examples
        --------
        >>> Draft("one", "def one(x): return x", (("x", {}),), ()).call({"x": "a"}).splitlines()
        ['def one(x): return x', "one(x='a')"]
        """
        given = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
        return f"{self.source}\n{self.name}({given})"


@dataclass(frozen=True, slots=True)
class DraftTrial:
    """A task that was solved by what a draft does, with these arguments.

    Parameters
    ----------
    run, task, request : str
        Where it lies, the task's id, and its words.
    arguments : JsonObject
    wanted : tuple of str
        Values that the right answer took from the result; what is tried has to give them, too.
    gave : str
        Digest of the whole result, which has to be the same where the answer quotes nothing.
    """

    run: str
    task: str
    request: str
    arguments: JsonObject = field(default_factory=dict)
    wanted: tuple[str, ...] = ()
    gave: str = ""

    def passed(self, outcome: str) -> bool:
        """Whether an outcome would have led to the same right answer."""
        if not self.wanted:
            return codec.digest(outcome.strip()) == self.gave
        return all(within(value, outcome) for value in self.wanted)


def function_names(specs: Iterable[ToolSpec]) -> dict[str, str]:
    """By tool id, what a draft's source calls it.

    Examples
    --------
    >>> function_names([ToolSpec("a", "", "", "Find City!"), ToolSpec("b", "", "", "find-city")])
    {'a': 'find_city', 'b': 'find_city_2'}
    """
    named: dict[str, str] = {}
    for spec in specs:
        if spec.id not in named:
            named[spec.id] = free_name(spec.name, named.values())
    return named


def free_name(text: str, taken: Collection[str]) -> str:
    """A Python name for a text that is not taken yet."""
    name = _WORDS.sub("_", text.casefold()).strip("_")
    name = (name if len(name) <= _LONGEST else name[:_LONGEST].rpartition("_")[0]) or "value"
    name = f"{name}_" if keyword.iskeyword(name) else f"n{name}" if name[0].isdigit() else name
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    return found


def schema_of(spec: ToolSpec, parameter: str) -> JsonObject:
    """A tool's parameter as a draft's has it: its kind, and none of its source's prose."""
    return _kept(spec.parameters.get("properties", {}).get(parameter))


def _kept(schema: object) -> JsonObject:
    if not isinstance(schema, Mapping):
        return {}
    kept = {k: schema[k] for k in _KEPT if k in schema}
    return {**kept, "items": _kept(schema["items"])} if "items" in schema else kept


def kind_of(value: Any) -> JsonObject:
    """The schema of a value that goes to no tool as it is."""
    if isinstance(value, list):
        return {"type": "array", "items": kind_of(value[0]) if value else {}}
    return {"type": "string" if isinstance(value, str) else "number"}


def parsed(source: str) -> ast.Module | None:
    """The source as a tree; None where it is no Python."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
