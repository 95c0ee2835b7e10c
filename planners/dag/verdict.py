"""What a model makes of the results: ``Finish(answer)`` or ``Replan(what is missing)``.

LLMCompiler ends an answer at its first closing bracket. Here it ends at the bracket that closes
the call and its line, or with the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from toolgrove.planners.dag.values import Broken, Incomplete, read_value

__all__ = ["Verdict", "read_verdict"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One of the two is set, or neither where the text holds no verdict."""

    answer: str | None = None
    replan: str | None = None


_LINE = re.compile(r"^[^\w\n]*(?:\w+:\s*|\d+[.)]\s*)?[*`_]*(Finish|Replan)[*`_]*\s*\(", re.M | re.I)
_ANYWHERE = re.compile(r"\b(Finish|Replan)[*`_]*\s*\(")
_CLOSE = re.compile(r"\)(?=[\s*`_.;]*(?:\n|$))")
_NAMED = re.compile(r"(?:(?:final_)?answer|why|reason)\s*=\s*", re.I)


def read_verdict(text: str) -> Verdict:
    r"""Read a reply's verdict.

    Examples
    --------
    >>> read_verdict("Thought: done.\nFinish(It is 5 km (about 3 mi).)\n")
    Verdict(answer='It is 5 km (about 3 mi).', replan=None)
    >>> read_verdict("Replan(the id is missing").replan
    'the id is missing'
    >>> read_verdict("I wonder.")
    Verdict(answer=None, replan=None)
    """
    found = _LINE.search(text) or _ANYWHERE.search(text)
    if found is None:
        return Verdict()
    said = _unquoted(_inside(text[found.end() :]))
    if found[1].lower() == "replan":
        return Verdict(replan=said)
    return Verdict(answer=said) if said else Verdict()


def _inside(rest: str) -> str:
    """What stands before the bracket that closes it, of those at the end of a line."""
    at = depth = 0
    for close in _CLOSE.finditer(rest):
        depth += rest.count("(", at, close.start()) - rest.count(")", at, close.start())
        if depth == 0:
            return rest[: close.start()]
        at, depth = close.end(), depth - 1
    whole = rest.rstrip(" \n\t*`_")
    return whole.removesuffix(")")


def _unquoted(said: str) -> str:
    said = said.strip()
    said = said[named.end() :] if (named := _NAMED.match(said)) else said
    if said[:1] not in tuple("\"'{"):
        return said
    try:
        value, end = read_value(said)
    except (Broken, Incomplete):
        return said
    if said[end:].strip():
        return said
    if isinstance(value, dict):
        value = next((value[k] for k in ("final_answer", "answer") if k in value), said)
    return value.strip() if isinstance(value, str) else said
