"""Settings as frozen records, each field of which says whether it decides a result.

One walk over the fields serves the journal (:func:`to_journal`, :func:`from_journal`) and the key
that results are kept under (:func:`key`), so that a setting cannot be in one and not in the other.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, field, fields, is_dataclass
from functools import cache
from pathlib import PurePath
from typing import Any, TypeVar

from toolgrove.data import codec

__all__ = ["decides", "declared", "from_journal", "key", "passes", "to_journal"]

T = TypeVar("T")


def decides(default: Any = MISSING, *, factory: Any = MISSING, kept: bool = True) -> Any:
    """A field that decides what a run comes to.

    Parameters
    ----------
    default, factory
        As :func:`dataclasses.field` takes them.
    kept : bool
        Whether a journal holds it, so that a resumed run has it again; what is no plain value is
        not, such as a function.
    """
    return _field(default, factory, {"decides": True, "kept": kept})


def passes(default: Any = MISSING, *, factory: Any = MISSING, kept: bool = True) -> Any:
    """A field that changes how long a run takes, or what it costs, and no result."""
    return _field(default, factory, {"decides": False, "kept": kept})


def _field(default: Any, factory: Any, metadata: dict[str, bool]) -> Any:
    if factory is not MISSING:
        return field(default_factory=factory, metadata=metadata)
    if default is not MISSING:
        return field(default=default, metadata=metadata)
    return field(metadata=metadata)


def declared(kind: Any) -> dict[str, bool]:
    """Whether each field decides a result, by its dotted name; settings within settings too.

    Raises
    ------
    TypeError
        Naming a field that does not say.
    """
    found: dict[str, bool] = {}
    hints = _hints(kind)
    for one in _public(kind):
        if "decides" not in one.metadata:
            raise TypeError(f"{kind.__name__}.{one.name} says neither decides() nor passes()")
        inner = hints[one.name]
        if one.metadata["decides"] and isinstance(inner, type) and _is_settings(inner):
            found |= {f"{one.name}.{name}": said for name, said in declared(inner).items()}
        else:
            found[one.name] = bool(one.metadata["decides"])
    return found


def to_journal(settings: Any) -> dict[str, Any]:
    """The settings as JSON, less what cannot be kept."""
    return _walked(settings, lambda one: bool(one.metadata["kept"]))


def key(settings: Any) -> dict[str, Any]:
    """What decides a result, as JSON; a function stands by its name."""
    return _walked(settings, lambda one: bool(one.metadata["decides"]))


def from_journal(kind: type[T], value: Mapping[str, Any]) -> T:
    """The settings that :func:`to_journal` wrote; what it does not hold has its default.

    Raises
    ------
    ValueError
        Where a value does not fit (a ``pydantic.ValidationError``).
    """
    record: Any = kind  # mypy does not take type[T] for the Hashable that cache wants
    hints = _hints(record)
    given: dict[str, Any] = {}
    for one in _public(record):
        if not one.metadata["kept"] or one.name not in value:
            continue
        inner, found = hints[one.name], value[one.name]
        if isinstance(inner, type) and _is_settings(inner):
            given[one.name] = from_journal(inner, found)
        else:
            given[one.name] = codec.decode(inner, found)
    return kind(**given)


def _walked(settings: Any, wanted: Callable[[Field[Any]], bool]) -> dict[str, Any]:
    return {
        one.name: _plain(getattr(settings, one.name), wanted)
        for one in _public(type(settings))
        if wanted(one)
    }


def _plain(value: Any, wanted: Callable[[Field[Any]], bool]) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    known: Any = type(value)
    if _is_settings(known):
        return _walked(value, wanted)
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(value[name], wanted) for name in sorted(value)}
    if isinstance(value, set | frozenset):
        return [_plain(part, wanted) for part in sorted(value)]
    if isinstance(value, list | tuple):
        return [_plain(part, wanted) for part in value]
    if is_dataclass(value) and not isinstance(value, type):
        return repr(value)
    what = value if hasattr(value, "__qualname__") else type(value)
    return f"{what.__module__}.{what.__qualname__}"


@cache
def _hints(kind: Any) -> dict[str, Any]:
    names = vars(sys.modules[kind.__module__])
    return {one.name: _evaluated(one.type, names) for one in fields(kind)}


def _evaluated(hint: Any, names: dict[str, Any]) -> Any:
    """An annotation as a type; Any of one that names what only a type checker imports."""
    try:
        return eval(hint, names) if isinstance(hint, str) else hint
    except NameError:
        return Any


@cache
def _is_settings(kind: Any) -> bool:
    return is_dataclass(kind) and any("decides" in one.metadata for one in fields(kind))


def _public(kind: Any) -> Iterator[Field[Any]]:
    return (one for one in fields(kind) if not one.name.startswith("_"))
