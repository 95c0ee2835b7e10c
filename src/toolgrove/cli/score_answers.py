"""Scores of ToolBench's trees and converted answers: ToolEval's rates."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from toolgrove.cli.common import console, err_console
from toolgrove.cli.scored import ScoredKind, WantedScores
from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from toolgrove.evaluators.base import Evaluator
    from toolgrove.evaluators.report import RateInterval
    from toolgrove.evaluators.tooleval.rulings import PassRates
    from toolgrove.machine.progress import Tick

__all__ = ["ANSWERS"]


def _score(wanted: WantedScores, tick: Tick) -> dict[str, Any]:
    from toolgrove.evaluators.tooleval.answered import load_answer_set, load_asked
    from toolgrove.evaluators.tooleval.rulings import by_test_set, pass_rates, rule

    if wanted.out is not None:
        raise UsageError("--out is for BFCL's result files; for answers there is --json.")
    asked = load_asked(wanted.queries) if wanted.queries else None
    answers = load_answer_set(wanted.paths, asked, skip_bad=wanted.skip_bad, tick=tick)
    if not answers.asked:
        raise UsageError(f"no answers in {', '.join(map(str, wanted.paths))}.")
    judge = _judge(wanted)
    rulings = asyncio.run(rule(answers, judge, concurrency=wanted.concurrency, tick=tick))
    groups = by_test_set(rulings)
    sets = {name: pass_rates(some) for name, some in groups.items()} if len(groups) > 1 else {}
    return {
        "system": answers.name,
        "judge": "code" if judge is None else judge.name,
        "denominator": "asked" if asked is not None else "answered",
        "rates": {**sets, "total": pass_rates(rulings)},
        "queries": rulings,
        "not_asked": answers.unknown,
        "skipped": [str(error) for error in answers.skipped],
    }


def _judge(wanted: WantedScores) -> Evaluator | None:
    if wanted.votes and wanted.judge:
        raise UsageError("--votes and --judge are two judges: name one.")
    if wanted.votes:
        from toolgrove.data.formats.tooleval_results import load_results
        from toolgrove.evaluators.tooleval.recorded import VotesEvaluator

        files = [load_results(file) for file in wanted.votes]
        votes = {query: vote for file in files for query, vote in file.votes.items()}
        return VotesEvaluator(votes, ", ".join(file.name for file in wanted.votes))
    if wanted.judge:
        from toolgrove.agent.models.loading import load_model
        from toolgrove.evaluators.passrate import PassEvaluator

        return PassEvaluator(load_model(wanted.judge), wanted.times)
    return None


def _show(report: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False, collapse_padding=True)
    table.add_column(report["system"], no_wrap=True)
    for head in ("queries", "answered", "pass rate", "ties", "SoPR", "not judged"):
        table.add_column(head, justify="right", no_wrap=True)
    for name, rates in report["rates"].items():
        table.add_row(name or "other", *_cells(rates), style="bold" if name == "total" else None)
    screen = console()
    screen.print(table)
    screen.print(f"judged by {report['judge']}", style="dim")
    say = err_console()
    total: PassRates = report["rates"]["total"]
    if report["denominator"] == "answered":
        say.print("note: without --queries only answered queries are in the denominator.")
    if report["not_asked"]:
        say.print(f"note: {len(report['not_asked'])} answers are to queries that were not asked.")
    if total.unjudged:
        say.print(f"note: nobody judged {total.unjudged} answers: name --votes or a --judge.")
    if total.unsolvable:
        say.print(f"note: {total.unsolvable} pass only because their query is held unsolvable.")
    for error in report["skipped"]:
        say.print(f"left out: {error}")


def _cells(rates: PassRates) -> list[str]:
    deviation = "" if rates.sopr_std is None else f" ± {100 * rates.sopr_std:.1f}"
    return [
        str(rates.queries),
        str(rates.answered),
        _interval(rates.pass_rate),
        str(rates.tied),
        "" if rates.sopr is None else f"{100 * rates.sopr:.1f}{deviation}",
        str(rates.unjudged + rates.infrastructure),
    ]


def _interval(rate: RateInterval | None) -> str:
    return f"{rate.value:.1%} ({rate.low:.0%}-{rate.high:.0%})" if rate else ""


ANSWERS = ScoredKind("answers", lambda path: True, _score, _show)
"""ToolBench's trees, converted answers and runs; what is none of them is refused by its reader."""
