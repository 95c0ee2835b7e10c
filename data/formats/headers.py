"""Which headers an argument may set: none that frame, authorize or redirect a request."""

from __future__ import annotations

import re

__all__ = ["is_ours", "may_be_argument"]

_OURS = frozenset(
    {"accept", "accept-encoding", "authorization", "connection", "content-length", "content-type"}
    | {"cookie", "cookie2", "expect", "forwarded", "host", "keep-alive", "te", "trailer"}
    | {"transfer-encoding", "upgrade", "via", "x-http-method", "x-http-method-override"}
    # these make servers behind a proxy answer for another path, host or method
    | {"x-method-override", "x-original-url", "x-rewrite-url", "x-forwarded-host"}
    | {"x-forwarded-path", "x-forwarded-prefix", "x-forwarded-proto"}
)
_SENT = frozenset(
    {"accept", "accept-encoding", "connection", "content-length", "content-type", "host"}
    | {"keep-alive", "te", "transfer-encoding"}
)
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def may_be_argument(name: str) -> bool:
    """Whether a header may be a tool's parameter (promise 20).

    Examples
    --------
    >>> may_be_argument("X-Language"), may_be_argument("Host"), may_be_argument("a b")
    (True, False, False)
    """
    lower = name.lower()
    return (
        _NAME.fullmatch(name) is not None
        and lower not in _OURS
        and not lower.startswith(("proxy-", "sec-"))
    )


def is_ours(name: str) -> bool:
    """Whether a request of ours has this header anyway, so that none is missing without it.

    Examples
    --------
    >>> is_ours("Content-Type"), is_ours("X-Forwarded-Host")
    (True, False)
    """
    return name.lower() in _SENT
