"""What ToolEval's own code makes of recorded votes, and why our figures differ where they do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev

from toolgrove.data.formats.tooleval_results import RecordedPreference, RecordedVotes
from toolgrove.evaluators.jurors import SOLVED, TIE, UNSOLVABLE
from toolgrove.evaluators.passrate import VALUES
from toolgrove.evaluators.tooleval.answered import AskedQuery, known_of
from toolgrove.evaluators.tooleval.rulings import Ruling
from toolgrove.evaluators.tooleval.wins import AGAINST, ANSWERS, DuelOutcome, more, sides_of

__all__ = [
    "Difference",
    "RecordedRates",
    "pass_differences",
    "recorded_rates",
    "win_differences",
]

LEFT_OUT = "a query without an answer leaves the old code's denominator"
NOT_HERE = "the votes are of an answer that is not in these files"
OTHERS = "the votes are of queries that were not asked"
EVEN = "the old code counts what is even as passed in its rate, and throws a coin in its table"
UNSOLVABLE_PASSES = "the old code passes whatever is answered to a query that is held unsolvable"
MISSING_VOTE = "the old code counts a vote that is missing as Unsolved"
ASKED_ANYWAY = (
    "the old code compares the votes' text with one status, so that Solved never wins over "
    "Unsolved without the judge"
)
ONE_MISSING = "the old code lets the output model win where neither answered"


@dataclass(frozen=True, slots=True)
class RecordedRates:
    """What ToolEval's code prints of recorded votes; None where it prints no such rate."""

    queries: int
    pass_rate: float | None
    sopr: float | None
    sopr_std: float | None


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a figure of ours is not the recorded one.

    Parameters
    ----------
    of : str
        The query, or the rate.
    recorded, ours : str
        What each says.
    fault : str
        What in the old code explains it.
    """

    of: str
    recorded: str
    ours: str
    fault: str


def recorded_rates(votes: Mapping[AskedQuery, RecordedVotes]) -> RecordedRates | None:
    """The rates that ToolBench's code prints, or StableToolBench's: each of its own votes.

    They are over the queries that have votes. What is even counts as passed, and a vote that is
    missing as Unsolved.
    """
    if not votes:
        return None
    counted = [(one.passed, one.failed) for one in votes.values()]
    passes = [float(f <= p) for p, f in counted if p is not None and f is not None]
    if len(passes) == len(votes):
        return RecordedRates(len(votes), fmean(passes), None, None)
    by_run = [dict(zip(one.runs or (0,), one.votes, strict=True)) for one in votes.values()]
    means = [
        fmean(VALUES[said[run]] if run in said else 0.0 for said in by_run)
        for run in sorted({run for said in by_run for run in said})
    ]
    return RecordedRates(len(votes), None, fmean(means), pstdev(means))


def pass_differences(
    rulings: Sequence[Ruling], votes: Mapping[AskedQuery, RecordedVotes]
) -> list[Difference]:
    """Each query whose ruling is not what ToolEval's code makes of its recorded votes."""
    found = []
    runs = max((len(one.votes) for one in votes.values()), default=0)
    for one in rulings:
        known = known_of(votes, AskedQuery(one.query, one.test_set))
        if known is None:
            if not one.answered:
                found.append(Difference(one.query, "left out", str(one.status), LEFT_OUT))
            continue
        said = ", ".join(known.votes)
        if not one.votes:
            found.append(Difference(one.query, said, str(one.status), NOT_HERE))
        elif known.passed is not None and known.passed == known.failed:
            even = f"{known.passed} passed, {known.failed} failed"
            found.append(Difference(one.query, even, "half, told as a tie", EVEN))
        elif one.passed == 1 and one.status != SOLVED and one.task == UNSOLVABLE:
            found.append(Difference(one.query, "passed", f"{one.status}", UNSOLVABLE_PASSES))
        elif len(known.votes) < runs:
            found.append(Difference(one.query, said, str(one.status), MISSING_VOTE))
    asked = {one.query for one in rulings}
    others = [query.id for query in votes if query.id not in asked]
    if others:
        found.append(Difference(", ".join(others), "counted", "not counted", OTHERS))
    return found


def win_differences(
    comparisons: Sequence[DuelOutcome],
    preferences: Mapping[AskedQuery, RecordedPreference],
    answers: str,
    against: str,
) -> list[Difference]:
    """Each query that StableToolBench's rule gives to another than the recorded votes do.

    Parameters
    ----------
    comparisons : sequence of DuelOutcome
        Ours.
    preferences : mapping
        The recorded ones, by query.
    answers, against : str
        The two systems' names.
    """
    found = []
    for one in comparisons:
        known = known_of(preferences, AskedQuery(one.query, one.test_set))
        if known is None:
            continue
        names = sides_of(known, answers, against)
        winner = more(*(known.counts[name] for name in names))
        if one.sowr is not None and winner != one.sowr:
            fault = ONE_MISSING if one.sowr == TIE else ASKED_ANYWAY
            named = {ANSWERS: names[0], AGAINST: names[1], TIE: TIE}
            said = ", ".join(f"{name} {n}" for name, n in known.counts.items())
            found.append(Difference(one.query, said, named[one.sowr], fault))
    return found
