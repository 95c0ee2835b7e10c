"""Pagination: what to ask for next, by a ``Link`` header or by a cursor in the body.

Only parameters that the tool declares are ever set, and a link that leads elsewhere than to the
same endpoint is passed over: a server's answer is data and does not choose what is called.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from toolgrove.data.records import JsonObject, Observation, ToolCall, ToolSpec
from toolgrove.tools.calls.execute import Execute
from toolgrove.tools.http.address import origin_of

__all__ = ["next_arguments", "pages"]

_LINK = re.compile(r'<([^<>]*)>((?:\s*;\s*[\w*-]+\s*(?:=\s*(?:"[^"]*"|[^\s",;]+))?)*)')
_NEXT = re.compile(r';\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next\b)', re.I)
_CURSORS = (
    "next_cursor",
    "nextCursor",
    "next_page_token",
    "nextPageToken",
    "next_token",
    "nextToken",
    "next_page",
    "nextPage",
    "endCursor",
    "cursor",
)
_WITHIN = ("response_metadata", "meta", "metadata", "pagination", "paging", "page_info", "pageInfo")
_TAKES = ("cursor", "page_token", "pageToken", "next_token", "nextToken", "after", "page")


def next_arguments(
    spec: ToolSpec, arguments: JsonObject, url: str, headers: Mapping[str, str], value: Any
) -> JsonObject | None:
    """The arguments of the next page, or None where there is none or it cannot be told.

    Parameters
    ----------
    spec : ToolSpec
        What was called.
    arguments : JsonObject
        With what.
    url : str
        As it was sent.
    headers : mapping
        The answer's, by lower-case name; ``Link`` as in RFC 8288.
    value : Any
        The answer's body where it is JSON.

    Examples
    --------
    >>> spec = ToolSpec("i", "c", "t", "n", binding={"in": {"page": "query"}})
    >>> link = {"link": '<https://a.example/x?page=3&key=k>; rel="next"'}
    >>> next_arguments(spec, {"page": 2}, "https://a.example/x?page=2", link, None)
    {'page': 3}
    """
    places = spec.binding.get("in")
    places = places if isinstance(places, Mapping) else {}
    query = {name for name, place in places.items() if place == "query"}
    found = _linked(headers.get("link", ""), url) or _following(value, url)
    new = {name: text for name, text in found.items() if name in query}
    if not new:
        new = _cursor(value, query)
    given = {name: _typed(spec, name, text, arguments) for name, text in new.items()}
    return None if all(arguments.get(n) == v for n, v in given.items()) else {**arguments, **given}


def _linked(header: str, url: str) -> dict[str, str]:
    for target, parameters in _LINK.findall(header[:20_000]):
        if _NEXT.search(parameters):
            return _query(target, url)
    return {}


def _following(value: Any, url: str) -> dict[str, str]:
    """What a body's ``next`` says, where it is a link (as Django REST framework has it)."""
    target = value.get("next") if isinstance(value, dict) else None
    return _query(target, url) if isinstance(target, str) and "?" in target else {}


def _query(target: str, url: str) -> dict[str, str]:
    """The query of a link to the same endpoint."""
    try:
        there = urljoin(url, target)
        same = origin_of(there) == origin_of(url) and urlsplit(there).path == urlsplit(url).path
    except ValueError:
        return {}
    return dict(parse_qsl(urlsplit(there).query)) if same else {}


def _cursor(value: Any, query: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {}
    takes = next((name for name in _TAKES if name in query), None)
    for part in (value, *(value.get(name) for name in _WITHIN)):
        if takes is None or not isinstance(part, dict):
            continue
        for name in _CURSORS:
            cursor = part.get(name)
            if cursor and isinstance(cursor, str | int) and not isinstance(cursor, bool):
                return {takes: cursor}
    return {}


def _typed(spec: ToolSpec, name: str, text: Any, arguments: JsonObject) -> Any:
    """A number where the parameter is one: a query holds only text."""
    schema = spec.parameters.get("properties", {}).get(name, {})
    whole = isinstance(arguments.get(name), int) or (
        isinstance(schema, Mapping) and schema.get("type") == "integer"
    )
    return int(text) if whole and re.fullmatch(r"-?[0-9]{1,18}", str(text)) else text


async def pages(execute: Execute, call: ToolCall, *, limit: int = 10) -> AsyncIterator[Observation]:
    """Make a call, then those of its further pages.

    Parameters
    ----------
    execute : Execute
        The stack, so that limits, policy and budgets count each page.
    call : ToolCall
        The first page's.
    limit : int
        Pages at most, for a server whose cursors never end.

    Yields
    ------
    Observation
        One a page; the first that is not ``OK`` is the last.
    """
    for number in range(limit):
        observation = await execute(call)
        yield observation
        if observation.more is None:
            return
        call = replace(call, id=f"{call.id}.{number + 1}", arguments=observation.more)
