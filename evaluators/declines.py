"""Whether an answer says that it cannot answer."""

from __future__ import annotations

import re

from toolgrove.evaluators.quantities import quantities

__all__ = ["declines"]

_CAN = r"(?:can(?:not|\s+not|['’]t)|could(?:\s+not|n['’]t)|not\s+able\s+to|unable\s+to)"
_HAVE = r"(?:do(?:es)?(?:\s+not|n['’]t)|did(?:\s+not|n['’]t))"
_DO = (
    r"(?:be\s+)?(?:\w+ly\s+)?(?:answer(?:ed)?|provid\w*|find|found|get|retrieve[d]?|determin\w*|access|"
    r"help|do|obtain\w*|fulfil\w*|complet\w*|perform\w*|book|fetch|look\s+\w*\s*up|tell|give|"
    r"assist|predict\w*|forecast|check\w*|know\w*|comput\w*|calculat\w*|convert\w*|locat\w*|done|translat\w*|"
    r"identif\w*|track\w*|confirm\w*|verif\w*|report\w*|show\w*|offer|supply|say|see|make)"
)
_DECLINE = re.compile(
    rf"\b{_CAN}\s+{_DO}\b"
    rf"|\b{_HAVE}\s+(?:currently\s+)?(?:have|provide|support|offer|cover|include|contain|know)\b"
    r"|\bno\s+(?:\w+\s+){0,3}?(?:tools?|apis?|functions?|data|information|way|access|results?|"
    r"answer|endpoint)\b"
    r"|\bnone\s+of\s+(?:the|these|my)\s+(?:\w+\s+){0,2}?(?:tools?|apis?|functions?)\b"
    r"|\b(?:not|im)[\s-]?possible\b|\bnot\s+(?:currently\s+)?(?:available|supported|provided|"
    r"answerable|known|covered|accessible|found)\b|\bunavailable\b|\bunsupported\b"
    r"|\b(?:cannot|can['’]t)\s+be\s+\w+(?:ed|en|t|nd)\b"
    r"|\b(?:beyond|outside)\s+(?:of\s+)?(?:my|the)\s+(?:\w+\s+)?(?:scope|capabilit\w+|reach|tools?)\b",
    re.IGNORECASE,
)
_OFFER = re.compile(
    r"\b(?:but|however|nevertheless|nonetheless|instead|still|that\s+said|anyway|estimated?|"
    r"approximately|roughly|based\s+on|i\s+(?:think|believe|guess)|probably|likely)\b",
    re.IGNORECASE,
)


def declines(answer: str, query: str = "") -> str | None:
    """The words with which an answer says that it cannot be given, or None where it does not.

    It declines where one of a fixed list of phrases stands in it (``cannot provide``, ``no tool``,
    ``is not available`` …) and it offers no figure all the same: a word such as ``however`` or
    ``approximately`` followed, anywhere later, by a number that the question does not hold.

    Examples
    --------
    >>> declines("I cannot provide tomorrow's share price with these tools.")
    'cannot provide'
    >>> declines("I could not find live data, but the price is about 42 dollars.") is None
    True
    >>> declines("The price is 42 dollars.") is None
    True
    """
    match = _DECLINE.search(answer)
    if match is None:
        return None
    asked = {q.value for q in quantities(query)}
    for offer in _OFFER.finditer(answer):
        if any(q.value not in asked for q in quantities(answer[offer.end() :])):
            return None
    return match[0]
