"""Sets of names in an answer: all there, and nothing listed beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import takewhile

from toolgrove.evaluators.answers import dates
from toolgrove.evaluators.answers.clauses import around, without
from toolgrove.evaluators.answers.names import HERE, marked
from toolgrove.evaluators.answers.spelling import pattern_of, plain

__all__ = ["claimed", "extras", "missing"]

_SEPARATOR = re.compile(r"[,;/\n]|\s(?:and|or|&|og|und|et|y|och|ja|e|en|i)\s|\s[-–]\s")
_NOTE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+(.*)$", re.MULTILINE)
_LEAD = re.compile(r"^.*(?:[:.!?\n]|\b(?:are|is|were|was|includes?|including|namely|have|has))\s")
_TAIL = re.compile(r"^(?P<list>[^.!?:\n]*?)(?:[.!?:](?:\s|$)|\n|$)", re.DOTALL)
_FUNCTION = (
    "in for on at by from with as if when while according to all they these those which that there"
    " each both total it this the of"
)
_NO_ITEM_WORDS = (
    "nothing else more all others so on that then please too today now thanks etc no not none only"
    " respectively together altogether here there enough alone"
)
_NO_ITEM = frozenset([*_FUNCTION.split(), *_NO_ITEM_WORDS.split()])
_FORWARD = re.compile(
    r"(?:\b(?:but|and|though)\s+)?(?<!is )(?<!are )(?<!was )(?<!does )(?<!do )(?<!has )(?<"
    r"!have )(?<!did )"
    r"\b(?:not|excluding|except|unlike|instead\s+of|rather\s+than|without|nor)\b(?!\s+only)"
    r"[^.;:,!?\n]*",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"(?:\b(?:is|are|was|were|has|have|had|does|do|did|can|could)(?:n't|\s+(?:not|no|never|only)\b)"
    r"|\bnot\s+(?:an?\s+)?(?!(?:in|the|by|to|just|only|for|with|on|at|of)\b)(?-i:[a-z])\w+"
    r"|\b(?:no\s+longer|used\s+to|formerly|separate[sd]?|neither|cannot|once)\b"
    r"|\b(?:is|was)\s+(?:an?|the)\s+[^,;:.!?\n()]{0,40}\bonly\b"
    r"|\bonly\s+(?:in|as|by|for|an?|recogni\w+|spoken|used|accept\w+|unofficial\w*|regional\w*)\b)",
    re.IGNORECASE,
)
_NAME = r"[A-Z][\w'-]{0,40}(?:\s[A-Z][\w'-]{0,40}){0,4}"
_TRANSLATED = re.compile(rf"(?:{_NAME}|{HERE})\s*\(\s*{HERE}(?:\s+in\s+[A-Z]\w+)?\s*\)")
_ALSO = re.compile(
    r"\b(?:also|plus|as\s+well\s+as|in\s+addition\s+to|along\s+with|together\s+with)\s+"
    rf"(?:[a-z]+\s+)?(?:the\s+)?(?P<after>{_NAME})"
    rf"|(?P<before>{_NAME})[^.;,!?\n]{{0,40}}?\b(?:as\s+well|too|also)\b"
)
_QUOTED = re.compile(r"\s*([\"'])\w[^\"'\n]{0,80}\1(?!\w)")
_ONLY = re.compile(r"(?<!not )\b(?:only|just)\s+(?:the\s+)?", re.IGNORECASE)
_CLAUSE = re.compile(
    r"\s*(?:which|who|whose|where|that|(?:to\s+the\s+)?(?:north|south|east|west)\w*)\b"
)
_OF_ALL = re.compile(r"\s+(?:all|each|both|are|were|border|share|have|use|speak)\s.*", re.DOTALL)
"""What is said of a list, behind its last item: ``France and Spain share a border``."""
_CLOSES = re.compile(r"[.;:!?\n]|$")
_WATER = re.compile(r"\b(?:Ocean|Sea|River|Lake|Atlantic|Pacific)\b")


def claimed(answer: str) -> str:
    """A plain text without what it denies or keeps apart from the set.

    Examples
    --------
    >>> claimed("French and Dutch; German has no official status.")
    'French and Dutch;.'
    """
    denied = (span for span, _ in around(answer, _DENIED, ",;:.!?\n(", ".;:!?\n)"))
    return _FORWARD.sub("", without(answer, denied))


def missing(answer: str, items: Sequence[str]) -> list[str]:
    """Items that an answer does not claim as a whole.

    The longer ones are looked for first and taken out, so that ``Guinea`` is not found in
    ``Equatorial Guinea``.
    """
    text = _exclusive(claimed(answer), items)
    return [item for item, count in _found(text, items)[1].items() if not count]


def _exclusive(answer: str, items: Sequence[str]) -> str:
    """The clause that closes the list where one does, else all: ``Only French; Dutch is gone``."""
    text = plain(answer)
    for lead in _ONLY.finditer(text):
        if any(pattern_of(item).match(text, lead.end()) for item in items):
            end = _CLOSES.search(text, lead.end())
            return text[lead.end() : end.start() if end else len(text)]
    return answer


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


def extras(answer: str, items: Sequence[str], query: str = "") -> list[str]:
    """What an answer lists beside the items.

    Only what stands in the list counts: a bullet without an item, a piece between two items that
    commas or ``and`` set apart, proper names joined to the list's ends, and those that ``also``,
    ``plus`` or ``as well`` adds to it. Numbers, dates and what stands in parentheses do not.

    Examples
    --------
    >>> extras("They are Austria, Bulgaria and Croatia (in 2023).", ["Austria", "Croatia"])
    ['Bulgaria']
    >>> extras("New Year's Day on January 1, 2026, and Epiphany.", ["New Year's Day", "Epiphany"])
    []
    """
    text = _TRANSLATED.sub(HERE, _found(_undated(claimed(answer)), items)[0])
    text = _NOTE.sub("", text)
    added = [name for m in _ALSO.finditer(text) if (name := m["after"] or m["before"])]
    added = [n for n in added if n not in plain(query) and not _WATER.search(n) and _proper(n)]
    bullets = _BULLET.findall(text)
    if sum(HERE in line for line in bullets) >= 2:
        return added + [line.strip() for line in bullets if HERE not in line and _worded(line)]
    pieces = text.split(HERE)
    if len(pieces) < 2:
        return added
    gaps = (piece for gap in pieces[1:-1] for piece in _SEPARATOR.split(gap)[1:-1])
    found = [piece for piece in gaps if not _CLAUSE.match(piece)]
    found += _before(pieces[0]) + _after(pieces[-1], items)
    return added + [piece.strip() for piece in found if _worded(piece)]


def _undated(answer: str) -> str:
    for mention in reversed(dates.dates(answer)):
        answer = answer[: mention.start] + answer[mention.end :]
    return answer


def _worded(piece: str) -> bool:
    return any(c.isalpha() for c in piece)


def _before(lead: str) -> list[str]:
    """Proper names that open the list, before the first item."""
    *pieces, last = _SEPARATOR.split(_LEAD.sub("", lead))
    return [] if _worded(last) else [piece for piece in pieces if _item(piece)]


def _after(tail: str, items: Sequence[str]) -> list[str]:
    """What closes the list after the last item: proper names, common words where all are."""
    match = _TAIL.match(tail)
    first, *pieces = _SEPARATOR.split(match["list"] if match else "")
    pieces = [_OF_ALL.sub("", piece) for piece in pieces]
    if _worded(first):
        return []
    alike = list(takewhile(lambda piece: _alike(piece, items), pieces))
    return alike + [piece for piece in pieces[len(alike) :] if _item(piece)]


def _alike(piece: str, items: Sequence[str]) -> bool:
    """Whether a piece is an item as the others are: of names a name, of common words one or two."""
    words = piece.split()
    if not any(item[:1].isupper() for item in items) and 0 < len(words) <= 2:
        return all(w.isalpha() and w.islower() and w not in _NO_ITEM for w in words)
    return False


def _item(piece: str) -> bool:
    """Whether a piece is a title in quotes, or a proper name."""
    return _QUOTED.match(piece) is not None or _proper(piece)


def _proper(piece: str) -> bool:
    words, function = piece.split(), _FUNCTION.split()
    return (
        0 < len(words) <= 6
        and words[0][0].isupper()
        and words[0].lower() not in function
        and all(w[0].isupper() or w[0].isdigit() or w.lower() in function for w in words)
    )
