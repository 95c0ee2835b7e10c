"""Whether an answer says that it cannot answer, and offers nothing all the same."""

from __future__ import annotations

import re
from collections.abc import Sequence

from toolgrove.data.refusals import DECLINES
from toolgrove.evaluators.answers.clauses import sentences
from toolgrove.evaluators.answers.mentions import mentions
from toolgrove.evaluators.answers.quantities import Quantity, quantities
from toolgrove.evaluators.answers.spelling import plain
from toolgrove.evaluators.answers.text import read

__all__ = ["asks", "declines"]

_ASKS = re.compile(
    r"\?|\bplease\b|\b(?:need|require|missing|lacks?|specify|provide|clarify|unclear|unknown)\w*\b"
    r"|\blet\s+me\s+know\b|\btell\s+me\b|\bdepends\s+on\b|\bwithout\b|\bnot\s+(?:given|say|said"
    r"|specified|stated|mention\w*)\b",
    re.IGNORECASE,
)
_STATUS = re.compile(
    r"\b(?:error|status|code|http|replied|returned|answered|response|with|got|a"
    r"|an)\b[^.\n]{0,20}\Z|\(\Z",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:\b(?:number|code|flight|page|version|step|iso|rfc|no\.)|\bfactor\s+of|\b(?:in|since|of|from|until"
    r"|for)(?=\s+(?:1[5-9]|2[0-4])\d\d\Z))\s+\(?\Z",
    re.IGNORECASE,
)
_MEASURED = re.compile(
    r"\b(?P<of>mass|density|elevation|altitude|latitude|longitude)\b\s*(?:[(:=]|is|of)?\s*"
    r"(?:about|approximately)?\s*\Z",
    re.IGNORECASE,
)
"""Quantities that a question names where it asks for them."""
_UNIT = re.compile(
    r"[-−$€£¥]?[\d.,\u202f' ]*\d\s?(?:million|thousand|billion)?\s?(?P<word>[A-Za-z]+[²³]?)"
)
_GOES_ON_WORDS = (
    "and or but for in on at to of from by as per with though although while if is are was so"
    " which this today right now according based depending long usually about each if however"
    " because since a an every"
)
_GOES_ON = frozenset(_GOES_ON_WORDS.split())
_CURRENCY = re.compile(
    r"[A-Z]{3}|euros?|dollars?|francs?|kroner|krone|yen|pounds?|cents?|rupees?|degrees?"
    r"|celsius|percent",
    re.IGNORECASE,
)
_OF_NO_INTEREST = re.compile(
    r"\s*(?:different\s+|available\s+|other\s+|of\s+the\s+|more\s+)*(?:apis?|tools?"
    r"|functions?|endpoints?|attempts?|tries|times|calls?|requests?|services?|"
    r"results?|inhabitants?|people|residents?|error|sources?|options?|websites?|ways?"
    r"|steps?|of\s+them)\b",
    re.IGNORECASE,
)
_ASKS_WHO = re.compile(
    r"\b(?:who|whom|whose|which|where|called|name)\b|\bwhat\s+city\b", re.IGNORECASE
)
_ASKS_FIGURE = re.compile(
    r"\bhow\s+(?!do\b|does\b|is\b|can\b)\w+|\bcost\b|\bprice\b|\bwhat\s+is\s+the\s+(?:half"
    r"|length|melting|number)|\bby\s+how\b|\bat\s+what\b",
    re.IGNORECASE,
)
_ASKS_WHETHER = re.compile(
    r"\A\W*(?:has|have|is|are|will|does|do|did|can|was|were)\b", re.IGNORECASE
)
_ASKS_WORDS = re.compile(r"\b(?:translate|translation|say|write)\b", re.IGNORECASE)
_PROPER = r"[A-Z][\w'-]+(?:\s+(?:(?:of|de|da|van|von)\s+)?[A-Z][\w'-]+){0,5}"
_NAMED = re.compile(
    rf"\b(?:is|was|are|it's|named|called|in|located\s+in|belongs\s+to"
    rf"|namely)\s+(?:currently\s+|probably\s+|likely\s+|the\s+"
    rf"|Prime\s+Minister,?\s+)*(?P<a>{_PROPER})"
    rf"|\A\W*(?P<b>{_PROPER})\s+(?:is|was|has|and|did)\b"
)
_NOT_A_NAME_WORDS = (
    "I The A An API APIs IP No None It This That There Unfortunately Sorry Live Current"
    " Flight Weather Fares Your My Notes Regarding Since As Although However Neither Nothing"
    " Access"
)
_NOT_A_NAME = frozenset(_NOT_A_NAME_WORDS.split())
_QUOTED = re.compile(r"[\"“«']([^\"“”«»'\n]{6,}?)[\"”»'](?!\w)")
_UNDECIDED = re.compile(r"\b(?:whether|if|confirm|check|determine|verify|know)\b", re.IGNORECASE)
_CLAUSES = re.compile(r"[,;:.!?\n]+|\b(?:although|though|but|however|because|so)\b", re.IGNORECASE)
_ASSERTS = re.compile(r"\b(?:has|have|had|will|is|was|did|won['’]t)\b|n['’]t\b", re.IGNORECASE)
_DETAILS = re.compile(r"\s(?:on|in|at|from|for|to)\s")
_EMPTY = frozenset(["have", "will", "does", "next", "today", "already"])


def declines(answer: str, query: str = "") -> str | None:
    """The words with which an answer says that it cannot be given, or None where it does not.

    It declines where a phrase of a fixed kind stands in it (``cannot provide``, ``no tool``,
    ``access denied``, ``not subscribed`` …) and it offers nothing of what was asked for besides:
    no figure where a figure is wanted, no name where a name is. Status codes, what the question
    holds, and counts of tools or attempts are no figures.

    Examples
    --------
    >>> declines("I cannot provide tomorrow's share price with these tools.")
    'cannot provide'
    >>> declines("I could not find live data, but the price is about 42 dollars.") is None
    True
    >>> declines("The price is 42 dollars.") is None
    True
    """
    words = read(answer).words
    match = DECLINES.search(words)
    if match is None or _offers(words, query):
        return None
    return match[0]


def asks(answer: str, query: str, missing: Sequence[str]) -> str | None:
    """The words with which an answer asks for what the request leaves out, or None.

    One sentence has to ask, or say that something lacks, and to name one of the words in
    ``missing``; and nothing may be offered as the answer besides, as in :func:`declines`.

    Examples
    --------
    >>> asks("Over how many months do you pay it back?", "What is my payment?", ["months"])
    'Over how many months do you pay it back?'
    >>> asks("You pay 912.50 a month over 30 years; tell me if the term differs.",
    ...      "What is my monthly payment?", ["term", "months"]) is None
    True
    """
    words = read(answer).words
    if _offers(words, query):
        return None
    wanted = re.compile(rf"\b(?:{'|'.join(map(re.escape, missing))})", re.IGNORECASE)
    for start, end in sentences(words):
        sentence = words[start:end].strip()
        if wanted.search(sentence) and _ASKS.search(words[start : end + 1]):
            return sentence
    return None


def _offers(words: str, query: str) -> bool:
    who = _ASKS_WHO.search(query) is not None
    if _ASKS_WHETHER.search(query) and _states(words, query):
        return True
    if _ASKS_WORDS.search(query) and _quotes(words, query):
        return True
    if who and _names(words, query):
        return True
    figures = _ASKS_FIGURE.search(query) or not (who or _ASKS_WHETHER.search(query))
    return bool(figures) and bool(_figures(words, query))


def _figures(words: str, query: str) -> list[Quantity]:
    """The numbers that may be meant as what was asked for."""
    asked = {q.value for q in quantities(query)}
    found = [q for q in quantities(words) if q.value not in asked and not q.in_words]
    return [q for q in found if q.money or not _beside_the_point(words, q, query)]


def _beside_the_point(words: str, quantity: Quantity, query: str) -> bool:
    """Whether a number is a status code, a year, a label, or counts something not asked for."""
    before = words[max(0, quantity.start - 40) : quantity.start]
    if 300 <= quantity.value < 600 and _STATUS.search(before):
        return True
    measured = _MEASURED.search(before)
    if measured and measured["of"].lower() not in query.lower():
        return True
    if _LABEL.search(before) or _OF_NO_INTEREST.match(words, quantity.end):
        return True
    unit = _UNIT.match(words[quantity.start : quantity.start + 60])
    word = unit["word"] if unit else ""
    if not word or word.lower() in _GOES_ON or _CURRENCY.fullmatch(word):
        return False
    if word[-1] in "²³":
        return word.lower() not in query.lower()
    stem = word.lower()[:1] if len(word) <= 3 else word.lower()[:4]
    return not any(asked.startswith(stem) for asked in re.findall(r"[a-z]{2,}", query.lower()))


def _names(words: str, query: str) -> list[str]:
    """Proper names that a sentence without a decline gives as the answer."""
    held = plain(query).lower()
    noted = mentions(words, of_names=False)
    found = []
    for start, end in sentences(words):
        sentence = words[start:end]
        for match in _NAMED.finditer(sentence):
            name = match["a"] or match["b"]
            at = start + match.start(match.lastgroup or 0)
            if noted.standing(at) or name.split()[0] in _NOT_A_NAME or re.search(r"\d", name):
                continue
            if not all(w.lower() in held for w in name.split()):
                found.append(name)
    return found


def _states(words: str, query: str) -> bool:
    """Whether a clause without a decline affirms or denies what the question asks."""
    asked = re.findall(r"\b[a-z]{4,}\b", _DETAILS.split(query)[0])
    key = next((word for word in reversed(asked) if word not in _EMPTY), None)
    if re.match(r"\W*(?:yes|no)\b[,.!:;]", words, re.IGNORECASE):
        return True
    for clause in _CLAUSES.split(words):
        named = key and re.search(rf"\b{key}", clause, re.IGNORECASE)
        if named and not (DECLINES.search(clause) or _UNDECIDED.search(clause)):
            return _ASSERTS.search(clause) is not None
    return False


def _quotes(words: str, query: str) -> list[str]:
    return [m[1] for m in _QUOTED.finditer(words) if m[1].strip().lower() not in query.lower()]
