"""The last look at a request before it leaves: is it the endpoint that its binding names?

:mod:`toolgrove.tools.http.request` builds URLs so that arguments cannot change where they lead.
This is the check that it did, made on the finished URL and by the parser that sends it
(promise 19).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from urllib.parse import unquote, urlsplit

from toolgrove.data.records import JsonObject, Status
from toolgrove.tools.http.address import origin_of
from toolgrove.tools.http.request import Refused

__all__ = ["check_endpoint"]

_PLACEHOLDER = re.compile(r"\{[^{}]+\}")
_SPLIT = re.compile(r"(\{[^{}]+\})")


def check_endpoint(binding: JsonObject, url: str) -> None:
    """Refuse a URL that is not the binding's, its placeholders filled with one segment each.

    A placeholder that the binding lets hold slashes may be several segments that lead down.

    Raises
    ------
    Refused
        Where scheme, host, port, a literal part of the path or the number of its segments differ.

    Examples
    --------
    >>> binding = {"url": "https://api.example/users/{id}/notes"}
    >>> check_endpoint(binding, "https://api.example/users/a%20b/notes?x=1")
    >>> url = "https://api.example/users/../admin/notes"
    >>> check_endpoint(binding, url)  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    Refused: the arguments would change what is called
    """
    import httpx

    try:
        template, built = urlsplit(str(binding.get("url", ""))), urlsplit(url)
        sent = httpx.URL(url)
        same = origin_of(template.geturl()) == origin_of(url)
    except (ValueError, httpx.InvalidURL):
        raise Refused(Status.INVALID_REQUEST, "the URL cannot be made") from None
    raw = sent.raw_path.partition(b"?")[0].decode("ascii", "replace")
    as_sent = raw == (built.path or "/") and not built.fragment and "@" not in built.netloc
    if not (same and as_sent and _fits(template.path, built.path, _several(binding))):
        raise Refused(Status.INVALID_REQUEST, "the arguments would change what is called")


def _several(binding: JsonObject) -> frozenset[str]:
    """The placeholders that may be several segments."""
    manners = binding.get("as")
    found = manners.items() if isinstance(manners, Mapping) else ()
    return frozenset(f"{{{name}}}" for name, manner in found if manner.get("slashes") is True)


def _fits(template: str, path: str, several: Collection[str]) -> bool:
    parts, segments = template.split("/"), path.split("/")
    if any(name in template for name in several):
        pattern = "".join(
            re.escape(text) if literal else ".+" if text in several else "[^/]+"
            for place, text in enumerate(_SPLIT.split(unquote(template)))
            for literal in [place % 2 == 0]
        )
        dots = any(unquote(one).partition(";")[0] in ("", ".", "..") for one in segments[1:])
        return not dots and re.fullmatch(pattern, unquote(path), re.DOTALL) is not None
    return len(parts) == len(segments) and all(map(_segment_fits, parts, segments))


def _segment_fits(template: str, segment: str) -> bool:
    plain = unquote(segment)
    literal = [re.escape(unquote(text)) for text in _PLACEHOLDER.split(template)]
    dots = plain.partition(";")[0] in (".", "..") and len(literal) > 1
    return not dots and re.fullmatch(".+".join(literal), plain, re.DOTALL) is not None
