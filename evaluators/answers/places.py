"""Where an answer says what it comes to.

A final answer is prose. It repeats the question, shows its working and adds asides. The rules are
the same for numbers, dates, times and names; a claim is looked for in these places:

1. behind the last mark that says so: ``Final answer:``, ``the answer is``;
2. in what is set in bold;
3. in the clause after a conclusion word (``therefore``, ``so``, ``=``, ``→``, ``Total:``,
   ``the difference is`` …), or the one that ends in one (``25 in total``), from the last one on;
4. in the first sentence that holds a candidate, then in the last, then in the first main clause
   (up to a semicolon or ``, and``);
5. anywhere.

The first place whose candidates agree with each other decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from operator import itemgetter

from toolgrove.evaluators.answers.clauses import Span, clause_at, sentence_at, sentences
from toolgrove.evaluators.answers.text import Text

__all__ = ["answered", "conclusion", "places"]

_SUMS = "total sum result"
_ASKED_SUMS = (
    "difference average mean median deviation product ratio quotient distance duration conversion"
    " balance share payment instalment area volume density elevation mass"
)
"""What a conclusion may be told by; of the second ones those that the question names."""
_ANSWER = re.compile(
    r"\b(?:final\s+)?answer\b\s*(?:(?:\bis|\bwas)\b\s*:?|:|=)|\bin\s+short\b[,:]"
    r"|\bin\s+conclusion\b,",
    re.IGNORECASE,
)
_ADVICE = (
    r"(?!\s+(?:set|use|add|plan|allow|bring|pack|choose|take|you\s+(?:should|can|could|may))\b)"
)
_CONCLUSION = re.compile(
    rf"\b(?:therefore|thus|hence)\b,?|[=≈→⇒](?!=)|[-=]>|[,.;]\s+so\b{_ADVICE}|(?<=[.!?\n]\s)so\b"
    r"|\b(?:divided|multiplied)\s+by\s+[\d.,]+\s*:|\b(?:you|we|i)\s+get\b"
    r"|(?<=[.!?\n]\s)(?:altogether|in\s+total|in\s+all|all\s+told)\b,?"
    r"|\b(?:giving|making|leaving|leaves|makes|gives|yields|totall?ing|comes\s+to|amounts\s+to|"
    r"equals|corresponds\s+to|together|exactly|precisely)\b",
    re.IGNORECASE,
)
_PER_PART = re.compile(r"\b(?:per|monthly|each|average|mean|median)\b", re.IGNORECASE)
_AFTERWARDS = re.compile(
    r"\b(?:in\s+total|altogether|combined|all\s+told|in\s+all)\b", re.IGNORECASE
)
_ON_AVERAGE = re.compile(r"\bon\s+average\b", re.IGNORECASE)
_BREAK = re.compile(
    r"[;!?\n(]|:(?!\d)|\.(?=\s+\D|\s*$)|,(?=\s+[a-z])"  # not in 14:35, Jul. 4 and July 4, 2026
    r"|\s(?:since|because|as|given|while|whereas)\b"
)
_ASIDE = re.compile(r"\((?!\s*or\b)[^()]*\)|\[(?!\s*or\b)[^\[\]]*\]", re.IGNORECASE)
_START = re.compile(r"[;:!?\n(]|[.,](?=\s)|\b(?:making|giving|for|or|totalling|totaling)\b")
_SEMICOLON = re.compile(";")
_NEXT_CLAUSE = re.compile(r";|,\s+(?:and|while|whereas|of\s+which|with)\b", re.IGNORECASE)
_WORD = re.compile(r"\b[a-z]{3,}\b")
_LABEL = re.compile(r"\W*[A-Z][^:\n]{0,40}:\s")
_EMPTY_WORDS = (
    "what which when where that this have does with from there many much give tell the and"
    " are was for has how its you"
)
_EMPTY = frozenset(_EMPTY_WORDS.split())
_MARKS = 8
"""Conclusion words looked at, from the last one: a text that repeats them is not worth more."""


def places(
    text: Text, spots: Sequence[int], query: str = "", *, by_clause: bool = True
) -> Iterator[list[Span]]:
    """Where a claim is looked for, the most telling place first.

    Parameters
    ----------
    text : Text
        The answer.
    spots : sequence of int
        Where its candidates stand, for the first and last sentence that hold one.
    query : str
        The question; where it asks for an average, ``on average`` ends a conclusion.
    by_clause : bool
        Whether ``and`` ends a clause; of names it may lead to the claim.

    Examples
    --------
    >>> text = Text("JFK is at 13 ft and LAX at 125 ft, so the difference is 112 ft.")
    >>> [text.words[start:end] for start, end in next(places(text, [10, 27, 55]))]
    [' 112 ft']
    """
    words = text.words

    def forward(text: str, at: int) -> Span:
        return _forward(text, at, spots)

    for match in reversed(list(_ANSWER.finditer(words))[-_MARKS:]):
        yield [forward(words, match.end())]
    if text.bold:
        yield list(text.bold)
    ends = [_ON_AVERAGE] if re.search(r"(?i)averag|mean\b", query) else []
    ends += [] if _PER_PART.search(query) else [_AFTERWARDS]
    marks = [(m.end(), forward) for p in (_CONCLUSION, _sums(query)) for m in p.finditer(words)]
    marks += [(m.start(), _backward) for pattern in ends for m in pattern.finditer(words)]
    for at, clause in reversed(sorted(marks, key=itemgetter(0))[-_MARKS:]):
        start, end = clause(words, at)
        if "=" not in words[start:end]:  # a chain ends behind its last sign
            yield [(start, end)]
    telling = sorted({sentence_at(words, at) for at in spots})
    for span in (*_about(words, telling, query), *telling[:1], *telling[1:][-1:]):
        yield [span]
    if telling and by_clause:
        yield from ([span] for span in _about(words, _pieces(words, spots), query, 1))
    if telling:
        yield [_first_clause(words, telling[0], spots, _NEXT_CLAUSE if by_clause else _SEMICOLON)]
    yield [(0, len(words))]


def answered(text: str, spots: Sequence[int]) -> Span | None:
    """What stands behind the last ``Answer:``, where there is one."""
    marks = list(_ANSWER.finditer(text))
    return _forward(text, marks[-1].end(), spots) if marks else None


def conclusion(text: str) -> str:
    """The clause of an answer's last conclusion, else the answer without its parentheses.

    Examples
    --------
    >>> conclusion("JFK is at 13 ft and LAX at 125 ft, so the difference is 112 ft.")
    ' 112 ft'
    """
    marks = [m for p in (_ANSWER, _CONCLUSION, _sums("")) for m in p.finditer(text)]
    if not marks:
        return _ASIDE.sub(" ", text)
    return text[slice(*_forward(text, max(m.end() for m in marks), [len(text)]))]


@cache
def _sums(query: str) -> re.Pattern[str]:
    """What a conclusion is told by: ``the mean is``, ``Total:``."""
    asked = [word for word in _ASKED_SUMS.split() if word in query.lower()]
    words = "|".join([*_SUMS.split(), *(asked or _ASKED_SUMS.split())])
    return re.compile(
        rf"\b(?:{words})\b(?:\s*:(?!\d)|[^.;:!?\n]{{0,80}}?\b(?:is|was|are|of|comes\s+to"
        rf"|equals)\b)",
        re.IGNORECASE,
    )


def _about(text: str, telling: Sequence[Span], query: str, least: int = 2) -> list[Span]:
    """The sentence that speaks of what the question asks for, where one does so more than others.

    >>> text = "It ends on 2 June. The next holiday after that is on 19 June."
    >>> [text[a:b] for a, b in _about(text, sentences(text), "When is the next holiday after it?")]
    [' The next holiday after that is on 19 June.']
    """
    asked = set(_WORD.findall(_last_question(query))) - _EMPTY
    said = [_WORD.findall(text[a:b].lower()) for a, b in telling]
    shared = [sum(any(one in word for word in words) for one in asked) for words in said]
    best = max(shared, default=0)
    if not best or shared.count(best) > 1:
        return []
    span = telling[shared.index(best)]
    return [span] if best >= least or _LABEL.match(text[slice(*span)]) else []


def _pieces(text: str, spots: Sequence[int]) -> list[Span]:
    """The clauses that hold a candidate, each with what leads to it."""
    pieces: list[Span] = []
    done = 0
    for clause in sorted({clause_at(text, at) for at in spots}):
        start = max(done, sentence_at(text, clause[0])[0])
        led = not re.search(r"\d", text[start : clause[0]])
        pieces.append((start if led else clause[0], clause[1]))
        done = clause[1]
    return pieces


def _last_question(query: str) -> str:
    found = sentences(query)
    asking = [query[a:b] for a, b in found if query[a:b].rstrip().endswith("?")]
    return (asking[-1] if asking else query).lower()


def _first_clause(text: str, sentence: Span, spots: Sequence[int], ends: re.Pattern[str]) -> Span:
    """The first main clause of a sentence that holds a candidate."""
    start = sentence[0]
    for stop in ends.finditer(text, *sentence):
        if any(start <= at < stop.start() for at in spots):
            return start, stop.start()
        start = stop.end()
    return start, sentence[1]


def _forward(text: str, at: int, spots: Sequence[int]) -> Span:
    lead = len(text) - len(text[at:].lstrip(" :,\n"))  # "Therefore, 5" and "Answer:\n5" go on
    end = _BREAK.search(text, lead)
    if end and text[end.start()] == ":" and not any(at <= spot < end.start() for spot in spots):
        end = _BREAK.search(text, end.end())  # "so, from LIN to AMS: 831 km"
    return at, end.start() if end else len(text)


def _backward(text: str, at: int) -> Span:
    starts = [m.end() for m in _START.finditer(text, max(0, at - 400), at)]
    return starts[-1] if starts else 0, at
