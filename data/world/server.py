"""The server: one route an endpoint, on loopback only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from toolgrove.data import codec
from toolgrove.data.records import JsonObject
from toolgrove.data.world.apis import endpoints
from toolgrove.data.world.declare import Endpoint, Refusal, WorldAnswer
from toolgrove.data.world.documents import HOST, openapi
from toolgrove.data.world.state import World
from toolgrove.data.world.version import world_version
from toolgrove.machine.loopback import Guard, TooLarge, bounded_body, serving

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["create_app", "running"]

BODY_LIMIT = 64 * 1024
"""Bytes of a request's body."""


def create_app(seed: int = 0) -> Starlette:
    """A new world behind a Starlette application.

    Besides the catalogue's endpoints it has ``GET /openapi.json``, ``GET /_world`` (version, seed)
    and ``POST /_world/reset``, which forgets events, notes and counters.

    Parameters
    ----------
    seed : int
        Decides which requests the flaky endpoints fail.
    """
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.middleware import Middleware
    from starlette.routing import Route

    world = World(seed=seed)
    about = {"version": world_version(), "seed": seed}

    async def reset(request: Request) -> Response:
        world.reset()
        return _json(WorldAnswer(200, about))

    async def described(request: Request) -> Response:
        return _json(WorldAnswer(200, about))

    async def document(request: Request) -> Response:
        return _json(WorldAnswer(200, openapi(world_version())))

    async def no_route(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        told = f"{request.method} {request.url.path}: no such API. See /openapi.json."
        return _json(WorldAnswer(status, {"error": told}))

    guard = Middleware(Guard, hosts=[HOST])
    routes = [
        Route("/openapi.json", document),
        Route("/_world", described),
        Route("/_world/reset", reset, methods=["POST"]),
        *(
            Route(one.url_path, _handler(one, world), methods=[one.method])
            for one in endpoints().values()
        ),
    ]
    app = Starlette(routes=routes, middleware=[guard], exception_handlers={HTTPException: no_route})
    app.router.redirect_slashes = False  # an argument that ends in a slash is wrong, not elsewhere
    return app


def _handler(endpoint: Endpoint, world: World) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        try:
            raw = await _arguments(endpoint, request)
            idempotency = request.headers.get("idempotency-key")
            return _json(respond(endpoint, world, raw, idempotency))
        except Refusal as refusal:
            return _json(WorldAnswer(refusal.status, {"error": refusal.error}))

    return handle


def respond(
    endpoint: Endpoint, world: World, raw: JsonObject, idempotency: str | None = None
) -> WorldAnswer:
    """Answer a request: trouble first, then a write's earlier answer, then the endpoint's own.

    Raises
    ------
    Refusal
        Where the endpoint refuses, or an Idempotency-Key comes with other arguments than before.
    """
    asked = codec.digest(dict(raw))
    if endpoint.trouble is not None:
        troubled = endpoint.trouble(world, f"{endpoint.id} {asked}")
        if troubled is not None:
            return troubled
    if endpoint.method == "GET":
        return WorldAnswer(200, endpoint.run(world, raw))
    slot = (endpoint.id, idempotency or "")
    if idempotency is not None and slot in world.replies:
        before, body = world.replies[slot]
        if before != asked:
            raise Refusal(422, "This Idempotency-Key came with other arguments before.")
        return WorldAnswer(200, body, {"Idempotent-Replayed": "true"})
    body = endpoint.run(world, raw)
    if idempotency is not None:
        world.replies[slot] = (asked, body)
    return WorldAnswer(201, body)


async def _arguments(endpoint: Endpoint, request: Request) -> JsonObject:
    """What a request says, before it is checked; an empty query value counts as not given."""
    found: dict[str, Any] = dict(request.path_params)
    for name in endpoint.properties:
        place = endpoint.place(name)
        if place == "query" and request.query_params.get(name):
            found[name] = request.query_params[name]
    if endpoint.method == "POST":
        found.update(await _body(request))
    return found


async def _body(request: Request) -> JsonObject:
    try:
        body = await bounded_body(request.stream(), BODY_LIMIT)
    except TooLarge as error:
        raise Refusal(413, str(error)) from None
    try:
        found = codec.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Refusal(400, "The body must be a JSON object.")
    return found


def _json(answer: WorldAnswer) -> Response:
    from starlette.responses import JSONResponse

    return JSONResponse(dict(answer.body), answer.status, headers=dict(answer.headers))


@contextmanager
def running(port: int = 0, seed: int = 0) -> Iterator[str]:
    """A world of its own on 127.0.0.1, served by a thread until the block ends.

    Parameters
    ----------
    port : int
        Where to listen; 0 takes a free port.
    seed : int
        As for :func:`create_app`.

    Yields
    ------
    str
        The base URL, such as ``http://127.0.0.1:43121``.

    Raises
    ------
    UsageError
        Where the port cannot be had.

    Examples
    --------
    >>> import httpx
    >>> with running() as url:
    ...     httpx.get(f"{url}/airport-finder/iata/OSL").json()["city"]
    'Oslo'
    """
    with serving(lambda: create_app(seed), port, name="toolgrove-world") as url:
        yield url
