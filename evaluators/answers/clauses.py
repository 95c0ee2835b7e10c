"""Sentences and clauses of an answer, as places in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

__all__ = ["Span", "around", "clause_at", "holds", "sentence_at", "sentences"]

Span = tuple[int, int]

_SHORTENED = (
    "approx ca c dr mr mrs ms st no nos vs etc fig jan feb mar apr jun jul aug sep sept oct nov dec"
    " mt ft u.s u.k a.m p.m inc incl est"
)
_IN_NUMBER = re.compile(r"(?<=\d)[.,](?=\d)")
_NEXT = {after: re.compile(f"[{re.escape(after)}]") for after in (",;.!?\n()", ".!?\n", ".;:!?\n)")}
_STOP = re.compile(r"[.!?]+[\"')\]]*(?=\s)|\n")
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


def sentence_at(text: str, at: int) -> Span:
    """The sentence around a place."""
    return next((span for span in sentences(text) if span[0] <= at < span[1]), (0, len(text)))


def clause_at(text: str, at: int) -> Span:
    """The clause around a place: up to a comma, a conjunction, or the sentence's end."""
    start, end = sentence_at(text, at)
    for stop in _CLAUSE_END.finditer(text, start, end):
        if stop.end() <= at:
            start = stop.end()
        elif stop.start() >= at:
            return start, stop.start()
    return start, end
