"""Failures of a chat model's service that may pass, and trying again after them.

Each provider's package raises errors of its own, so they are told by what they share: a status, the
answer they hold, or the name of their class.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from random import Random
from typing import Any, TypeVar

from toolgrove.errors import ToolgroveError

__all__ = [
    "ATTEMPTS",
    "asked_again",
    "may_pass",
    "retry_after",
    "seconds_asked",
    "wait_after",
    "wait_for",
]

T = TypeVar("T")

ATTEMPTS = 3
"""How often a model is asked at most, where its service has trouble that may pass."""

_LONGEST_WAIT = 60.0
_LONGEST = 1e18  # seconds; a server may write a number of any length
_STATUSES = frozenset({408, 425, 429})
_LASTING = frozenset({501, 505, 511})
_NAMES = frozenset(
    {
        "APIConnectionError",
        "APITimeoutError",
        "ClientConnectionError",
        "ConnectTimeout",
        "ConnectionError",
        "InternalServerError",
        "NetworkError",
        "OverloadedError",
        "RateLimitError",
        "ReadTimeout",
        "RemoteProtocolError",
        "ServerDisconnectedError",
        "ServiceUnavailable",
        "ServiceUnavailableError",
        "ThrottlingException",
        "Timeout",
        "TimeoutError",
        "TimeoutException",
        "TooManyRequests",
    }
)
"""Names of classes of passing errors, of builtins and of the providers' packages."""
_draw = Random()


def may_pass(status: int) -> bool:
    """Whether the same request may do better after an HTTP status.

    Examples
    --------
    >>> [status for status in (400, 401, 408, 429, 500, 501, 503, 529) if may_pass(status)]
    [408, 429, 500, 503, 529]
    """
    return status in _STATUSES or (500 <= status < 600 and status not in _LASTING)


def seconds_asked(text: str) -> float:
    """Seconds that a ``Retry-After`` asks for (RFC 9110, 10.2.3); 0 where it cannot be read.

    Examples
    --------
    >>> seconds_asked("7"), seconds_asked("soon"), seconds_asked("Thu, 01 Jan 1970 00:00:00 GMT")
    (7.0, 0.0, 0.0)
    """
    if re.fullmatch(r"[0-9]+", text.strip()):
        return min(float(text), _LONGEST)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return 0.0
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, date.timestamp() - time.time())


def wait_for(headers: Any, made: int) -> float | None:
    """Seconds until the next attempt: what a service asks for, else a jittered while.

    None where it asks for longer than anybody should wait.

    Parameters
    ----------
    headers : Any
        The answer's; looked up by ``Retry-After`` in any case.
    made : int
        Attempts so far.
    """
    asked = _retry_after_in(headers)
    if not asked:
        return _draw.uniform(0.25, 0.5) * float(2**made)
    wait = seconds_asked(asked)
    return wait if wait <= _LONGEST_WAIT else None


def wait_after(error: BaseException, made: int) -> float | None:
    """Seconds to wait after a provider's error, None where trying again is of no use.

    Errors of ours have been tried again where they are raised.
    """
    found = _passing(error)
    return wait_for(found[0], made) if found else None


def retry_after(error: BaseException) -> float | None:
    """Seconds that a passing error's service asks to wait, 0 where it asks for none.

    None where trying again is of no use.

    Examples
    --------
    >>> retry_after(ConnectionResetError()), retry_after(ValueError("no such city"))
    (0.0, None)
    """
    found = _passing(error)
    return seconds_asked(_retry_after_in(found[0])) if found else None


def _passing(error: BaseException) -> tuple[Any] | None:
    """The headers that came with an error, if any, where it may pass."""
    for one in _causes(error):
        if isinstance(one, ToolgroveError) or getattr(one, "code", None) == "insufficient_quota":
            return None  # the latter is OpenAI's 429 for an account without money
        answer = getattr(one, "response", None)
        status = _status(one, answer)
        if may_pass(status) if status else not _NAMES.isdisjoint(_named(one)):
            return (_headers(one, answer),)
        if status:
            return None
    return None


def _retry_after_in(headers: Any) -> str:
    given = headers.items() if isinstance(headers, Mapping) else ()
    found = (str(text) for name, text in given if str(name).lower() == "retry-after")
    return next(found, "").strip()


async def asked_again(ask: Callable[[], Awaitable[T]]) -> T:
    """What ``ask`` gives, asked up to :data:`ATTEMPTS` times where its errors may pass."""
    for made in range(1, ATTEMPTS):
        try:
            return await ask()
        except Exception as error:
            wait = wait_after(error, made)
            if wait is None:
                raise
        await asyncio.sleep(wait)
    return await ask()


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what it was raised from."""
    found: BaseException | None = error
    for _ in range(5):
        if found is not None:
            yield found
            found = found.__cause__


def _named(error: BaseException) -> set[str]:
    return {kind.__name__ for kind in type(error).__mro__}


def _status(error: BaseException, answer: Any) -> int:
    """An error's HTTP status by any of the names that packages give it; 0 where it has none."""
    about = answer.get("ResponseMetadata") if isinstance(answer, Mapping) else None
    found = about.get("HTTPStatusCode") if isinstance(about, Mapping) else None  # boto's
    places = ((error, "status_code"), (error, "http_status"), (error, "status"), (error, "code"))
    values = [getattr(place, name, None) for place, name in (*places, (answer, "status_code"))]
    for value in (*values, found):
        if isinstance(value, int) and 100 <= value < 600:
            return int(value)
    return 0


def _headers(error: BaseException, answer: Any) -> Any:
    about = answer.get("ResponseMetadata") if isinstance(answer, Mapping) else None
    boto = about.get("HTTPHeaders") if isinstance(about, Mapping) else None
    return boto or getattr(answer, "headers", None) or getattr(error, "headers", None)
