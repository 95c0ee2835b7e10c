"""What a model's words say of its tries, of its answer, and whether they are whole."""

from __future__ import annotations

import re
from collections.abc import Collection

from toolgrove.data.refusals import APOLOGIES, DECLINES, TROUBLE

__all__ = ["ShownTries", "cut_off", "refuses", "speaks_of_tries", "unseen_tries"]

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_THING = (
    r"(?:actions?|attempts?|tries|try|calls?|requests?|search(?:es)?|failures?|steps?|candidates?)"
)
_DID = r"(?:did|does|has|have|is|was)\s+"
_TRIES = re.compile(
    rf"\b(?:previous|prior|earlier|last|past|first|initial|repeated|both|all)\s+"
    rf"(?:\w+\s+){{0,3}}?{_THING}\b"
    r"|\b(?:already|previously|before)\s+(?:been\s+)?(?:tried|attempted)\b"
    r"|\b(?:tried|attempted)\s+(?:\w+\s+){0,4}?(?:already|before|previously)\b"
    r"|\b(?:different|another|alternative|new)\s+(?:action|approach|attempt|try)\b"
    r"|\b(?:this|that|the)\s+(?:\w+\s+){0,2}?(?:attempt|try)\s+(?:\w+\s+){0,2}?failed\b"
    r"|\b(?:try|trying|retry|retrying)\b(?:\W+\w+){0,6}?\W+again\b|\bretry\b"
    rf"|\b(?:{_DID}not|(?:did|does|has|have|is|was)n['’]t)\s+(?:seem\s+to\s+)?"
    r"(?:work(?:ed|ing)?|help(?:ed)?|succeed(?:ed)?|(?:go|gone|went)\s+through|successful)\b"
    r"|\b(?:since|because|as|after|given\s+that|now\s+that)\s+(?:\w+\s+){1,5}?"
    r"(?:(?:has\s+|have\s+)?failed|fails|failing|returned\s+(?:no|nothing|an?\s+error)"
    r"|gave\s+(?:no|nothing|an?\s+error)|(?:is|was|were|are)\s+(?:unavailable|unsuccessful))\b"
    r"|\b(?:use|using|call|calling|try|trying)\s+(?:\w+\s+){1,4}?instead\b(?!\s+of)"
    r"|\b(?:kept|keeps)\s+failing\b|\bno\s+luck\b|\bthe\s+failed\s+(?:call|attempt|request|try)\b",
    re.IGNORECASE,
)
_OF_THE_PROMPT = re.compile(
    r"\bcandidates?\b"
    r"|\bdifferent\s+from\s+(?:all\s+)?(?:the|my)?\s*(?:previous|earlier|other)\b",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"\b(?:previous|prior|earlier|past|repeated|both|all)\s+(?:\w+\s+){0,3}?"
    r"(?:actions|attempts|tries|calls|requests|searches|failures|steps)\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"“]([^\"“”\n]{2,80})[\"”]")


class ShownTries:
    """What a prompt shows of tries: its text, the tools it called, how many calls failed.

    Parameters
    ----------
    text : str
        All of it, arguments and results too.
    called : collection of str
        Names of tools that were called.
    tries : int
        Calls.
    failures : int
        Those that failed or gave nothing.
    """

    def __init__(self, text: str, called: Collection[str], tries: int, failures: int) -> None:
        self.text, self.called = text.casefold(), called
        self.tries, self.failures = tries, failures


def speaks_of_tries(words: str) -> bool:
    """Whether words may speak of tries, shown or not; most do not."""
    return _TRIES.search(words) is not None


def unseen_tries(
    words: str, shown: ShownTries, tools: Collection[str], own: Collection[str]
) -> bool:
    """Whether words speak of tries that are not in what was shown.

    Parameters
    ----------
    words : str
        What the model said.
    shown : ShownTries
        The prompt.
    tools : collection of str
        Names of tools on offer.
    own : collection of str
        The tools that the step itself calls, and texts among its arguments, in small letters.

    Examples
    --------
    >>> nothing = ShownTries("How far?", (), 0, 0)
    >>> unseen_tries("The previous attempt failed.", nothing, (), ())
    True
    >>> one = ShownTries("far: error", ["far"], 1, 1)
    >>> unseen_tries("The previous attempt failed.", one, (), ())
    False
    """
    speaking = [sentence for sentence in _SENTENCE.split(words) if _TRIES.search(sentence)]
    for sentence in speaking:
        if _OF_THE_PROMPT.search(sentence):
            return True
        needed = 2 if _SEVERAL.search(sentence) else 1
        if shown.tries < needed or not shown.failures:
            return True
        if any(name in sentence for name in tools if name not in shown.called and name not in own):
            return True
        named = [text.casefold() for text in _QUOTED.findall(sentence)]
        if any(text not in shown.text and text not in own for text in named):
            return True
    return False


_ASIDE = re.compile(r"\([^()]*\)")


def refuses(answer: str) -> bool:
    """Whether an answer begins with a refusal, or is one for the most part.

    Examples
    --------
    >>> refuses("I'm sorry, but I couldn't fetch the scores."), refuses("It is 5 km.")
    (True, False)
    >>> refuses("The price is 42 dollars. The volume could not be found.")
    False
    >>> refuses("It is 12 May (the 5th is no holiday).")
    False
    """
    parts = [part for part in _SENTENCE.split(_ASIDE.sub("", answer)) if re.search(r"\w", part)]
    while len(parts) > 1 and APOLOGIES.search(parts[0]) and not _refused(parts[0]):
        parts = parts[1:]
    refused = [_refused(part) for part in parts]
    only_sorry = len(parts) == 1 and APOLOGIES.search(parts[0]) is not None
    return not parts or refused[0] or only_sorry or 2 * sum(refused) > len(refused)


def _refused(sentence: str) -> bool:
    return bool(DECLINES.search(sentence) or TROUBLE.search(sentence))


_LISTED = re.compile(r"\s*(?:[-*•#|>]|\d+[.)]|[\w ]{1,40}:)")
_LONG = 300


def cut_off(words: str, tools: Collection[str] = ()) -> bool:
    """Whether words break off in a sentence, or in a tool's name.

    A sentence has to end only where others of the same text do, or where the text is long; an item
    of a list, a title and an address need not.

    Examples
    --------
    >>> cut_off("The call failed. I will look for the capi"), cut_off("Look for the capital")
    (True, False)
    >>> cut_off("I call news_for_s", ["news_for_seo"])
    True
    """
    text = words.rstrip()
    if not text or not (text[-1].isalnum() or text[-1] in ",-_(["):
        return False
    line = text.rpartition("\n")[2]
    last = line.split()[-1].strip("\"'`(")
    if "_" in last and last not in tools and any(name.startswith(last) for name in tools):
        return True
    ends_elsewhere = re.search(r"[.!?]\s+\S", text) is not None or len(text) > _LONG
    return ends_elsewhere and _LISTED.match(line) is None and "://" not in last
