"""References to what other tasks gave: ``$1``, ``${1}``, ``$1.field[0]``, ``${1.field[0]}``.

The rule, exactly: ``$N`` in an argument's text is a reference if a task of the plan, or of an
earlier plan of the same path, has the number ``N``; otherwise it is text, so that ``$100`` stays a
price. A number that goes on as an amount (``$1.50``, ``$1,000``, ``$5M``) is never one, and ``$$1``
is the text ``$1``. The braces end a reference: ``${1}.txt`` is what task 1 gave, then ``.txt``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from toolgrove.data import codec
from toolgrove.data.records import JsonObject

__all__ = [
    "REFERENCE",
    "STEP",
    "NoSuchField",
    "Ref",
    "fill",
    "insert",
    "look_up",
    "mentioned",
    "one_field",
    "references",
    "shapes",
    "wholes",
]

STEP = (
    r"""(?:\.[A-Za-z_]\w*+(?:-[A-Za-z]\w*+)*+|\[-?\d{1,9}+\]|\["[^"\]\n]*+"\]|\['[^'\]\n]*+'\])"""
)
"""A field or a place below what a reference leads to."""
REFERENCE = re.compile(
    r"\$(?:(?P<escape>\$)(?=\{?\d)"
    rf"|\{{[ ]*+(?P<braced>\d++)(?P<inner>{STEP}*+)[ ]*+\}}"
    rf"|(?P<bare>\d++)(?P<path>{STEP}*+)(?!\w|[.,]\d))"
)
"""What may be a reference, and the escape ``$$`` before one."""
_PARTS = re.compile(STEP)

Path: TypeAlias = tuple[str | int, ...]


class NoSuchField(Exception):
    """A reference leads to nothing; the message says what there is instead."""


@dataclass(frozen=True, slots=True)
class Ref:
    """One reference.

    Parameters
    ----------
    task : int
        The number of the task.
    path : tuple of str or int
        Fields and places below what it gave.
    """

    task: int
    path: Path = ()

    def __str__(self) -> str:
        steps = (f"[{step}]" if isinstance(step, int) else _field(step) for step in self.path)
        return f"${self.task}{''.join(steps)}"


def _field(name: str) -> str:
    return f".{name}" if _PARTS.fullmatch(f".{name}") else f'["{name}"]'


def _ref(found: re.Match[str]) -> Ref | None:
    if found["escape"]:
        return None
    number, steps = (
        (found["braced"], found["inner"]) if found["braced"] else (found["bare"], found["path"])
    )
    if len(number) > 9:
        return None
    return Ref(int(number), tuple(_step(part[0]) for part in _PARTS.finditer(steps)))


def _step(part: str) -> str | int:
    if part.startswith("."):
        return part[1:]
    inner = part[1:-1]
    return inner[1:-1] if inner[0] in "\"'" else int(inner)


def references(text: str) -> list[Ref]:
    """What may be references in a text, in their order.

    Examples
    --------
    >>> [str(ref) for ref in references("${1}.txt of $$2 for $3.50 and $1.mail[0]")]
    ['$1', '$1.mail[0]']
    """
    return [ref for match in REFERENCE.finditer(text) if (ref := _ref(match)) is not None]


def mentioned(arguments: Any) -> frozenset[int]:
    """The numbers that stand after a ``$`` somewhere in JSON arguments, tasks or not.

    Examples
    --------
    >>> sorted(mentioned({"to": ["$2", "${1.mail[0]} and $1"], "price": "$1.50", "say": "$$3"}))
    [1, 2]
    """
    found: set[int] = set()
    waiting = [arguments]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            found.update(ref.task for ref in references(value))
        elif isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list | tuple):
            waiting.extend(value)
    return frozenset(found)


def fill(value: Any, tasks: Collection[int], result: Callable[[int], Any]) -> Any:
    """Arguments with the results in the place of the references.

    A text that is one reference as a whole becomes what it leads to, of whatever JSON type; inside
    a longer text it becomes text.

    Parameters
    ----------
    value : JSON value
        The arguments.
    tasks : collection of int
        Numbers that are tasks; others stay text.
    result : callable
        What a task gave, as a JSON value.

    Raises
    ------
    NoSuchField
        Where a reference leads to nothing.

    Examples
    --------
    >>> gave = {"city": {"name": "Porto", "at": [41.1, -8.6]}}
    >>> fill({"at": "$1.city.at", "say": "${1.city.name} for $100"}, {1}, lambda _: gave)
    {'at': [41.1, -8.6], 'say': 'Porto for $100'}
    """
    if isinstance(value, dict):
        return {key: fill(part, tasks, result) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [fill(part, tasks, result) for part in value]
    if not isinstance(value, str):
        return value
    whole = REFERENCE.fullmatch(value)
    ref = _ref(whole) if whole else None
    if ref is not None and ref.task in tasks:
        return look_up(result(ref.task), ref)

    return insert(value, tasks, lambda ref: _text(look_up(result(ref.task), ref)))


def insert(text: str, tasks: Collection[int], say: Callable[[Ref], str | None]) -> str:
    """Text with words in the place of its references; those that get None stay as written.

    Examples
    --------
    >>> insert("$1.id of $$2 for $3.50 to $4", {1}, lambda ref: f"<{ref.path[0]}>")
    '<id> of $2 for $3.50 to $4'
    """

    def inside(found: re.Match[str]) -> str:
        ref = _ref(found)
        if ref is None:
            return "$" if found["escape"] else found[0]
        said = say(ref) if ref.task in tasks else None
        return found[0] if said is None else said

    return REFERENCE.sub(inside, text)


def wholes(value: Any, tasks: Collection[int]) -> Iterator[tuple[list[str | int], Ref]]:
    """Where in arguments a value is one reference as a whole.

    Examples
    --------
    >>> [(path, str(ref)) for path, ref in wholes({"a": ["$1", "x $1"], "b": "$1.id"}, {1})]
    [(['a', 0], '$1'), (['b'], '$1.id')]
    """
    if isinstance(value, str):
        whole = REFERENCE.fullmatch(value)
        ref = _ref(whole) if whole else None
        if ref is not None and ref.task in tasks:
            yield [], ref
    elif isinstance(value, dict | list | tuple):
        parts: Iterable[tuple[str | int, Any]] = (
            value.items() if isinstance(value, dict) else enumerate(value)
        )
        for step, part in parts:
            for path, ref in wholes(part, tasks):
                yield [step, *path], ref


def one_field(value: Any, ref: Ref, parameter: str | int, fields: Sequence[str]) -> Any:
    """The field of an object that is meant where only a field of it can be.

    Raises
    ------
    NoSuchField
        Where several fields could be, or none.

    Examples
    --------
    >>> one_field({"encoded": "aGk=", "length": 4}, Ref(1), "text", ["encoded"])
    'aGk='
    >>> try:
    ...     one_field({"a": "x", "b": "y", "n": 1}, Ref(1), "text", ["a", "b"])
    ... except NoSuchField as error:
    ...     print(error)
    $1 is an object, which text does not take. Write one of: $1.a, $1.b.
    """
    if parameter in fields or len(fields) == 1:
        return value[parameter if parameter in fields else fields[0]]
    shown = [str(Ref(ref.task, (*ref.path, name))) for name in fields[:_KEYS]]
    mend = f"Write one of: {', '.join(shown)}." if shown else f"{ref} {_has(value)}."
    raise NoSuchField(f"{ref} is an object, which {parameter} does not take. {mend}")


def shapes(arguments: JsonObject, tasks: Collection[int], result: Callable[[int], Any]) -> str:
    """What the objects and lists hold that arguments are set to as a whole, to choose from.

    Examples
    --------
    >>> shapes({"id": "$1"}, {1}, lambda _: {"id": 71, "city": "Porto"})
    '$1 has: id, city.'
    """
    found = [REFERENCE.fullmatch(value) for value in arguments.values() if isinstance(value, str)]
    refs = [ref for match in found if match and (ref := _ref(match)) and ref.task in tasks]
    held = [(ref, look_up(result(ref.task), ref)) for ref in refs]
    return " ".join(
        f"{ref} {_has(value)}." for ref, value in held if isinstance(value, dict | list)
    )


def look_up(value: Any, ref: Ref) -> Any:
    """What a reference leads to in what its task gave.

    Raises
    ------
    NoSuchField
        Naming the fields that exist.

    Examples
    --------
    >>> look_up({"id": 7, "at": [41.1, -8.6]}, Ref(1, ("at", 0)))
    41.1
    >>> try:
    ...     look_up({"id": 7, "name": "Porto"}, Ref(1, ("city",)))
    ... except NoSuchField as error:
    ...     print(error)
    $1.city: there is no "city". $1 has: id, name.
    """
    whole = value
    for depth, step in enumerate(ref.path):
        here = Ref(ref.task, ref.path[:depth])
        try:
            if isinstance(value, dict) == isinstance(step, str) and not isinstance(value, str):
                value = value[step]
                continue
        except (KeyError, IndexError, TypeError):
            pass
        wrong = f"{ref}: there is no {_shown(step)}. {here} {_has(value)}."
        raise NoSuchField(f"{wrong}{_elsewhere(whole, ref, depth)}")
    return value


def _elsewhere(value: Any, ref: Ref, depth: int) -> str:
    """Where a field that was sought too deep does stand."""
    name = ref.path[depth]
    for above in range(depth):
        if isinstance(value, dict) and name in value:
            return f" There is {Ref(ref.task, (*ref.path[:above], name))}."
        value = value[ref.path[above]]
    return ""


def _shown(step: str | int) -> str:
    return f"[{step}]" if isinstance(step, int) else f'"{step}"'


_KEYS = 20
_TEXT = 80


def _has(value: Any) -> str:
    """What there is in a value, in words."""
    if isinstance(value, dict):
        keys = list(value)
        more = ", …" if len(keys) > _KEYS else ""
        return f"has: {', '.join(map(str, keys[:_KEYS]))}{more}" if keys else "is empty"
    if isinstance(value, list):
        return f"is a list of {len(value)}: write [0] for the first" if value else "is empty"
    said = " ".join(_text(value).split())
    return f"is just: {said[:_TEXT]}{'…' if len(said) > _TEXT else ''}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else codec.dumps(value).decode()
