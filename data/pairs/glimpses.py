"""The beginning of an answer, read as far as it stands there, and whether it holds any data.

ToolBench's files keep answers as JSON or as Python writes them, and mostly cut, so no parser of
either reads them.
"""

from __future__ import annotations

import re
from typing import TypeAlias

__all__ = ["Glimpse", "found_none", "glimpse", "holds_data", "says_no"]

Glimpse: TypeAlias = "dict[str, Glimpse] | list[Glimpse] | str"

_TOKEN = re.compile(
    r"""(?P<text> "(?:[^"\\]|\\.)*(?:"|\Z) | '(?:[^'\\]|\\.)*(?:'|\Z) | [^\s{}\[\]:,"']+ )
        (?P<key>\s*:)?
      | [{}\[\]]""",
    re.DOTALL | re.VERBOSE,
)
_DEEPEST = 8
_NOTHING = frozenset({"", "none", "null", "false", "0"})
_ERRORS = frozenset({"error", "errors", "errormessage", "errorcode", "errordescription"})
_STATUSES = frozenset({"status", "statuscode", "httpstatus", "httpcode"})
_FAILED = re.compile(r"[45]\d\d|error|fail", re.IGNORECASE)
_AROUND = _ERRORS | _STATUSES | {
    "cod", "code", "debug", "description", "detail", "details", "documentationurl", "fault", "help",
    "hint", "info", "instance", "link", "links", "message", "messages", "meta", "metadata",
    "method", "msg", "ok", "parameters", "params", "path", "query", "reason", "request",
    "requestid", "statustext", "success", "support", "timestamp", "title", "traceid", "type", "url",
    "version",
}  # fmt: skip
"""Fields that reports of failures are made of: what they hold is no data."""


_ABOUT = _ERRORS | {
    "debug", "links", "meta", "metadata", "pagination", "paging", "parameters", "params", "request",
    "warnings",
}  # fmt: skip
_OF_REPORTS = _AROUND | _ABOUT | {
    "count", "currentpage", "cursor", "elapsed", "hasmore", "limit", "offset", "page", "pages",
    "pagesize", "perpage", "resultcount", "size", "start", "time", "took", "totalpages",
}  # fmt: skip
"""Fields that tell of an answer, and of which part of a list it is."""


def glimpse(text: str) -> Glimpse | None:
    """The object or list that a text begins; None of any other text. All its scalars are texts.

    Examples
    --------
    >>> glimpse("{'city': 'Oslo', 'near': [{'city': 'Dram")
    {'city': 'Oslo', 'near': [{'city': 'Dram'}]}
    >>> glimpse("5 km") is None
    True
    """
    if not text.lstrip().startswith(("{", "[")):
        return None
    whole: list[Glimpse] = []
    within: list[Glimpse] = [whole]
    key = ""
    for found in _TOKEN.finditer(text):
        said, into = found[0], within[-1]
        if found["key"]:
            key = found["text"].strip("\"'")
            continue
        if said in ("}", "]"):
            within.pop()
        else:
            value: Glimpse = {} if said == "{" else [] if said == "[" else said.strip("\"'")
            if isinstance(into, dict):
                into[key] = value
            elif isinstance(into, list):
                into.append(value)
            within += [value] if said in ("{", "[") else []
        if len(within) == 1 or len(within) > _DEEPEST:
            break
    return whole[0]


def says_no(seen: Glimpse) -> bool:
    """Whether a status in an answer says that the request failed, whatever else it holds.

    Examples
    --------
    >>> says_no({"status": "404", "data": ["5 km"]}), says_no({"code": "404", "city": "Atlanta"})
    (True, False)
    """
    fields = _fields(seen) if isinstance(seen, dict) else {}
    codes = (fields.get(name) for name in _STATUSES)
    return any(isinstance(code, str) and _FAILED.fullmatch(code) for code in codes) or any(
        str(fields.get(name)).casefold() == "false" for name in ("success", "ok")
    )


def holds_data(seen: Glimpse) -> bool:
    """Whether an answer holds more than the report of a failure does.

    Beside an error only an object or a list counts: a single value may repeat what was asked.

    Examples
    --------
    >>> holds_data({"message": "Not Found", "path": "/near"})
    False
    >>> holds_data({"message": "Not found in the cache", "km": "5"})
    True
    >>> holds_data({"error": "no such city", "city": "Osl"})
    False
    >>> holds_data({"error": "2 rows left out", "rows": [{"km": "5"}]})
    True
    """
    if isinstance(seen, str):
        return _holds(seen)
    if isinstance(seen, list):
        return any(map(holds_data, seen))
    fields = _fields(seen)
    beside = [part for name, part in fields.items() if name not in _AROUND and _holds(part)]
    match beside:
        case [dict(only)]:
            return holds_data(only)
    told = any(_holds(fields.get(name, "")) for name in _ERRORS)
    return any(not (told and isinstance(part, str)) for part in beside)


def found_none(seen: Glimpse) -> bool:
    """Whether all lists and objects of an answer are empty, beside what it says of itself.

    Examples
    --------
    >>> found_none({"status": "OK", "totalResults": "0", "page": "1", "articles": []})
    True
    >>> found_none({"city": "Oslo", "near": []}), found_none({"status": "OK"})
    (False, False)
    """
    if isinstance(seen, str):
        return not _holds(seen)
    if isinstance(seen, list):
        return all(map(found_none, seen))
    parts = [
        part
        for name, part in _fields(seen).items()
        if name not in _OF_REPORTS or (name not in _ABOUT and not isinstance(part, str))
    ]
    lists = [part for part in parts if not isinstance(part, str)]
    return bool(lists) and all(map(found_none, parts)) if seen else True


def _fields(seen: dict[str, Glimpse]) -> dict[str, Glimpse]:
    return {re.sub(r"[\W_]", "", name).casefold(): part for name, part in seen.items()}


def _holds(part: Glimpse) -> bool:
    if isinstance(part, str):
        return part.casefold() not in _NOTHING
    return any(map(_holds, part.values() if isinstance(part, dict) else part))
