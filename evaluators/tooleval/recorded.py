"""Recorded votes as a judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from toolgrove.data.formats.tooleval_results import (
    RecordedPreference,
    RecordedVotes,
    load_results,
)
from toolgrove.data.records import Score
from toolgrove.data.tree import SearchTree
from toolgrove.evaluators.base import judged
from toolgrove.evaluators.judging import majority
from toolgrove.evaluators.passrate import VALUES, outcome

__all__ = ["VotesEvaluator", "load_votes"]


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
        if known.query and known.query != task.query:
            return judged(tree, self.name, None, "the votes are of another query", judge=self.file)
        status = str(majority(known.votes))
        passed = outcome(status, known.task)
        if known.passed is not None and known.failed is not None:
            passed = 0.5 if known.passed == known.failed else float(known.passed > known.failed)
        return judged(
            tree, self.name, VALUES[status], f"{status}, as recorded", judge=self.file,
            status=status, task=known.task, tooleval=passed, votes=list(known.votes),
        )  # fmt: skip


def load_votes(
    files: Sequence[str | Path],
) -> tuple[VotesEvaluator | None, Mapping[str, RecordedPreference]]:
    """The votes on answers in files of ToolEval's results as a judge, and the preferences in them.

    Raises
    ------
    FormatError
        Where a file holds neither.
    """
    read = {Path(file).name: load_results(file) for file in files}
    voted = {name: one.votes for name, one in read.items() if one.votes}
    votes = {query: vote for some in voted.values() for query, vote in some.items()}
    preferences = {query: one for some in read.values() for query, one in some.preferences.items()}
    return (VotesEvaluator(votes, ", ".join(voted)) if votes else None), preferences
