"""Sentences and clauses of an answer, as places in it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from operator import itemgetter

__all__ = [
    "Span",
    "around",
    "blocks",
    "clause_at",
    "holds",
    "questions",
    "sentence_at",
    "sentences",
    "without",
    "without_questions",
]

Span = tuple[int, int]

_SHORTENED = (
    "approx ca c dr mr mrs ms st no nos vs etc fig jan feb mar apr jun jul aug sep sept oct nov dec"
    " mt ft u.s u.k a.m p.m inc incl est"
)
_IN_NUMBER = re.compile(r"(?<=\d)[.,](?=\d)")
_NEXT = {after: re.compile(f"[{re.escape(after)}]") for after in (",;.!?\n()", ".!?\n", ".;:!?\n)")}
_STOP = re.compile(r"[.!?]+[\"')\]]*(?=\s)|\n")
_SENTENCE_END = re.compile(r"[.!?\n]")
_LAST_WORD = re.compile(r"(?:^|[\s(])([\w.]{1,6})\Z")
_CLAUSE_END = re.compile(
    r"[;!?\n()]|:(?!\d)|[.,](?!\d)|\s[-–—]+\s|—"
    r"|\b(?:but|however|although|though|because|since|while|whereas|and|so|yet)\b",
    re.IGNORECASE,
)


def around(
    text: str, word: re.Pattern[str], before: str = ",;.!?\n()", after: str = ",;.!?\n()"
) -> Iterator[tuple[Span, re.Match[str]]]:
    """Where clauses with a word stand: from the last of some marks to the next one, in linear time.

    Examples
    --------
    >>> text = "It is 5 m, by road 6.5 m, or so."
    >>> [text[a:b] for (a, b), _ in around(text, re.compile("road"))]
    [' by road 6.5 m']
    """
    marked = _IN_NUMBER.sub("_", text)
    done = 0
    for match in word.finditer(marked):
        if match.start() < done:
            continue
        start = max([done, *(marked.rfind(mark, done, match.start()) + 1 for mark in before)])
        found = _NEXT[after].search(marked, match.end())
        done = found.start() if found else len(text)
        yield (start, done), match


@lru_cache(maxsize=16)
def sentences(text: str) -> tuple[Span, ...]:
    """Where each sentence stands; a line is a sentence of its own.

    Examples
    --------
    >>> text = "It takes approx. 5 h. No more."
    >>> [text[start:end].strip() for start, end in sentences(text)]
    ['It takes approx. 5 h.', 'No more.']
    """
    found: list[Span] = []
    start = 0
    for stop in _STOP.finditer(text):
        if text[stop.start()] == "." and _goes_on(text, start, stop):
            continue
        if text[start : stop.end()].strip():
            found.append((start, stop.end()))
        start = stop.end()
    if text[start:].strip():
        found.append((start, len(text)))
    return tuple(found)


def _goes_on(text: str, start: int, stop: re.Match[str]) -> bool:
    """Whether a full stop ends a short form or the number of a list, and no sentence."""
    word = _LAST_WORD.search(text[max(start, stop.start() - 8) : stop.start()])
    if word is None:
        return False
    said = word[1].lower()
    if said in ("a.m", "p.m"):
        return not text[stop.end() :].lstrip()[:1].isupper()
    if said in _SHORTENED.split():
        return True
    return said.isdigit() and not text[start : stop.start() - len(said)].strip()


def holds(spans: Sequence[Span], at: int) -> bool:
    """Whether a place lies in one of the spans."""
    return any(start <= at < end for start, end in spans)


def blocks(lines: Sequence[Span]) -> list[Span]:
    """Lines, those that follow each other as one.

    Examples
    --------
    >>> blocks([(0, 5), (6, 9), (20, 24)])
    [(0, 9), (20, 24)]
    """
    found: list[Span] = []
    for start, end in lines:
        if found and start <= found[-1][1] + 1:
            found[-1] = found[-1][0], end
        else:
            found.append((start, end))
    return found


def sentence_at(text: str, at: int) -> Span:
    """The sentence around a place."""
    found = sentences(text)
    i = bisect_right(found, at, key=itemgetter(1))
    return found[i] if i < len(found) and found[i][0] <= at else (0, len(text))


def clause_at(text: str, at: int) -> Span:
    """The clause around a place: up to a comma, a conjunction, or the sentence's end."""
    start, end = sentence_at(text, at)
    stops = _clause_ends(text, start, end)
    i = bisect_right(stops, at, key=itemgetter(1))  # the first that ends behind the place
    start = stops[i - 1][1] if i else start
    later = (first for first, _ in stops[i : i + 2] if first >= at)
    return start, next(later, end)


@lru_cache(maxsize=64)
def _clause_ends(text: str, start: int, end: int) -> tuple[Span, ...]:
    return tuple(stop.span() for stop in _CLAUSE_END.finditer(text, start, end))


def questions(text: str) -> Iterator[Span]:
    """Where sentences stand that ask.

    Examples
    --------
    >>> text = "How far? It is 5 km."
    >>> [text[start:end] for start, end in questions(text)]
    ['How far?']
    """
    start = 0
    for stop in _SENTENCE_END.finditer(text):
        if stop[0] == "?" and stop.start() > start:
            yield start, stop.end()
        start = stop.end()


def without_questions(text: str) -> str:
    """A text without the sentences that ask, where anything is left of it.

    Examples
    --------
    >>> without_questions("It is 5 km. Shall I look further?")
    'It is 5 km.'
    """
    left = without(text, questions(text))
    return left if left.strip() else text


def without(text: str, spans: Iterable[Span]) -> str:
    """A text without some places in it, which are told in their order."""
    kept, done = [], 0
    for start, end in spans:
        kept.append(text[done:start])
        done = end
    return "".join([*kept, text[done:]])
