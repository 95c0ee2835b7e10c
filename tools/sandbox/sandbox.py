"""What a sandbox is: it runs code that nobody has read, and lets nothing out but calls of tools.

The code gets functions, and no other way out. Each call of one is handed to whoever runs the code
(:data:`CallTool`), who makes it as every other call of the run is made: so policy, approval, budget
and journal hold inside as they do outside.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

__all__ = ["CallRefused", "CallTool", "CodeLimits", "Door", "Ran", "Sandbox", "plain"]

CallTool: TypeAlias = Callable[[str, Mapping[str, Any]], Awaitable[Any]]
"""Makes a call by its function's name and gives what the code sees of it, a JSON value; raises
:class:`CallRefused` for what the code is to see raised. Any other exception ends the code."""


class CallRefused(Exception):
    """What a call of a function raises in the code.

    Parameters
    ----------
    message : str
        Why.
    kind : str
        The name of the built-in exception that it is there.
    """

    def __init__(self, message: str, kind: str = "RuntimeError") -> None:
        self.kind = kind
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class CodeLimits:
    """How much one piece of code may take.

    Parameters
    ----------
    seconds : float
        Of its own work; the time of the calls that it makes is not counted.
    memory : int
        Bytes.
    output : int
        Characters that it may print; the rest is dropped, and it is said so.
    calls : int
        How many calls of tools it may make.
    """

    seconds: float = 10.0
    memory: int = 128 * 1024 * 1024
    output: int = 100_000
    calls: int = 100


@dataclass(frozen=True, slots=True)
class Ran:
    """What a piece of code came to.

    Parameters
    ----------
    output : str
        What it printed.
    value : Any
        What its last line gave, where that is an expression.
    error : str
        Why it ended early, for who wrote it: ``line 3: ZeroDivisionError: division by zero``.
    """

    output: str = ""
    value: Any = None
    error: str = ""


class Sandbox(Protocol):
    """Runs code that may call functions, and do nothing else to the world."""

    name: str

    def missing(self) -> str:
        """What has to be installed before it can run, as a sentence; empty where nothing has."""
        ...

    async def run(
        self,
        code: str,
        functions: Mapping[str, Sequence[str]],
        call: CallTool,
        limits: CodeLimits = CodeLimits(),
    ) -> Ran:
        """Run code to its end, or to a limit. To cancel it stops the code at once.

        Parameters
        ----------
        code : str
            Python.
        functions : mapping
            What it may call: the names of each function's parameters in their order.
        call : callable
            Makes the calls.
        limits : CodeLimits
        """
        ...


class Door:
    """The one way out of a sandbox: what it lets through is a call of a function that there is.

    Parameters
    ----------
    functions, call
        As :meth:`Sandbox.run` has them.
    most : int
        How many calls it lets through.
    """

    def __init__(self, functions: Mapping[str, Sequence[str]], call: CallTool, most: int) -> None:
        self._functions, self._call, self._left, self._most = functions, call, most, most

    async def __call__(self, name: Any, args: Any, kwargs: Any) -> Any:
        """Make a call that came out of the sandbox; nothing about it is known to be well-formed.

        Raises
        ------
        CallRefused
            For the code.
        """
        if not isinstance(name, str) or name not in self._functions:
            raise CallRefused(f"name {str(name)[:100]!r} is not defined", "NameError")
        arguments = _bound(name, self._functions[name], args, kwargs)
        if not self._left:
            raise CallRefused(f"this code may make {self._most} calls, and made them")
        self._left -= 1
        return await self._call(name, arguments)


def _bound(name: str, parameters: Sequence[str], args: Any, kwargs: Any) -> dict[str, Any]:
    """The arguments of a call by their names, as JSON values."""
    if not isinstance(args, list | tuple) or not isinstance(kwargs, Mapping):
        raise CallRefused(f"{name}: the call has no list of arguments", "TypeError")
    if len(args) > len(parameters):
        takes = f"takes {len(parameters)} arguments, and got {len(args)}"
        raise CallRefused(f"{name}() {takes}", "TypeError")
    given = dict(zip(parameters, args, strict=False))
    if twice := given.keys() & kwargs.keys():
        raise CallRefused(f"{name}() got {min(twice)!r} twice", "TypeError")
    try:
        bound: dict[str, Any] = plain({**given, **kwargs})
        return bound
    except (ValueError, TypeError, RecursionError) as error:
        told = f"{name}(): the arguments are no JSON: {error}"
        raise CallRefused(told, "TypeError") from None


def plain(value: Any) -> Any:
    """A value of Python as JSON has it: tuples and sets are lists, dates are texts.

    Raises
    ------
    TypeError, ValueError, RecursionError
        Where it is nothing that JSON can say.

    Examples
    --------
    >>> plain({"a": (1, {2})})
    {'a': [1, [2]]}
    """
    return json.loads(json.dumps(value, default=_as_json, allow_nan=False))


def _as_json(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not JSON")
