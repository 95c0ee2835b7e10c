"""Recorded votes as a judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from toolgrove.data.formats.tooleval_results import RecordedVotes
from toolgrove.data.records import Score
from toolgrove.data.tree import SearchTree
from toolgrove.evaluators.base import judged
from toolgrove.evaluators.judging import majority
from toolgrove.evaluators.passrate import VALUES, outcome

__all__ = ["VotesEvaluator"]


@dataclass(frozen=True, slots=True)
class VotesEvaluator:
    """Score a run by what another judge said of it, and ask nobody.

    Parameters
    ----------
    votes : mapping
        By the query's id.
    file : str
        Where they were read.
    """

    votes: Mapping[str, RecordedVotes]
    file: str = "recorded votes"

    @property
    def name(self) -> str:
        return f"tooleval-votes/1@{self.file}"

    async def score(self, tree: SearchTree) -> Score:
        task = tree.task
        known = self.votes.get(task.id) or self.votes.get(task.id.removeprefix(f"{task.group}_"))
        if known is None:
            return judged(tree, self.name, None, "no votes are recorded of it", judge=self.file)
        status = str(majority(known.votes))
        passed = outcome(status, known.task)
        if known.passed is not None and known.failed is not None:
            passed = 0.5 if known.passed == known.failed else float(known.passed > known.failed)
        return judged(
            tree, self.name, VALUES[status], f"{status}, as recorded", judge=self.file,
            status=status, task=known.task, tooleval=passed, votes=list(known.votes),
        )  # fmt: skip
