"""The viewer's page on loopback, growing with the runs that it shows.

Everything is read from the journals and results as they are written; nothing can be written through
it. A page of somebody else's cannot call it under another name (promise 25).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from toolgrove.agent.view.batch import holds_runs
from toolgrove.agent.view.data import read_view
from toolgrove.agent.view.growing import GrowingRun, GrowingTable
from toolgrove.agent.view.page import document, page
from toolgrove.agent.view.sections import run_section
from toolgrove.agent.view.table import RunRow
from toolgrove.data.drawing.words import one_line
from toolgrove.errors import ToolgroveError
from toolgrove.machine.loopback import Guard, serving

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["ViewServer"]

PAUSE = 0.25
"""Seconds between two looks at what is watched."""
_HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
}


@dataclass
class ViewServer:
    """Serves a run, or a folder of runs, until it is closed.

    Parameters
    ----------
    source : Path
        The folder of a run, or one that holds runs.
    """

    source: Path
    _closing: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        self._folder = holds_runs(self.source)

    @contextmanager
    def running(self, port: int = 0) -> Iterator[str]:
        """Serve on 127.0.0.1 until the block ends; gives the URL."""
        with serving(self._app, port, name="toolgrove view") as url:
            try:
                yield url
            finally:
                self._closing.set()  # open streams end, so that nobody waits for them

    def _app(self) -> Starlette:
        from starlette.applications import Starlette
        from starlette.middleware import Middleware
        from starlette.routing import Route

        found = [("/", self._page), ("/events", self._events)]
        if self._folder:
            found += [
                ("/run/{n:int}", self._page),
                ("/run/{n:int}/events", self._events),
                ("/compare/{a:int}/{b:int}", self._compare),
            ]
        routes = [Route(path, answer, methods=["GET"]) for path, answer in found]
        return Starlette(routes=routes, middleware=[Middleware(Guard)])

    def _watched(self, request: Request) -> GrowingRun | GrowingTable | None:
        """What an address shows; None where there is no such run."""
        if not self._folder:
            return GrowingRun(self.source)
        if "n" not in request.path_params:
            return GrowingTable(self.source)
        run = self._run(request.path_params["n"])
        return None if run is None else GrowingRun(run)

    def _run(self, number: int) -> Path | None:
        table = GrowingTable(self.source)
        table.look()
        return table.held[number - 1].path if 0 < number <= len(table.held) else None

    async def _page(self, request: Request) -> Response:
        watched = self._watched(request)
        return await asyncio.to_thread(_answered, watched, request.url.path.rstrip("/"))

    async def _compare(self, request: Request) -> Response:
        return await asyncio.to_thread(self._compared, **request.path_params)

    def _compared(self, a: int, b: int) -> Response:
        paths = [self._run(number) for number in (a, b)]
        try:
            runs = [read_view(path) for path in paths if path is not None]
        except ToolgroveError as error:
            return _html(document("Cannot be read", None, home="/", note=str(error)), 500)
        if len(runs) < 2:
            return _missing()
        return _html(page(runs, start="#compare-1-2", home="/"))

    async def _events(self, request: Request) -> Response:
        from starlette.responses import StreamingResponse

        watched = self._watched(request)
        if watched is None:
            return _missing()
        stream = self._stream(watched)
        return StreamingResponse(stream, headers=_HEADERS, media_type="text/event-stream")

    async def _stream(self, watched: GrowingRun | GrowingTable) -> AsyncIterator[str]:
        name = "run" if isinstance(watched, GrowingRun) else "table"
        while not self._closing.is_set():
            try:
                changes = await asyncio.to_thread(watched.changes)
            except ToolgroveError as error:
                yield _event("trouble", str(error))
                return
            if changes is not None:
                yield _event(name, changes)
            if watched.ended:
                yield _event("end", None)
                return
            await asyncio.sleep(PAUSE)


def _event(name: str, value: object) -> str:
    """A server-sent event. Its JSON is ASCII on one line, so that no text can end it."""
    return f"event: {name}\ndata: {json.dumps(value)}\n\n"


def _answered(watched: GrowingRun | GrowingTable | None, path: str) -> Response:
    try:
        if watched is None:
            return _missing()
        return _html(_document(watched, f"{path}/events", home="/" if path else ""))
    except ToolgroveError as error:
        return _html(document("Cannot be read", None, note=str(error)), 500)


def _document(watched: GrowingRun | GrowingTable, events: str, home: str) -> str:
    if isinstance(watched, GrowingRun):
        watched.following.read()
        run = watched.shown
        title = one_line(run.tree.task.query)
        return document(title, None, [run_section(run, 1)], live=events, home=home)
    watched.look()
    rows: list[RunRow] = watched.rows
    return document(f"Runs of {watched.folder.resolve().name}", rows, live=events)


def _html(text: str, status: int = 200) -> Response:
    from starlette.responses import HTMLResponse

    return HTMLResponse(text, status, headers=_HEADERS)


def _missing() -> Response:
    from starlette.responses import PlainTextResponse

    return PlainTextResponse("There is no such run.", 404, headers=_HEADERS)
