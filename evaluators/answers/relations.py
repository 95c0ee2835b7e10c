"""Names that stand behind a relation: beside what is claimed, or the very thing asked for.

In ``iridium, followed by osmium`` the second name is only what the first is told by. But ``From
which town does the rice come?`` asks for the name behind ``from``, and ``Which country borders
Portugal?`` may be answered from the other party: ``Portugal borders Spain``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from toolgrove.evaluators.answers.clauses import Span
from toolgrove.evaluators.answers.directions import compared

__all__ = ["VERB", "beside"]

VERB = r"(?:is|are|was|were|has|have|had|would|will|does|do|comes?|lies|falls?|takes?|it's)"
_RELATION = (
    r"than|behind|ahead\s+of|followed\s+by|compared\s+(?:to|with)|vs\.?|versus|unlike|near"
    r"|next\s+to"
    r"|close\s+to|(?:north|south|east|west)(?:east|west)?\s+of|confused\s+with|mistaken\s+for"
    r"|before|after|replaced\s+by|replaced|replacing|follows?|precedes?|succeeds?|preceded\s+by"
    r"|above|below|nothing\s+to\s+do\s+with|beats|outnumbers|surpasses|outranks|similar\s+to"
    r"|apart\s+from|besides|outside(?:\s+of)?|against|borders?|bordering"
    r"|same\s+\w+\s+as|opposed\s+to|distinct\s+from|different\s+from|from|via"
)
_BESIDE = re.compile(
    rf"\b(?P<relation>{_RELATION})\s(?P<names>[^,;:.!?()\n]{{0,60}}?)"
    rf"(?=[,;:.!?()\n]|\s[-–—]\s|—|$|\b(?:{VERB}|but|so|which|that)\b)",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    rf"\b(?:{_RELATION}|replace|succeed|beat|outnumber|surpass|outrank|to)\b", re.IGNORECASE
)
_VERBS = "border follow precede succeed beat outnumber surpass outrank replace"
_STEMS = {
    verb.rstrip("e") + ending: verb
    for verb in _VERBS.split()
    for ending in ("s", "es", "ed", "ing")
}
_WHICH = re.compile(r"\s+(?:which|what|whom?|whose|where)\b", re.IGNORECASE)
_MISSING = re.compile(
    r"\s*(?:[?!.,;]|$)|\s+(?:in|on|at|for|and|now|today|originally)\b", re.IGNORECASE
)
"""What follows a relation whose other party is the question word."""
_INVERTED = re.compile(
    r"\b(?:which|what|who|whom|where)\b.*\b(?:do|does|did|is|are|was|were|has|have|had|will|would"
    r"|can|could|should|must|lies?)\s+\S+\s.*\Z",
    re.IGNORECASE | re.DOTALL,
)
_OF_PLACE = r"\b(?:where|airport|station|stop|city|town|port|place|country|terminal|platform)\b.*"
_CUES = tuple(
    (relation, re.compile(cue, re.IGNORECASE | re.DOTALL))
    for relation, cue in (
        ("from", rf"{_OF_PLACE}\b(?:depart|leave|start|begin|set\s+o|take\s+off|originate)"),
        ("to", rf"{_OF_PLACE}\b(?:arrive|land|end|go|lead|bound|destination)\b"),
        ("via", r"\b(?:change|stop\s?over|layover|connect|transfer)"),
    )
)
"""What asks for a relation without naming it: ``Where does the tour start?``"""
_WHO = re.compile(
    r"\bwhom?\b|\b(?:person|supplier|company|shop|firm|seller|vendor|sender)\b", re.IGNORECASE
)
_GOT = re.compile(
    r"(?:\b(?:is|was|are|were|comes?|came|gets?|got|buys?|bought|orders?|ordered|sent|received"
    r"|delivered)|['’]s)\s+(?:\w+\s+){0,2}\Z",
    re.IGNORECASE,
)
_FAR = re.compile(
    r"(?:\b(?:far|away|taken|removed)|\d\s?(?:k?m|mi|miles?|kilomet\w+|min|minutes?|hours?|h))\s+\Z",
    re.IGNORECASE,
)
_TO_NAME = re.compile(
    r"\bto\s+(?:the\s+)?(?=[A-Z0-9])[^,;:.!?()\n]{0,60}?(?=\bfrom\b|[,;:.!?()\n]|$)"
)
_TO = re.compile(r"\bto\s", re.IGNORECASE)
_CONVERSES = (
    ("near", "near"), ("next to", "next to"), ("close to", "close to"), ("border", "border"),
    ("north of", "south of"), ("east of", "west of"), ("northeast of", "southwest of"),
    ("northwest of", "southeast of"), ("before", "after"), ("above", "below"),
    ("ahead of", "behind"), ("follow", "followed by"), ("precede", "preceded by"),
    ("follow", "before"), ("before", "behind"), ("replace", "replaced by"),
)  # fmt: skip
"""How the same is told from the other party."""
_TOKEN = re.compile(r"[\w'-]{3,}")
_EMPTY = frozenset(["the", "and", "was", "are", "his", "her", "its", "our", "you"])
_CLAUSE = ",;:.!?()\n"
_PRONOUN = re.compile(r"\W*(?:it|he|she|they)\s+(?:(?:is|was|are|lies?)\s+)?\Z", re.IGNORECASE)


def beside(text: str, query: str) -> Iterator[Span]:
    """Where names stand behind a relation that the question does not ask for.

    Examples
    --------
    >>> list(beside("It is near Oslo.", "Which town is it?"))
    [(6, 15)]
    >>> list(beside("It is near Oslo.", "Which town is it near?"))
    []
    """
    asked = _asked(query)
    if "from" in asked and "to" not in asked:
        yield from (match.span() for match in _TO_NAME.finditer(text))
    for match in _BESIDE.finditer(text):
        relation, (start, end) = _stem(match["relation"]), match.span()
        onward = _TO.search(text, match.start("names"), end) if relation == "from" else None
        far = relation == "from" and _FAR.search(text[max(0, start - 20) : start])
        if (relation in asked and not far) or _told_back(text, start, relation, query):
            if onward and "to" not in asked:
                yield onward.start(), end
        elif onward and "to" in asked:
            yield start, onward.start()
        elif onward or relation != "from" or not _sent(text, start, query):
            yield start, end


def _stem(relation: str) -> str:
    said = " ".join(relation.lower().split())
    return _STEMS.get(said, said)


@lru_cache(maxsize=64)
def _asked(query: str) -> frozenset[str]:
    """The relations whose other party a question asks for: ``after whom``, ``come from?``"""
    found = set()
    for match in _QUESTION.finditer(query):
        relation, sentence = _stem(match[0]), _sentence(query, match.start())
        stranded = _MISSING.match(query, match.end()) is not None and (
            relation in ("from", "to", "via") or _INVERTED.search(sentence) is not None
        )
        if stranded or _WHICH.match(query, match.end()):
            found.add(relation)
    said = {_stem(match[0]) for match in _QUESTION.finditer(query)}
    if said.isdisjoint(("from", "via")) and "to" not in found:
        found |= {relation for relation, cue in _CUES if cue.search(query)}
    return frozenset(found)


def _sentence(query: str, at: int) -> str:
    """What of a question's sentence stands before a place."""
    return query[max(query.rfind(mark, 0, at) + 1 for mark in ".!?\n") : at]


@lru_cache(maxsize=64)
def _given(query: str) -> dict[str, set[str]]:
    """The relations of a question whose other party it names, and the words of that."""
    found: dict[str, set[str]] = {}
    for match in _QUESTION.finditer(query):
        end = min((at for m in ",;.!?\n" if (at := query.find(m, match.end())) >= 0), default=None)
        words = {w.lower() for w in _TOKEN.findall(query[match.end() : end])} - _EMPTY
        if words and not _WHICH.match(query, match.end()):
            found.setdefault(_stem(match[0]), set()).update(words)
    return found


def _told_back(text: str, at: int, relation: str, query: str) -> bool:
    """Whether the party that the question names stands before: ``Portugal borders …``."""
    given = _given(query)
    parties = {
        word
        for pair in _CONVERSES
        for one, other in (pair, pair[::-1])
        if relation == other
        for word in given.get(one, ())
    }
    before = text[max(0, *(text.rfind(mark, 0, at) + 1 for mark in _CLAUSE)) : at]
    if relation == "than":  # Ben is shorter than …, where it is asked who is taller than Ben
        turned = compared(text[at - len(before) : at + len(relation) + 1], query)
        parties = given.get("than", set()) if turned and not turned[0] else set()
    if not parties:
        return False
    itself = relation in ("border", "near", "next to", "close to") and _PRONOUN.match(before)
    return bool(itself) or any(w.lower() in parties for w in _TOKEN.findall(before))


def _sent(text: str, at: int, query: str) -> bool:
    """Whether ``from`` tells of whom something was got, where the question asks who."""
    before = text[max(0, at - 60) : at]
    return bool(_WHO.search(query) and _GOT.search(before) and not _FAR.search(before))
