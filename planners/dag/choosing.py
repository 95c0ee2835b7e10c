"""A planner that chooses how it begins: with a plan of all calls, or one step at a time.

A plan pays where a request has several things done that need nothing of each other: their calls
are made at once, and asked for once. Where one thing is wanted, or each tool needs what another
one gives, the next call hangs on what the last one said, and a plan only guesses at it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from toolgrove.data import codec
from toolgrove.data.records import Node, ToolSpec
from toolgrove.data.tree import ROOT
from toolgrove.planners.dag.frontiers import DAG, plan_or_step
from toolgrove.planners.dag.prompts import PLAN
from toolgrove.planners.expand import Expansion
from toolgrove.planners.frontier import Expand
from toolgrove.planners.prompts import Prompts
from toolgrove.planners.run import Run
from toolgrove.retriever.chains import links
from toolgrove.retriever.documents import asking, parts

__all__ = ["Auto", "Beginning", "beginning"]

RULE = "auto/1"
"""Names the rule below: a run begun under another one is not gone on with."""
MANY = 3
"""Things in a row (``Oslo, Rome and Lima``) from which on each is a wish of its own."""

_AND = re.compile(
    r"[,;]?\s+(?:and|then)\s+(?:also\s+|then\s+|please\s+)*"
    r"(?=(?:what|which|who|where|when|how|is|are|does|do|will|can|tell|give|find|show|list|get"
    r"|convert|check|look|send|add|enter|write|note|book|create|delete)\b)",
    re.IGNORECASE,
)
_BACK = re.compile(r"\b(?:its|their|them|those|the result)\b", re.IGNORECASE)
"""A clause with one of these is about what another one asks for: no wish that stands alone."""
_THING = r"(?:[A-Z][\w.'’-]*(?:\s+(?:\([^()]*\)|[A-Z\d][\w.'’-]*))*)"
_ROW = re.compile(rf"{_THING}(?:,\s+{_THING})+,?\s+(?:and|or)\s+{_THING}")


@dataclass(frozen=True, slots=True)
class Beginning:
    """How a run begins: the ``variant`` of its first step, ``plan`` or ``plain``, and why."""

    variant: str
    why: str


def beginning(request: str, tools: Sequence[ToolSpec]) -> Beginning:
    """Whether a run had better begin with a plan or with a step, by words and schemas alone.

    Examples
    --------
    >>> beginning("Is it warm in Oslo, and when does the sun set there?", ()).variant
    'plan'
    >>> beginning("How many metres above sea level is the airport of Lhasa?", ())
    Beginning(variant='plain', why='one wish')
    """
    wishes = _wishes(request)
    if wishes < 2:
        return Beginning("plain", "one wish")
    if _chain(tools):
        return Beginning("plain", "each tool needs what another one gives")
    return Beginning("plan", f"{wishes} wishes")


def _wishes(request: str) -> int:
    """How many things a request seems to ask for: its clauses that ask, or the things in a row."""
    whole, *sentences = parts(request)
    asked = [one for one in sentences or [whole] if asking(one) == 1]
    clauses = [part for one in asked for part in _AND.split(one) if not _BACK.search(part)]
    row = max((len(re.findall(_THING, found[0])) for found in _ROW.finditer(whole)), default=0)
    return max(len(clauses), row if row >= MANY else 0)


def _chain(tools: Iterable[ToolSpec]) -> bool:
    """Whether all tools hang together: each requires an identifier of another, or gives one."""
    given = {spec.id for spec in tools}
    near: dict[str, set[str]] = {one: set() for one in given}
    for taker, required in links(tools).items():
        for giver in (one for link in required for one in link.suppliers if one in given):
            near[taker].add(giver)
            near[giver].add(taker)
    reached, at = set[str](), sorted(given)[:1]
    while at:
        reached.update(at)
        at = [other for one in at for other in near[one] if other not in reached]
    return len(given) > 1 and reached == given


async def _begin(run: Run, wanted: Expand, *, ahead: bool = False) -> Node:
    """The first step as it was chosen, which its node tells; the others as ``dag`` makes them.

    The choice rests on what the journal's header holds, so that a run that goes on chooses alike.
    """
    if wanted.variant != Auto.name:
        return await plan_or_step(run, wanted, ahead=ahead)
    how = beginning(run.asked.request, run.offer(wanted.parent).specs)
    node = await plan_or_step(run, replace(wanted, variant=how.variant), ahead=ahead)
    return replace(node, meta={**node.meta, "chosen": how.why})


@dataclass
class Auto(DAG):
    """Begins as ``dag`` does or as ``react`` does, by the request and the tools on offer.

    With a plan where the request asks for several things, or names several in a row; a step at a
    time where it asks for one, or where the tools form one chain (:func:`beginning`). Where a plan
    has not led to an answer, it goes on a step at a time, as :class:`DAG` does.

    Parameters
    ----------
    replans, lines
        As of :class:`DAG`, where it plans.
    steps : int
        How many calls there may be a step at a time, from the start or after the last plan.
    """

    name: ClassVar[str] = "auto"
    prompts: ClassVar[Prompts] = replace(PLAN, digest=codec.digest([PLAN.digest, RULE]))
    expand: ClassVar[Expansion] = staticmethod(_begin)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._next = Expand(ROOT, 0, self.name, self.lines)
