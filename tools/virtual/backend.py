"""Calls answered by a virtual API server: ours, or any that speaks StableToolBench's protocol."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from toolgrove.data import codec
from toolgrove.data.records import Observation, Status, ToolCall, ToolSpec
from toolgrove.errors import UsageError
from toolgrove.tools.calls.execute import failure
from toolgrove.tools.http.response import Unreadable, read_body
from toolgrove.tools.virtual.protocol import Source, status_of_error

__all__ = ["VirtualBackend", "identity"]


def identity(url: str) -> str:
    """What decides the answers of the server at a URL, in a word that scores can carry.

    Of ours it is the cache's id, whether real calls are made, the simulating model and the digest
    of its prompt; of another server its URL.

    Raises
    ------
    UsageError
        Where no server answers there.
    """
    endpoint = _endpoint(url)
    try:
        answer = httpx.get(endpoint, timeout=10.0, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UsageError(
            f"no virtual API server answers at {endpoint} ({error}). "
            "Start one: toolgrove serve apis --catalog CATALOG --cache FILE"
        ) from error
    try:
        about = answer.json()
        parts = [about["cache"][:12], "real" if about["real"] else "cached"]
        parts += [f"{about['simulator']}@{about['prompt'][:8]}"] if about["simulator"] else []
    except (ValueError, KeyError, TypeError):
        return f"virtual:{endpoint}"
    return "virtual:" + "+".join(parts)


class VirtualBackend:
    """An :data:`~toolgrove.tools.calls.execute.Execute` that asks a virtual API server.

    Close it in the end. A spec's binding does not matter, only its names do.

    Parameters
    ----------
    url : str
        The server's, with or without ``/virtual`` behind it.
    spec_of : callable
        Gives the spec of an id.
    max_bytes : int
        Bytes of an answer that are read.
    """

    def __init__(
        self, url: str, spec_of: Callable[[str], ToolSpec], *, max_bytes: int = 20_000_000
    ) -> None:
        self._url, self._spec_of, self._max_bytes = _endpoint(url), spec_of, max_bytes
        self._client = httpx.AsyncClient(
            headers={"Accept-Encoding": "gzip"},
            timeout=httpx.Timeout(None, connect=10.0),
            trust_env=False,
        )

    async def __call__(self, call: ToolCall) -> Observation:
        spec = self._spec_of(call.name)
        asked = {
            "category": spec.category,
            "tool_name": spec.tool,
            "api_name": spec.name,
            "tool_input": dict(call.arguments),
            "strip": "",
            "toolbench_key": "",
            "id": spec.id,
        }
        try:
            return _observation(await self._post(asked))
        except (httpx.TransportError, Unreadable, ValueError) as error:
            said = f"The virtual API server did not answer: {error or type(error).__name__}"
            return failure(Status.NOT_WORKING, said[:500], attempts=0)

    async def _post(self, asked: dict[str, Any]) -> Any:
        """The server's answer; raises ``ValueError`` where it is none."""
        async with self._client.stream("POST", self._url, json=asked) as response:
            encoding = response.headers.get("content-encoding", "")
            body = await read_body(response.aiter_raw(), encoding, self._max_bytes)
        if response.status_code != 200:
            shown = body[:300].decode("utf-8", "replace")
            raise ValueError(f"HTTP {response.status_code}: {shown}")
        return codec.loads(body)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _endpoint(url: str) -> str:
    return url if url.endswith("/virtual") else f"{url.rstrip('/')}/virtual"


def _observation(answer: Any) -> Observation:
    """An answer as an observation; raises ``ValueError`` where it is not of the protocol."""
    if not isinstance(answer, dict) or not isinstance(answer.get("error"), str | None):
        raise ValueError("its answer is not an object with error and response")
    error, response = answer.get("error") or "", answer.get("response")
    try:
        status = Status(answer["status"])
    except (KeyError, ValueError):
        status = status_of_error(error)
    content = response if isinstance(response, str) else codec.dumps(response).decode()
    if status.failed and response in (None, "", {}, []):
        content = error
    cached = answer.get("cached") is True
    source = answer.get("source")
    return Observation(
        status,
        content,
        len(content),
        cached=cached,
        simulated=source == Source.SIMULATED.value,
        attempts=0 if cached or source == Source.NONE.value else 1,
    )
