"""Whether a sentence says the opposite of what a question asks: ``closed`` for ``open``."""

from __future__ import annotations

import re
from functools import lru_cache

from toolgrove.evaluators.answers.directions import contradicts

__all__ = ["opposed"]

_Pair = tuple[re.Pattern[str], re.Pattern[str]]


def _pairs(*sides: tuple[str, str]) -> tuple[_Pair, ...]:
    def compiled(side: str) -> re.Pattern[str]:
        return re.compile(rf"\b(?:{side})(?!\w)", re.IGNORECASE)

    return tuple((compiled(one), compiled(other)) for one, other in sides)


_GONE = r"out\s+of\s+stock|sold\s+out|used\s+up|r[au]n\s+out|fully\s+booked|all\s+gone"
_STATES = _pairs(
    (r"open", r"closed|shut"),
    (r"in\s+stock|available|on\s+sale|left", _GONE),
    (r"available", r"booked|reserved|taken|occupied"),
    (r"true|correct|right", r"false|wrong"),
    (r"same|identical|equal|alike", r"different|differs?"),
    (r"inside|indoors?", r"outside|outdoors?"),
    (r"allowed|permitted|legal", r"forbidden|prohibited|banned|against\s+the\s+rules"),
    (r"included", r"extra|excluded"),
    (
        r"free",
        r"paid|fully\s+booked|occupied|taken|busy|costs\s+(?!nothing)\S+|charged?\s+(?!nothing)\S+",
    ),
    (r"on\s+time|punctual", r"late|delayed|cancell?ed|overdue|behind\s+schedule"),
    (r"early", r"late"),
    (r"alive|living", r"dead|died|deceased|passed\s+away"),
    (r"full", r"empty"),
    (r"(?:switched|turned)\s+on|on(?=\s*\?)", r"off"),
    (r"online", r"offline"),
    (r"present", r"absent"),
    (r"public", r"private"),
    (r"married", r"single|divorced|widowed"),
    (r"succeed(?:ed)?|successful|pass(?:ed)?", r"failed|fails"),
    (r"win|won", r"lost|loses"),
    (
        r"accept(?:ed)?|approved?|(?:go|went)\s+through",
        r"rejected|declined|refused|turned\s+down|failed",
    ),
    (r"enabled", r"disabled"),
    (r"valid", r"expired"),
    (r"even", r"odd"),
    (r"positive", r"negative"),
    (r"safe", r"dangerous"),
    (r"easy", r"hard|difficult"),
    (r"dry", r"wet"),
    (r"hot|warm", r"cold|cool"),
    (r"cheap(?:er)?|less\s+expensive", r"(?<!less )expensive|dearer"),
    (r"ris(?:e|en|ing)|rose|increas(?:ed?|ing)", r"fallen|fell|falling|decreas(?:ed|ing)|dropped"),
)
_PLACES = _pairs(
    (r"before|earlier", r"after|later"),
    (r"above|over", r"below|under(?:neath)?"),
    (r"north", r"south"),
    (r"east", r"west"),
)
"""Opposites that turn once more where the two parties change places."""
_PREFIXED = re.compile(
    r"\b(?:un|non-?|(?:in|im|il|ir)(?=\w{2,}(?:able|ible|[ie]nt|ect|[ae]te|id|al|ive|ar)\b))"
    r"(?P<word>[a-z]{4,})\b",
    re.IGNORECASE,
)
_SAME_WITH_PREFIX = frozenset(["like", "less", "valuable", "flammable", "different"])
_WORD = re.compile(r"[\w'-]+")
_EMPTY_WORDS = "is are was were does do did the a an of it in on at to"
_EMPTY = frozenset(_EMPTY_WORDS.split())


def opposed(sentence: str, query: str) -> int | None:
    """Where a sentence says the opposite of what is asked, or None where it does not.

    A sentence that holds both sides (``open, not closed``) says neither by this rule.

    Examples
    --------
    >>> opposed("The shop is closed.", "Is the shop open?")
    12
    >>> opposed("Bergen is colder than Oslo.", "Is Oslo warmer than Bergen?") is None
    True
    """
    for asked, against in _both_ways(_STATES):
        said = against.search(sentence)
        if said and asked.search(query) and not (against.search(query) or asked.search(sentence)):
            return said.start()
    at = _prefixed(sentence, query)
    if at is None:
        at = next((i for pair in _both_ways(_PLACES) if (i := _moved(sentence, query, pair))), None)
    return 0 if at is None and contradicts(sentence, 0, query) else at


@lru_cache(maxsize=2)
def _both_ways(pairs: tuple[_Pair, ...]) -> tuple[_Pair, ...]:
    return pairs + tuple(pair[::-1] for pair in pairs)


def _prefixed(sentence: str, query: str) -> int | None:
    """Where a word of the question has ``un-``, ``in-`` or ``non-``, or lacks what it has there."""
    for negative, positive in ((sentence, query), (query, sentence)):
        for match in _PREFIXED.finditer(negative):
            word = match["word"]
            plainly = re.search(rf"(?<![\w-]){word}\b", positive, re.IGNORECASE)
            both = re.search(rf"(?<![\w-]){word}\b", negative, re.IGNORECASE)
            if plainly and not both and word.lower() not in _SAME_WITH_PREFIX:
                return match.start() if negative is sentence else plainly.start()
    return None


def _moved(sentence: str, query: str, pair: _Pair) -> int | None:
    """Where the other party or the other side is named of a place or a time, not both."""
    one, other = pair
    asked = one.search(query)
    here, there = one.search(sentence), other.search(sentence)
    said = here or there
    if asked is None or other.search(query) or said is None or (here and there):
        return None
    first, second = _words(query[: asked.start()]), _words(query[asked.end() :])
    left, right = _words(sentence[: said.start()]), _words(sentence[said.end() :])
    swapped = bool(left & second - first) and not left & (first - second)
    swapped = swapped or (bool(right & first - second) and not right & (second - first))
    return said.start() if (said is here) == swapped else None


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)} - _EMPTY
