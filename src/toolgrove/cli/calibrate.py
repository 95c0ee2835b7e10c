"""``toolgrove calibrate``: how far judges agree with people."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolgrove.cli.common import console, err_console, print_json, progress
from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from toolgrove.evaluators.calibration import JudgeAgreement
    from toolgrove.evaluators.labels import LabelledAnswer
    from toolgrove.evaluators.passrate import PassEvaluator

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove calibrate --on labelled.jsonl

  toolgrove calibrate --judge openai:gpt-5 --on labelled.jsonl

  toolgrove calibrate --judge local --votes 1 --on labelled.jsonl --json

A line of the file: {"query": "…", "response": "…", "human": "success"}. The same command goes on
where it was stopped. What the judge scores from then on carries its calibration.
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(calibrate)


def calibrate(
    *,
    on: Annotated[Path, typer.Option(help="Answers that people judged, a JSON object a line.")],
    judge: Annotated[
        str | None,
        typer.Option(help="The model to calibrate; without it, only the judges in the file."),
    ] = None,
    prompts: Annotated[
        Path | None,
        typer.Option(help="Ask the judge with the prompts of a folder of ToolBench's evaluators."),
    ] = None,
    votes: Annotated[int, typer.Option(help="Votes on an answer, an odd number.", min=1)] = 3,
    concurrency: Annotated[int, typer.Option(help="Answers under way at once.", min=1)] = 1,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say how far a judge agrees with people: agreement and Cohen's κ, with 95% intervals.

    Beside it stand the judges whose verdicts the file records.
    """
    from toolgrove.evaluators.calibration import recorded
    from toolgrove.evaluators.labels import SUCCESS, read_labels

    answers = read_labels(on)
    if prompts is not None and judge is None:
        raise UsageError("--prompts says what a judge is asked: name one with --judge.")
    evaluator = None if judge is None else _evaluator(judge, prompts, votes)
    ours, file = (None, None) if evaluator is None else _asked(evaluator, answers, concurrency)
    others = recorded(answers)
    successes = sum(answer.human == SUCCESS for answer in answers)
    if json:
        labels = {"success": successes, "failure": len(answers) - successes}
        print_json({"labels": labels, "judge": ours, "file": file and str(file), "others": others})
        return
    _show(ours, others, len(answers), successes)
    if file is not None:
        console().print(f"kept in {file}; scores by this judge carry it from now on", style="dim")


def _evaluator(judge: str, prompts: Path | None, votes: int) -> PassEvaluator:
    from toolgrove.agent.models.loading import load_model
    from toolgrove.evaluators.passrate import PassEvaluator

    return PassEvaluator(load_model(judge), votes, "" if prompts is None else str(prompts))


def _asked(
    evaluator: PassEvaluator, answers: Sequence[LabelledAnswer], concurrency: int
) -> tuple[JudgeAgreement, Path]:
    from toolgrove.evaluators.calibrating import calibrate

    with progress("judging", unit="answers") as tick:
        return asyncio.run(calibrate(evaluator, answers, concurrency=concurrency, tick=tick))


def _show(
    ours: JudgeAgreement | None, others: Sequence[JudgeAgreement], n: int, successes: int
) -> None:
    from rich.table import Table

    screen = console()
    if ours is None and not others:
        err_console().print("This file records no judge: name one with --judge.")
    for reading in dict.fromkeys(["", *(row.reading for row in others)]):
        rows = [row for row in ([ours] if ours else []) if not reading]
        rows += [row for row in others if row.reading == reading]
        if not rows:
            continue
        table = Table(box=None, header_style="bold", pad_edge=False)
        table.add_column(f"recorded,\n{reading}" if reading else "\njudge", overflow="fold")
        unread = any(row.unread for row in rows)
        heads = ["\nagrees", "\nκ", "failures\npassed", "successes\nfailed"]
        for head in [*heads, *(["no\nverdict"] if unread else [])]:
            table.add_column(head, justify="right", no_wrap=True)
        for row in rows:
            table.add_row(row.judge, *_cells(row), *([str(row.unread)] if unread else []))
        screen.print(table)
        screen.print()
    most = max(successes, n - successes)
    always = "success" if most == successes else "failure"
    screen.print(
        f"Of {n} answers people judged {successes} a success: who always says {always} agrees on "
        f"{most / n:.1%}, κ 0. Intervals are 95%."
    )


def _cells(row: JudgeAgreement) -> tuple[str, ...]:
    share, chance = row.agreement, row.kappa
    return (
        f"{share.value:.2%} ({100 * share.low:.0f}-{100 * share.high:.0f})",
        "" if chance is None else f"{chance.value:.2f} ({chance.low:.2f} to {chance.high:.2f})",
        f"{row.passed}/{row.failures}",
        f"{row.failed}/{row.successes}",
    )
