"""The reference of a task of one's own: read and checked wholly, before anything is run by it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from graphlib import CycleError, TopologicalSorter
from typing import Any, Literal

from pydantic import Field

from toolgrove.data.expected import ExpectedCall
from toolgrove.data.formats.check import Foreign
from toolgrove.data.formats.lines import LinePlace
from toolgrove.data.records import Reference, ToolCall
from toolgrove.data.units import currency, known
from toolgrove.errors import UsageError

__all__ = ["read_reference"]

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_CLOCK = re.compile(r"\d{2}:\d{2}")
_BOTH = re.compile(rf"{_DAY.pattern}[ T]?{_CLOCK.pattern}")


class _Call(Foreign):
    name: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class _Expected(_Call):
    optional: list[str] = Field(default_factory=list)
    ask: list[str] = Field(default_factory=list)
    needs: list[int] | None = None


class _Reference(Foreign):
    kind: Literal["number", "date", "name", "set", "text", "unsolvable"]
    value: Any = None
    unit: str = ""
    tolerance: float = Field(0.002, ge=0, allow_inf_nan=False)
    calls: list[_Call] = Field(default_factory=list)
    aliases: list[str] = Field(default_factory=list)
    call_sets: list[list[_Expected]] = Field(default_factory=list)


def read_reference(place: LinePlace, at: str, raw: dict[str, Any]) -> Reference:
    """The reference that stands at a path of a line.

    Raises
    ------
    FormatError
        For the first thing that is none, or that nothing could be scored by.
    """
    read = place.read(_Reference, raw, at)
    for path, wanted in _wrong(read):
        raise place.error(f"{at}.{path}", wanted, "Correct the value, or the kind.")
    if read.kind == "number" and read.unit and not _is_unit(read.unit):
        raise place.error(
            f"{at}.unit",
            f"a unit that pint knows (kilometer, mile/hour) or the code of a currency (NOK), "
            f"not {read.unit[:40]!r}",
            "Correct it; leave it out where the number counts things.",
        )
    for number, raw_call in enumerate(raw.get("calls", ())):
        place.names(f"{at}.calls[{number}]", raw_call, _Call)
    for number, calls in enumerate(raw.get("call_sets", ())):
        for index, raw_call in enumerate(calls):
            place.names(f"{at}.call_sets[{number}][{index}]", raw_call, _Expected)
        _check_needs(place, f"{at}.call_sets[{number}]", read.call_sets[number])
    return Reference(
        read.kind,
        read.value,
        read.unit,
        read.tolerance,
        tuple(
            ToolCall(f"call_{n}", one.name, one.arguments) for n, one in enumerate(read.calls, 1)
        ),
        tuple(read.aliases),
        tuple(tuple(map(_expected, calls)) for calls in read.call_sets),
    )


def _expected(call: _Expected) -> ExpectedCall:
    """A call with a list of right values for each argument; a value by itself is the only one."""
    return ExpectedCall(
        call.name,
        {
            name: tuple(value) if isinstance(value, list) else (value,)
            for name, value in call.arguments.items()
        },
        tuple(call.optional),
        tuple(call.ask),
        None if call.needs is None else tuple(call.needs),
    )


def _check_needs(place: LinePlace, at: str, calls: Sequence[_Expected]) -> None:
    for index, call in enumerate(calls):
        for number, needed in enumerate(call.needs or ()):
            if not 0 <= needed < len(calls):
                raise place.error(
                    f"{at}[{index}].needs[{number}]",
                    f"the position of a call in its set, from 0 to {len(calls) - 1}, not {needed}",
                    "Correct it, or leave needs out.",
                )
    try:
        TopologicalSorter({i: call.needs or () for i, call in enumerate(calls)}).prepare()
    except CycleError:
        raise place.error(
            at, "calls that do not need each other in a circle", "Mend their needs."
        ) from None


def _is_unit(unit: str) -> bool:
    try:
        return currency(unit) is not None or known(unit) is not None
    except UsageError:
        return True  # the extra that knows them is missing: whoever scores says so


def _wrong(read: _Reference) -> Iterator[tuple[str, str]]:
    """What a reference of its kind has for its value, by path, where this is something else."""
    value = read.value
    match read.kind:
        case "number" if not isinstance(value, int | float) or isinstance(value, bool):
            yield "value", "a number, without its unit"
        case "number" if not _is_finite(value):
            yield "value", "a number that is not too large to be compared with (below 1e308)"
        case "date" if not (isinstance(value, str) and _is_moment(value)):
            yield "value", "a date of the calendar as YYYY-MM-DD, or a time of day as HH:MM"
        case "set":
            if not (isinstance(value, list) and value and all(map(_words, value))):
                yield "value", "an array of strings, with one at least"
            elif all(map(_DAY.fullmatch, value)):
                wrong = (n for n, item in enumerate(value) if not _is_moment(item))
                yield from ((f"value[{n}]", "a date of the calendar") for n in wrong)
        case "unsolvable" if not (value is None or _words(value)):
            yield "value", "null, or what the request lacks"
        case "name" | "text" if not _words(value):
            yield "value", f"the {read.kind} as a string"


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _is_moment(text: str) -> bool:
    """Whether a text is a day of the calendar, a time of day, or both."""
    forms = ((_DAY, date), (_CLOCK, time), (_BOTH, datetime))
    kind = next((kind for form, kind in forms if form.fullmatch(text)), None)
    try:
        return kind is not None and bool(kind.fromisoformat(text))
    except ValueError:
        return False


def _words(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
