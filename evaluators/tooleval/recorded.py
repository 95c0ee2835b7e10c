"""Recorded votes as a judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from toolgrove.data.formats.tooleval_results import (
    RecordedPreference,
    RecordedVotes,
    load_results,
)
from toolgrove.data.records import Score
from toolgrove.data.tree import SearchTree
from toolgrove.errors import UsageError
from toolgrove.evaluators.base import judged
from toolgrove.evaluators.judging import majority
from toolgrove.evaluators.passrate import VALUES, outcome
from toolgrove.evaluators.tooleval.answered import (
    TEST_SET,
    AskedQuery,
    ids_of,
    known_of,
    same_text,
    test_set_of,
)

__all__ = ["VotesEvaluator", "load_votes"]

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class VotesEvaluator:
    """Score a run by what another judge said of it, and ask nobody.

    Parameters
    ----------
    votes : mapping
        By query.
    file : str
        Where they were read.
    """

    votes: Mapping[AskedQuery, RecordedVotes]
    file: str = "recorded votes"

    @property
    def name(self) -> str:
        return f"tooleval-votes/1@{self.file}"

    async def score(self, tree: SearchTree) -> Score:
        task = tree.task
        within = str(tree.meta.get(TEST_SET, ""))
        found = (known_of(self.votes, AskedQuery(id_, within)) for id_ in ids_of(task))
        known = next((one for one in found if one is not None), None)
        if known is None:
            return judged(tree, self.name, None, "no votes are recorded of it", judge=self.file)
        if known.query and not same_text(known.query, task.query):
            return judged(tree, self.name, None, "the votes are of another query", judge=self.file)
        status = str(majority(known.votes))
        passed, counts = outcome(status, known.task), None
        if known.passed is not None and known.failed is not None:
            passed = 0.5 if known.passed == known.failed else float(known.passed > known.failed)
            counts = known.passed, known.failed
        return judged(
            tree, self.name, VALUES[status], f"{status}, as recorded", judge=self.file,
            status=status, task=known.task, tooleval=passed, votes=list(known.votes),
            runs=list(known.runs), counts=counts,
        )  # fmt: skip


def load_votes(
    files: Sequence[str | Path],
) -> tuple[VotesEvaluator | None, Mapping[AskedQuery, RecordedPreference]]:
    """The votes on answers in files of ToolEval's results as a judge, and the preferences in them.

    Ids of several test sets are kept apart by the files' names.

    Raises
    ------
    FormatError
        Where a file holds neither.
    UsageError
        Where two files speak of one query.
    """
    votes: dict[AskedQuery, RecordedVotes] = {}
    preferences: dict[AskedQuery, RecordedPreference] = {}
    voted = []
    for file in map(Path, files):
        found, within = load_results(file), test_set_of(file)
        _add(votes, found.votes, within, file)
        _add(preferences, found.preferences, within, file)
        voted += [file.name] if found.votes else []
    return (VotesEvaluator(votes, ", ".join(voted)) if votes else None), preferences


def _add(known: dict[AskedQuery, V], more: Mapping[str, V], within: str, file: Path) -> None:
    found = {AskedQuery(id_, within): one for id_, one in more.items()}
    twice = next((query.id for query in found if query in known), None)
    if twice is not None:
        raise UsageError(
            f"{file}: what is recorded of query {twice!r} stands in a file before it, too. Name "
            "one of them, or name the files of several test sets after these (G1_instruction…)."
        )
    known |= found
