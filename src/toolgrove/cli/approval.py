"""Who is asked before a write: a person at the terminal, or nobody."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from toolgrove.cli.common import err_console
from toolgrove.cli.live import paused
from toolgrove.cli.printable import one_line

if TYPE_CHECKING:
    from toolgrove.data.records import ToolCall, ToolSpec
    from toolgrove.tools.calls.policy import Approve

__all__ = ["Approval", "approving"]

_MARGIN = "  | "
_END = 400  # characters of either end of a long value
_HOLDS = (Mapping, list, tuple)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")


class Approval(StrEnum):
    """Whether writes are approved."""

    ASK = "ask"
    ALWAYS = "always"
    NEVER = "never"


def approving(approval: Approval, *, served: bool) -> Approve | None:
    """Who is asked before a write; None asks nobody.

    Parameters
    ----------
    approval : Approval
    served : bool
        Whether a virtual API server or a recording answers, so that nothing is written.
    """
    return _Asked(approval) if approval is not Approval.ALWAYS and not served else None


@dataclass(frozen=True, slots=True)
class _Asked:
    """Approves writes to the bundled world, and others as somebody says."""

    approval: Approval
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False, compare=False)

    async def __call__(self, spec: ToolSpec, call: ToolCall) -> bool:
        from toolgrove.agent.hosting import of_the_world

        if of_the_world([spec]):  # the bundled world is made up anew for each run
            return True
        if self.approval is Approval.NEVER:
            return False
        async with self._one_at_a_time:  # also of all samples of a vote
            with paused():
                return await _answered(spec, call)


async def _answered(spec: ToolSpec, call: ToolCall) -> bool:
    """Ask at the terminal; without one the answer is no."""
    say = err_console()
    name = one_line(spec.id)
    if not _terminal():
        say.print(
            f"refused: {name} writes, and there is no terminal to ask on. "
            "Allow writes with --approve always."
        )
        return False
    say.print(f"{name} writes{':' if call.arguments else ', without arguments.'}")
    for line in _asked(call, say.width - len(_MARGIN)):
        say.print(_MARGIN + line)
    while True:
        say.print("Let it? [y/N]: ", end="")
        typed = await _typed()
        match typed.strip().lower():
            case "y" | "yes":
                return True
            case "n" | "no" | "":
                if not typed.endswith("\n"):  # the end of the input leaves the line open
                    say.print()
                return False
        say.print("Type y or n.")


def _asked(call: ToolCall, width: int) -> Iterator[str]:
    """A call's arguments, a field a line; lines that are too long go on behind the margin.

    Every field has its line, whatever stands before it, and of a long value both ends are shown.
    So nothing that is asked for is out of sight, and no value can pass for a line of ours.
    """
    from rich.cells import chop_cells

    for path, value in _fields(call):
        line = f"{path}: {_shown(value)}"
        yield from chop_cells(one_line(line, len(line)), max(width, 20))


def _fields(call: ToolCall) -> Iterator[tuple[str, Any]]:
    """Every value in a call's arguments that holds no other, with its path, however deep."""
    ahead = [(_name(name), value) for name, value in call.arguments.items()][::-1]
    while ahead:
        path, value = ahead.pop()
        inside: list[tuple[str, Any]] = []
        if isinstance(value, Mapping):
            inside = [(f"{path}.{_name(name)}", part) for name, part in value.items()]
        elif isinstance(value, list | tuple) and any(isinstance(one, _HOLDS) for one in value):
            inside = [(f"{path}[{place}]", part) for place, part in enumerate(value)]
        if inside:
            ahead += reversed(inside)
        else:
            yield path, value


def _name(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _shown(value: Any) -> str:
    """A value as JSON; of a long one the beginning and the end, and how much is left out."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    out = len(text) - 2 * _END
    return text if out <= 0 else f"{text[:_END]} …({out:,} characters left out)… {text[-_END:]}"


async def _typed() -> str:
    """A line from the terminal, empty at its end. The event loop goes on, so that Ctrl-C stops it.

    A prompt that blocked the loop would keep asyncio from cancelling the run at the first Ctrl-C.
    """
    from toolgrove.tools.python.threads import in_thread

    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    try:
        loop.add_reader(sys.stdin, ready.set)
    except (NotImplementedError, OSError, ValueError):  # Windows, or what is no real file
        return str(await in_thread(sys.stdin.readline))
    try:
        await ready.wait()
    finally:
        loop.remove_reader(sys.stdin)
    return sys.stdin.readline()  # a terminal is ready when it has a whole line, or its end


def _terminal() -> bool:
    return sys.stdin.isatty()
