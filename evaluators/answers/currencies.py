"""Which currency an amount in a text is said to be in: by code, by name, or by sign."""

from __future__ import annotations

import re
from functools import cache

__all__ = ["asked_in", "said_in"]

_BEFORE = re.compile(r"(?<![A-Za-z])([A-Z]{3})[ \u00a0\u202f]?\Z")
_CODE = re.compile(r"[ \u00a0\u202f]?([A-Z]{3})\b")
_NAME = re.compile(r"[ \u00a0\u202f-]?((?:[A-Za-z]+[ -]){0,3}[A-Za-z]+)")
_SIGNS = {
    "$": ("dollars", "pesos"),
    "€": ("euros",),
    "£": ("pounds",),
    "¥": ("yen", "yuan"),
    "₹": ("rupees",),
}
"""By a sign, the last words of the names of what is written with it."""
_ASKED = re.compile(r"\b(?:in|to|into)\s+(?:([A-Z]{3})\b|([A-Za-z]+(?:\s[a-z]+)?))")


def said_in(text: str, start: int, end: int, sign: str = "") -> frozenset[str]:
    """The currencies that an amount may be in by what stands beside it; empty where nothing does.

    Parameters
    ----------
    text : str
    start, end : int
        Where the amount stands.
    sign : str
        The currency sign in it, which several currencies share.

    Examples
    --------
    >>> text = "NOK 51.75, which is 4.5 euros or 5 apples"
    >>> [sorted(said_in(text, *span)) for span in ((4, 9), (20, 23), (33, 34))]
    [['NOK'], ['CHE', 'EUR'], []]
    """
    codes = _codes()
    for found in (_CODE.match(text, end), _BEFORE.search(text[max(0, start - 5) : start])):
        if found and found[1] in codes:
            return frozenset({found[1]})
    name = _NAME.match(text, end)
    words = re.split(r"[ -]", name[1].lower()) if name else []
    by_name = (_names().get(" ".join(words[:count])) for count in range(len(words), 0, -1))
    named = next((one for one in by_name if one), None)
    if named is not None:
        return named
    return frozenset().union(*(_names()[word] for word in _SIGNS.get(sign, ())))


def asked_in(query: str) -> frozenset[str]:
    """The currencies that a question wants an amount in; empty where it names none, or several.

    Examples
    --------
    >>> sorted(asked_in("What is 4.5 EUR in NOK?")), sorted(asked_in("How far is it to Oslo?"))
    (['NOK'], [])
    """
    found = set()
    for code, name in _ASKED.findall(query):
        words = name.lower()
        named = _names().get(words) or _names().get(words.partition(" ")[0], frozenset())
        found.add(frozenset({code}) if code in _codes() else named)
    asked = [one for one in found if one]
    return asked[0] if len(asked) == 1 else frozenset()


@cache
def _codes() -> frozenset[str]:
    """All codes; none where babel is not installed, as then no reference names one, either."""
    try:
        from babel.numbers import list_currencies
    except ModuleNotFoundError:
        return frozenset()
    return frozenset(list_currencies())


@cache
def _names() -> dict[str, frozenset[str]]:
    """Currencies by their English names, in full and by the last word alone: ``kroner``."""
    found: dict[str, set[str]] = {}
    for code in _codes():
        from babel.numbers import get_currency_name

        for count in (1, 2):
            name = get_currency_name(code, count=count, locale="en").lower()
            last = name.rpartition(" ")[2]
            if last in ("unit", "units"):
                continue  # 5 of which are no money
            for words in {name, last} if last.isalpha() else {name}:
                found.setdefault(words, set()).add(code)
    return {words: frozenset(codes) for words, codes in found.items()}
