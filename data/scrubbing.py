"""Records and other values without secrets, for whoever is told of them (promise 13)."""

from __future__ import annotations

import copy
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import PurePath
from typing import Any, TypeAlias, TypeVar

__all__ = ["scrubbed_value"]

T = TypeVar("T")
Scrub: TypeAlias = Callable[[str], str]


def scrubbed_value(value: T, scrub: Scrub) -> T:
    """A record, pydantic object or JSON value without secrets, names included.

    What is of another kind and shows a secret in its ``repr`` is that text, scrubbed.

    Examples
    --------
    >>> scrubbed_value({"key": ("k-1", 2)}, lambda text: text.replace("k-1", "[secret]"))
    {'key': ('[secret]', 2)}
    """
    clean: Any = _scrubbed(value, scrub)
    return clean  # type: ignore[no-any-return]  # of the type that it was


def _scrubbed(value: Any, scrub: Scrub) -> Any:
    if type(value) is str:
        return scrub(value)
    if value is None or isinstance(value, int | float | complex | Enum):
        return value
    if isinstance(value, str):
        given = value.__getnewargs__()  # a text with more behind it, such as an outcome
        told = tuple(_scrubbed(part, scrub) for part in given)
        return value if told == given else type(value)(*told)
    if isinstance(value, Mapping):
        return {_scrubbed(name, scrub): _scrubbed(part, scrub) for name, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        parts: Iterable[Any] = [_scrubbed(part, scrub) for part in value]
        return value._make(parts) if hasattr(value, "_make") else type(value)(parts)
    if is_dataclass(value) and not isinstance(value, type):
        return _with(value, {one.name: getattr(value, one.name) for one in fields(value)}, scrub)
    if hasattr(type(value), "model_fields"):  # pydantic's
        return _model(value, scrub)
    return _other(value, scrub)


def _with(value: Any, parts: Mapping[str, Any], scrub: Scrub) -> Any:
    """A dataclass with clean parts; it is not made anew, which might check them."""
    changed = _changed(parts, scrub)
    if not changed:
        return value
    made = copy.copy(value)
    for name, part in changed.items():
        object.__setattr__(made, name, part)
    return made


def _model(value: Any, scrub: Scrub) -> Any:
    held = {**vars(value), **(value.__pydantic_extra__ or {})}
    changed = _changed(held, scrub)
    return value.model_copy(update=changed) if changed else value


def _changed(parts: Mapping[str, Any], scrub: Scrub) -> dict[str, Any]:
    clean = {name: _scrubbed(part, scrub) for name, part in parts.items()}
    return {name: part for name, part in clean.items() if part != parts[name]}


def _other(value: Any, scrub: Scrub) -> Any:
    if isinstance(value, bytes):
        return scrub(value.decode("latin-1")).encode("latin-1", "replace")
    if isinstance(value, PurePath):
        return type(value)(scrub(str(value)))
    if isinstance(value, BaseException):  # its causes are shown with it
        shown = "".join(traceback.format_exception(value))
        said = f"{type(value).__name__}: {value}"
        return value if scrub(shown) == shown else RuntimeError(scrub(said))
    try:
        shown = repr(value)
    except Exception:  # whose it is cannot show it either
        return value
    clean = scrub(shown)
    return value if clean == shown else clean
