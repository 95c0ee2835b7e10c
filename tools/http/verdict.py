"""What an HTTP answer means: its status decides, and words only where a source is known for them.

The hub of ToolBench's APIs answers "rate limit", "blocked" and "gateway error" under status 200.
ToolBench takes those for successes, while it takes a list of films for an error because a title
holds the wrong word. So a body of that source is looked at where it is nothing but a message: a
JSON object without any payload, a page, or a line of text that begins so. A body of another source
is not: "User unblocked successfully" is no refusal.
"""

from __future__ import annotations

import re
from typing import Any

from toolgrove.data.records import Status

__all__ = ["IN_WORDS", "PASSING", "is_report", "status_of", "verdict"]

PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP statuses after which the same request may do better."""

IN_WORDS = frozenset({"toolbench"})
"""Sources (``ToolSpec.source``) whose APIs say under a status of success that they failed."""

_NAMED = {
    402: Status.UNSUBSCRIBED,
    401: Status.UNAUTHORIZED,
    403: Status.UNAUTHORIZED,
    407: Status.UNAUTHORIZED,
    404: Status.ERROR_IN_MESSAGE,
    409: Status.ERROR_IN_MESSAGE,
    412: Status.ERROR_IN_MESSAGE,
    405: Status.NOT_WORKING,
    406: Status.NOT_WORKING,
    410: Status.NOT_WORKING,
    415: Status.NOT_WORKING,
    451: Status.NOT_WORKING,
    408: Status.TIMEOUT,
    504: Status.TIMEOUT,
    429: Status.TOO_MANY_REQUESTS,
}
_SAYS = (
    (
        Status.UNSUBSCRIBED,
        re.compile(r"not subscribed|subscribe to|your subscription|upgrade your plan", re.I),
    ),
    (Status.RATE_LIMITED, re.compile(r"rate.?limit|per (?:second|minute)|throttl", re.I)),
    (Status.TOO_MANY_REQUESTS, re.compile(r"too many requests|quota", re.I)),
    (
        Status.UNAUTHORIZED,
        re.compile(
            r"unauthori[sz]ed|authentication (?:is )?required|invalid api.?key|access denied"
            r"|forbidden|blocked",
            re.I,
        ),
    ),
    (Status.ERROR_IN_MESSAGE, re.compile(r"^not found\b", re.I)),
    (Status.TIMEOUT, re.compile(r"gateway time.?out|timed out", re.I)),
    (
        Status.NOT_WORKING,
        re.compile(
            r"(?:bad )?gateway(?: error)?\b|service (?:is )?(?:temporarily )?unavailable"
            r"|internal server error|endpoint .{0,200}does not exist"
            r"|api (?:is )?(?:down|unreachable)",
            re.I,
        ),
    ),
)


def status_of(code: int, text: str = "") -> Status:
    """Our status for an HTTP status.

    4xx that a model can mend by other arguments are ``INVALID_REQUEST`` (the request as such) or
    ``ERROR_IN_MESSAGE`` (404, 409, 412: the thing asked for); 403 and 429 are told apart by what
    they say, as hubs do: not subscribed or not allowed, quota or rate.

    Examples
    --------
    >>> status_of(404), status_of(422), status_of(503), status_of(302)
    ... # doctest: +NORMALIZE_WHITESPACE
    (<Status.ERROR_IN_MESSAGE: 'error_in_message'>, <Status.INVALID_REQUEST: 'invalid_request'>,
     <Status.NOT_WORKING: 'not_working'>, <Status.NOT_WORKING: 'not_working'>)
    >>> status_of(403, "You are not subscribed to this API.")
    <Status.UNSUBSCRIBED: 'unsubscribed'>
    """
    if 200 <= code < 300:
        return Status.OK
    if code in (403, 429):
        says = _says(text)
        if says in (Status.UNSUBSCRIBED, Status.RATE_LIMITED, Status.TOO_MANY_REQUESTS):
            return says
    if code in _NAMED:
        return _NAMED[code]
    return Status.INVALID_REQUEST if 400 <= code < 500 else Status.NOT_WORKING


def verdict(value: Any, text: str, *, page: bool) -> Status:
    """Whether a body under a status of success says that it is an error.

    Ask it of the sources :data:`IN_WORDS` only, and never of a write.

    Parameters
    ----------
    value : Any
        The body where it is JSON, else None.
    text : str
        The body as text; of a page, its words.
    page : bool
        Whether it is HTML: an API that answers with a page has met a login, a block or a fault,
        so it is never ``OK``.

    Examples
    --------
    >>> verdict({"message": "You have exceeded the rate limit per minute"}, "", page=False)
    <Status.RATE_LIMITED: 'rate_limited'>
    >>> verdict({"result": [{"title": "Error 404"}]}, "", page=False)
    <Status.OK: 'ok'>
    """
    if value is not None:
        return _envelope(value)
    if page:
        return _says(text[:200]) or Status.ERROR_IN_MESSAGE
    begins = next((status for status, words in _SAYS if words.match(text)), Status.OK)
    return begins if len(text) <= _LINE else Status.OK


_LINE = 80
_PLAIN = frozenset({"detail", "details", "info", "message", "messages", "msg", "request_id"})
_CODES = frozenset({"code", "error_code", "errorcode", "status", "status_code", "statuscode"})
_ERROR = frozenset({"error", "error_code", "error_message", "errorcode", "errormessage", "errors"})
_AROUND = frozenset(
    {"description", "method", "ok", "path", "reason", "success", "timestamp", "title", "traceid"}
    | {"instance", "trace_id", "type"}
)
_PAYLOAD = frozenset({"data", "response", "result", "results"})
_ENVELOPE = _PLAIN | _ERROR | _CODES | _AROUND | _PAYLOAD


def is_report(value: Any) -> bool:
    """Whether a JSON object has no field but those that reports of errors are made of.

    It need not say that anything failed: ``{"message": "str"}`` is the shape of one.

    Examples
    --------
    >>> is_report({"message": "API doesn't exists"}), is_report({"message": "hi", "city": "Oslo"})
    (True, False)
    """
    if not isinstance(value, dict) or not value:
        return False
    fields = {str(key).lower(): part for key, part in value.items()}
    return fields.keys() <= _ENVELOPE and not any(fields.get(key) for key in _PAYLOAD)


def _envelope(value: Any) -> Status:
    """Whether a JSON value is nothing but the report of an error."""
    if not is_report(value):
        return Status.OK
    fields = {str(key).lower(): part for key, part in value.items()}
    said = " ".join(_strings(value))[:1000]
    for key in filter(_CODES.__contains__, fields):
        if re.fullmatch(r"[45][0-9][0-9]", str(fields[key])):
            return status_of(int(fields[key]), said)
    if _failed(fields):
        return _says(said) or Status.ERROR_IN_MESSAGE
    return (_says(said) if fields.keys() <= _PLAIN else None) or Status.OK


def _failed(fields: dict[str, Any]) -> bool:
    return (
        any(fields.get(key) for key in _ERROR)
        or any(fields.get(key) is False for key in ("success", "ok"))
        or str(fields.get("status")).lower() in ("error", "fail", "failed", "failure")
    )


def _strings(value: Any, depth: int = 3) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in _strings(part, depth - 1)] if depth else []


def _says(text: str) -> Status | None:
    return next((status for status, words in _SAYS if words.search(text)), None)
