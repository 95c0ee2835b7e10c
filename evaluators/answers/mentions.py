"""What an answer mentions without claiming it: asides, comparisons, and what it rules out.

*Ruled out* is what a negation denies, what a correction takes back, and, of names, what another
thing is compared with or told apart from (``followed by osmium``, ``east of Montevideo``). It is
never claimed. *Mentioned* is what stands in an aside: it is claimed only where nothing else is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from toolgrove.evaluators.answers.clauses import Span, around, blocks, holds, questions, sentences
from toolgrove.evaluators.answers.relations import VERB, beside

__all__ = ["Mentions", "mentions"]

_WAY = r"[^,;:.!?()\n]{0,80}?"
_SCOPE_END = (
    r"(?=[,;:!?()\n]|\.(?!\d)|\s[-–—]\s|—|$"
    r"|\b(?:but|however|although|though|because|since|as|while|whereas|and|so|it's|which|that)\b)"
)
_NOT = re.compile(
    rf"(?:\bnot\b(?!\s+(?:only|just|far|least|surprisingly))|\b\w+n['’]t\b(?!\s+(?:only|just))"
    rf"|\b(?:cannot|never|neither|nor|rather\s+than|instead\s+of|unlike|except|other\s+than"
    rf"|no\s+longer|anything\s+but|far\s+from|without)\b)(?:{_WAY}{_SCOPE_END}"
    rf"|[^,;:.!?()\n]{{0,80}})",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"(?<=\s)(?:is|are|was|were|does|do|did|has|have|had|can|could|would|will)"
    r"(?:n['’]t|\s+not|\s+never|\s+no\s+longer)\b(?!\s+(?:only|just))",
    re.IGNORECASE,
)
_JOINT = re.compile(r"\b(?:and|but|so|which|that|because|since|as)\b", re.IGNORECASE)
_FORMER = re.compile(
    r"\b(?:used\s+to|formerly|previously|until\s+(?:1\d|20)\d\d|once\s+was|no\s+longer)\b",
    re.IGNORECASE,
)
_CORRECTION = re.compile(
    r"(?:\bcorrection\b|\bscratch\s+that\b|\bon\s+second\s+thoughts?\b"
    r"|\blet\s+me\s+(?:correct|redo)\b"
    r"|\bi\s+made\s+an?\s+(?:mistake|error|slip)\b|\bno,?\s+wait\b|\bwait,?\s+no\b|\bmake\s+that\b|\bhold\s+on\b"
    r"|\bi\s+mean\b|(?:^|[.!?\n—–]\s*)(?:actually|wait|sorry|oops)\s*[,:—–-])",
    re.IGNORECASE,
)
_BESIDE_NUMBERS = re.compile(
    r"\b(?:than|compared\s+(?:to|with)|versus|vs\.?|against|up\s+from|down\s+from"
    r"|instead\s+of|of\s+which"
    r"|including|excluding|plus\s+or\s+minus|above|below|exceed\w*|threshold(?:\s+of)?"
    r"|minimum(?:\s+of)?"
    r"|maximum(?:\s+of)?|fails|passes|meets|misses|clears|limit(?:\s+of)?|required"
    r"|at\s+least|up\s+to|twice|half|within|(?:day|week|month|year)s?\s+(?:after|before|from))\b"
    r"[^;:!?()\n.,]{0,40}"
    r"|\b(?:followed|preceded)\s+by\b[^;!?()\n.]{0,60}"
    r"|\b\d[\d.,]*\s+(?:further|additional|extra)\b",
    re.IGNORECASE,
)
_RUNNER_UP = re.compile(
    r"\b(?P<place>second|third|fourth|fifth|runner-up|2nd|3rd|4th|comes?\s+next|close\s+behind"
    r"|(?:is|are|lies)\s+(?:\w+\s+){0,2}?f[au]rther)\b",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"\((?!\s*or\b)[^()]*\)|\[(?!\s*or\b)[^\[\]]*\]", re.IGNORECASE)
_CODE = re.compile(r"\([A-Z]{2,4}\)")
_NOTE = re.compile(
    r"(?:^|(?<=[.!?\n])\s*)(?:note\b|nb\b|p\.?s\.?\b|for\s+(?:comparison|reference|context"
    r"|example)\b"
    r"|by\s+(?:comparison|contrast|road)\b|in\s+(?:comparison|contrast)\b|compare\b)[^.!?\n]*",
    re.IGNORECASE,
)
_SUPPOSED = re.compile(
    r"\bwould\s+(?:normally|usually|otherwise|ordinarily)\b[^,;.!?\n]*"
    r"|\b(?:usually|normally|ordinarily|typically)\b[^,;.!?\n]*"
    r"|\bif\b[^,;.!?\n]*|\b(?:whereas|while|although|though)\b[^;.!?\n,]*",
    re.IGNORECASE,
)
_OTHERWISE = re.compile(
    r"(?<=;)\s+(?!the\b|it\b|that\b|this\b)[\"'“]?[\w-]+[\"'”]?(?:\s[\w-]+)?\s+would\s+be\b[^,;.!?\n]*",
    re.IGNORECASE,
)
"""What another word would have meant: ``It is mercoledì; giovedì would be Thursday.``"""
_OVER = re.compile(
    r"\b(?:already\s+(?:over|past)|has\s+(?:already\s+)?passed|is\s+over|too\s+early)\b",
    re.IGNORECASE,
)
_OTHER_SCOPE = re.compile(
    r"\b(?:by\s+(?:road|car|train|rail|land|sea)|metropolitan|metro\s+area|urban\s+area"
    r"|agglomeration)\b",
    re.IGNORECASE,
)
_CHOSEN_FROM = re.compile(
    rf"(?:^|(?<=[.!?\n])\s*)(?:comparing|of|among|amongst|between|out\s+of)\b[^.!?\n]*,(?!\d)"
    rf"(?=(?:[^,.!?\n]|[.,]\d)*\b(?:{VERB}|can|remains?)\b)",
    re.IGNORECASE,
)
_OPPOSITES = tuple(
    (re.compile(rf"\b(?:{one})", re.IGNORECASE), re.compile(rf"\b(?:{other})", re.IGNORECASE))
    for one, other in (
        ("sunset|sun\\s+sets?|sets?\\b", "sunrise|rises?\\b"),
        ("forward|spring", "back\\b|autumn|fall\\b"),
        ("arriv|land", "depart|take-?off"),
        ("primes?\\b", "composite|divisible"),
        ("after\\b|next\\b", "(?:last|largest)\\s+\\w+\\s+before\\b|previous\\b|preceding\\b"),
    )
)
_CLAUSE = re.compile(r"(?:(?!\band\b)[^,;.!?\n()]|[.,](?=\d))+")
_WAY_ASKED = re.compile(r"\bfrom\s+(\w+)\s+to\s+(\w+)", re.IGNORECASE)
_UTC = re.compile(r"\b(?:UTC|GMT|offset)\b", re.IGNORECASE)
_UTC_OFFSET = re.compile(r"\b(?:UTC|GMT)\s?[-+−±]\s?\d[\d:]*")
_PER_PART = re.compile(r"\b(?:per|monthly|each)\b", re.IGNORECASE)
_WHOLE = re.compile(r"\b(?:in\s+total|in\s+all|altogether|overall)\b", re.IGNORECASE)
_WOULD = re.compile(r"\bwould\b", re.IGNORECASE)
_IF = re.compile(r"\b(?:if|were)\b", re.IGNORECASE)
_ROW = re.compile(r"^[ \t]*\|.*\|[ \t]*$", re.MULTILINE)
_BULLET = re.compile(r"^[ \t]*(?:[-*•]|\d{1,2}[.)])[ \t]+.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Mentions:
    """Places of a text that claim nothing, or only where no other does."""

    ruled_out: tuple[Span, ...]
    mentioned: tuple[Span, ...]

    def standing(self, at: int) -> int:
        """How little a place claims: 0 claimed, 1 mentioned, 2 ruled out."""
        if holds(self.ruled_out, at):
            return 2
        return 1 if holds(self.mentioned, at) else 0


def mentions(text: str, *, of_names: bool, query: str = "") -> Mentions:
    """What a text rules out and what it only mentions.

    Parameters
    ----------
    text : str
        A text as :func:`toolgrove.evaluators.answers.text.read` gives it.
    of_names : bool
        Whether names are looked for; what stands beside them rules them out, where it would only
        set a number beside another.
    query : str
        The question: an ordinal that it asks for marks no runner-up.

    Examples
    --------
    >>> found = mentions("Iridium, closely followed by osmium (22.6).", of_names=True)
    >>> found.standing(0), found.standing(30), found.standing(40)
    (0, 2, 2)
    """
    asides = [one for one in _spans(_ASIDE, text) if not (of_names and _is_code(text, *one))]
    text = _ASIDE.sub(lambda aside: " " * len(aside[0]), text)
    ruled_out = [*_spans(_NOT, text), *_taken_back(text)]
    mentioned = [*asides, *_spans(_NOTE, text), *_spans(_SUPPOSED, text)]
    mentioned += [span for span, _ in around(text, _OVER)]
    mentioned += [span for span, _ in around(text, _WOULD) if _IF.search(text[slice(*span)])]
    mentioned += [*questions(text), *_rows(text), *_spans(_CHOSEN_FROM, text)]
    if not _UTC.search(query):
        mentioned += _spans(_UTC_OFFSET, text)
    if not _OTHER_SCOPE.search(query):
        mentioned += [span for span, _ in around(text, _OTHER_SCOPE)]
    mentioned += [*_way_back(text, query), *_opposed(text, query), *_summed_up(text, query)]
    if of_names:
        ruled_out += [*beside(text, query), *_spans(_OTHERWISE, text), *_denied(text)]
        ruled_out += [(m.start(), end) for (_, end), m in around(text, _FORMER, after=".!?\n")]
        places = around(text, _RUNNER_UP)
        ruled_out += [span for span, m in places if m["place"].lower() not in query.lower()]
    else:
        mentioned += _spans(_BESIDE_NUMBERS, text)
    return Mentions(tuple(ruled_out), tuple(mentioned))


def _is_code(text: str, start: int, end: int) -> bool:
    """Whether an aside is the code of the name before it, and stands as that does."""
    return text[:start].rstrip()[-1:].isalpha() and _CODE.fullmatch(text, start, end) is not None


def _spans(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    return (match.span() for match in pattern.finditer(text))


def _opposed(text: str, query: str) -> Iterator[Span]:
    """Clauses about the opposite of what is asked for: sunrise where it is sunset."""
    for one, other in _OPPOSITES:
        for asked, against in ((one, other), (other, one)):
            if asked.search(query) and not against.search(query):
                clauses = (m.span() for m in _CLAUSE.finditer(text))
                yield from (
                    (a, b)
                    for a, b in clauses
                    if against.search(text, a, b) and not asked.search(text, a, b)
                )


def _way_back(text: str, query: str) -> Iterator[Span]:
    """Clauses about the way back: ``GRU to LIS`` where the way from LIS to GRU is asked for."""
    for way in _WAY_ASKED.finditer(query):
        back = rf"\b{re.escape(way[2])}\s*(?:\bto\b|→|->|–|-)\s*{re.escape(way[1])}\b"
        yield from (span for span, _ in around(text, re.compile(back, re.IGNORECASE)))


def _summed_up(text: str, query: str) -> Iterator[Span]:
    """Clauses about the whole where a part is asked for: ``379,503 in total``."""
    if _PER_PART.search(query):
        for match in _CLAUSE.finditer(text):
            if _WHOLE.search(match[0]) and not _PER_PART.search(match[0]):
                yield match.span()


def _denied(text: str) -> Iterator[Span]:
    """The subject of what is denied: ``Montevideo`` in ``Montevideo is not the capital``."""
    for (start, _), match in around(text, _DENIED, before=",;:.!?()\n"):
        joints = [m.end() for m in _JOINT.finditer(text, start, match.start())]
        yield (joints[-1] if joints else start), match.end()


def _taken_back(text: str) -> Iterator[Span]:
    """What stands before the last correction, where something stands behind it."""
    found = [m for m in _CORRECTION.finditer(text) if text[: m.start()].strip(" .!?\n")]
    if found and re.search(r"\w", text[found[-1].end() :]):
        yield 0, found[-1].start()


def _rows(text: str) -> Iterator[Span]:
    """Tables and lists of several lines, where a sentence besides says what they come to."""
    for pattern in (_ROW, _BULLET):
        lines = list(_spans(pattern, text))
        if len(lines) > 1 and len(sentences(text)) > len(lines):
            yield from blocks(lines)
