"""``toolgrove learn``: what a catalogue picks up from tasks and runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolgrove.cli.common import err_console, print_json, progress
from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from toolgrove.agent.memory import Memory

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove learn co-use G1_instruction.json G2_instruction.json --catalog catalog

  toolgrove learn co-use runs --catalog catalog

Files and folders of labelled queries, ToolBench answer trees and runs; of trees and runs, the path
to the answer counts. Nothing is learnt twice. Leave out what you mean to test on.
"""

MEMORY_EXAMPLES = """
Examples:

  toolgrove eval world --planner dfsdt --out results

  toolgrove learn memory results --catalog catalog

  toolgrove learn memory results --catalog catalog --held-out G1_test.json --success answer/2

  toolgrove learn memory results --catalog catalog --model openai:gpt-5-mini

  toolgrove memory list --catalog catalog

  toolgrove eval world --split dev --memory catalog --examples catalog --out results

Lessons are read by rules, from runs that were scored. Runs of the world's test splits and of tasks
of --held-out are refused and counted. No run is learnt twice; where this was stopped, the same
command goes on.
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    learn = typer.Typer(no_args_is_help=True, help="Learn from tasks and runs.")
    learn.callback()(lambda: None)
    learn.command("co-use", epilog=EXAMPLES)(co_use)
    learn.command("memory", epilog=MEMORY_EXAMPLES)(memory)
    app.add_typer(learn, name="learn")


def co_use(
    sources: Annotated[list[Path], typer.Argument(help="Query files, answer trees, runs.")],
    catalog: Annotated[
        Path, typer.Option(help="The catalogue that learns.", envvar="TOOLGROVE_CATALOG")
    ] = Path("toolgrove-catalog"),
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Learn which tools are used together; retrieval for a next step then proposes them."""
    from toolgrove.agent.catalog import Catalog
    from toolgrove.data.formats.sources import TASKS, TREES, load_sources
    from toolgrove.retriever.co_use import Episode, from_task, from_tree

    episodes: list[Episode] = []
    for loaded in load_sources(sources, TASKS | TREES):
        episodes += map(from_task, loaded.tasks)
        episodes += map(from_tree, loaded.trees)
    with Catalog.open(catalog, create=False) as opened:
        new = opened.learn(episodes)
        known = len(opened.co_use)
    if json:
        print_json({"read": len(episodes), "new": new, "known": known})
    else:
        err_console().print(f"{len(episodes)} requests read, {new} new, {known} known")


def _word(memory: Memory, name: str) -> None:
    """Have a model word the lessons that it has not worded yet, each kept as it comes.

    Who has lessons of the same memory worded waits.
    """
    from filelock import FileLock

    from toolgrove.agent.models.loading import load_model
    from toolgrove.agent.wording import worded

    model = load_model(name)
    with FileLock(memory.folder / "words.lock"):
        for entry in memory.entries():
            if not entry.words and (words := worded(entry.lesson, model)) is not None:
                memory.word({entry.id: words})


def memory(
    results: Annotated[list[Path], typer.Argument(help="Results of eval, or runs.")],
    catalog: Annotated[
        Path, typer.Option(help="The folder of the memory.", envvar="TOOLGROVE_CATALOG")
    ] = Path("toolgrove-catalog"),
    success: Annotated[
        str, typer.Option(help="What counts as right: auto, or an evaluator such as answer/2.")
    ] = "auto",
    held_out: Annotated[
        Path | None, typer.Option(help="Queries or tasks of a test: nothing is learnt from these.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="A chat model that says in fewer words what the rules found.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Learn lessons and examples from scored runs: what worked, and what failed and why."""
    from collections import Counter

    from toolgrove.agent.memory import Learnt, Memory
    from toolgrove.cli.eval_tasks import held_out_tasks
    from toolgrove.data.formats.sources import TREES, load_sources
    from toolgrove.evaluators.judgements import Judgements

    judgements = Judgements(success)
    came: Counter[Learnt] = Counter()
    with Memory.open(catalog) as opened, progress("learning", unit="runs") as tick:
        opened.hold_out(() if held_out is None else held_out_tasks(held_out))
        sources = load_sources(results, TREES)
        for loaded in sources:
            for tree in loaded.trees:
                judged = judgements.of(tree, loaded.path)
                came[opened.learn(tree, judged, str(loaded.path))] += 1
            tick(sources.done, len(sources.files))
        for wrong in judgements.unknown():
            raise UsageError(wrong)
        if model is not None:
            _word(opened, model)
        lessons, examples = len(opened.entries()), len(opened.solved())
    summary = {
        "runs": came.total(),
        **{f"{one}_runs": came[one] for one in Learnt},
        "lessons": lessons,
        "examples": examples,
    }
    if json:
        print_json(summary)
        return
    err_console().print(
        f"{came.total()} runs read, {came[Learnt.NEW]} new, {came[Learnt.REFUSED]} of test tasks "
        f"refused; the memory holds {lessons} lessons and {examples} examples"
    )
