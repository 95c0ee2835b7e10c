"""Sets of names in an answer: all there, and nothing listed beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from toolgrove.evaluators import dates
from toolgrove.evaluators.names import HERE, marked, plain

__all__ = ["extras", "missing"]

_SEPARATOR = re.compile(r"[,;/\n]|\s(?:and|or|&)\s|\s[-–]\s")
_NOTE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+(.*)$", re.MULTILINE)
_LEAD = re.compile(r"^.*(?:[:.!?\n]|\b(?:are|is|were|was|includes?|including|namely|have|has))\s")
_TAIL = re.compile(r"^(?P<list>[^.!?:\n]*?)(?:[.!?:](?:\s|$)|\n|$)", re.DOTALL)
_FUNCTION = (
    "in for on at by from with as if when while according to all they these those which that there"
    " each both total it this the of"
)


def missing(answer: str, items: Sequence[str]) -> list[str]:
    """Items that an answer does not name as a whole.

    The longer ones are looked for first and taken out, so that ``Guinea`` is not found in
    ``Equatorial Guinea``.
    """
    return [item for item, count in _found(answer, items)[1].items() if not count]


def _found(answer: str, items: Sequence[str]) -> tuple[str, Mapping[str, int]]:
    text, counts = plain(answer), dict.fromkeys(items, 0)
    for item in sorted(items, key=len, reverse=True):
        before = text.count(HERE)
        text = _mark(text, item)
        counts[item] = text.count(HERE) - before
    return text, counts


def _mark(text: str, item: str) -> str:
    """As :func:`marked`, the places found before kept."""
    return HERE.join(marked(part, [item]) for part in text.split(HERE))


def extras(answer: str, items: Sequence[str]) -> list[str]:
    """What an answer lists beside the items.

    Only what stands in the list counts: a bullet without an item, a piece between two items that
    commas or ``and`` set apart, and proper names joined to the list's ends. Numbers, dates and
    what stands in parentheses do not.

    Examples
    --------
    >>> extras("They are Austria, Bulgaria and Croatia (in 2023).", ["Austria", "Croatia"])
    ['Bulgaria']
    >>> extras("New Year's Day on January 1, 2026, and Epiphany.", ["New Year's Day", "Epiphany"])
    []
    """
    text = _NOTE.sub("", _found(_undated(answer), items)[0])
    bullets = _BULLET.findall(text)
    if sum(HERE in line for line in bullets) >= 2:
        return [line.strip() for line in bullets if HERE not in line and _worded(line)]
    pieces = text.split(HERE)
    if len(pieces) < 2:
        return []
    found = [piece for gap in pieces[1:-1] for piece in _SEPARATOR.split(gap)[1:-1]]
    found += _before(pieces[0]) + _after(pieces[-1])
    return [piece.strip() for piece in found if _worded(piece)]


def _undated(answer: str) -> str:
    for mention in reversed(dates.dates(answer)):
        answer = answer[: mention.start] + answer[mention.end :]
    return answer


def _worded(piece: str) -> bool:
    return any(c.isalpha() for c in piece)


def _before(lead: str) -> list[str]:
    """Proper names that open the list, before the first item."""
    *pieces, last = _SEPARATOR.split(_LEAD.sub("", lead))
    return [] if _worded(last) else [piece for piece in pieces if _proper(piece)]


def _after(tail: str) -> list[str]:
    """Proper names that close the list, after the last item."""
    match = _TAIL.match(tail)
    first, *pieces = _SEPARATOR.split(match["list"] if match else "")
    return [] if _worded(first) else [piece for piece in pieces if _proper(piece)]


def _proper(piece: str) -> bool:
    words, function = piece.split(), _FUNCTION.split()
    return (
        0 < len(words) <= 6
        and words[0][0].isupper()
        and words[0].lower() not in function
        and all(w[0].isupper() or w[0].isdigit() or w.lower() in function for w in words)
    )
