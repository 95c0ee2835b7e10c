"""What a model makes of the results: ``Finish(answer)`` or ``Replan(what is missing)``.

LLMCompiler ends an answer at its first closing bracket. Here it ends at the bracket that closes
the call and its line, or with the text.

A plan can end with its answer, too, written before there are results: ``Finish(It is $3.distance
miles.)``. Where all went well, that saves the model call that would look at them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from toolgrove.planners.dag.references import (
    REFERENCE,
    NoSuchField,
    Ref,
    insert,
    look_up,
    references,
)
from toolgrove.planners.dag.values import Broken, Incomplete, read_value, write_value

__all__ = ["PlanVerdict", "filled", "foretold", "read_verdict"]


@dataclass(frozen=True, slots=True)
class PlanVerdict:
    """One of the two is set, or neither where the text holds no verdict."""

    answer: str | None = None
    replan: str | None = None


_LINE = re.compile(
    r"^[^\w\n]*+(?:(?!thought|thinking|reasoning|observation)\w+(?: \d+)?:\s*|\d+[.)]\s*)?"
    r"[*`_]*+(?:(Finish|Replan)[*`_]*\s*\(|(Replan)[*`_.!]*+(?:\s*[:–—-]\s*([^\n]*)|[ \t]*$))",
    re.M | re.I,
)
"""A verdict that begins its line; the bare ``Replan`` is that of LLMCompiler and TinyAgent."""
_ANYWHERE = re.compile(r"\b(Finish|Replan)[*`_]*\s*\(")
_THOUGHT = re.compile(r"^[^\w\n]*+(?:thought|thinking|reasoning|observation)\w*\b[^\w\n]*:", re.I)
_MEANT = re.compile(r"[.!?;][*`_ \t]*$|\b(?:action|verdict|answer)\s*\d*:[ \t*`_]*$", re.I)
_DENIED = re.compile(
    r"\b(?:not|never|cannot|no|\w+n['’]t)(?: (?:yet|to|call|say|use|just|simply))*[ *`_]+$",
    re.I,
)
"""Words that deny a verdict in the same breath: ``I can't Finish(10)``."""
_ABOUT = re.compile(
    r"[^()\n]*\)[*`_\"']*\s+(?:now\s+|yet\s+)?(?:is|was|be|would|will|won't|could|can|cannot|can't"
    r"|should|may|might|must|seems|needs|has)\b",
    re.I,
)
"""Words about a verdict that is not given: ``Finish(10) would be premature``."""
_CLOSE = re.compile(r"\)(?=[\s*`_.;]*(?:\n|$))")
_NAMED = re.compile(r"(?:(?:final_)?answer|why|reason)\s*=\s*", re.I)


def read_verdict(text: str, *, whole: bool = False) -> PlanVerdict:
    r"""Read a reply's verdict; ``whole`` takes an object itself as the answer, no field of it.

    Examples
    --------
    >>> read_verdict("Thought: done.\nFinish(It is 5 km (about 3 mi).)\n")
    PlanVerdict(answer='It is 5 km (about 3 mi).', replan=None)
    >>> read_verdict("Replan(the id is missing").replan
    'the id is missing'
    >>> read_verdict("Thought: Finish(5) would be premature.\nAction: Replan")
    PlanVerdict(answer=None, replan='')
    >>> read_verdict("I wonder.")
    PlanVerdict(answer=None, replan=None)
    """
    for found in (*_LINE.finditer(text), *_in_a_line(text)):
        if found.re is _LINE and found[2]:
            return PlanVerdict(replan=(found[3] or "").strip())
        rest = text[found.end() :]
        if _ABOUT.match(rest):
            continue
        said = _unquoted(_inside(rest), whole)
        if found[1].lower() == "replan":
            return PlanVerdict(replan=said)
        return PlanVerdict(answer=said) if said else PlanVerdict()
    return PlanVerdict()


def _in_a_line(text: str) -> Iterator[re.Match[str]]:
    """Verdicts in mid-line that are not denied; of a thought those of a sentence of their own."""
    for found in _ANYWHERE.finditer(text):
        line = text[text.rfind("\n", 0, found.start()) + 1 : found.end()]
        before = line[: line.rfind(found[1])]
        if _DENIED.search(before):
            continue
        if not _THOUGHT.match(line) or _MEANT.search(before):
            yield found


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


def _unquoted(said: str, whole: bool) -> str:
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
    if isinstance(value, dict) and not whole:
        value = next((value[k] for k in ("final_answer", "answer") if k in value), said)
    return value.strip() if isinstance(value, str) else said


_REASONS = re.compile(
    r"\w\([^\n]*\0|[-+*/<>]\s*\(*\s*\0|\0\s*\)*\s*[-+*/<>?]|[×÷−≤≥≠√^]|[!=]=|\0\s*=|[*+]\s*\d"
    r"|\b(?:yes|sum|plus|minus|times|total|difference|average|mean of|than|same|if)\b"
    r"|\bno\b(?!\.\s*[\d\0])|\b\w+er\s*(?:[.,;:]|than\b|$)",
    re.I,
)
"""Signs that an answer computes, compares or judges; the values are nulls. No more than signs."""
_LONG = 500
"""Characters of a value that somebody should read before it becomes part of an answer."""


def foretold(
    text: str, results: Mapping[int, Any], query: str = "", *, whole: bool = False
) -> str | None:
    r"""The answer that a plan ends with, filled in; None where the results have to be looked at.

    That is so where it refers to nothing, to a call that did not go well, to a field that is not
    there, or to what is no text, number or list of these, an empty or a long one; where a ``$2``
    stands in the request itself; and where it shows signs of computing, comparing or judging what
    nobody has seen yet.

    Parameters
    ----------
    text : str
        The reply from the plan's end on.
    results : mapping of int to JSON value
        What the tasks gave, by number; those that went well.
    query : str
        The request.
    whole : bool
        Whether an object is the answer, and not one of its fields.

    Examples
    --------
    >>> plan = "Finish(It is $1.distance miles.)"
    >>> foretold(plan, {1: {"distance": 337.2}})
    'It is 337.2 miles.'
    >>> foretold(plan, {1: {"length": 337.2}}), foretold(plan, {})
    (None, None)
    """
    said = (
        read_verdict(text, whole=whole).answer or "" if _LINE.match(text) else ""
    )  # join() is no answer
    refs = references(said)
    if not refs or not _balanced(said) or _REASONS.search(REFERENCE.sub("\0", said)):
        return None
    if any(not ref.path and str(ref) in query for ref in refs):
        return None
    try:
        values = {ref: _plain(look_up(results[ref.task], ref)) for ref in refs}
    except (KeyError, NoSuchField):
        return None
    if any(value is None or len(value) > _LONG for value in values.values()):
        return None
    return insert(said, results, values.__getitem__)


def _balanced(said: str) -> bool:
    """Whether no bracket closes that did not open: else what follows the answer is in it."""
    depth = 0
    for character in said:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return False
    return depth == 0


def filled(answer: str, results: Mapping[int, Any]) -> str:
    """An answer whose writer has seen the results, with these in the place of references to fields.

    A bare ``$5`` stays: who has seen the results and writes that means money.

    Examples
    --------
    >>> filled("It is $2.roman for $2.", {2: {"roman": "LXXXII"}})
    'It is LXXXII for $2.'
    """

    def say(ref: Ref) -> str | None:
        if not ref.path:
            return None
        try:
            value = look_up(results[ref.task], ref)
            told = _plain(value) or write_value(value)
        except (NoSuchField, RecursionError, ValueError):
            return None
        return told if value != "" and len(told) <= _LONG else None

    return insert(answer, results, say)


def _plain(value: Any) -> str | None:
    """A value in words; None where it is not for words. An object of one field is that field."""
    value = _only(value)
    parts = [_only(part) for part in value] if isinstance(value, list) else [value]
    if not parts or any(
        isinstance(part, bool) or not isinstance(part, str | int | float) or part == ""
        for part in parts
    ):
        return None
    return ", ".join(part if isinstance(part, str) else write_value(part) for part in parts)


def _only(value: Any) -> Any:
    return next(iter(value.values())) if isinstance(value, dict) and len(value) == 1 else value
