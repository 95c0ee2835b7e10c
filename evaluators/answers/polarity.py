"""The rule for yes and no."""

from __future__ import annotations

import re

from toolgrove.evaluators.answers.clauses import sentences, without_questions
from toolgrove.evaluators.answers.opposites import opposed
from toolgrove.evaluators.answers.text import read
from toolgrove.evaluators.answers.verdicts import Verdict

__all__ = ["says_yes", "yes_or_no"]

_PLEASANTRY = re.compile(
    r"\A\W*(?:(?:no|not\s+a)\s+(?:problem|worries|doubt)|(?:good|great"
    r"|interesting)\s+question|sure(?:\s+thing)?"
    r"|of\s+course|happy\s+to\s+help|okay|ok|alright|certainly(?=\W+(?:here|let))|hi|hello"
    r"|well)\b\s*[!.,:—–-]*\s*",
    re.IGNORECASE,
)
_CHOICE = re.compile(r"\b(?:yes\s*(?:or|/)\s*no|whether\s+or\s+not)\b", re.IGNORECASE)
_YES = (
    r"yes|yep|yeah|yup|absolutely|indeed|correct|affirmative|definitely|certainly|true"
    r"|that(?:['’]s|\s+is)\s+(?:correct|right|true)"
)
_NO = (
    r"no|nope|nah|negative|false|incorrect|that(?:['’]s|\s+is)\s+(?:incorrect|wrong|false"
    r"|not\s+(?:correct|right|true))"
)
_OPENING = re.compile(
    rf"\A\W*(?:(?:final\s+)?answer\W{{0,4}}\s*)?(?:(?P<no>{_NO})"
    rf"|(?P<yes>{_YES}))\b(?!\s+\w+\s+(?:api|tool))(?!\s+doubt)",
    re.IGNORECASE,
)
_SHORT = re.compile(
    r"\A\W*(?:indeed,?\s+|yes,?\s+|certainly,?\s+|in\s+\w+,?\s+)?(?:it|they|that|this|he"
    r"|she)\s+(?:certainly\s+|indeed\s+)?"
    r"(?:is|does|do|are|has|will|was)(?P<no>n['’]t|\s+not)?\s*(?:[.,!:;–—]|$)",
    re.IGNORECASE,
)
_CONCLUDES = re.compile(r"\banswer\b\W*(?:is\b)?\W*(?P<word>yes|no)\b(?!\s+\w)", re.I)
_NOT_WORD = re.compile(r"\A\W*(?:no|indeed|certainly|definitely)\s+\w+", re.IGNORECASE)
_CLOSING = re.compile(
    r"\b(yes|no)\b(?=\s*(?:[.,;!:)\"'—–-]|\n|$))"
    r"|(?:\bso|\banswer\s+is|\banswer\s*:|therefore|hence|[:→=])\s*[,:]?\s*['\"]?(yes|no)\b",
    re.IGNORECASE,
)
_NEGATION = re.compile(
    r"\b(?:not|never|nor|neither|cannot|no\s+longer|hardly)\b|n['’]t\b|\bno\b(?=\s+\w)|\bfails\b"
    r"|\b(?P<quiet>none|nothing|nobody|lacks?|(?<=\w )without|free\s+(?:of|from)"
    r"|(?<![\d.,:]\b)0(?=\s+[a-z])|zero)\b",
    re.IGNORECASE,
)
_NONE = re.compile(
    r"\b(?:there(?:['’]s|\s+(?:is|are|was|were))|we\s+have|has|had)\s+none\b(?!\s+of\b)"
    r"|(?:n['’]t|\bnot)\s+(?:have\s+|got\s+)?any\b(?=\s+(?:left|more|at\s+all)\b|\s*[.!,;]|\s*\Z)",
    re.IGNORECASE,
)
_UNSURE = re.compile(
    r"\b(?:whether|unable|don['’]t\s+know|do\s+not\s+know|not\s+sure|unclear|unknown|might|may\s+be|could\s+be"
    r"|(?:cannot|can['’]t|could\s+not|couldn['’]t)\s+(?:\w+ly\s+)?(?:determine|find|say"
    r"|tell|check|confirm|verify))\b",
    re.IGNORECASE,
)
_FREE_OF = re.compile(r"\b([a-z]{3,})-free\b", re.IGNORECASE)
_SCOPE = re.compile(r"[,;:.!?()\n]|\bbut\b|\bbecause\b|\bthough\b", re.IGNORECASE)
_SAID_BY_OTHERS = {
    "inside": "inside within belong contain includ part fall falls lies cover encompass",
    "palindrome": "palindrome same backward reversed",
    "holiday": "holiday",
    "leap": "leap",
}
_DENIALS = {
    "inside": "outside|beyond",
    "holiday": r"(?:normal|regular|ordinary|usual)\s+(?:\w+\s+)?(?:work|business|week)\s?(?:ing)?"
    r"\s?day|working\s+day",
    "leap": r"(?:common|normal|regular|ordinary)\s+year",
}
_EMPTY_WORDS = (
    "is are was were do does did has have had will can the a an of in on at to for there it"
    " that this i my yes no or people country where land there's out leaving answer please"
    " whether as"
)
_EMPTY = frozenset(_EMPTY_WORDS.split())
_WORD = re.compile(r"\b[a-z]{3,}\b")
_BESIDES = re.compile(r"\A\w+ing\b[^,]*,|(?<!\w)'[^']*'(?!\w)|\"[^\"]*\"")


def yes_or_no(answer: str, truth: str, query: str) -> Verdict:
    """The word that opens the answer, else the one that closes a clause, else its predicate."""
    text = _CHOICE.sub("", read(answer).words)
    said = says_yes(without_questions(text), query)
    if said is None:
        return Verdict(False, "says neither yes nor no")
    word = "yes" if said else "no"
    return Verdict(word == truth, f"says {word}")


def says_yes(text: str, query: str) -> bool | None:
    """Whether a text says yes or no, or None where it does neither, or both.

    Examples
    --------
    >>> says_yes("No problem! Yes, it is.", "Is it a holiday?")
    True
    >>> says_yes("That day is not a public holiday.", "Is it a public holiday?")
    False
    """
    text = _PLEASANTRY.sub("", _PLEASANTRY.sub("", text))
    concluded = [match["word"].lower() for match in _CONCLUDES.finditer(text)]
    if concluded:
        return concluded[-1] == "yes"
    opening = _OPENING.match(text)
    if opening and not _NOT_WORD.match(text):
        return opening["yes"] is not None
    short = _SHORT.match(text)
    if short:
        return short["no"] is None
    said = {(m[1] or m[2]).lower() for m in _CLOSING.finditer(text)}
    if len(said) == 1:
        return said == {"yes"}
    return _predicated(text, query) if not said else None


def _predicated(text: str, query: str) -> bool | None:
    """The polarity of the question's own predicate in the answer's sentences."""
    without = _FREE_OF.search(query)
    if without and without[0].lower() not in text.lower():  # gluten-free: contains no gluten
        contains = _predicated(text, f"Does it contain {without[1].lower()}?")
        return None if contains is None else not contains
    words = set(_WORD.findall(_BESIDES.sub("", query))) - _EMPTY
    keys = [key for key in _SAID_BY_OTHERS if key in words]
    words |= {word for key in keys for word in _SAID_BY_OTHERS[key].split()}
    denials = "|".join(_DENIALS[key] for key in keys if key in _DENIALS)
    if denials and re.search(rf"\b(?:{denials})\b", text, re.IGNORECASE):
        return False
    found: set[bool] = set()
    for start, end in sentences(text):
        if _UNSURE.search(text[start:end]):
            continue
        found |= _denied(text[start:end], query) or _polarities(text[start:end].lower(), words)
    return None if not found else False not in found


def _denied(sentence: str, query: str) -> set[bool]:
    """A denial where a sentence says none, or the opposite and does not deny that."""
    if _NONE.search(sentence):
        return {False}
    at = opposed(sentence, query)
    if at is None:
        return set()
    scope = [stop.end() for stop in _SCOPE.finditer(sentence, 0, at)]
    return set() if _NEGATION.search(sentence, scope[-1] if scope else 0, at) else {False}


def _polarities(sentence: str, words: set[str]) -> set[bool]:
    """Whether a sentence affirms or denies what the question predicates."""
    first, done = len(sentence), 0
    for match in _NEGATION.finditer(sentence):
        if match["quiet"] and match["quiet"].split()[0] in words:
            continue  # the question's own
        first = min(first, match.start())
        if match.start() < done:
            continue  # within the scope of another one
        stop = _SCOPE.search(sentence, match.end())
        done = stop.start() if stop else len(sentence)
        if _predicates(sentence[match.start() : done], words):
            return {False}
    return {True} if _predicates(sentence[:first], words) else set()


def _predicates(text: str, words: set[str]) -> bool:
    said = set(_WORD.findall(text))
    return any(word in said or any(one.startswith(word) for one in said) for word in words)
