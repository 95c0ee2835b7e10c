"""What a function or LangChain tool says of its effect: it writes, unless it says that it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, overload

from toolgrove.data.records import Effect
from toolgrove.errors import SpecError

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

__all__ = ["effect_of", "langchain_effect", "tool"]

T = TypeVar("T")
Says: TypeAlias = Effect | Literal["read", "write"]


@overload
def tool(function: T, /) -> T: ...
@overload
def tool(*, effect: Says = ...) -> Callable[[T], T]: ...
def tool(function: Any = None, /, *, effect: Says = Effect.WRITE) -> Any:
    """Say of a function or LangChain tool what its calls do; the decorator changes nothing else.

    A call of a tool that writes is never made again after a crash, is not made ahead of its turn,
    and is asked about where a policy says so. A call of a tool that reads may be repeated.

    Parameters
    ----------
    function : callable or BaseTool
        A function, a method of any kind, or a LangChain tool.
    effect : {"read", "write"}
        A function without this decorator writes, too.

    Raises
    ------
    SpecError
        Where ``effect`` is neither.

    Examples
    --------
    >>> @tool(effect="read")
    ... def population(city: str) -> int:
    ...     '''People who live in a city.'''
    ...     return {"Oslo": 724_290}[city]
    >>> effect_of(population)
    <Effect.READ: 'read'>
    """
    if function is None:
        said = _checked(effect, "@tool")
        return lambda decorated: _marked(decorated, said)
    return _marked(function, Effect.WRITE)


def _marked(decorated: Any, effect: Effect) -> Any:
    if hasattr(decorated, "metadata") and hasattr(decorated, "args_schema"):  # a BaseTool
        decorated.metadata = {**(decorated.metadata or {}), "effect": effect.value}
        return decorated
    method = isinstance(decorated, staticmethod | classmethod)  # which keep what is set on them
    (decorated.__func__ if method else decorated).effect = effect
    return decorated


def effect_of(function: Callable[..., Any]) -> Effect:
    """The effect that a function says it has; ``WRITE`` where it says nothing.

    Raises
    ------
    SpecError
        Where its attribute ``effect`` is neither ``"read"`` nor ``"write"``.
    """
    said = getattr(function, "effect", None)
    name = getattr(function, "__qualname__", repr(function))
    return Effect.WRITE if said is None else _checked(said, name)


def langchain_effect(tool: BaseTool) -> Effect:
    """The effect that a LangChain tool says it has: by its metadata, else by its functions.

    Raises
    ------
    SpecError
        Where what it says is neither ``"read"`` nor ``"write"``.
    """
    said = (tool.metadata or {}).get("effect")
    if said is not None:
        return _checked(said, f"{tool.name}: metadata")
    effects = {effect_of(function) for function in _functions(tool)}
    return Effect.READ if effects == {Effect.READ} else Effect.WRITE


def _functions(tool: BaseTool) -> Iterator[Callable[..., Any]]:
    """The functions that a call of a LangChain tool may run."""
    from langchain_core.tools import BaseTool, StructuredTool, Tool

    if isinstance(tool, Tool | StructuredTool):
        yield from (f for f in (tool.func, tool.coroutine) if f is not None)
        return
    yield tool._run
    if type(tool)._arun is not BaseTool._arun:
        yield tool._arun


def _checked(said: Any, where: str) -> Effect:
    if said in ("read", "write"):
        return Effect(said)
    raise SpecError(f'{where}: the effect {said!r} is unknown. Say "read" or "write".')
