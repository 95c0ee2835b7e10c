"""Scores of ToolBench's trees and converted answers: ToolEval's rates."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from toolgrove.cli.common import console, err_console
from toolgrove.cli.scored import ScoredKind, WantedScores
from toolgrove.errors import FormatError, UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from toolgrove.evaluators.passrate import PassEvaluator
    from toolgrove.evaluators.report import RateInterval
    from toolgrove.evaluators.tooleval.answered import AnswerSet
    from toolgrove.evaluators.tooleval.differences import Difference, RecordedRates
    from toolgrove.evaluators.tooleval.rulings import PassRates
    from toolgrove.evaluators.tooleval.scores import SystemScores
    from toolgrove.evaluators.tooleval.wins import WinRates
    from toolgrove.machine.progress import Tick

__all__ = ["ANSWERS"]

Loaded = TypeVar("Loaded")
Rates = TypeVar("Rates")

PASSES = ("\nqueries", "\nanswered", "pass rate\n(95% interval)", "\nties", "\nSoPR", "not\njudged")
WINS = ("\nqueries", "win rate\n(95% interval)", "\nties", "not\ndecided",
        "SoWR\n(95% interval)", "\nties", "not\ndecided", "orders\nagree")  # fmt: skip


def _score(wanted: WantedScores, tick: Tick) -> dict[str, Any]:
    from toolgrove.evaluators.tooleval.answered import load_answer_set, load_asked

    _check(wanted)
    asked = _given(load_asked, wanted.queries) if wanted.queries else None
    answers = load_answer_set(wanted.paths, asked, skip_bad=wanted.skip_bad, tick=tick)
    _check_read(wanted, answers)
    denominator = "answered" if asked is None else "asked"
    return {"denominator": denominator, **asyncio.run(_scored(wanted, answers, tick))}


def _check(wanted: WantedScores) -> None:
    if wanted.out is not None:
        raise UsageError("--out is for BFCL's result files; for answers there is --json.")
    if wanted.votes and wanted.judge and not wanted.against:
        raise UsageError("--votes and --judge are two judges: name one.")
    if wanted.prompts and not wanted.judge:
        raise UsageError("--prompts are asked of a model: name it with --judge.")
    if wanted.against_votes and not wanted.against:
        raise UsageError("--against-votes are of the answers of --against, which is missing.")


def _given(load: Callable[[Sequence[Path]], Loaded], paths: Sequence[Path]) -> Loaded:
    """What files of options hold; --skip-bad, which a bad answer's error names, skips none."""
    try:
        return load(paths)
    except FormatError as error:
        raise UsageError(str(error)) from None


def _check_read(wanted: WantedScores, answers: AnswerSet) -> None:
    """Refuse a rate over nothing."""
    if answers.unknown and not answers.trees:
        known, some = answers.unknown[0], answers.asked[0].id
        raise UsageError(
            f"none of {len(answers.unknown)} answers is to a query of --queries: their ids are "
            f"like {known!r}, those asked like {some!r}. Name the queries that they answer, in "
            "their words, and of several test sets in files and folders with the sets' names."
        )
    if not answers.trees:
        why = f": the first that was left out is {answers.skipped[0]}" if answers.skipped else "."
        raise UsageError(f"no answers in {', '.join(map(str, wanted.paths))}{why}")


async def _scored(wanted: WantedScores, answers: AnswerSet, tick: Tick) -> dict[str, Any]:
    from toolgrove.evaluators.tooleval.answered import load_answer_set
    from toolgrove.evaluators.tooleval.recorded import load_votes
    from toolgrove.evaluators.tooleval.scores import score_answers, score_wins
    from toolgrove.evaluators.tooleval.written import write_passes, write_preferences

    model = _model(wanted)
    voted, preferences = _given(load_votes, wanted.votes)
    at_once = wanted.concurrency
    ours = await score_answers(answers, voted or model, concurrency=at_once, tick=tick)
    report, out = _system(ours), wanted.write_tooleval
    written = [] if out is None else write_passes(out, answers, ours.rulings)
    if wanted.against:
        other = load_answer_set(wanted.against, answers.asked, skip_bad=wanted.skip_bad, tick=tick)
        other_voted = _given(load_votes, wanted.against_votes)[0]
        if (voted is None) != (other_voted is None):
            lacking = "--against-votes" if voted else "--votes"
            raise UsageError(f"one side would be judged by votes and one not: name {lacking}, too.")
        theirs = await score_answers(other, other_voted or model, concurrency=at_once, tick=tick)
        chooser = preferences if model is None else model.juror
        wins = await score_wins(
            ours, theirs, chooser, times=wanted.times, concurrency=at_once, tick=tick
        )
        report |= {"against": _system(theirs), "wins": wins}
        if out is not None:
            written += write_passes(out, other, theirs.rulings)
            written += write_preferences(out, answers, other, wins.comparisons)
    return {**report, "written": [str(path) for path in written]}


def _model(wanted: WantedScores) -> PassEvaluator | None:
    if not wanted.judge:
        return None
    from toolgrove.agent.models.loading import load_model
    from toolgrove.evaluators.passrate import PassEvaluator

    prompts = "" if wanted.prompts is None else str(wanted.prompts)
    return PassEvaluator(load_model(wanted.judge), wanted.times, prompts, every=True)


def _system(scores: SystemScores) -> dict[str, Any]:
    """A system's scores as JSON has them, without its trees."""
    return {
        "system": scores.answers.name,
        "judge": scores.judge,
        "rates": scores.rates,
        "recorded": scores.recorded,
        "differences": scores.differences,
        "calibration": scores.calibration,
        "queries": scores.rulings,
        "not_asked": scores.answers.unknown,
        "skipped": [str(error) for error in scores.answers.skipped],
    }


def _show(report: dict[str, Any]) -> None:
    systems = [report, *([report["against"]] if "against" in report else [])]
    screen = console()
    for system in systems:
        screen.print(system["system"], style="bold")
        screen.print(_table(PASSES, system["rates"], _pass_cells))
        screen.print(_judged_by(system), style="dim")
        if system["recorded"] is not None:
            screen.print(_as_recorded(system["recorded"]), style="dim")
    if "wins" in report:
        screen.print(f"{report['system']} against {report['against']['system']}", style="bold")
        screen.print(_table(WINS, report["wins"].rates, _win_cells))
    wins = report["wins"].differences if "wins" in report else ()
    differences = [one for system in systems for one in system["differences"]]
    for line in _explained([*differences, *wins]):
        screen.print(line)
    for note in [*_notes(report), *(note for system in systems for note in _of_system(system))]:
        err_console().print(f"note: {note}")


def _judged_by(system: dict[str, Any]) -> str:
    if system["judge"] == "code":
        return "judged by code"
    from toolgrove.evaluators.calibration import NOT_CALIBRATED

    return f"judged by {system['judge']}: {system['calibration'] or NOT_CALIBRATED}"


def _as_recorded(rates: RecordedRates) -> str:
    passed = "" if rates.pass_rate is None else f"pass rate {rates.pass_rate:.1%}"
    sopr = "" if rates.sopr is None else f"SoPR {100 * rates.sopr:.1f}"
    sopr += "" if rates.sopr_std is None else f" ± {100 * rates.sopr_std:.1f}"
    return f"as ToolEval's code counts these votes: {passed}{sopr} over {rates.queries:,} queries"


def _explained(differences: Sequence[Difference]) -> Iterator[str]:
    """A line for each fault, with the first queries that it explains."""
    by_fault: dict[str, list[Difference]] = {}
    for one in differences:
        by_fault.setdefault(one.fault, []).append(one)
    for fault, some in by_fault.items():
        first = "; ".join(f"{one.of}: recorded {one.recorded}, here {one.ours}" for one in some[:3])
        rest = f"; and {len(some) - 3:,} more" if len(some) > 3 else ""
        yield f"{fault} ({first}{rest})"


def _table(
    heads: Sequence[str],
    rates: Mapping[str, Rates],
    cells: Callable[[Rates], Sequence[str]],
) -> Table:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False, collapse_padding=True)
    table.add_column("\ntest set", no_wrap=True)
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    for name, some in rates.items():
        style = "bold" if name == "total" else None
        table.add_row(name or "other", *cells(some), style=style)
    return table


def _pass_cells(rates: PassRates) -> list[str]:
    deviation = "" if rates.sopr_std is None else f" ± {100 * rates.sopr_std:.1f}"
    return [
        f"{rates.queries:,}",
        f"{rates.answered:,}",
        _interval(rates.pass_rate),
        str(rates.tied),
        "" if rates.sopr is None else f"{100 * rates.sopr:.1f}{deviation}",
        str(rates.unjudged + rates.infrastructure),
    ]


def _win_cells(rates: WinRates) -> list[str]:
    return [
        f"{rates.queries:,}",
        _interval(rates.win_rate),
        str(rates.ties),
        str(rates.undecided),
        _interval(rates.sowr),
        str(rates.sowr_ties),
        str(rates.sowr_undecided),
        f"{rates.consistent} of {rates.asked}" if rates.asked else "",
    ]


def _interval(rate: RateInterval | None) -> str:
    return f"{rate.value:.1%} ({100 * rate.low:.0f}-{100 * rate.high:.0f})" if rate else ""


def _notes(report: dict[str, Any]) -> Iterator[str]:
    if report["denominator"] == "answered":
        yield "without --queries only answered queries are in the denominator."
    if report["written"]:
        yield f"{len(report['written'])} files written as ToolEval lays them out."


def _of_system(system: dict[str, Any]) -> Iterator[str]:
    from toolgrove.evaluators.tooleval.rulings import UNREAD

    name, total = system["system"], system["rates"]["total"]
    if system["not_asked"]:
        yield (
            f"{name}: {len(system['not_asked'])} answers are to queries that were not asked, or to "
            "one id of several test sets, of which no file's name says one."
        )
    unread = sum(one.reason == UNREAD for one in system["queries"])
    if total.unjudged > unread:
        mend = "name --votes or a --judge" if system["judge"] == "code" else "no vote is of them"
        yield f"{name}: nobody judged {total.unjudged - unread} answers: {mend}."
    if unread:
        yield f"{name}: {unread} answers could not be read, and are in no rate."
    if total.infrastructure:
        yield f"{name}: the judge broke down over {total.infrastructure} answers, in no rate."
    if total.unsolvable:
        yield f"{name}: {total.unsolvable} pass only because their query is held unsolvable."
    for error in system["skipped"]:
        yield f"left out: {error}"


ANSWERS = ScoredKind("answers", lambda path: True, _score, _show)
"""ToolBench's trees, converted answers and runs; what is none of them is refused by its reader."""
