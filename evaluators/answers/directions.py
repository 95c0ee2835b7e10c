"""Which way a comparison goes: ``ahead of`` against ``behind``, and which party is which."""

from __future__ import annotations

import re

from toolgrove.evaluators.answers.spelling import plain

__all__ = ["asked_comparison", "compared", "contradicts"]

_PAIRS = (
    ("ahead", "behind"),
    ("ahead", "earlier"),
    ("more most", "fewer less fewest least"),
    ("higher highest above", "lower lowest below"),
    ("larger largest bigger biggest greater", "smaller smallest"),
    ("heavier heaviest heavy", "lighter lightest light"),
    ("longer longest", "shorter shortest"),
    ("later latest", "earlier earliest"),
    ("farther further farthest", "nearer closer nearest closest"),
    ("older oldest", "younger youngest newer"),
    ("taller tallest", "shorter shortest"),
    ("warmer hotter", "colder cooler"),
    ("denser densest", "sparser"),
    ("faster fastest", "slower slowest"),
)
_WORDS = {word for pair in _PAIRS for side in pair for word in side.split()}
_COMPARISON = re.compile(
    rf"\b(?:{'|'.join(sorted(_WORDS))})\b(?!\s+(?:mean\s+|the\s+)?(?:sea|ground|average|zero)\b)",
    re.IGNORECASE,
)
_THAN = re.compile(r"\b(?:than|of|to|as)\b|\bbehind\b", re.IGNORECASE)
_TO_OTHER = re.compile(
    r"\b(?:than|as|ahead\s+of|behind|above|below|in\s+front\s+of)\b", re.IGNORECASE
)
_TAIL = re.compile(r"[,;?!.]|\s(?:on|in|at|during|when|is|are)\s", re.IGNORECASE)
_WHERE = re.compile(r"\s+(?:on|in|at|during)(?=\s)", re.IGNORECASE)
_TOKEN = re.compile(r"[\w'-]+")
_EMPTY_WORDS = (
    "the a an of is are was were by how many much far hours hour minutes feet foot metres on"
    " at in and which what airport city country capital it final amount with does do"
)
_EMPTY = frozenset(_EMPTY_WORDS.split())


def _opposites(word: str) -> set[str]:
    found = set()
    for up, down in _PAIRS:
        for one, other in ((up.split(), down.split()), (down.split(), up.split())):
            if word in one:
                found |= set(other)
    return found


def asked_comparison(query: str) -> re.Match[str] | None:
    """The word by which a question compares: ``ahead``, ``more``, ``higher``."""
    return _COMPARISON.search(query)


def compared(clause: str, query: str) -> tuple[bool, int, int] | None:
    """How a clause compares, beside the question: the same way or not, and where.

    Returns
    -------
    tuple or None
        Whether it goes the question's way, where the word begins, and where the other party does;
        None where the clause does not compare by the question's word or its opposite.
    """
    asked = asked_comparison(query)
    if asked is None:
        return None
    word = asked[0].lower()
    against = _opposites(word)
    for match in _COMPARISON.finditer(clause):
        said = match[0].lower()
        if said == word or said in against or said in {w for a in against for w in _opposites(a)}:
            other = _TO_OTHER.search(clause, match.start())
            return said not in against, match.start(), other.end() if other else len(clause)
    return None


def contradicts(sentence: str, at: int, query: str) -> bool:
    """Whether a sentence says a difference the other way round.

    Parameters
    ----------
    sentence : str
        What holds the number.
    at : int
        Where in it the number stands.
    query : str
        The question, ``By how many hours is Adelaide ahead of Reykjavik?``

    Examples
    --------
    >>> query = "By how many hours is Adelaide ahead of Reykjavik?"
    >>> contradicts("Reykjavik is 9.5 hours behind Adelaide.", 13, query)
    False
    >>> contradicts("Reykjavik is 9.5 hours ahead of Adelaide.", 13, query)
    True
    """
    asked = asked_comparison(query)
    sentence, query = plain(sentence), plain(query)
    clause = _around(sentence, at)
    found = compared(clause, query) if asked else None
    if asked is None or found is None:
        return False
    same, word_at, other_at = found
    first, second = _parties(query, asked)
    left, right = _tokens(clause[:word_at]), _tokens(clause[other_at:])
    swapped = bool(left & second - first) and not left & (first - second)
    swapped = swapped or (bool(right & first - second) and not right & (second - first))
    return same == swapped


def _around(sentence: str, at: int) -> str:
    """The part of a sentence around a place, between semicolons."""
    start = sentence.rfind(";", 0, at) + 1
    end = sentence.find(";", at)
    return sentence[start : end if end >= 0 else len(sentence)]


def _parties(query: str, asked: re.Match[str]) -> tuple[set[str], set[str]]:
    """The words for who is compared, and with whom."""
    than = _THAN.search(query, asked.end())
    if than is None:
        return set(), set()
    begins = _WHERE.match(query, than.end())  # warmer in Oslo than in Bergen
    tail = _TAIL.search(query, begins.end() if begins else than.end())
    second = query[than.end() : tail.start() if tail else len(query)]
    first = query[: than.start()] + (query[tail.start() :] if tail else "")
    return _tokens(first), _tokens(second)


def _tokens(text: str) -> set[str]:
    return {w.lower() for w in _TOKEN.findall(text)} - _EMPTY - _WORDS
