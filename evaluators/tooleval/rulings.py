"""What is held of each query's answer, and the pass rates that follow.

Two figures are called pass rate in the papers. ToolBench's (Qin et al., 2023, ToolLLM) settles an
answer by the majority of its votes, and passes whatever is answered to a query that is held
unsolvable. StableToolBench's solvable pass rate (Guo et al., 2024, SoPR) is the mean of the votes,
Solved 1, Unsure 0.5, Unsolved 0, with its deviation over runs. Both leave a query without an answer
out of the denominator; here it stays there as unsolved. No coin is thrown.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean, pstdev
from typing import TYPE_CHECKING

from toolgrove.data.tree import SearchTree
from toolgrove.evaluators.answer import AnswerEvaluator
from toolgrove.evaluators.base import unanswered
from toolgrove.evaluators.jurors import SOLVED, UNSOLVABLE, UNSOLVED
from toolgrove.evaluators.passrate import VALUES, outcome
from toolgrove.evaluators.report import RateInterval
from toolgrove.evaluators.stats import wilson
from toolgrove.evaluators.tooleval.answered import AnswerSet, AskedQuery
from toolgrove.machine.progress import Tick, silent

if TYPE_CHECKING:
    from toolgrove.data.records import Score
    from toolgrove.evaluators.base import Evaluator

__all__ = ["UNREAD", "PassRates", "Ruling", "pass_rates", "rule"]

UNREAD = "it could not be read"
"""Why nothing is held of an answer that was left out."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What is held of one query's answer.

    Parameters
    ----------
    query, test_set : str
        Which query it is.
    answered : bool
        Whether there is a final answer.
    status : str or None
        Solved, Unsure or Unsolved: what most votes say, a tie is Unsure. None where nobody judged.
    votes : tuple of str
        In the order of the runs; empty where a rule decided or nobody judged.
    tied : bool
        Whether no status has more than half of the votes.
    passed : float or None
        By ToolBench's table: 1, 0, or 0.5 where ToolBench throws a coin.
    task : str or None
        Whether the query can be solved at all, where that was asked.
    judge : str
        ``code``, a model's name, or the file of recorded votes.
    reason : str
        In words.
    infrastructure : bool
        Whether the judge broke down; such a query is in no rate.
    runs : tuple of int
        The number of each vote's run.
    counts : (int, int) or None
        How many votes passed and failed, where that was recorded and not each vote.
    """

    query: str
    test_set: str
    answered: bool
    status: str | None
    votes: tuple[str, ...] = ()
    tied: bool = False
    passed: float | None = None
    task: str | None = None
    judge: str = "code"
    reason: str = ""
    infrastructure: bool = False
    runs: tuple[int, ...] = ()
    counts: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class PassRates:
    """The pass rates over some queries.

    Parameters
    ----------
    queries, answered : int
        How many were asked, and how many have a final answer.
    unjudged : int
        Answers that nobody judged, or that could not be read: in no rate.
    infrastructure : int
        Answers whose judge broke down: in no rate.
    pass_rate : RateInterval or None
        ToolBench's, with what it throws a coin for counted half.
    tied : int
        How many of its queries a coin would settle.
    unsolvable : int
        How many pass only because their query was held unsolvable.
    solved : RateInterval or None
        Like the pass rate, by the answer alone.
    sopr : float or None
        The mean of the votes.
    sopr_std : float or None
        The deviation of the runs' means; None where there is one run.
    runs : int
        Votes an answer.
    """

    queries: int
    answered: int
    unjudged: int
    infrastructure: int
    pass_rate: RateInterval | None
    tied: int
    unsolvable: int
    solved: RateInterval | None
    sopr: float | None
    sopr_std: float | None
    runs: int


async def rule(
    answers: AnswerSet,
    evaluator: Evaluator | None = None,
    *,
    concurrency: int = 1,
    tick: Tick = silent,
) -> list[Ruling]:
    """Judge the answers of a set, one ruling a query.

    Parameters
    ----------
    answers : AnswerSet
        Of one system.
    evaluator : Evaluator or None
        Judges what was answered; None compares with the queries' references, where there are any.
    concurrency : int
        Answers under judgement at once.
    tick : callable
        Told how many are done.
    """
    judge: Evaluator = AnswerEvaluator() if evaluator is None else evaluator
    gate, done = asyncio.Semaphore(concurrency), 0

    async def one(query: AskedQuery) -> Ruling:
        nonlocal done
        tree = answers.trees.get(query)
        if query in answers.unread:
            found = Ruling(query.id, query.test_set, False, None, reason=UNREAD)
        elif tree is None:
            found = Ruling(
                query.id, query.test_set, False, UNSOLVED, passed=0.0, reason="no answer"
            )
        else:
            async with gate:
                found = _ruling(query, tree, await judge.score(_with_reference(tree, query)))
        done += 1
        tick(done, len(answers.asked))
        return found

    return list(await asyncio.gather(*map(one, answers.asked)))


def _with_reference(tree: SearchTree, query: AskedQuery) -> SearchTree:
    """The tree, with the query file's reference where it has none of its own."""
    if tree.task.reference is None and query.task is not None:
        tree.task = replace(tree.task, reference=query.task.reference)
    return tree


def _ruling(query: AskedQuery, tree: SearchTree, score: Score) -> Ruling:
    answered = bool((tree.answer or "").strip())
    details = score.details
    given = [(run, vote) for run, vote in enumerate(details.get("votes", ())) if vote is not None]
    runs, votes = tuple(run for run, _ in given), tuple(vote for _, vote in given)
    status, reason = details.get("status"), score.reason
    if status is None and score.value is not None:
        status = next((word for word, value in VALUES.items() if value == score.value), UNSOLVED)
    if status is None and not answered and not score.infrastructure:
        status = UNSOLVED  # a rule of ToolEval's, for which no judge is needed
        reason = f"Unsolved, as {unanswered(tree)}"
    task = details.get("task")
    passed = details.get("tooleval", None if status is None else outcome(status, task))
    return Ruling(
        query.id, query.test_set, answered, status, votes,
        tied=bool(votes) and 2 * Counter(votes).most_common(1)[0][1] <= len(votes),
        passed=passed, task=task, judge=score.judge, reason=reason,
        infrastructure=score.infrastructure, runs=tuple(details.get("runs") or runs),
        counts=details.get("counts"),
    )  # fmt: skip


def pass_rates(rulings: Sequence[Ruling]) -> PassRates:
    """The rates over some rulings.

    Examples
    --------
    >>> votes = "Solved", "Solved", "Unsolved"
    >>> one = Ruling("1", "", True, "Solved", votes, passed=1.0, runs=(0, 1, 2))
    >>> rates = pass_rates([one, Ruling("2", "", False, "Unsolved", passed=0.0)])
    >>> rates.pass_rate.value, round(rates.sopr, 3), round(rates.sopr_std, 3)
    (0.5, 0.333, 0.236)
    """
    held = [one for one in rulings if one.status is not None]
    if not any(one.answered for one in held) and len(held) < len(rulings):
        held = []  # what is held by rule alone would be a rate of failures
    runs = sorted({run for one in held for run in one.runs}) or [0]
    means = [fmean(_vote(one, run) for one in held) for run in runs] if held else []
    return PassRates(
        queries=len(rulings),
        answered=sum(one.answered for one in rulings),
        unjudged=sum(one.status is None and not one.infrastructure for one in rulings),
        infrastructure=sum(one.infrastructure for one in rulings),
        pass_rate=_rate([one.passed for one in held if one.passed is not None]),
        tied=sum(one.passed == 0.5 for one in held),
        unsolvable=sum(one.passed == 1 and one.status != SOLVED and one.task == UNSOLVABLE
                       for one in held),
        solved=_rate([VALUES[one.status] for one in held if one.status is not None]),
        sopr=fmean(means) if means else None,
        sopr_std=pstdev(means) if len(means) > 1 else None,
        runs=len(runs),
    )  # fmt: skip


def _vote(ruling: Ruling, run: int) -> float:
    """A run's vote; where it gave none, what the others came to; by rule, the rule's status."""
    votes = dict(zip(ruling.runs, ruling.votes, strict=True))
    return VALUES[str(votes.get(run, ruling.status))]


def _rate(values: Sequence[float]) -> RateInterval | None:
    if not values:
        return None
    passed = sum(values)
    return RateInterval(passed / len(values), *wilson(passed, len(values)), len(values))
