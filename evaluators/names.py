"""Names in a sentence: found whole, whatever their case, accents and punctuation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

__all__ = ["HERE", "alternatives", "claimed", "listed", "marked", "plain", "same"]

HERE = "\x00"
"""Stands in a marked text where the name stood."""

_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l"}
    | {"Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "þ": "th", "ı": "i", "’": "'", "‘": "'"}
    | {"–": "-", "—": "-", "−": "-", "‑": "-", HERE: " "}
)
_PROPER = r"[A-Z0-9][\w'.&-]*(?:[ ](?:(?:of|the|de|la|del|da)[ ])*[A-Z0-9][\w'&-]*){0,5}"
_ITEM = rf"(?:{HERE}|{_PROPER})"
_LIST = re.compile(rf"{_ITEM}(?:,\s+{_ITEM})+,?\s+(?:and|or|&)\s+(?:the\s+)?{_ITEM}")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+(.*)$", re.MULTILINE)
_NOTE = re.compile(r"\s*\([^()]*\)")
_AND = "(?:&|and)"
_NOT = re.compile(
    r"\b(?:not|isn't|wasn't|never|rather than|instead of)\s+(?:the\s+|in\s+|on\s+)?\Z"
)
_OR_AFTER = re.compile(r"\W{0,3}\s+or\s+(?:the\s+|perhaps\s+|possibly\s+)?([\w'-]+)")
_OR_BEFORE = re.compile(r"([\w'-]+)\W{0,3}\s+or\s+(?:the\s+|perhaps\s+|possibly\s+)?\Z")
_WORD = r"[\w'-]+"
_CHOICE = re.compile(
    rf"(?P<p>{_PROPER}|{_WORD}),?\s+(?:or|vs\.?|versus)\s+(?:the\s+)?{HERE}"
    rf"|{HERE},?\s+(?:or|vs\.?|versus|than)\s+(?:the\s+|in\s+)?(?P<q>{_PROPER}|{_WORD})"
    rf"|(?P<r>{_PROPER}),?\s+and\s+(?:the\s+)?{HERE}|{HERE},?\s+and\s+(?:the\s+)?(?P<s>{_PROPER})"
)
_CLASSES = (
    "monday tuesday wednesday thursday friday saturday sunday",
    "january february march april june july august september october november december",
    "true false",
)
"""Words of which an answer claims one; naming another beside it is no claim. (May is left out,
because it is mostly a verb.)"""


def plain(text: str) -> str:
    """Text without accents and typographic marks, its case kept.

    Examples
    --------
    >>> plain("São Tomé – Łódź’s")
    "Sao Tome - Lodz's"
    """
    decomposed = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def same(one: str, other: str) -> bool:
    """Whether two names are equal but for case, accents and punctuation.

    Examples
    --------
    >>> same("Zürich Airport", "zurich airport."), same("C++", "C")
    (True, False)
    """
    match = _pattern(one).fullmatch(plain(other).strip(" .,;:!?\"'"))
    return match is not None


@cache
def _pattern(name: str) -> re.Pattern[str]:
    """Finds a name as a whole: its words in order, with any punctuation or space between.

    Codes of up to three capitals and symbols such as ``He`` are looked for in exactly that case,
    because ``no``, ``is`` and ``it`` are words and country codes.
    """
    text = plain(name).strip()
    words = re.findall(r"[^\W_]+|&", text)
    if not words:
        return re.compile(re.escape(text) or r"(?!)")
    joined = r"[\W_]{0,3}?".join(_AND if w.lower() in ("&", "and") else re.escape(w) for w in words)
    lead = re.match(r"[+\-#$]+(?=[^\W_])", text)
    trail = re.search(r"(?<=[^\W_])[+#%]+$", text)
    mark = re.escape(lead[0]) if lead else ""
    body = (f"{mark}?" if mark == r"\#" else mark) + joined + (re.escape(trail[0]) if trail else "")
    before = r"(?<![^\W_])" + (r"(?<!\d[.,])" if text[0].isdigit() else "")
    after = (r"(?![^\W_])" if not trail else "") + (r"(?![.,]\d)" if text[-1].isdigit() else "")
    exact = (len(text) <= 2 and not text.islower()) or (len(text) == 3 and text.isupper())
    return re.compile(f"{before}{body}{after}", re.NOFLAG if exact else re.IGNORECASE)


def marked(text: str, variants: Sequence[str]) -> str:
    """The plain text with every variant of a name replaced by :data:`HERE`, the longest first."""
    text = plain(text)
    for variant in sorted(variants, key=len, reverse=True):
        text = _pattern(variant).sub(HERE, text)
    return text


def listed(text: str) -> int:
    """How often the marked name stands as one of several items of a list."""
    count = 0
    for match in _LIST.finditer(text):
        items = re.split(r",?\s+(?:and|or|&)\s+|,\s+", match[0])
        if len([item for item in items if HERE not in item]) >= 2:
            count += match[0].count(HERE)
    bullets = [line.count(HERE) for line in _BULLET.findall(text)]
    return count + (sum(bullets) if bullets.count(0) >= 2 else 0)


def claimed(text: str, name: str) -> str | None:
    """Why a marked text does not claim the name, or None where it does.

    Parameters
    ----------
    text : str
        As :func:`marked` gives it.
    name : str
        The name itself, for words such as weekdays of which only one can be meant.
    """
    spots = [m.start() for m in re.finditer(HERE, text)]
    if not spots:
        return "is not named"
    kept = [at for at in spots if not _NOT.search(text[max(0, at - 40) : at].lower())]
    if not kept:
        return "is named only to be ruled out"
    if all(_hedged(text, at, name) for at in kept):
        return "is one of several on offer"
    if listed(text) >= len(kept):
        return "is one item of a list"
    rivals = _rivals(name) & set(re.findall(r"[a-z]+", text.lower()))
    if rivals:
        return f"stands beside {', '.join(sorted(rivals))}"
    return None


def _hedged(text: str, at: int, name: str) -> bool:
    """Whether the name at a place is joined by ``or`` to something else of its like."""
    beside = [_OR_AFTER.match(text, at + 1), _OR_BEFORE.search(text[max(0, at - 80) : at])]
    proper = name[:1].isupper() or name[:1].isdigit()
    return any(
        match and (not proper or match[1][0].isupper() or match[1][0].isdigit()) for match in beside
    )


def _rivals(name: str) -> frozenset[str]:
    word = name.lower().strip()
    classes = (frozenset(members.split()) for members in _CLASSES)
    return next((members - {word} for members in classes if word in members), frozenset())


def alternatives(query: str, variants: Sequence[str]) -> list[str]:
    """What else a question offers beside the name: ``Paris or London?`` offers the other one.

    Examples
    --------
    >>> alternatives("Which airport lies higher, JFK or Denver?", ["Denver"])
    ['JFK']
    """
    text = _NOTE.sub("", marked(query, variants))
    found = [group for m in _CHOICE.finditer(text) for group in m.groups()]
    for match in _LIST.finditer(text):
        if HERE in match[0]:
            found += re.split(r",?\s+(?:and|or|&)\s+(?:the\s+)?|,\s+", match[0])
    return sorted({item.strip() for item in found if item and HERE not in item})
