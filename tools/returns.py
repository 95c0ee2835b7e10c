"""What an API's response looks like, as far as its source tells, and whether an answer is one.

Hubs document a response by a JSON Schema, by an example, or as ToolBench does by a template that
names types (``{"quote": "str"}``). All are stale as often as not. So a real answer is turned down
only where it is no more than a report and the documented response is more than that; an answer that
a model made up has to look as documented.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from toolgrove.tools.http.verdict import is_report
from toolgrove.tools.schema import Checker

__all__ = ["Returns"]

_TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
_BARE = frozenset({"description", "enum", "format", "title", "type"})
_TEMPLATE = {
    "any": "any",
    "bool": "boolean",
    "dict": "object",
    "empty list": "array",
    "float": "number",
    "int": "number",
    "list": "array",
    "none": "any",
    "nonetype": "any",
}
"""JSON kinds by the words of ToolBench's templates; every other text is a string."""


class Returns:
    """What is known of an API's response.

    Parameters
    ----------
    documented : iterable
        JSON Schemas, examples or templates; an answer that fits any of them is good. What is
        itself the report of an error tells nothing and is left out.

    Examples
    --------
    >>> returns = Returns([{"quote": "str", "author": "str"}])
    >>> returns.turns_down({"message": "API doesn't exists"}), returns.turns_down({"found": False})
    (True, False)
    >>> returns.problem({"text": "Carpe diem."})
    'it has none of the fields quote, author'
    """

    def __init__(self, documented: Iterable[Any]) -> None:
        self._documented = [
            (one, Checker(one) if _is_schema(one) else None)
            for one in documented
            if one not in (None, "", {}, []) and not is_report(one)
        ]

    def turns_down(self, value: Any) -> bool:
        """Whether a real answer, given under a status of success, cannot be this API's."""
        if isinstance(value, Mapping):
            if not is_report(value):
                return False
            known = [_fields(one) for one, _ in self._documented]
            if None in known or not any(known):
                return False
            return not any(field in value for fields in known for field in fields or ())
        if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
            return False  # lines of JSON, or JSON with NaN
        kinds = {_documented_kind(one) for one, _ in self._documented}
        structured = bool(kinds) and kinds <= {"array", "object"}
        return structured and not isinstance(value, list)

    def problem(self, value: Any) -> str | None:
        """Why an answer is not as documented; None where it is, or nothing is documented."""
        problems = [
            _mismatch(one, value) if checker is None else _error(checker, value)
            for one, checker in self._documented
        ]
        return None if None in problems or not problems else problems[0]


def _is_schema(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    if "$schema" in value or "$ref" in value:
        return True
    if any(_are_schemas(value.get(key)) for key in ("allOf", "anyOf", "oneOf")):
        return True
    if not isinstance(value.get("type"), str) or value["type"] not in _TYPES:
        return False
    return value.keys() <= _BARE or any(
        isinstance(value.get(key), Mapping)
        for key in ("additionalProperties", "items", "properties")
    )


def _are_schemas(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, Mapping) for v in value)


def _fields(documented: Any) -> list[str] | None:
    """The top-level fields of a documented object; None where it may have any."""
    if not isinstance(documented, Mapping):
        return []
    if not _is_schema(documented):
        return list(documented)
    if "$ref" in documented or documented.get("additionalProperties") not in (None, False):
        return None
    properties = documented.get("properties")
    found = list(properties) if isinstance(properties, Mapping) else []
    for key in ("allOf", "anyOf", "oneOf"):
        for part in documented.get(key) or ():
            fields = _fields(part) if _is_schema(part) else None
            if fields is None:
                return None
            found += fields
    return found


def _documented_kind(documented: Any) -> str:
    if _is_schema(documented):
        return str(documented.get("type", "any"))
    if isinstance(documented, str):
        return _TEMPLATE.get(documented.lower(), "string")
    return _kind(documented)


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def _error(checker: Checker, value: Any) -> str | None:
    if checker.unchecked:  # a schema that cannot be used tells nothing
        return None
    for problem in checker.problems(value):
        where = ".".join(str(step) for step in problem.instance_path)
        return f"{where}: {problem.message}"[:300] if where else problem.message[:300]
    return None


def _mismatch(documented: Any, value: Any, where: str = "it") -> str | None:
    wanted, found = _documented_kind(documented), _kind(value)
    if wanted not in ("any", "null", found):
        return f"{where} is of the type {found}, not {wanted}"
    if isinstance(documented, list) and documented and isinstance(value, list) and value:
        return _mismatch(documented[0], value[0], f"the first entry of {where}")
    if not isinstance(documented, Mapping) or not documented or not isinstance(value, Mapping):
        return None
    shared = [field for field in documented if field in value]
    if not shared:
        return f"{where} has none of the fields {', '.join(map(str, list(documented)[:10]))}"
    for field in shared:
        wanted, found = _documented_kind(documented[field]), _kind(value[field])
        if found != "null" and wanted not in ("any", "null", found):
            return f"the field {field} of {where} is of the type {found}, not {wanted}"
    return None
