"""The rules for names, yes and no, and sets of names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from toolgrove.evaluators import names, sets
from toolgrove.evaluators.claims import places
from toolgrove.evaluators.verdicts import Verdict, of_set

__all__ = ["named", "several_names", "yes_or_no"]


def named(answer: str, variants: Sequence[str], query: str) -> Verdict:
    """The name or an alias stands in the answer as a whole, and is claimed there.

    ``variants`` holds the name first. Where the question offers a choice between names, the one
    that the answer names first counts.
    """
    value = variants[0]
    if any(names.same(variant, answer) for variant in variants):
        return Verdict(True, f"says {value}")
    text = names.marked(answer, variants)
    trouble = names.claimed(text, value)
    if trouble is not None:
        return Verdict(False, f"{value!r} {trouble}", ambiguous=names.HERE in text)
    rival = _named_before(answer, variants, names.alternatives(query, variants))
    if rival is not None:
        return Verdict(False, f"names {rival!r} before {value!r}", ambiguous=True)
    return Verdict(True, f"names {value}")


def _named_before(answer: str, variants: Sequence[str], others: Sequence[str]) -> str | None:
    """The question's other choice that the answer names before the right one, if it does."""
    for place in places(answer):
        text = names.marked(place, variants)
        at = text.find(names.HERE)
        if at >= 0:
            before = text[:at]
            return next((o for o in others if names.HERE in names.marked(before, [o])), None)
    return None


def yes_or_no(answer: str, truth: str) -> Verdict:
    """The word that opens the answer, else the last one that ends a clause."""
    answer = re.sub(r"\byes\s+or\s+no\b", "", answer, flags=re.IGNORECASE)
    opening = re.match(r"\W*(yes|no)\b", answer, re.IGNORECASE)
    closing = re.findall(r"\b(yes|no)\b(?=\s*(?:[.,;!\n]|$))", answer, re.IGNORECASE)
    said = opening[1] if opening else closing[-1] if closing else None
    if said is None:
        return Verdict(False, "says neither yes nor no")
    return Verdict(said.lower() == truth, f"says {said.lower()}")


def several_names(answer: str, items: Sequence[str]) -> Verdict:
    """All names stand in the answer, and no other is listed with them."""
    return of_set(sets.missing(answer, items), sets.extras(answer, items), len(items))
