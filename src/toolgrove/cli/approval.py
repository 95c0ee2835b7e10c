"""Who is asked before a write: a person at the terminal, now or later, or nobody."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Awaitable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import typer

from toolgrove.cli.common import err_console
from toolgrove.cli.live import paused
from toolgrove.cli.printable import one_line
from toolgrove.data import codec
from toolgrove.data.decisions import Allow, Decision, Edit, Pause, Refuse
from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from toolgrove.data.records import ToolCall, ToolSpec
    from toolgrove.data.tree import SearchTree
    from toolgrove.tools.calls.policy import Approve

__all__ = [
    "WAITING",
    "Approval",
    "approving",
    "ask",
    "described",
    "edit_of",
    "end_if_waiting",
    "on_a_terminal",
    "put_off",
]

WAITING = 3
"""The exit code of a command whose run waits for somebody's approval."""

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
    return None if served else _Asked(approval)


def end_if_waiting(runs: Iterable[tuple[SearchTree, Path | None]]) -> None:
    """Where runs wait, tell how to decide about them, and end the command so."""
    waiting = [run for tree, run in runs if tree.ended == "waiting"]
    for run in waiting:
        err_console().print(f"decide with: toolgrove approve {run}")
    if waiting:
        raise typer.Exit(WAITING)


def put_off(approve: Approve | None, later: Collection[str]) -> Approve:
    """Who is asked, but about these calls, by their ids: they wait on."""

    def asked(spec: ToolSpec, call: ToolCall) -> bool | Decision | Awaitable[bool | Decision]:
        if call.id in later:
            return Pause()
        return True if approve is None else approve(spec, call)

    return asked


@dataclass(frozen=True, slots=True)
class _Asked:
    """Approves writes to the bundled world, and others as somebody says."""

    approval: Approval
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False, compare=False)

    async def __call__(self, spec: ToolSpec, call: ToolCall) -> Decision:
        from toolgrove.agent.hosting import of_the_world

        if of_the_world([spec]):  # the bundled world is made up anew for each run
            return Allow()
        if self.approval is not Approval.ASK:
            return Allow() if self.approval is Approval.ALWAYS else Refuse()
        async with self._one_at_a_time:  # also of all samples of a vote
            with paused():
                if on_a_terminal():
                    return await ask(spec, call)
        err_console().print(
            f"not approved: {one_line(spec.id)} writes, and there is no terminal to ask on. "
            "Let writes go with --approve always."
        )
        return Pause()


async def ask(spec: ToolSpec, call: ToolCall) -> Decision:
    """Show a write at the terminal, and take what somebody decides of it."""
    say = err_console()
    for line in described(spec, call, say.width):
        say.print(line)
    while True:
        typed = await _line("Let it? [y/N, r: no with a reason, e: edit, l: later]: ")
        match typed.strip().lower():
            case "y" | "yes":
                return Allow()
            case "n" | "no" | "":
                return Refuse()
            case "r" | "reason":
                return Refuse((await _line("Why not? The model reads it: ")).strip())
            case "l" | "later":
                return Pause()
            case "e" | "edit":
                changed = await _edited(spec, call)
                if changed is not None:
                    return changed
            case _:
                say.print("Type y, n, r, e or l.")


async def _edited(spec: ToolSpec, call: ToolCall) -> Edit | None:
    """Other arguments for a call, if what is typed fits the tool."""
    from toolgrove.tools.calls.editing import edited

    say = err_console()
    say.print("Type NAME=VALUE, a line each, the value as JSON or text; NAME= leaves it out.")
    arguments = dict(call.arguments)
    while typed := (await _line("change (nothing ends): ")).strip():
        name, _, value = typed.partition("=")
        if value.strip():
            arguments[name.strip()] = _read(value.strip())
        else:
            arguments.pop(name.strip(), None)
    try:
        return Edit(edited(spec, call, arguments).arguments)
    except UsageError as error:
        say.print(f"not taken: {error}")
        return None


def _read(value: str) -> Any:
    try:
        return codec.loads(value)
    except ValueError:
        return value


def edit_of(spec: ToolSpec, call: ToolCall, text: str) -> Edit:
    """The edit that a text of JSON stands for.

    Raises
    ------
    UsageError
        Where it is no JSON object, or does not fit the tool.
    """
    from toolgrove.tools.calls.editing import edited

    try:
        arguments = codec.loads(text)
    except ValueError as error:
        raise UsageError(f"the arguments of call {call.id} are not JSON: {error}") from error
    return Edit(edited(spec, call, arguments).arguments)


async def _line(prompt: str) -> str:
    say = err_console()
    say.print(prompt, end="")
    typed = await _typed()
    if not typed.endswith("\n"):  # the end of the input leaves the line open
        say.print()
    return typed


def described(spec: ToolSpec, call: ToolCall, width: int) -> Iterator[str]:
    """A write as a person is shown it: the tool, where it goes, what it does, each argument."""
    yield f"{one_line(spec.id)} writes{':' if call.arguments else ', without arguments.'}"
    yield f"{_MARGIN}({_where(spec)}; call {one_line(call.id)})"
    told = " ".join((spec.description or spec.tool_description).split())
    if told:
        yield f"{_MARGIN}(it says of itself: {one_line(told, 200)})"
    for line in _asked(call, width - len(_MARGIN)):
        yield _MARGIN + line


def _where(spec: ToolSpec) -> str:
    """Where a call goes: to a host, by a method, or to what else makes calls of its kind."""
    url, method = spec.binding.get("url"), spec.binding.get("method", "")
    if not isinstance(url, str):
        return one_line(f"made by {spec.binding.get('kind') or 'nobody'}", 200)
    try:
        host = urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        host = url
    return one_line(f"{method} to {host}".strip(), 200)


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
    from toolgrove.machine.threads import in_thread

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


def on_a_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty()
