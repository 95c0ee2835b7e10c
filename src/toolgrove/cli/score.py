"""``toolgrove score``: judge answers that somebody else made, and run nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolgrove.cli.common import progress, skippable
from toolgrove.cli.score_answers import ANSWERS
from toolgrove.cli.score_bfcl import BFCL
from toolgrove.cli.score_tau import TAU
from toolgrove.cli.scored import ScoredKind, WantedScores
from toolgrove.errors import UsageError

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove score converted/dfs/G1_instruction.json --queries test_query_ids --votes pass_rate.json

  toolgrove score answers/G1_answer --queries G1_instruction.json --judge openai:gpt-5 --times 3

  toolgrove score dfs.json --against cot.json --queries ids.json --judge openai:gpt-5 --json

  toolgrove score dfs.json --queries ids.json --judge openai:gpt-5 --prompts tooleval_default

  toolgrove score dfs.json --queries ids.json --votes pass_rate.json --write-tooleval out

  toolgrove score result/gpt-4o-FC/non_live/BFCL_v4_simple_python_result.json > verdicts.jsonl

  toolgrove score historical_trajectories/gpt-4o-airline.json > verdicts.jsonl

Answers are ToolBench's trees, ToolEval's converted answers, runs, or result files of BFCL, τ-bench
and τ²-bench; all PATHs are one system's. Of result files, each item's verdict is one line of JSON
with `id` and `valid`.
A query of --queries without an answer stays in the denominator.
"""

KINDS: tuple[ScoredKind, ...] = (BFCL, TAU, ANSWERS)
"""What can be scored; the first kind that knows a path has it, and the last one takes any."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("score", epilog=EXAMPLES)(score)


def score(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders of one system's answers.")],
    queries: Annotated[
        list[Path] | None,
        typer.Option(help="What was asked: ids, or a query file; or a folder (repeatable)."),
    ] = None,
    votes: Annotated[
        list[Path] | None,
        typer.Option(help="Judge by votes and preferences that ToolEval recorded (repeatable)."),
    ] = None,
    judge: Annotated[str | None, typer.Option(help="Judge by this model.")] = None,
    prompts: Annotated[
        Path | None,
        typer.Option(help="Ask the judge with the prompts of a folder of ToolBench's evaluators."),
    ] = None,
    times: Annotated[int, typer.Option(help="How often the judge is asked.", min=1)] = 3,
    against: Annotated[
        list[Path] | None,
        typer.Option(help="Compare with another system's answers: win rates (repeatable)."),
    ] = None,
    against_votes: Annotated[
        list[Path] | None, typer.Option(help="Recorded votes on the other's answers (repeatable).")
    ] = None,
    write_tooleval: Annotated[
        Path | None, typer.Option(help="Write the results here as ToolEval lays them out.")
    ] = None,
    concurrency: Annotated[int, typer.Option(help="Answers under judgement at once.", min=1)] = 1,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave bad files out.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write verdicts on result files here, a line an item.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else.")] = False,
) -> None:
    """Judge answers that somebody else made, without running anything.

    By votes that were recorded, by a model, or by code where the queries have references.
    """
    wanted = WantedScores(
        tuple(paths), tuple(queries or ()), tuple(votes or ()), judge or "", prompts, times,
        tuple(against or ()), tuple(against_votes or ()), write_tooleval, concurrency,
        skip_bad, out,
    )  # fmt: skip
    kind = _kind(wanted.paths)
    with progress("scoring") as tick, skippable():
        report = kind.score(wanted, tick)
    if json:
        kind.dump(report)
    else:
        kind.show(report)


def _kind(paths: tuple[Path, ...]) -> ScoredKind:
    """The one kind that all paths are of."""
    of = {path: next(kind for kind in KINDS if kind.holds(path)) for path in paths}
    first, *others = dict.fromkeys(kind.name for kind in of.values())
    if others:
        raise UsageError(f"some are {first} and some are {others[0]}: score these one at a time.")
    return of[paths[0]]
