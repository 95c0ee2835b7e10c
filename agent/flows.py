"""Where the arguments of calls come from: the request, an earlier result, or the model itself."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from toolgrove.data import codec
from toolgrove.data.records import Effect, Observation, ToolCall, ToolSpec

__all__ = [
    "CallStep",
    "Flow",
    "Origin",
    "PathCall",
    "fields_of",
    "leaves",
    "needed",
    "quotes",
    "steps_of",
    "within",
]

_SURE = 3
"""Characters from which a value inside a text is no chance."""
_WHOLE = 2
"""Characters from which a field's whole value is none; shorter ones need a name in common."""
_KEY = re.compile(r"[A-Za-z_]\w{0,39}")
_WORDS = re.compile(r"[^\W_]+")


class Origin(StrEnum):
    """Where an argument comes from."""

    REQUEST = "request"
    RESULT = "result"
    MADE = "made"
    """The model worked it out, or chose it."""


@dataclass(frozen=True, slots=True)
class Flow:
    """One argument: its parameter, and where its value comes from.

    ``step`` is the place of the call that gave it, ``field`` the field that it stood in, where its
    name is known from elsewhere than the result: declared, or that of the parameter.
    """

    parameter: str
    origin: Origin
    step: int = -1
    field: str = ""


@dataclass(frozen=True, slots=True)
class CallStep:
    """A call in general words: which tool, and where its arguments come from."""

    tool: str
    flows: tuple[Flow, ...] = ()


@dataclass(frozen=True, slots=True)
class PathCall:
    """A call that was made on a path, and what it gave; ``node`` is the step's id."""

    node: str
    call: ToolCall
    seen: Observation
    spec: ToolSpec


def steps_of(made: Sequence[PathCall], request: str) -> tuple[CallStep, ...]:
    """The calls in general words; defaults are left out.

    Examples
    --------
    >>> from toolgrove.data import Status
    >>> spec = ToolSpec("find", "", "", "find", returns={"hits": [{"id": 1}]})
    >>> read = ToolSpec("read", "", "", "read")
    >>> made = [
    ...     PathCall("a", ToolCall("1", "find", {"title": "Milk"}),
    ...          Observation(Status.OK, '{"hits": [{"id": 417}]}'), spec),
    ...     PathCall("b", ToolCall("2", "read", {"id": 417}), Observation(Status.OK, "two"), read),
    ... ]
    >>> for step in steps_of(made, "Read me the note about milk."):
    ...     print(step.tool, [(f.parameter, f.origin.value, f.field) for f in step.flows])
    find [('title', 'request', '')]
    read [('id', 'result', 'hits.id')]
    """
    return tuple(
        CallStep(
            one.call.name,
            tuple(
                _flow(name, value, made[:place], request)
                for name, value in one.call.arguments.items()
                if not _is_default(one.spec, name, value)
            ),
        )
        for place, one in enumerate(made)
    )


def needed(
    steps: Sequence[CallStep],
    made: Sequence[PathCall],
    answer: str,
    request: str,
    labels: Collection[str],
) -> list[int]:
    """Places of the calls that an answer rests on: those it quotes, and what fed these.

    A call that nothing came of is left out, such as one that a text in a result asked for; so is
    one that gave nothing of the answer but what a later one gave, too. ``labels`` are tools that
    are known to be needed. Of an answer that quotes nothing it is not known what it rests on, but
    for these.
    """
    kept: set[int] = set()
    quoted: set[str] = set()
    for place in reversed(range(len(made))):
        gave = quotes(answer, made[place].seen.content, request)
        one = made[place]
        if gave - quoted or one.call.name in labels or one.spec.effect is Effect.WRITE:
            kept.add(place)
            quoted |= gave
    waiting = list(kept)
    while waiting:
        fed = {flow.step for flow in steps[waiting.pop()].flows if flow.origin is Origin.RESULT}
        waiting += fed - kept
        kept |= fed
    return sorted(kept)


def _flow(name: str, value: Any, before: Sequence[PathCall], request: str) -> Flow:
    parts = [part for _, part in leaves(value) if part is not None and not isinstance(part, bool)]
    if not parts:
        return Flow(name, Origin.MADE)
    if all(within(part, request) for part in parts):
        return Flow(name, Origin.REQUEST)
    for place in reversed(range(len(before))):
        found = [_found(part, name, before[place]) for part in parts]
        if all(field is not None for field in found):
            return Flow(name, Origin.RESULT, place, found[0] or "")
    return Flow(name, Origin.MADE)


def _is_default(spec: ToolSpec, name: str, value: Any) -> bool:
    schema = spec.parameters.get("properties", {}).get(name)
    return isinstance(schema, Mapping) and name not in spec.parameters.get("required", ()) and (
        "default" in schema and schema["default"] == value
    )  # fmt: skip


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The scalars in a JSON value, each under the names that lead to it."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from leaves(part, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from leaves(part, path)
    else:
        yield path, value


def fields_of(spec: ToolSpec) -> set[str]:
    """The names of fields that a tool declares to give: no result can add one to them."""
    found: set[str] = set()
    waiting: list[Any] = [spec.returns]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            found |= {str(key) for key in one if _KEY.fullmatch(str(key))}
            waiting += one.values()
        elif isinstance(one, list | tuple):
            waiting += one
    return found


def _found(part: Any, name: str, made: PathCall) -> str | None:
    """The field of a result that a value stands in; empty where its name is not known."""
    try:
        parsed = codec.loads(made.seen.content)
    except ValueError:
        text = str(part)
        return "" if len(text) >= _SURE and within(part, made.seen.content) else None
    known = fields_of(made.spec)
    if _plain(part) in {_plain(given) for _, given in leaves(made.call.arguments)}:
        return None  # it only says again what it was asked
    for path, leaf in leaves(parsed):
        if isinstance(leaf, bool) or _plain(leaf) != _plain(part):
            continue
        last = path[-1] if path else ""
        if len(str(part)) < _WHOLE and not _alike(name, last):
            continue
        if path and known.issuperset(path):
            return ".".join(path)
        return name if last == name else ""
    return None


def _alike(name: str, field: str) -> bool:
    ours, theirs = (set(_WORDS.findall(text.casefold())) for text in (name, field))
    return bool(ours & theirs)


def _plain(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip().casefold()


def within(value: Any, text: str) -> bool:
    """Whether a value stands in a text, not as a part of a longer word or number."""
    plain = _plain(value)
    return bool(plain) and bool(
        re.search(rf"(?<![\w.]){re.escape(plain)}(?!\w|\.\d)", text.casefold())
    )


def quotes(answer: str, content: str, request: str) -> set[str]:
    """The values of a result that an answer holds and the request did not."""
    try:
        parts = {_plain(part) for _, part in leaves(codec.loads(content)) if part is not None}
    except ValueError:
        return set()
    said = {part for part in parts if len(part) >= _SURE and within(part, answer)}
    return {part for part in said if not within(part, request)}
