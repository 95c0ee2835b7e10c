"""All of ToolEval's figures for one system, and for one system against another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from toolgrove.data.formats.tooleval_results import RecordedPreference
from toolgrove.evaluators.calibration import JudgeAgreement, kept
from toolgrove.evaluators.passrate import PassEvaluator
from toolgrove.evaluators.tooleval.answered import AnswerSet, AskedQuery
from toolgrove.evaluators.tooleval.differences import (
    Difference,
    RecordedRates,
    pass_differences,
    recorded_rates,
    win_differences,
)
from toolgrove.evaluators.tooleval.recorded import VotesEvaluator
from toolgrove.evaluators.tooleval.rulings import PassRates, Ruling, pass_rates, rule
from toolgrove.evaluators.tooleval.wins import (
    Choose,
    DuelOutcome,
    WinRates,
    asking,
    compare,
    recorded,
    win_rates,
)
from toolgrove.machine.progress import Tick, silent

if TYPE_CHECKING:
    from toolgrove.evaluators.base import Evaluator
    from toolgrove.evaluators.jurors import Juror

__all__ = ["SystemScores", "WinScores", "score_answers", "score_wins"]

TOTAL = "total"


@dataclass(frozen=True, slots=True)
class SystemScores:
    """What one system's answers are worth.

    Parameters
    ----------
    answers : AnswerSet
        What was judged.
    judge : str
        ``code``, or the evaluator's name, in which the judge's is.
    rates : mapping
        By test set, where there are several, and in all (``total``).
    rulings : tuple of Ruling
        A query each.
    recorded : RecordedRates or None
        What ToolEval's own code makes of the recorded votes.
    differences : tuple of Difference
        Where ours is not that, and why.
    calibration : JudgeAgreement or None
        How far the judge agrees with people; None where nobody measured it, and for code.
    """

    answers: AnswerSet
    judge: str
    rates: Mapping[str, PassRates]
    rulings: tuple[Ruling, ...]
    recorded: RecordedRates | None = None
    differences: tuple[Difference, ...] = ()
    calibration: JudgeAgreement | None = None


@dataclass(frozen=True, slots=True)
class WinScores:
    """How one system does against another; fields as in :class:`SystemScores`."""

    rates: Mapping[str, WinRates]
    comparisons: tuple[DuelOutcome, ...]
    differences: tuple[Difference, ...] = ()


async def score_answers(
    answers: AnswerSet,
    judge: Evaluator | None = None,
    *,
    concurrency: int = 1,
    tick: Tick = silent,
) -> SystemScores:
    """Judge one system's answers: pass rate, SoPR, and a ruling for each query.

    Parameters
    ----------
    answers : AnswerSet
        See :func:`load_answer_set`.
    judge : Evaluator or None
        Recorded votes, a model (:class:`PassEvaluator`), or None: code, where the queries have
        references.
    concurrency : int
        Answers under judgement at once.
    tick : callable
        Told how many are done.
    """
    rulings = tuple(await rule(answers, judge, concurrency=concurrency, tick=tick))
    votes = judge.votes if isinstance(judge, VotesEvaluator) else {}
    return SystemScores(
        answers,
        "code" if judge is None else judge.name,
        _by_set(rulings, pass_rates),
        rulings,
        recorded_rates(votes),
        tuple(pass_differences(rulings, votes)) if votes else (),
        _calibration(judge),
    )


def _calibration(judge: Evaluator | None) -> JudgeAgreement | None:
    known = kept(judge.name, judge.prompt) if isinstance(judge, PassEvaluator) else None
    return None if known is None else known.result


async def score_wins(
    system: SystemScores,
    against: SystemScores,
    judge: Juror | Mapping[AskedQuery, RecordedPreference] | None = None,
    *,
    times: int = 3,
    concurrency: int = 1,
    tick: Tick = silent,
) -> WinScores:
    """Compare two systems on the same queries: win rate, SoWR, and who wins each.

    Parameters
    ----------
    system, against : SystemScores
        Both judged.
    judge : Juror, mapping or None
        Chooses where the rules do not decide: a model, recorded preferences by query, or nobody.
    times : int
        How often a model is asked, each time in both orders.
    concurrency : int
        Queries that are asked about at once.
    tick : callable
        Told how many are done.
    """
    ours, theirs = system.answers, against.answers
    preferences = judge if isinstance(judge, Mapping) else {}
    choose: Choose | None = None
    if preferences:
        choose = recorded(preferences, ours.name, theirs.name)
    elif judge is not None and not isinstance(judge, Mapping):
        choose = asking(judge, times)
    comparisons = tuple(
        await compare(
            (ours, system.rulings),
            (theirs, against.rulings),
            choose,
            concurrency=concurrency,
            tick=tick,
        )
    )
    return WinScores(
        _by_set(comparisons, win_rates),
        comparisons,
        tuple(win_differences(comparisons, preferences, ours.name, theirs.name)),
    )


class _OfSet(Protocol):
    @property
    def test_set(self) -> str: ...


One = TypeVar("One", bound=_OfSet)
Rates = TypeVar("Rates")


def _by_set(some: Sequence[One], rates: Callable[[Sequence[One]], Rates]) -> dict[str, Rates]:
    """The rates by test set, where there are several, and in all."""
    groups: dict[str, list[One]] = {}
    for one in some:
        groups.setdefault(one.test_set, []).append(one)
    sets = {name: rates(group) for name, group in groups.items()} if len(groups) > 1 else {}
    return {**sets, TOTAL: rates(some)}
