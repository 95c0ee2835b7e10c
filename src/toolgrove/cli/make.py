"""``toolgrove make tools``: tools that are made from solved runs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolgrove.cli.common import err_console, print_json, progress
from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from toolgrove.agent.making.workshop import Workshop

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove eval world --planner dfsdt --out results

  toolgrove make tools results --catalog catalog

  toolgrove make tools results --catalog catalog --held-out G1_test.json --success answer/2

  toolgrove make tools --catalog catalog

  toolgrove tools list --catalog catalog

  toolgrove run "What currency do they use at BOG?" --catalog catalog --made-tools

The catalogue has to hold the tools of the runs: what is made is tried by calling them, those that
only read. Without RESULTS the tools that were made are tried again. Where this was stopped, the
same command goes on.
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    make = typer.Typer(no_args_is_help=True, help="Make tools from solved runs.")
    make.callback()(lambda: None)
    make.command("tools", epilog=EXAMPLES)(tools)
    app.add_typer(make, name="make")


def tools(
    results: Annotated[list[Path] | None, typer.Argument(help="Results of eval, or runs.")] = None,
    catalog: Annotated[
        Path, typer.Option(help="The catalogue that gets the tools.", envvar="TOOLGROVE_CATALOG")
    ] = Path("toolgrove-catalog"),
    success: Annotated[
        str, typer.Option(help="What counts as right: auto, or an evaluator such as answer/2.")
    ] = "auto",
    held_out: Annotated[
        Path | None, typer.Option(help="Queries or tasks of a test: nothing is made from these.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Make tools from scored runs, try them on solved tasks that were held back, keep what passes.

    Those that were made before are tried again, and retired where they do not pass any more.
    """
    from toolgrove.agent.catalog import Catalog
    from toolgrove.agent.making.trying import make
    from toolgrove.agent.making.workshop import Workshop
    from toolgrove.cli.trusted import trusted_here
    from toolgrove.machine.threads import wait
    from toolgrove.tools.calls.settings import CallSettings

    with Catalog.open(catalog, create=False) as opened, Workshop.open(catalog) as shop:
        runs = _read(shop, results or [], success, held_out)
        settings = CallSettings(trusted=trusted_here())
        with progress("trying", unit="tools") as tick:
            came = wait(make(shop, opened.registry, settings, tick=tick))
        there = len(shop.tools())
    summary = {**runs, **asdict(came), "tools": there}
    if json:
        print_json(summary)
        return
    for name in came.made:
        err_console().print(f"made {name}", markup=False)
    for name in came.retired:
        err_console().print(f"retired {name}", markup=False)
    if came.away:
        err_console().print(
            f"{came.away} could not be tried, as what they call did not answer or let nobody in: "
            "they are as they were, and the same command tries them again",
            markup=False,
        )
    err_console().print(
        f"{runs['runs']} runs read, {runs['new_runs']} new, {runs['refused_runs']} of test tasks "
        f"refused; {len(came.made)} made, {len(came.kept)} passed again, {len(came.retired)} "
        f"retired, {came.failed} did not pass, {came.same} do what another does; "
        f"{there} made tools; `toolgrove run --made-tools` offers those that fit"
    )


def _read(
    shop: Workshop, results: list[Path], success: str, held_out: Path | None
) -> dict[str, int]:
    """Read the drafts of runs, each kept as it comes."""
    from collections import Counter

    from toolgrove.agent.memory import Learnt
    from toolgrove.cli.eval_tasks import held_out_tasks
    from toolgrove.data.formats.sources import TREES, load_sources
    from toolgrove.evaluators.judgements import Judgements

    shop.hold_out(() if held_out is None else held_out_tasks(held_out))
    judgements = Judgements(success)
    came: Counter[Learnt] = Counter()
    if results:
        with progress("reading", unit="runs") as tick:
            sources = load_sources(results, TREES)
            for loaded in sources:
                for tree in loaded.trees:
                    judged = judgements.of(tree, loaded.path)
                    came[shop.read(tree, judged, str(loaded.path))] += 1
                tick(sources.done, len(sources.files))
    for wrong in judgements.unknown():
        raise UsageError(wrong)
    return {"runs": came.total(), **{f"{one}_runs": came[one] for one in Learnt}}
