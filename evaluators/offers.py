"""Were the tools that a task needs among those that the run was offered?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from toolgrove.data.records import Score, Task
from toolgrove.data.tree import SearchTree
from toolgrove.evaluators.base import judged, unscorable
from toolgrove.evaluators.matching import expected_sets

__all__ = ["OfferEvaluator", "needed_tools"]


@dataclass(frozen=True, slots=True)
class OfferEvaluator:
    """Recall of the needed tools among the offered ones, whatever the run made of them.

    What is needed says the task's reference (:func:`needed_tools`); of several right sets of calls
    the one counts of which most was on offer. ``details`` holds the counts (``recall``), how many
    tools were ``offered``, and the ids that were ``missing``. What a run found itself in mid-search
    counts as offered. A task that needs no tool, or does not say which, gets no opinion.
    """

    name: ClassVar[str] = "offer/1"

    async def score(self, tree: SearchTree) -> Score:
        needed = needed_tools(tree.task)
        out = unscorable(tree, self.name, None if needed else "no tool is known to be needed")
        if out is not None:
            return out
        offered = {spec.id for spec in tree.tools}
        best = max(needed, key=lambda some: len(some & offered) / len(some))
        missing, there = sorted(best - offered), len(best & offered)
        return judged(
            tree,
            self.name,
            there / len(best),
            f"{there} of {len(best)} needed tools were among the {len(offered)} offered",
            recall={"right": there, "of": len(best)},
            offered=len(offered),
            missing=missing,
        )


def needed_tools(task: Task) -> list[frozenset[str]]:
    """The sets of tools any one of which is enough for a task; none where that is not known.

    They are those of the reference's calls. A task without reference calls needs the tools that are
    labelled as relevant to it, as ToolBench's queries do.

    Examples
    --------
    >>> from toolgrove.data import Reference
    >>> from toolgrove import ToolCall
    >>> calls = (ToolCall("1", "place"), ToolCall("2", "weather"), ToolCall("3", "place"))
    >>> [needed] = needed_tools(Task("1", "Rain?", reference=Reference("text", "no", calls=calls)))
    >>> sorted(needed)
    ['place', 'weather']
    """
    found = [
        frozenset(call.name for call in calls if not call.ask)
        for calls in expected_sets(task.reference)
    ] or [frozenset(task.relevant)]
    return found if all(found) else []  # an empty set: no call is right, or nobody knows
