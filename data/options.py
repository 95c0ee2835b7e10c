"""Settings as one text, ``name`` or ``name:option=value,…``, for the command line and journals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from functools import cache
from inspect import get_annotations
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from toolgrove.errors import UsageError

__all__ = ["as_text", "parse"]

T = TypeVar("T")


def parse(text: str, known: Mapping[str, Callable[..., T]], what: str, **given: Any) -> T:
    """Build one of several dataclasses from its name and options.

    Parameters
    ----------
    text : str
        ``name`` or ``name:option=value,…``.
    known : mapping
        Dataclasses by name; an option is a field of ``__init__``.
    what : str
        What they are, in words, for the error.
    **given
        Values of options that the text leaves open, for those that have them.

    Raises
    ------
    UsageError
        For an unknown name or option, a value of the wrong kind, or one that is missing.
    """
    name, _, rest = text.partition(":")
    if name not in known:
        raise UsageError(f"no {what} called {name!r}. Known: {', '.join(sorted(known))}.")
    make: Any = known[name]
    taken = {f.name: f for f in fields(make) if f.init}
    options = {key: value for key, value in given.items() if key in taken and value is not None}
    for part in filter(None, rest.split(",")):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if key not in taken or not equals:
            said = ", ".join(f"{k}={f.default}" for k, f in taken.items() if not _required(f))
            known_ones = f"Known: {said}." if said else "It has none."
            raise UsageError(f"{name} has no option {part!r}. {known_ones}")
        options[key] = _value(text, key, value, _kind(make, key))
    missing = [key for key, f in taken.items() if key not in options and _required(f)]
    if missing:
        raise UsageError(f"the {what} {name!r} needs a {' and a '.join(missing)}.")
    made: T = make(**options)
    return made


def as_text(made: Any) -> str:
    """The text that :func:`parse` builds this from, every option spelled out."""
    said = [f"{f.name}={getattr(made, f.name)}".lower() for f in fields(made) if f.init]
    return f"{made.name}:{','.join(said)}" if said else str(made.name)


def _required(option: Field[Any]) -> bool:
    return option.default is MISSING and option.default_factory is MISSING


@cache
def _kind(made: Any, key: str) -> Any:
    """One field's type; those of others may have names that only type checkers import."""
    home = next(base for base in made.__mro__ if key in get_annotations(base))
    alone = {"__module__": home.__module__, "__annotations__": {key: get_annotations(home)[key]}}
    return get_type_hints(type(home.__name__, (), alone))[key]


def _value(text: str, key: str, value: str, kind: Any) -> Any:
    """An option's value by its type: text, bool, int from 1, float from 0, or a ``Literal``'s."""
    if kind is str:
        return value
    if get_origin(kind) is Literal:
        if value in get_args(kind):
            return value
        wanted = " or ".join(get_args(kind))
    elif kind is bool:
        if value.lower() in ("true", "false"):
            return value.lower() == "true"
        wanted = "true or false"
    elif kind is float:
        if value.replace(".", "", 1).isdecimal():
            return float(value)
        wanted = "a number from 0"
    else:
        if value.isdecimal() and int(value) > 0:
            return int(value)
        wanted = "a whole number from 1"
    raise UsageError(f"{text!r}: {key} wants {wanted}, not {value!r}.")
