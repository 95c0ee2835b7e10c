"""The rules for names and sets of names."""

from __future__ import annotations

import re
from calendar import day_name
from collections.abc import Sequence

from toolgrove.evaluators.answers import names, sets
from toolgrove.evaluators.answers.clauses import Span, holds, sentences, without_questions
from toolgrove.evaluators.answers.dates import weekdays_spelt_out
from toolgrove.evaluators.answers.directions import compared
from toolgrove.evaluators.answers.mentions import Mentions, mentions
from toolgrove.evaluators.answers.names import Name
from toolgrove.evaluators.answers.spelling import same
from toolgrove.evaluators.answers.text import Text, read
from toolgrove.evaluators.answers.verdicts import Verdict, decided, of_set

__all__ = ["named", "several_names"]


def named(answer: str, variants: Sequence[str], query: str) -> Verdict:
    """The name or an alias stands in the answer as a whole, and is claimed there.

    ``variants`` holds the name first.
    """
    value = variants[0]
    text = read(answer, spelt_plainly=True)
    short = [value[:3], value[:4], value[:5]] if value in day_name else []
    code = re.search(rf"\b{re.escape(value)} \(([A-Z]{{2,3}})\)", query)  # Japan (JP) or …
    short += [code[1]] if code else []
    if any(same(variant, text.words) for variant in (*variants, *short)):
        return Verdict(True, f"says {value}")
    spots = names.named_in(text.words, variants)
    if not spots:
        return Verdict(False, f"{value!r} is not named")
    spots = [s for s in spots if not names.foreign(text.words, s, variants, query)]
    if not spots:
        return Verdict(False, f"{value!r} is named only as a part of another name")
    spots = [s for s in spots if not names.of_another(text.words, s, query)]
    if not spots:
        return Verdict(False, f"{value!r} is told of something else")
    return _claimed(text, spots, variants, query)


def _claimed(text: Text, spots: Sequence[Name], variants: Sequence[str], query: str) -> Verdict:
    value, words = variants[0], text.words
    offered = [one for o in names.alternatives(query, variants) for one in _other(words, o)]
    found = [*spots, *offered, *names.rivals(words, spots, value, query)]
    found.sort(key=lambda one: one.start)
    found = [one for one in found if one.right or not _coded(words, found, one)]
    hedged = [one for one in spots if names.joined(words, one, value)]
    if len(hedged) == len(spots):
        return Verdict(False, f"{value!r} is one of several on offer", ambiguous=True)
    noted = _noted(words, found, query, bool(offered))
    verdict, _ = decided(
        text,
        found,
        noted,
        lambda one: one.right and one not in hedged,
        lambda one: one.said,
        value,
        query,
        by_clause=False,
    )
    lists = names.listed(words, spots) if verdict.right else []
    if lists and all(holds(lists, one.start) for one in spots):
        return Verdict(False, f"{value!r} is one item of a list", ambiguous=True)
    return verdict


def _coded(text: str, found: Sequence[Name], one: Name) -> bool:
    """Whether a wrong name is the code of another wrong one: ``Bolzano (BZO)`` is one claim."""
    ends = (other.end for other in found if not other.right)
    return any(text[end : one.start] == " (" for end in ends) and text[one.end : one.end + 1] == ")"


def _other(text: str, name: str) -> list[Name]:
    return [Name(name, False, one.start, one.end) for one in names.named_in(text, [name])]


def _noted(text: str, found: Sequence[Name], query: str, choice: bool) -> Mentions:
    """What rules names out or only mentions them; in a choice, which side a comparison claims."""
    noted = mentions(text, of_names=True, query=query)
    ruled_out, freed = list(noted.ruled_out), []
    if choice:
        for start, end in sentences(text):
            turned = _turned_away(text, start, end, query)
            if turned:
                ruled_out.append(turned)
                freed.append((turned[1], end))
    kept = [s for s in ruled_out if not any(a <= s[0] < b for a, b in freed)]
    return Mentions(tuple(kept), (*noted.mentioned, *names.listed(text, found)))


def _turned_away(text: str, start: int, end: int, query: str) -> Span | None:
    """The party that a sentence puts behind: the first one of ``A has fewer than B``."""
    found = compared(text[start:end], query)
    if found is None or found[0]:
        return None
    word = start + found[1]
    return max(start, *(text.rfind(stop, start, word) for stop in ",;:")), word


def several_names(answer: str, items: Sequence[str], query: str) -> Verdict:
    """All names stand in the answer and are claimed, and no other is listed with them."""
    text = without_questions(read(answer, spelt_plainly=True).words)
    text = weekdays_spelt_out(text) if set(items) <= set(day_name) else text
    return of_set(sets.missing(text, items), sets.extras(text, items, query), len(items))
