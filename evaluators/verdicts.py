"""What the rules of the answer check come to, and how candidates are weighed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["Said", "Verdict", "agree", "members", "of_set", "unless_chosen"]

T = TypeVar("T")
_LINK = re.compile(r"\b(?:are|is|were)\b|[=:](?!\d)")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an answer is right, why, and whether it named several candidates."""

    right: bool
    reason: str
    ambiguous: bool = False


def agree(
    found: Sequence[T], right: Callable[[T], bool], say: Callable[[T], str], truth: str
) -> Verdict:
    """All candidates have to agree with the truth."""
    said = ", ".join(dict.fromkeys(say(candidate) for candidate in found))
    agreeing = [right(candidate) for candidate in found]
    if all(agreeing):
        return Verdict(True, f"says {said}")
    if any(agreeing):
        return Verdict(False, f"names several: {said}", ambiguous=True)
    return Verdict(False, f"says {said}, not {truth}")


def unless_chosen(asked: Sequence[T], right: Callable[[T], bool]) -> Sequence[T]:
    """What the question holds and an answer may repeat without claiming it.

    Nothing of it where the truth is among it: then the question offers a choice.
    """
    return () if any(right(one) for one in asked) else asked


def of_set(absent: Sequence[str], extra: Sequence[str], of: int) -> Verdict:
    """A set is right where nothing is missing and nothing is listed besides."""
    if absent:
        return Verdict(False, f"{len(absent)} of {of} missing: {', '.join(absent)}")
    if extra:
        return Verdict(False, f"lists besides: {', '.join(extra)}", ambiguous=True)
    return Verdict(True, f"names all {of}")


@dataclass(frozen=True, slots=True)
class Said:
    """A number or date in an answer: the wanted item it names, or whether it is of the question."""

    label: str
    item: int | None
    repeated: bool


def members(answer: str, wanted: Sequence[str], read: Callable[[str], Sequence[Said]]) -> Verdict:
    """A set of numbers or dates, looked for on both sides of the last link (``are``, ``=``).

    ``The prime factors of 58 are 2 and 29`` names two factors, not three.
    """
    links = list(_LINK.finditer(answer))
    sides = [answer[links[-1].end() :], answer[: links[-1].start()]] if links else []
    verdict = Verdict(False, "")
    for side in (*sides, answer):
        said = read(side)
        named = {s.item for s in said}
        absent = [item for i, item in enumerate(wanted) if i not in named]
        extra = [s.label for s in said if s.item is None and not s.repeated]
        verdict = of_set(absent, extra, len(wanted))
        if verdict.right:
            break
    return verdict
