"""``toolgrove demo``: the whole job on this machine, with a real model."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolgrove.cli.common import console, err_console, print_json, progress

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from toolgrove.agent.catalog import Catalog
    from toolgrove.agent.demo import Attempt, Report

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove demo

  toolgrove demo --replay

  toolgrove demo --model openai:gpt-5-mini --out out/gpt
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(demo)


def demo(
    out: Annotated[Path, typer.Option(help="Folder for everything the demo makes.")] = Path(
        "out/demo"
    ),
    model: Annotated[str, typer.Option(help="The model that answers.")] = "local",
    replay: Annotated[
        bool, typer.Option("--replay", help="Replay recorded runs of the local model: seconds.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Serve APIs, index them, let a model answer tasks with two planners, judge, mine, show.

    Runs that the folder holds already are not made again, so an interrupted demo goes on.
    """
    from toolgrove.agent.catalog import Catalog
    from toolgrove.agent.demo import recordings, solve_all, write_report
    from toolgrove.data.world import DEMO_TASKS, specs, tasks
    from toolgrove.machine.files import made_folder

    began = time.monotonic()
    chat = _model(f"replay:{recordings()}" if replay else model)
    chosen = {task.id: task for task in tasks()}
    made_folder(out)
    say = err_console()
    with Catalog.open(out / "catalog") as catalog:
        _index(catalog, specs())
        total = 2 * len(DEMO_TASKS)
        with progress("answering", unit="runs") as tick:
            seen: list[Attempt] = []
            tick(0, total)

            def done(attempt: Attempt) -> None:
                seen.append(attempt)
                tick(len(seen), total)
                say.print(_line(attempt))

            attempts = asyncio.run(
                solve_all(
                    [chosen[task] for task in DEMO_TASKS],
                    model=chat,
                    catalog=catalog,
                    out=out,
                    done=done,
                )
            )
    report = write_report(attempts, out)
    _show(report, out, replay, time.monotonic() - began, json)


def _model(name: str) -> BaseChatModel:
    from toolgrove.agent.models.loading import load_model

    if name == "local" or name.endswith(":local"):
        from toolgrove.machine.weights import QWEN_CODER_1_5B, fetch

        with progress(f"weights of {QWEN_CODER_1_5B.name}", unit="bytes") as tick:
            fetch(QWEN_CODER_1_5B, tick=tick)
    return load_model(name)


def _index(catalog: Catalog, specs: Any) -> None:
    with progress("indexing the world", unit="APIs") as tick:
        changes = catalog.add(specs, tick=tick)
    err_console().print(
        f"catalogue: {len(catalog)} APIs ({len(changes.added)} new, {changes.unchanged} unchanged)"
    )


def _line(attempt: Attempt) -> str:
    mark = "right" if attempt.answer.value == 1.0 else "wrong"
    tree = attempt.tree
    return (
        f"{attempt.planner:6} {tree.task.id:8} {mark:5} {tree.model_calls:2} model calls "
        f"{attempt.seconds:6.1f} s  {tree.answer or tree.ended}"
    )


def _show(report: Report, out: Path, replay: bool, seconds: float, json: bool) -> None:
    rows = [_row(name, attempts) for name, attempts in report.planners.items()]
    pairs = sum(len(mined.pairs) for mined in report.mined)
    if json:
        print_json(
            {
                "replayed": replay,
                "planners": rows,
                "preference_pairs": pairs,
                "seconds": round(seconds, 1),
                "page": str(report.page),
                "pairs": str(report.pairs),
                "runs": str(out / "runs"),
                "catalog": str(out / "catalog"),
            }
        )
        return
    from rich.table import Table

    table = Table(title="A replay of recorded runs" if replay else None)
    for column in rows[0]:
        table.add_column(column.replace("_", "\n"), justify="right")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    shown = console()
    shown.print(table)
    shown.print(f"{pairs} preference pairs from failed branches, {seconds:.0f} s in all\n")
    for what, path in (
        ("the trees, as a page", report.page),
        ("preference pairs (TRL)", report.pairs),
        ("the runs' journals", out / "runs"),
        ("the catalogue", out / "catalog"),
    ):
        shown.print(f"{what:24} {path}")
    if replay:
        shown.print(
            "\nThis was a replay: the model's replies were recorded before, "
            "the API calls were made now."
        )


def _row(name: str, attempts: list[Attempt]) -> dict[str, Any]:
    right = sum(1 for a in attempts if a.answer.value == 1.0)
    calls = [a.calls.value for a in attempts if a.calls.value is not None]
    return {
        "planner": name,
        "tasks": len(attempts),
        "right": right,
        "call_accuracy": round(sum(calls) / len(calls), 2) if calls else None,
        "model_calls": sum(a.tree.model_calls for a in attempts),
        "tool_calls": sum(a.tree.tool_calls for a in attempts),
        "tokens": sum(a.tree.usage.total for a in attempts),
        "seconds": round(sum(a.seconds for a in attempts), 1),
        "branches_failed": sum(
            1 for a in attempts for n in a.tree if n.state in ("gave_up", "pruned")
        ),
    }
