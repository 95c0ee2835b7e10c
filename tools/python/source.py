"""Python objects as sources of tools: ``module:object``.

The object is a function, a LangChain tool, a ``ToolSpec``, a list of those, a LangChain toolkit, or
a class or an instance of one, whose public methods are the tools. Importing the module runs its
code, so a source is loaded only where the user has named it.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from toolgrove.data.records import ToolSpec
from toolgrove.errors import SpecError, UsageError
from toolgrove.tools.python.function import error_line, function_spec
from toolgrove.tools.python.langchain import from_langchain

__all__ = ["PythonSource", "from_source", "is_source", "load_source"]


@dataclass(frozen=True, slots=True)
class PythonSource:
    """What a ``module:object`` holds.

    Parameters
    ----------
    specs : tuple of ToolSpec
        The tools; the binding of those that run here names the source.
    runs : Mapping[str, Any]
        By spec id, the function or ``BaseTool`` behind it.
    left : tuple of str
        What was left out, and why.
    """

    specs: tuple[ToolSpec, ...]
    runs: Mapping[str, Any]
    left: tuple[str, ...]


def is_source(text: str) -> bool:
    """Whether a text has the form ``module:object``.

    Examples
    --------
    >>> is_source("tools.maths:add"), is_source("https://x.example/mcp"), is_source("C:/a.json")
    (True, False, False)
    """
    module, colon, name = text.partition(":")
    names = [*module.split("."), *name.split(".")]
    return bool(colon) and all(part.isidentifier() for part in names)


@cache
def load_source(source: str) -> PythonSource:
    """Import ``module:object`` and describe its tools; once a process.

    A tool writes unless it says that it reads (:func:`toolgrove.tools.python.effect.tool`).

    Raises
    ------
    UsageError
        Where the object cannot be imported or holds no tools.
    """
    specs: dict[str, ToolSpec] = {}
    runs: dict[str, Any] = {}
    left: list[str] = []
    for part in _parts(_imported(source)):
        try:
            spec = _spec(part, source)
        except SpecError as error:
            left.append(str(error))
            continue
        if spec.id in specs:
            left.append(f"{spec.id}: there are two of this name; the first is taken")
            continue
        specs[spec.id] = spec
        if part is not spec:
            runs[spec.id] = part
    if not specs and not left:
        raise UsageError(f"{source} holds no tools. Name a function, a list of tools or a class.")
    return PythonSource(tuple(specs.values()), runs, tuple(left))


def from_source(spec: ToolSpec, trusted: Collection[str]) -> Any:
    """The function or ``BaseTool`` behind a spec of a catalogue on disk.

    Parameters
    ----------
    spec : ToolSpec
        Its ``binding["source"]`` says where to look.
    trusted : collection of str
        Sources that may be imported.

    Raises
    ------
    SpecError
        Where the source is not trusted, or its tool is gone or another than was indexed.
    """
    source = str(spec.binding.get("source", ""))
    if source not in trusted:
        raise SpecError(
            f"{spec.id} is Python code that is not loaded. Whoever runs this may trust it: "
            f"toolgrove index {source or 'module:object'}"
        )
    try:
        found = load_source(source)
    except UsageError as error:
        raise SpecError(str(error)) from error
    now = next((one for one in found.specs if one.id == spec.id), None)
    if now is None or (now.parameters, now.effect) != (spec.parameters, spec.effect):
        raise SpecError(f"{spec.id} has changed since it was indexed. Index {source} again.")
    return found.runs[spec.id]


def _imported(source: str) -> Any:
    module, _, name = source.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for step in name.split("."):
            found = getattr(found, step)
    except Exception as error:  # the module is the user's code, which may raise anything
        raise UsageError(
            f"{source} cannot be imported ({error_line(error)}). Name it as in Python's import, "
            "from the folder that the module is in."
        ) from error
    return found


def _parts(found: Any) -> Iterator[Any]:
    """The functions, tools and specs in an object."""
    from langchain_core.tools import BaseTool, BaseToolkit

    if isinstance(found, BaseToolkit):
        found = found.get_tools()
    if isinstance(found, list | tuple):
        for part in found:
            yield from _parts(part)
    elif isinstance(found, BaseTool | ToolSpec) or inspect.isroutine(found):
        yield found
    else:
        yield from _methods(found)


def _methods(found: Any) -> Iterator[Any]:
    kind = found if inspect.isclass(found) else type(found)
    if kind.__module__ == "builtins":
        raise UsageError(f"a {kind.__name__} holds no tools. Name a function, a list or a class.")
    if inspect.isclass(found):
        try:
            found = found()
        except Exception as error:
            raise UsageError(
                f"{kind.__qualname__} cannot be made without arguments ({error_line(error)}). "
                "Name an instance of it."
            ) from error
    for name, member in inspect.getmembers(kind, inspect.isroutine):
        if not name.startswith("_") and not inspect.isbuiltin(member):
            yield getattr(found, name)


def _spec(part: Any, source: str) -> ToolSpec:
    from langchain_core.tools import BaseTool

    if isinstance(part, ToolSpec):
        return part
    spec = from_langchain(part) if isinstance(part, BaseTool) else function_spec(part)
    return replace(spec, binding={**spec.binding, "source": source})
