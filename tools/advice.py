"""What a model is told when its arguments do not fit: which, why, and how a right call looks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolgrove.data import codec
from toolgrove.data.records import JsonObject
from toolgrove.tools.names import nearest
from toolgrove.tools.reasons import reason
from toolgrove.tools.schema import Checker, Problem

__all__ = ["advice", "example"]

_LINE = 300
_LONG = 100


def advice(alias: str, checker: Checker, arguments: JsonObject, problems: list[Problem]) -> str:
    """Say what is wrong with a call's arguments, a line for each, and show a right call.

    Examples
    --------
    >>> checker = Checker({"properties": {"city": {"type": "string"}}, "required": ["city"]})
    >>> arguments = {"cty": "Oslo"}
    >>> print(advice("weather", checker, arguments, checker.problems(arguments)))
    The arguments do not fit weather:
    - city is required (string)
    - there is no parameter "cty"; did you mean city?
    A right call looks like weather({"city":"text"})
    """
    lines = [f"The arguments do not fit {alias}:"]
    lines += [f"- {_line(checker, problem)}" for problem in problems if not _surplus(problem)]
    lines += [f"- {_no_such(name, checker)}" for name in _unknown(checker, arguments, problems)]
    lines = [_middle_cut(line) for line in lines]
    right = example(checker, arguments)
    if right is not None:
        lines.append(f"A right call looks like {alias}({codec.dumps(right).decode()})")
    return "\n".join(lines)


def _middle_cut(line: str) -> str:
    """A line without its middle where it is long: a wrong value stands there, the reason last."""
    return line if len(line) <= _LINE else f"{line[: _LINE // 2]} … {line[-_LINE // 2 :]}"


def _surplus(problem: Problem) -> bool:
    return problem.kind.name == "additionalProperties" and not problem.instance_path


def _unknown(checker: Checker, arguments: JsonObject, problems: list[Problem]) -> list[str]:
    names = checker.unknown(arguments)
    for problem in filter(_surplus, problems):
        names += problem.kind.as_dict()["unexpected"]
    return list(dict.fromkeys(names))[:5]


def _no_such(name: str, checker: Checker) -> str:
    near = nearest(name, checker.properties, 1)
    known = near or list(checker.properties)[:10]
    if not known:
        return f"there is no parameter {_shown(name)}; it takes none"
    return f"there is no parameter {_shown(name)}; " + (
        f"did you mean {near[0]}?" if near else f"it takes {', '.join(known)}"
    )


def _line(checker: Checker, problem: Problem) -> str:
    where = ".".join(str(step) for step in problem.instance_path)
    if problem.kind.name == "required":
        name = str(problem.kind.as_dict()["property"])
        kind = _kind(checker.properties.get(name)) if not where else ""
        whole = f"{where}.{name}" if where else name
        return f"{whole} is required" + (f" ({kind})" if kind else "")
    return f"{where}: {reason(problem)}" if where else reason(problem)


def _kind(schema: Any) -> str:
    if not isinstance(schema, Mapping):
        return ""
    if isinstance(schema.get("enum"), list):
        return "one of " + ", ".join(_shown(option) for option in schema["enum"][:10])
    kind = schema.get("type", "")
    return " or ".join(map(str, kind)) if isinstance(kind, list) else str(kind)


def _shown(value: Any) -> str:
    return codec.dumps(value).decode()[:80]


def example(checker: Checker, arguments: JsonObject) -> JsonObject | None:
    """Arguments that would be valid: those given that are, and stand-ins for the required ones.

    Returns
    -------
    JsonObject or None
        None where no valid ones were found by looking at the schema's examples, defaults,
        choices and types.
    """
    try:
        paths = [problem.instance_path for problem in checker.problems(arguments)]
        wrong = [str(path[0]) for path in paths if path and path[0] in checker.properties]
        kept = {
            name: value
            for name, value in arguments.items()
            if name in checker.properties and name not in wrong
        }
        for name in (*checker.required, *wrong):
            if name not in kept:
                kept[name] = _stand_in(checker.properties[name])
        return None if checker.problems(kept) or len(codec.dumps(kept)) > _LINE else kept
    except ValueError:
        return None


_BY_TYPE: dict[str, Any] = {
    "string": "text",
    "integer": 1,
    "number": 1.5,
    "boolean": True,
    "array": [],
    "object": {},
    "null": None,
}
_BY_FORMAT = {"date": "2026-01-31", "date-time": "2026-01-31T12:00:00Z", "time": "12:00:00Z"}


def _stand_in(schema: Any) -> Any:
    if not isinstance(schema, Mapping):
        return "text"
    for key in ("examples", "enum"):
        if isinstance(schema.get(key), list) and schema[key]:
            return schema[key][0]
    for key in ("example", "default", "const"):
        if schema.get(key) not in (None, "") and len(codec.dumps(schema[key])) < _LONG:
            return schema[key]
    for key in ("anyOf", "oneOf"):
        if isinstance(schema.get(key), list) and schema[key]:
            return _stand_in(schema[key][0])
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    if kind == "string" and schema.get("format") in _BY_FORMAT:
        return _BY_FORMAT[schema["format"]]
    if kind in ("integer", "number"):
        low = schema.get("minimum", schema.get("maximum"))
        return low if isinstance(low, int | float) else _BY_TYPE[kind]
    return _BY_TYPE.get(str(kind), "text")
