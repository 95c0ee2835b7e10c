"""MCP servers as programs of their own, spoken to over standard input and output.

Not by the SDK's transport: that one ends the whole process group only where the program itself
outstays its welcome, so that what the program started (``npx`` starts node) goes on as an orphan;
it reads lines of any length; and a line that is no proper JSON is an answer that never comes.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO

import anyio

if TYPE_CHECKING:
    from mcp.client._transport import TransportStreams
    from mcp.shared.message import SessionMessage

__all__ = ["started"]

_GRACE = 2.0  # seconds in which a program may end by itself, and then after SIGTERM
_LONGEST_LINE = 10_000_000
_POLL = 0.01


@asynccontextmanager
async def started(
    command: Sequence[str], environ: Mapping[str, str], errors: TextIO
) -> AsyncIterator[TransportStreams]:
    """A server that runs as long as the block does; its whole process group ends with it.

    Parameters
    ----------
    command : sequence of str
        The program and its arguments.
    environ : mapping
        All of its environment.
    errors : TextIO
        Where its standard error goes, a real file.

    Raises
    ------
    OSError
        Where the program cannot be started.
    """
    from mcp.shared.message import SessionMessage

    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=errors,
        env=dict(environ),
        start_new_session=True,
        limit=_LONGEST_LINE,
    )
    said, read = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    write, to_say = anyio.create_memory_object_stream[SessionMessage](0)

    async def hear() -> None:
        assert process.stdout is not None
        async with said:
            with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError, ValueError):
                while line := await process.stdout.readline():  # ValueError: a line too long
                    await said.send(_message(line))

    async def say() -> None:
        assert process.stdin is not None
        async with to_say:
            with suppress(OSError, anyio.ClosedResourceError):
                async for message in to_say:
                    text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
                    process.stdin.write(text.encode() + b"\n")
                    await process.stdin.drain()

    try:
        async with anyio.create_task_group() as group:
            group.start_soon(hear)
            group.start_soon(say)
            try:
                yield read, write
            finally:
                group.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await _ended(process)
        for stream in (read, write, said, to_say):
            stream.close()


def _message(line: bytes) -> SessionMessage | Exception:
    """A line as a message; halves of surrogate pairs in it are replaced."""
    from mcp.shared.message import SessionMessage
    from mcp_types import INTERNAL_ERROR, jsonrpc_message_adapter

    try:
        value = json.loads(line)
        if isinstance(value, dict) and isinstance(value.get("error"), str):
            value["error"] = {"code": INTERNAL_ERROR, "message": value["error"]}
        text = json.dumps(value, ensure_ascii=False)
        whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return SessionMessage(jsonrpc_message_adapter.validate_json(whole, by_name=False))
    except (ValueError, RecursionError) as error:  # what a program prints besides
        return error if isinstance(error, ValueError) else ValueError("nested too deep")


async def _ended(process: asyncio.subprocess.Process) -> None:
    """End a program and all that it started: its input first, then by signals."""
    group = process.pid  # its own, by start_new_session
    try:
        if process.stdin is not None:
            process.stdin.close()
        await _gone(lambda: process.returncode is not None)
        if _signalled(group, signal.SIGTERM):
            await _gone(lambda: not _signalled(group, 0))
    finally:  # also where somebody would not wait
        _signalled(group, signal.SIGKILL)
        await _gone(lambda: process.returncode is not None)
        # a descendant that left the group may hold the pipes; nobody reads them any more
        transport: Any = process
        transport._transport.close()  # asyncio has no other way to it


async def _gone(done: Callable[[], bool]) -> None:
    """Wait a while; ``process.wait`` would wait for everybody who holds the pipes."""
    end = time.monotonic() + _GRACE
    while not done() and time.monotonic() < end:  # noqa: ASYNC110 - a process sets no event
        await asyncio.sleep(_POLL)


def _signalled(group: int, number: int) -> bool:
    """Whether there was anybody in a process group to get a signal."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
