"""``toolgrove train ranker``: how a catalogue weighs what it knows of its candidates."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolgrove.cli.common import console, err_console, print_json, progress
from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    from toolgrove.agent.catalog import Catalog
    from toolgrove.data.records import Task, ToolSpec
    from toolgrove.machine.progress import Tick
    from toolgrove.retriever.ranker import Ranker
    from toolgrove.retriever.ranking import Evidence

    _Known: TypeAlias = Mapping[str, Evidence | None]

__all__ = ["EXAMPLES", "ranker"]

EXAMPLES = """
Examples:

  toolgrove train ranker --queries train.json --catalog catalog

  toolgrove train ranker --queries world --catalog catalog --dry-run --json

The seven weights are kept in the catalogue, whose searches use them from then on; delete
index/ranker.json in it to go back to the default. It takes seconds, and nothing is embedded anew
but the queries.
"""

CUT = 5


def ranker(
    queries: Annotated[
        list[Path],
        typer.Option(help="Labelled queries: a file, a folder, or: world. Repeatable."),
    ],
    catalog: Annotated[
        Path, typer.Option(help="The catalogue to fit.", envvar="TOOLGROVE_CATALOG")
    ] = Path("toolgrove-catalog"),
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it would be worth; change nothing.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Draws the queries that are held out.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Fit a catalogue's ranking to queries that are labelled with the tools they need."""
    from toolgrove.agent.catalog import Catalog
    from toolgrove.data.formats.query_sets import labels, load_query_sets
    from toolgrove.retriever.features import FEATURES

    tasks = [task for one in load_query_sets(queries) for task in one.tasks if labels(task)]
    with Catalog.open(catalog, create=False) as opened:
        with progress("looking for candidates", unit="queries") as tick:
            known = _candidates(opened, tasks, tick)
        specs = {spec.id: spec for spec in opened.registry}
        measures = _worth(known, tasks, specs, seed)
        fitted = _fitted(known, tasks)
        if fitted.queries == 0:
            raise UsageError(
                f"{catalog}: none of the {len(tasks)} queries has a relevant tool among its "
                "candidates. Index the tools that the queries are labelled with."
            )
        if not dry_run:
            opened.search_index.use(fitted)
    weights = dict(zip(FEATURES, fitted.weights, strict=True))
    summary: dict[str, Any] = {
        "catalog": str(catalog),
        "queries": fitted.queries,
        "weights": weights,
        "kept": not dry_run,
        "measures": measures,
    }
    if json:
        print_json(summary)
        return
    out = console()
    done = "would be fitted" if dry_run else "fitted"
    out.print(f"{catalog}: {done} to {fitted.queries:,} queries")
    out.print(", ".join(f"{name} {weight:.2f}" for name, weight in weights.items()))
    for name, row in measures.items():
        out.print(
            f"NDCG@{CUT} on {name} ({row['tested']:,} queries): {row['ndcg@5']:.3f}, "
            f"default {row['default_ndcg@5']:.3f}",
        )
        if row["ndcg@5"] < row["default_ndcg@5"]:
            err_console().print(f"note: on {name} fitting lost.")


def _candidates(catalog: Catalog, tasks: Sequence[Task], tick: Tick) -> _Known:
    """What is known of each query's candidates; of a query without any, nothing."""
    known = {}
    for done, task in enumerate(tasks, 1):
        known[task.query] = catalog.search_index.evidence(task.query)
        tick(done, len(tasks))
    return known


def _fitted(known: _Known, tasks: Sequence[Task]) -> Ranker:
    from toolgrove.data.formats.query_sets import labels
    from toolgrove.retriever.ranker import fit

    found = ((known[task.query], labels(task)) for task in tasks)
    return fit([one.labelled(relevant) for one, relevant in found if one is not None])


def _worth(
    known: _Known, tasks: list[Task], specs: Mapping[str, ToolSpec], seed: int
) -> dict[str, dict[str, float]]:
    """NDCG@5 of weights fitted to the rest, on queries held out and on tools never seen."""
    from toolgrove.retriever.training.examples import held_out, tool_disjoint

    splits = {
        "queries held out": held_out(tasks, seed=seed),
        "tools never seen": tool_disjoint(tasks, specs, seed=seed),
    }
    return {
        name: _compared(known, _fitted(known, rest), tests)
        for name, (rest, tests) in splits.items()
        if rest and tests
    }


def _compared(known: _Known, fitted: Ranker, tests: Sequence[Task]) -> dict[str, float]:
    from statistics import fmean

    from toolgrove.data.formats.query_sets import labels
    from toolgrove.retriever.metrics import ndcg
    from toolgrove.retriever.ranker import DEFAULT
    from toolgrove.retriever.ranking import ranked

    found: dict[str, list[float]] = {"ndcg@5": [], "default_ndcg@5": []}
    for task in tests:
        evidence = known[task.query]
        for name, one in zip(found, (fitted, DEFAULT), strict=True):
            ids = [] if evidence is None else [hit.id for hit in ranked(evidence, one, CUT)]
            found[name].append(ndcg(ids, labels(task), CUT))
    return {name: fmean(values) for name, values in found.items()} | {"tested": len(tests)}
