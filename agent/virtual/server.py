"""The virtual API server: StableToolBench's ``POST /virtual`` on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from toolgrove import __version__
from toolgrove.agent.virtual.apis import Asked, Closed, VirtualApis
from toolgrove.agent.virtual.prompt import PROMPT_DIGEST
from toolgrove.agent.virtual.simulator import Simulator
from toolgrove.data import codec
from toolgrove.data.records import JsonObject, Status
from toolgrove.errors import ToolgroveError
from toolgrove.machine.loopback import Guard, TooLarge, bounded_body, serving
from toolgrove.tools.calls.settings import CallSettings
from toolgrove.tools.calls.stack import build_stack
from toolgrove.tools.registry import Registry
from toolgrove.tools.virtual.cache import AnswerCache
from toolgrove.tools.virtual.directory import Directory
from toolgrove.tools.virtual.protocol import ApiName, Source, VirtualAnswer

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["VirtualServer"]

BODY_LIMIT = 256 * 1024
"""Bytes of a request's body."""
_WHOLE = 10_000_000
"""Characters of an answer: more than the HTTP backend reads, so that none is cut."""
_NAME = 500


@dataclass
class VirtualServer:
    """A catalogue's APIs behind StableToolBench's protocol.

    Parameters
    ----------
    registry : Registry
        The catalogue.
    cache : AnswerCache
        Where answers are kept.
    model : BaseChatModel or None
        Simulates APIs that cannot be reached; None simulates none.
    real : bool
        Whether calls are made at all, where the cache has no answer.
    calls : CallSettings
        How real calls are made.
    concurrency : int
        Calls, real or simulated, that are under way at once.
    """

    registry: Registry
    cache: AnswerCache
    model: BaseChatModel | None = None
    real: bool = True
    calls: CallSettings = CallSettings()
    concurrency: int = 8

    def __post_init__(self) -> None:
        self.directory = Directory(self.registry)
        self._simulator = None if self.model is None else Simulator(self.model)
        self._apis: VirtualApis | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def about(self) -> dict[str, Any]:
        """What the server is: what decides its answers, and how many it keeps."""
        return {
            "server": f"toolgrove/{__version__}",
            "apis": len(self.directory),
            "answers": self.cache.counts(),
            "cache": self.cache.id,
            "real": self.real,
            "simulator": self._simulator.name if self._simulator else "",
            "prompt": PROMPT_DIGEST if self._simulator else "",
        }

    @contextmanager
    def running(self, port: int = 0) -> Iterator[str]:
        """Serve on 127.0.0.1 until the block ends; what is under way then is given up.

        Yields
        ------
        str
            The base URL.

        Raises
        ------
        UsageError
            Where the port cannot be had, or uvicorn or starlette is not installed.
        """
        with serving(self.app, port, name="toolgrove-apis") as url:
            try:
                yield url
            finally:
                if self._loop is not None and self._apis is not None:
                    self._loop.call_soon_threadsafe(self._apis.close)

    def app(self) -> Starlette:
        """The server as an ASGI application."""
        from starlette.applications import Starlette
        from starlette.middleware import Middleware
        from starlette.routing import Route

        async def answer(request: Request) -> Response:
            return await self._answer(request)

        async def about(request: Request) -> Response:
            return _json(self.about())

        return Starlette(
            routes=[
                Route("/virtual", answer, methods=["POST"]),
                Route("/virtual", about, methods=["GET"]),
            ],
            middleware=[Middleware(Guard)],
            lifespan=self._life,
        )

    @asynccontextmanager
    async def _life(self, app: Starlette) -> AsyncIterator[None]:
        calls = replace(self.calls, observation_limit=_WHOLE)
        async with build_stack(self.registry, calls) as execute:
            self._loop = asyncio.get_running_loop()
            self._apis = VirtualApis(
                self.directory,
                self.cache,
                execute=execute if self.real else None,
                simulator=self._simulator,
                concurrency=self.concurrency,
            )
            yield
            self._apis.close()

    async def _answer(self, request: Request) -> Response:
        try:
            body = _object(await bounded_body(request.stream(), BODY_LIMIT))
            name = _name(body)
        except TooLarge as error:
            return _refused(413, str(error))
        except ValueError as error:
            return _refused(422, str(error))
        arguments = _arguments(body.get("tool_input"))
        if arguments is None:
            return _unparsed()
        assert self._apis is not None  # the lifespan has begun before the first request
        try:
            answer = await self._apis.answer(Asked(name, arguments, str(body.get("id", ""))))
        except (ValueError, RecursionError):
            return _unparsed()
        except Closed:
            return _refused(503, "The server stops.")
        except ToolgroveError as error:
            return _refused(500, str(error))
        return _json(answer.wire(), headers=_marks(answer))


def _object(body: bytes) -> JsonObject:
    try:
        value = codec.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ValueError("The body must be a JSON object.")
    return value


def _name(body: JsonObject) -> ApiName:
    """The API that a request names; its key and ``strip`` are not looked at."""
    parts = []
    for key in ("category", "tool_name", "api_name"):
        part = body.get(key)
        if not isinstance(part, str) or len(part) > _NAME:
            raise ValueError(f"The field {key} must be a text of at most {_NAME} characters.")
        parts.append(part)
    return ApiName.of(*parts)


def _arguments(given: Any) -> JsonObject | None:
    """The arguments, which clients send as an object, as its JSON text or as nothing at all."""
    if given is None or given == "":
        return {}
    if isinstance(given, str):
        try:
            given = codec.loads(given)
        except (ValueError, RecursionError):
            return None
    return given if isinstance(given, dict) else None


def _unparsed() -> Response:
    """StableToolBench's own words for arguments that it cannot read."""
    answer = VirtualAnswer(Status.INVALID_REQUEST, "", Source.NONE)
    return _json({**answer.wire(), "error": "Tool input parse error...\n"}, headers=_marks(answer))


def _marks(answer: VirtualAnswer) -> dict[str, str]:
    return {
        "Toolgrove-Source": answer.source.value,
        "Toolgrove-Cached": str(answer.cached).lower(),
    }


def _refused(code: int, why: str) -> Response:
    return _json({"error": why, "response": ""}, code)


def _json(value: Any, code: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    from starlette.responses import Response

    return Response(codec.dumps(value), code, headers, "application/json")
