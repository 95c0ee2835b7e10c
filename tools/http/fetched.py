"""A document from its address: one bounded read, only of where its user said.

The host that was named may have any address, as an MCP server may: whoever names it chose it. A
redirect chooses for itself, so it leads to public addresses only, and never from https to http.
No proxy, cookie or password goes along.
"""

from __future__ import annotations

import asyncio
from functools import partial
from urllib.parse import urlsplit

from toolgrove.data.formats import openapi_text
from toolgrove.errors import SpecError, UsageError
from toolgrove.tools.http.address import (
    AddressPolicy,
    Blocked,
    guarded_transport,
    origin_of,
    port_of,
)
from toolgrove.tools.http.request import Request
from toolgrove.tools.http.wire import NoAnswer, Wire, WireAnswer
from toolgrove.tools.origins import unkeyed

__all__ = ["fetched"]

_SECONDS = 60.0
_REDIRECTS = 5
_MOVED = frozenset({301, 302, 303, 307, 308})
_ACCEPT = {"Accept": "application/json, application/yaml, text/yaml, text/plain;q=0.9, */*;q=0.1"}
_FILE = "Or fetch the file by other means and index that, with --base URL."


async def fetched(url: str) -> tuple[str, bytes]:
    """Where a document was found in the end, and its bytes.

    Parameters
    ----------
    url : str
        An http(s) address.

    Raises
    ------
    UsageError
        Where it is no such address, or holds a password.
    SpecError
        Where there is no answer, or none of success: it says what came instead.
    """
    shown = unkeyed(url)
    try:
        host, port = urlsplit(origin_of(url)).hostname or "", port_of(url)
    except ValueError:
        raise UsageError(f"{shown[:200]}: no http(s) address. Write https://host/path.") from None
    if "@" in urlsplit(url).netloc:
        raise UsageError(f"A password does not belong in an address. {_FILE}")
    policy = AddressPolicy(hosts=frozenset({f"{host}:{port}"}))
    wire = Wire(
        partial(guarded_transport, policy),
        hosts={},
        addresses=policy,
        max_bytes=openapi_text.MOST_BYTES,
    )
    try:
        async with asyncio.timeout(_SECONDS):
            return await _followed(wire, policy, url)
    except TimeoutError:
        why = f"did not answer within {_SECONDS:g} s"
    except NoAnswer as error:
        why = str(error).rstrip(".")
    except Blocked:
        why = f"{host} has no address that may be called"
    finally:
        await wire.close()
    raise SpecError(f"{shown}: {why}. See that it answers there. {_FILE}")


async def _followed(wire: Wire, policy: AddressPolicy, url: str) -> tuple[str, bytes]:
    first, at = unkeyed(url), url
    for _ in range(_REDIRECTS + 1):
        try:
            answer = await wire(Request("GET", at.partition("#")[0], _ACCEPT))
        except Blocked:
            if at == url:
                raise
            raise _led_away(first, at) from None
        if answer.code == 200:
            return at, answer.body
        at = _next(policy, first, at, answer)
    raise SpecError(f"{first}: redirects without end. Name where the document is.")


def _next(policy: AddressPolicy, first: str, at: str, answer: WireAnswer) -> str:
    to = answer.headers.get("location", "")
    if answer.code not in _MOVED or not to:
        raise SpecError(f"{first}: answered {answer.code} and no document. {_FILE}")
    try:
        down = origin_of(to).startswith("http:") and origin_of(at).startswith("https:")
        if down or "@" in urlsplit(to).netloc:
            raise _led_away(first, to)
        policy.check(urlsplit(to).hostname or "", port_of(to))
    except (ValueError, Blocked):
        raise _led_away(first, to) from None
    return to


def _led_away(first: str, to: str) -> SpecError:
    return SpecError(
        f"{first}: redirects to {unkeyed(to)[:200]!r}, which is not followed: it is not public, "
        "not encrypted, or no address. Name that one itself if you trust it."
    )
