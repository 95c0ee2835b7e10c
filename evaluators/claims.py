"""What a model's sentence claims, apart from what it only mentions.

A final answer is prose. It repeats the question, shows its working and adds asides. The rules here
are the same for numbers, dates and times; a claim is looked for in these places, and the first
place that holds a candidate decides:

1. the clause after the last conclusion word (``the answer is``, ``therefore``, ``=``, ``the total
   is`` …), or the clause that ends in one (``25 in total``);
2. the answer without what stands in parentheses;
3. the whole answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from operator import itemgetter

__all__ = ["LONGEST", "clean", "places"]

LONGEST = 4_000
"""Characters of a final answer that are looked at, so that a runaway answer costs no minutes."""

_SUMS = "difference|total|sum|result|average|mean|median|product|ratio|distance|duration|conversion"
_CONCLUSION = re.compile(
    r"\b(?:final\s+)?answer\s*(?:\b(?:is|was)\b|:|=)|\b(?:therefore|thus|hence)\b,?|[=≈](?!=)|[,.;]\s+so\b"
    rf"|\b(?:{_SUMS})\b[^.;:!?\n]{{0,80}}?\b(?:is|was|are|of|comes\s+to|equals)\b",
    re.IGNORECASE,
)
_AFTERWARDS = re.compile(r"\b(?:in\s+total|altogether|combined|all\s+told)\b", re.IGNORECASE)
_BREAK = re.compile(
    r"[;!?\n(]|:(?!\d)|\.(?=\s+\D|\s*$)|,(?=\s+[a-z])"  # not in 14:35, Jul. 4 and July 4, 2026
    r"|\s(?:since|because|as|given|while|whereas)\b"
)
_START = re.compile(r"[;:!?\n(]|[.,](?=\s)|\b(?:making|giving|for|totalling|totaling)\b")
_ASIDE = re.compile(r"\((?!\s*or\b)[^()]*\)|\[(?!\s*or\b)[^\[\]]*\]", re.IGNORECASE)
_MARKS = 8
"""Conclusion words looked at, from the last one: a text that repeats them is not worth more."""
_GLUED = re.compile(r"\b\d+(?:(?:h|hrs?|d|min|m|x)\d+)+(?:h|hrs?|d|min|m|s)?\b")
_LETTERS = re.compile(r"(?<=\d)([a-z]+)(?=\d)")
_EMPHASIS = re.compile(r"\*\*(?!\s?[-+\d])|(?<!\d)\*\*|`+|\\[()\[\]]|(?<=\d)\\,")


def clean(answer: str) -> str:
    """The answer without Markdown's emphasis and TeX's brackets, and with ``2h15m`` spaced out.

    Of an answer longer than :data:`LONGEST` the end is kept, where conclusions stand.
    """
    text = _EMPHASIS.sub("", answer[-LONGEST:])
    return _GLUED.sub(lambda token: _LETTERS.sub(r" \1 ", token[0]), text)


def places(answer: str) -> Iterator[str]:
    """Where a claim is looked for, the most telling place first.

    Examples
    --------
    >>> list(places("JFK is at 13 ft and LAX at 125 ft, so the difference is 112 ft."))[0]
    ' 112 ft'
    """
    marks = sorted(
        [(m.end(), _forward) for m in _CONCLUSION.finditer(answer)]
        + [(m.start(), _backward) for m in _AFTERWARDS.finditer(answer)],
        key=itemgetter(0),
    )
    for at, clause in reversed(marks[-_MARKS:]):
        yield clause(answer, at)
    yield _ASIDE.sub(" ", answer)
    yield answer


def _forward(text: str, at: int) -> str:
    rest = text[at:]
    lead = len(rest) - len(rest.lstrip(" :,\n"))  # "Therefore, 5" and "Answer:\n5" go on
    end = _BREAK.search(rest, lead)
    return rest[: end.start()] if end else rest


def _backward(text: str, at: int) -> str:
    starts = [m.end() for m in _START.finditer(text, 0, at)]
    return text[starts[-1] if starts else 0 : at]
