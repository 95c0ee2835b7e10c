"""None of what a question counts, told without a figure: ``There are no packets left.``"""

from __future__ import annotations

import re
from functools import lru_cache

from toolgrove.evaluators.answers.clauses import clause_at, sentence_at
from toolgrove.evaluators.answers.working import counted

__all__ = ["none_of"]

_ASKS = re.compile(r"\b(?:how\s+(?:many|much)|(?:number|amount)\s+of)\b", re.IGNORECASE)
_MUCH = re.compile(
    r"\bhow\s+much\s+(?:more\s+)?(?!do|is|are|was|will|can|has|ha|of\b)([a-z]{3,})", re.I
)
_OF = re.compile(r"\bhow\s+(?:many|much)\s+\w+\s+of\s+(?:the\s+)?([a-z]{3,})", re.IGNORECASE)
_PEOPLE = re.compile(r"\b(?:people|persons|guests|visitors|members|who)\b", re.IGNORECASE)
_STOCK = re.compile(r"\b(?:stock|left|available|remain\w*)\b", re.IGNORECASE)
_COST = re.compile(
    r"\b(?:how\s+much\s+(?:is|are|was)|costs?|price|pay|fee|charged?|owe)\b", re.IGNORECASE
)
_NONE = (
    r"(?:\A\W*|\b(?:is|are|was|were|has|have|had)\s+)none\b(?!\s+of\b)"
    r"|(?:n['’]t|\bnot)\s+(?:have\s+|got\s+|been\s+)?any\b(?=\s+(?:left|more|at\s+all)\b|\s*[.!,;]|\s*\Z)"
    r"|(?:\A\W*|\b(?:is|are|was|were|has|have|had|owes?|pays?|costs?)\s+)nothing\b"
    r"(?!\s+(?:to|but|else|about|on)\b)"
)
_NO = (
    r"(?:\bno|\bnot\s+(?:a\s+single|one)|(?:n['’]t|\bnot)\s+(?:\w+\s+)?any|n['’]t\s+have\s+an?)\s+"
)
_GONE = r"|\b(?:out\s+of\s+stock|sold\s+out|used\s+up|all\s+gone)\b"
_NOBODY = r"|\b(?:nobody|no[\s-]one)\b"
_FREE = (
    r"|\bfree\s+of\s+charge\b|\bno\s+(?:charge|cost|fee)\b"
    r"|\b(?:is|are)\s+(?:\w+ly\s+)?free\s*(?:[.!,;]|\Z)"
)
_NAME = re.compile(r"\b[A-Z]\w+")
_NO_NAME_WORDS = (
    "There None No Nobody Nothing We You It They She He The This That Currently Sorry Not How What"
    " In At On Of Right Today Unfortunately So And But All Both Neither"
)
_NO_NAME = frozenset(_NO_NAME_WORDS.split())
_UNKNOWN = re.compile(
    r"\b(?:can(?:not|['’]t)|could|unable|know\w*|find|found|sorry|tools?|apis?|data|information|info"
    r"|records?|results?|answers?|access|figures?|idea|sources?|way|error|provided?|listed|given"
    r"|determine\w*|tell|told|if)\b",
    re.IGNORECASE,
)


def none_of(text: str, query: str) -> re.Match[str] | None:
    """Where a text says that there is nothing of what the question counts, or None.

    Not where its sentence says that it is not known (``I found no information``).

    Examples
    --------
    >>> query = "How many packets of rice are in stock?"
    >>> none_of("There are no packets of rice left.", query) is not None
    True
    >>> none_of("There are no data on packets of rice.", query) is None
    True
    """
    said = _pattern(query).search(text) if _ASKS.search(query) else None
    if said is None or _UNKNOWN.search(text, *sentence_at(text, said.end() - 1)):
        return None
    names = set(_NAME.findall(text[slice(*clause_at(text, said.end() - 1))])) - _NO_NAME
    asked = set(_NAME.findall(query)) - _NO_NAME
    return None if names and asked and names.isdisjoint(asked) else said  # told of somebody else


@lru_cache(maxsize=64)
def _pattern(query: str) -> re.Pattern[str]:
    """What says none of what a question counts."""
    nouns = [w for w in (*counted(query), *_MUCH.findall(query)) if len(w) > 2]
    things = _OF.findall(query)
    pattern = _NONE
    if nouns or things:
        stems = "|".join(re.escape(word.lower().rstrip("s")) for word in (*nouns, *things))
        of = rf"(?!\s+of\s+(?!the\b|{re.escape(things[0])}))" if things else ""
        pattern += rf"|{_NO}(?:more\s+|\w+\s+)??(?:{stems})(?:s|es)?\b{of}"
    for asked, said in ((_STOCK, _GONE), (_PEOPLE, _NOBODY), (_COST, _FREE)):
        pattern += said if asked.search(query) else ""
    return re.compile(pattern, re.IGNORECASE)
