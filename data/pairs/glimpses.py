"""The beginning of an answer, read as far as it stands there, and whether it holds any data.

ToolBench's files keep answers as JSON or as Python writes them, and mostly cut, so no parser of
either reads them.
"""

from __future__ import annotations

import re
from typing import TypeAlias

__all__ = ["Glimpse", "glimpse", "holds_data", "says_no"]

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


def _fields(seen: dict[str, Glimpse]) -> dict[str, Glimpse]:
    return {re.sub(r"[\W_]", "", name).casefold(): part for name, part in seen.items()}


def _holds(part: Glimpse) -> bool:
    if isinstance(part, str):
        return part.casefold() not in _NOTHING
    return any(map(_holds, part.values() if isinstance(part, dict) else part))
