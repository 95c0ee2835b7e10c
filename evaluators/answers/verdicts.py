"""What the rules of the answer check come to, and how candidates are weighed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from toolgrove.evaluators.answers.clauses import holds
from toolgrove.evaluators.answers.mentions import Mentions
from toolgrove.evaluators.answers.places import places
from toolgrove.evaluators.answers.text import Text

__all__ = ["Said", "Verdict", "decided", "members", "of_set", "unless_chosen"]

T = TypeVar("T")
_LINK = re.compile(r"\b(?:are|is|were)\b|[=:](?!\d)")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an answer is right, why, and whether it named several candidates."""

    right: bool
    reason: str
    ambiguous: bool = False


class Spot(Protocol):
    """Something found in a text."""

    @property
    def start(self) -> int:
        """Where it begins."""


S = TypeVar("S", bound=Spot)


def decided(
    text: Text,
    found: Sequence[S],
    noted: Mentions,
    right: Callable[[S], bool],
    say: Callable[[S], str],
    truth: str,
    query: str = "",
    by_clause: bool = True,
) -> tuple[Verdict, S | None]:
    """What an answer's candidates come to, and the one that decided where one did.

    Candidates that are claimed go before those that are only mentioned; what is ruled out does not
    count. Then the most telling place whose candidates agree decides. Where none does, several
    candidates stand side by side, and the answer is undecided if the right one is among them.

    Parameters
    ----------
    text : Text
        The answer.
    found : sequence
        Its candidates, in order.
    noted : Mentions
        What of the text claims nothing.
    right, say : callable
        Whether a candidate is the truth, and how it reads.
    truth : str
        How the truth reads.
    query : str
        The question.
    by_clause : bool
        Whether the first main clause of a sentence may decide.
    """
    for level in (0, 1):
        left = [one for one in found if noted.standing(one.start) <= level]
        if left:
            return _by_place(text, left, right, say, truth, query, by_clause)
    if found:
        return Verdict(False, f"only mentions {_list(found, say)}"), None
    return Verdict(False, "names none"), None


def _by_place(
    text: Text,
    left: Sequence[S],
    right: Callable[[S], bool],
    say: Callable[[S], str],
    truth: str,
    query: str,
    by_clause: bool,
) -> tuple[Verdict, S | None]:
    for spans in places(text, [one.start for one in left], query, by_clause=by_clause):
        here = [one for one in left if holds(spans, one.start)]
        if here and all(right(one) for one in here):
            return Verdict(True, f"says {_list(here, say)}"), here[0]
        if here and len({say(one) for one in here}) == 1:
            return Verdict(False, f"says {say(here[0])}, not {truth}"), here[0]
    if any(right(one) for one in left):
        return Verdict(False, f"names several: {_list(left, say)}", ambiguous=True), None
    return Verdict(False, f"says {_list(left, say)}, not {truth}"), None


def _list(found: Sequence[S], say: Callable[[S], str]) -> str:
    return ", ".join(list(dict.fromkeys(say(one) for one in found))[:12])


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
