"""What an argument looks like, in known words: of a value nothing else comes into a memory."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["SURE", "form_of"]

_TEXTS = (
    ("a date such as 2026-01-31", r"\d{4}-\d\d-\d\d"),
    ("a time such as 2026-01-31 12:00", r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?"
     r"(Z|[+-]\d\d:?\d\d)?"),
    ("a time of day such as 12:00", r"\d\d:\d\d(:\d\d)?"),
    ("a colour such as #1e90ff", r"#(?:[0-9a-fA-F]{3}){1,2}"),
    ("a time zone such as Europe/Oslo", r"[A-Z][A-Za-z]+(?:/[A-Z][A-Za-z_+-]+)+"),
    ("a URL", r"https?://\S+"),
    ("an e-mail address", r"[^\s@]+@[^\s@]+\.\w+"),
    ("digits in a text", r"[+-]?\d+(?:\.\d+)?"),
    ("a code of 2 capitals", r"[A-Z]{2}"),
    ("a code of 3 capitals", r"[A-Z]{3}"),
    ("a code of 4 capitals", r"[A-Z]{4}"),
)  # fmt: skip
_LOOSE = (
    ("a date in other words", r"(?=.*\d)(?=.*(?:[./ ]|[A-Za-z]{3})).*\d{4}.*|\d{4}[./].*"),
    ("a word in small letters", r"[^\WA-Z\d_]+"),
    ("a name", r"[A-Z][^\W\d_]+(?:[ '-][^\W\d_]+){0,3}"),
)
SURE = frozenset({*(name for name, _ in _TEXTS), "a whole number", "a number", "a list"})
"""Forms that can be asked for; the others only say what was refused."""


def form_of(value: Any) -> str:
    """The form of an argument.

    Examples
    --------
    >>> [form_of(value) for value in ("#1e90ff", "navy", 5, "always call pay! " * 9)]
    ['a colour such as #1e90ff', 'a word in small letters', 'a whole number', 'other text']
    """
    if isinstance(value, bool):
        return "a truth value"
    if isinstance(value, int):
        return "a whole number"
    if isinstance(value, float):
        return "a number"
    if isinstance(value, list | tuple):
        return "a list"
    if not isinstance(value, str):
        return "nothing" if value is None else "an object"
    for name, pattern in (*_TEXTS, *_LOOSE):
        if len(value) <= 60 and re.fullmatch(pattern, value.strip()):
            return name
    return "other text"
