"""Which of two systems answered each query better, and the win rates that follow.

ToolBench's win rate (Qin et al., 2023) lets the one that passes win, then the one that answered,
then Solved over Unsure over Unsolved; a judge chooses between equals. StableToolBench's (Guo et
al., 2024, SoWR) lets Solved win over Unsolved and leaves the rest to the judge.

A judge prefers what stands in a certain place. So each question is put in both orders, and each
answer's status goes with it: ToolBench's code shuffles one and not the other. Where the votes are
even the query is a tie; no coin is thrown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from toolgrove.data.formats.tooleval_results import RecordedPreference
from toolgrove.data.tree import SearchTree
from toolgrove.errors import ModelError, ReplayMiss, UsageError
from toolgrove.evaluators.jurors import FIRST, SECOND, SOLVED, TIE, UNSOLVED, Juror
from toolgrove.evaluators.passrate import VALUES
from toolgrove.evaluators.report import RateInterval
from toolgrove.evaluators.stats import wilson
from toolgrove.evaluators.tooleval.answered import AnswerSet, AskedQuery, known_of
from toolgrove.evaluators.tooleval.rulings import Ruling
from toolgrove.machine.progress import Tick, silent

__all__ = [
    "AGAINST",
    "ANSWERS",
    "AskedOrder",
    "Choice",
    "Choose",
    "Duel",
    "DuelOutcome",
    "WinRates",
    "asking",
    "compare",
    "more",
    "recorded",
    "sides_of",
    "win_rates",
]

ANSWERS, AGAINST = "answers", "against"


@dataclass(frozen=True, slots=True)
class Duel:
    """Two answers to one query, with what is held of each."""

    query: AskedQuery
    trees: tuple[SearchTree, SearchTree]
    statuses: tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class AskedOrder:
    """One question which of two answers is better, in one order.

    Parameters
    ----------
    order : tuple of str
        Whose answer stood first and whose second: ``answers`` or ``against``.
    statuses : tuple
        Theirs, in that order.
    chosen : str or None
        ``answers``, ``against``, ``Tie``, or None where the judge gave no verdict.
    """

    order: tuple[str, str]
    statuses: tuple[str | None, str | None]
    chosen: str | None


@dataclass(frozen=True, slots=True)
class Choice:
    """What a judge's votes came to.

    Parameters
    ----------
    winner : str or None
        Whoever has more votes, ``Tie`` where they are even, None where there are none.
    votes : tuple of int
        How often each was chosen: the answers, and those they are compared with.
    rounds : int
        How often a choice was asked for.
    asked : tuple of AskedOrder
        The questions; recorded votes have none.
    reason : str
        Why there is no winner.
    """

    winner: str | None
    votes: tuple[int, int] = (0, 0)
    rounds: int = 0
    asked: tuple[AskedOrder, ...] = ()
    reason: str = ""


Choose = Callable[[Duel], Awaitable[Choice]]


@dataclass(frozen=True, slots=True)
class DuelOutcome:
    """Who wins a query.

    Parameters
    ----------
    query, test_set : str
        Which query it is.
    statuses : tuple
        Of the answers, and of those they are compared with.
    win, win_by : str or None, str
        By ToolBench's rule: ``answers``, ``against`` or ``Tie``; and what decided: ``pass``,
        ``missing``, ``status`` or ``judge``. None where nobody could decide.
    sowr, sowr_by : str or None, str
        By StableToolBench's.
    choice : Choice
        What a judge's votes came to, where it was asked.
    """

    query: str
    test_set: str
    statuses: tuple[str | None, str | None]
    win: str | None
    win_by: str
    sowr: str | None
    sowr_by: str
    choice: Choice = Choice(None)


@dataclass(frozen=True, slots=True)
class WinRates:
    """How often the answers win.

    Parameters
    ----------
    queries, undecided : int
        How many were compared, and how many of them nobody could decide by ToolBench's rule: these
        are not in its rate.
    win_rate, sowr : RateInterval or None
        Wins among the decided, by ToolBench's and StableToolBench's rule; a tie is no win.
    ties, losses, sowr_ties, sowr_losses : int
        What is no win by each rule.
    sowr_undecided : int
        As ``undecided``, by StableToolBench's rule.
    asked : int
        Queries that a judge was asked about in both orders.
    consistent : int
        In how many of these it said the same in both orders.
    """

    queries: int
    undecided: int
    win_rate: RateInterval | None
    ties: int
    losses: int
    sowr: RateInterval | None
    sowr_ties: int
    sowr_losses: int
    sowr_undecided: int
    asked: int
    consistent: int


async def compare(
    answers: tuple[AnswerSet, Sequence[Ruling]],
    against: tuple[AnswerSet, Sequence[Ruling]],
    choose: Choose | None = None,
    *,
    concurrency: int = 1,
    tick: Tick = silent,
) -> list[DuelOutcome]:
    """Compare two systems' answers to the same queries.

    Parameters
    ----------
    answers, against : (AnswerSet, sequence of Ruling)
        Each with what is held of its answers, in the order of its queries.
    choose : callable or None
        Asked where the rules do not decide; None leaves these queries undecided.
    concurrency : int
        Queries that are asked about at once.
    tick : callable
        Told how many are done.
    """
    (ours, our_rulings), (theirs, their_rulings) = answers, against
    gate, done = asyncio.Semaphore(concurrency), 0
    other = dict(zip(theirs.asked, their_rulings, strict=True))

    async def one(query: AskedQuery, a: Ruling) -> DuelOutcome:
        nonlocal done
        b, here = other[query], (query in ours.trees, query in theirs.trees)
        if query in ours.unread | theirs.unread:
            here = (True, True)  # of what could not be read nobody knows that it is missing
        win = _missing_or(_by_pass(a, b), here) or _by_status(a, b)
        sowr = _missing_or(_by_solved(a, b), here)
        choice = Choice(None)
        both = query in ours.trees and query in theirs.trees
        if choose is not None and not (win and sowr) and both:
            duel = Duel(query, (ours.trees[query], theirs.trees[query]), (a.status, b.status))
            async with gate:
                choice = await choose(duel)
        done += 1
        tick(done, len(ours.asked))
        judged = (choice.winner, "judge" if choice.winner else "")
        (won, won_by), (so, so_by) = win or judged, sowr or judged
        return DuelOutcome(
            query.id, query.test_set, (a.status, b.status), won, won_by, so, so_by, choice
        )

    pairs = zip(ours.asked, our_rulings, strict=True)
    return list(await asyncio.gather(*(one(query, ruling) for query, ruling in pairs)))


Decided = tuple[str, str]


def _by_pass(a: Ruling, b: Ruling) -> Decided | None:
    return _higher(a.passed, b.passed, "pass") if {a.passed, b.passed} == {0, 1} else None


def _by_solved(a: Ruling, b: Ruling) -> Decided | None:
    return _by_status(a, b) if {a.status, b.status} == {SOLVED, UNSOLVED} else None


def _by_status(a: Ruling, b: Ruling) -> Decided | None:
    if a.status is None or b.status is None:
        return None
    return _higher(VALUES[a.status], VALUES[b.status], "status")


def _higher(a: float | None, b: float | None, by: str) -> Decided | None:
    if a is None or b is None or a == b:
        return None
    return (ANSWERS if a > b else AGAINST), by


def _missing_or(decided: Decided | None, here: tuple[bool, bool]) -> Decided | None:
    """Whoever has no answer in its files loses, unless a rule before this decided."""
    if decided is not None or all(here):
        return decided
    winner = TIE if not any(here) else ANSWERS if here[0] else AGAINST
    return winner, "missing"


def asking(juror: Juror, times: int) -> Choose:
    """Choose by a judge, which is asked in both orders, each so many times."""

    async def choose(duel: Duel) -> Choice:
        try:
            asked = [await _ask(juror, duel, swapped=n % 2 == 1) for n in range(2 * times)]
        except ReplayMiss:
            raise
        except ModelError as error:
            return Choice(None, reason=str(error))
        said = [one.chosen for one in asked if one.chosen is not None]
        votes = said.count(ANSWERS), said.count(AGAINST)
        winner = more(*votes) if said else None
        reason = "" if said else "the judge gave no verdict"
        return Choice(winner, votes, len(asked), tuple(asked), reason)

    return choose


async def _ask(juror: Juror, duel: Duel, *, swapped: bool) -> AskedOrder:
    """One question; answers and statuses change places together."""
    sides = [
        (ANSWERS, duel.trees[0], duel.statuses[0]),
        (AGAINST, duel.trees[1], duel.statuses[1]),
    ]
    (first, one, status), (second, other, its) = reversed(sides) if swapped else sides
    said = await juror.better(one, other)
    chosen = {FIRST: first, SECOND: second}.get(said or "", said)
    return AskedOrder((first, second), (status, its), chosen)


def recorded(
    preferences: Mapping[AskedQuery, RecordedPreference], answers: str, against: str
) -> Choose:
    """Choose by recorded preferences between two models, which are the systems of these names.

    Raises
    ------
    UsageError
        Where it is not plain which of the two models is which system.
    """
    for known in preferences.values():
        sides_of(known, answers, against)

    async def choose(duel: Duel) -> Choice:
        known = known_of(preferences, duel.query)
        if known is None:
            return Choice(None)
        ours, theirs = sides_of(known, answers, against)
        votes = known.counts[ours], known.counts[theirs]
        if not known.rounds and not any(votes):
            return Choice(None, reason="no round of it was ended")
        return Choice(more(*votes), votes, known.rounds or sum(votes))

    return choose


def sides_of(known: RecordedPreference, answers: str, against: str) -> tuple[str, str]:
    """Which of a preference's two models is the one system, and which the other.

    Raises
    ------
    UsageError
        Where the systems' names do not say.
    """
    one, other = known.counts
    ways = [(one, other), (other, one)]
    fits = [(a == answers) + (b == against) for a, b in ways]
    if fits[0] == fits[1]:
        raise UsageError(
            f"preferences between {one!r} and {other!r}, but the systems are {answers!r} and "
            f"{against!r}: name the files or their folders after the models."
        )
    return ways[fits.index(max(fits))]


def more(answers: int, against: int) -> str:
    """Who has more votes, or ``Tie``."""
    return TIE if answers == against else ANSWERS if answers > against else AGAINST


def win_rates(comparisons: Sequence[DuelOutcome]) -> WinRates:
    """The rates over some comparisons."""
    wins = [one.win for one in comparisons if one.win is not None]
    sowr = [one.sowr for one in comparisons if one.sowr is not None]
    both = [one.choice.asked for one in comparisons if len(one.choice.asked) > 1]
    return WinRates(
        queries=len(comparisons),
        undecided=len(comparisons) - len(wins),
        win_rate=_wins(wins),
        ties=wins.count(TIE),
        losses=wins.count(AGAINST),
        sowr=_wins(sowr),
        sowr_ties=sowr.count(TIE),
        sowr_losses=sowr.count(AGAINST),
        sowr_undecided=len(comparisons) - len(sowr),
        asked=len(both),
        consistent=sum(_winner_in(asked, 0) == _winner_in(asked, 1) for asked in both),
    )


def _winner_in(asked: Sequence[AskedOrder], order: int) -> str:
    chosen = [one.chosen for one in asked[order::2]]
    return more(chosen.count(ANSWERS), chosen.count(AGAINST))


def _wins(winners: Sequence[str]) -> RateInterval | None:
    if not winners:
        return None
    won = winners.count(ANSWERS)
    return RateInterval(won / len(winners), *wilson(won, len(winners)), len(winners))
