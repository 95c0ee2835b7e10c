"""``toolgrove eval-retrieval``: how well, and how fast, a catalogue finds what queries need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolgrove.cli.common import console, err_console, note_if_partial, print_json, progress

if TYPE_CHECKING:
    from rich.table import Table

    from toolgrove.agent.catalog import Catalog
    from toolgrove.retriever.evaluation import Answered, Estimate, Plan, RetrievalFigures

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove eval-retrieval --catalog catalog --queries G1_tool.json --queries G2_category.json

  toolgrove eval-retrieval --catalog catalog --queries retrieval/G1 --json

  toolgrove eval-retrieval --catalog catalog --queries world --limit 50 --seed 1 -k 20

  toolgrove eval-retrieval --catalog catalog --queries world --rank-only bm25

Query files are ToolBench's; folders with its retriever's corpus.tsv, qrels.SPLIT.tsv and
SPLIT.query.txt; files with one {"query", "relevant"} a line; or the word world: the bundled tasks.
Index the tools first. Ctrl-C prints what was measured so far.
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("eval-retrieval", epilog=EXAMPLES)(eval_retrieval)


def eval_retrieval(
    queries: Annotated[
        list[str],
        typer.Option(help="Labelled queries: a file, a folder, or: world. Can be given again."),
    ],
    catalog: Annotated[
        Path, typer.Option(help="The catalogue to search.", envvar="TOOLGROVE_CATALOG")
    ] = Path("toolgrove-catalog"),
    k: Annotated[int, typer.Option("-k", help="Tools to retrieve for a query.", min=1)] = 10,
    limit: Annotated[
        int | None, typer.Option(help="Only so many queries of each file, drawn by --seed.", min=1)
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the drawing and of the intervals.", min=0)] = 0,
    rank_only: Annotated[
        str | None,
        typer.Option(help="Rank by one score of the whole query instead: bm25, dense or convex."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Measure Recall, NDCG and MRR of a catalogue's search on labelled queries, and its time.

    Means over queries with 95% bootstrap intervals (1,000 resamples), for each file, for the
    splits that it tells apart, and overall. A query counts by those of its relevant tools that
    the catalogue has; one that has none there is skipped.
    """
    from toolgrove.agent.catalog import Catalog
    from toolgrove.cli.model import fetch_embedder
    from toolgrove.data.formats.query_sets import load_query_sets
    from toolgrove.retriever.evaluation import answers, baseline, plan

    sets = load_query_sets(queries)
    with Catalog.open(catalog, create=False) as opened:
        asked = plan(sets, opened.registry, limit=limit, seed=seed)
        fetch_embedder()
        note_if_partial(opened)
        search: Callable[[str], Sequence[str]] = partial(_ids, opened, k)
        if rank_only is not None:
            search = baseline(opened.search_index, rank_only, k)
        done: list[Answered] = []
        with progress("searching", unit="queries") as tick:
            try:
                for answered in answers(asked.questions, search):
                    done.append(answered)
                    tick(len(done), len(asked.questions))
            except KeyboardInterrupt:
                err_console().print(
                    f"stopped after {len(done)} of {len(asked.questions)} queries; "
                    "the figures are theirs"
                )
        report = {
            "catalog": str(catalog),
            "tools": len(opened),
            "embedder": opened.search_index.embedder.name,
            "ranking": rank_only or "catalogue",
            "files": len(sets),
            **_report(asked, done, k, seed),
        }
    if json:
        print_json(report)
    else:
        _show(report)
    if not report["complete"]:
        raise typer.Exit(130)


def _ids(catalog: Catalog, k: int, text: str) -> Sequence[str]:
    return [hit.id for hit, _ in catalog.search(text, k)]


def _report(asked: Plan, done: list[Answered], depth: int, seed: int) -> dict[str, Any]:
    from toolgrove.retriever.evaluation import OVERALL, figures, latency, peak_memory

    def of(name: str) -> Any:
        some = [one for one in done if name in (OVERALL, *one.question.groups)]
        return figures(some, depth, skipped=asked.skipped[name], seed=seed)

    return {
        "depth": depth,
        "seed": seed,
        "complete": len(done) == len(asked.questions),
        "overall": of(OVERALL),
        "splits": {name: of(name) for name in asked.groups},
        "latency_ms": {
            "cold": latency([one.cold for one in done if one.cold is not None]),
            "cached": latency([one.cached for one in done]),
        },
        "peak_memory_bytes": peak_memory(),
        "unlabelled": asked.unlabelled,
        "missing": {
            "tools": len(asked.missing),
            "first": [id_ for id_, _ in asked.missing.most_common(5)],
        },
    }


def _show(report: dict[str, Any]) -> None:
    from rich.text import Text

    out = console()
    shown = {**report["splits"], "overall": report["overall"]}
    if report["files"] == 1:  # whose figures are the overall ones
        shown.pop(next(iter(report["splits"])))
    for name, found in shown.items():
        left = f", {found.skipped:,} skipped" if found.skipped else ""
        out.print(Text(f"{name}: {found.queries:,} queries{left}", style="bold"))
        if found.metrics:
            out.print(_table(found, report["depth"]))
        out.print()
    out.print(Text(_costs(report)))
    for note in _notes(report):
        out.print(Text(note, style="dim"))


def _table(found: RetrievalFigures, depth: int) -> Table:
    from rich.table import Table

    from toolgrove.retriever.evaluation import cuts

    table = Table("percent", box=None, pad_edge=False)
    for k in cuts(depth):
        table.add_column(f"@{k}", min_width=17)
    for measure in ("recall", "ndcg", "mrr"):
        table.add_row(measure, *(_percent(found.metrics[f"{measure}@{k}"]) for k in cuts(depth)))
    return table


def _percent(found: Estimate) -> str:
    value, low, high = (
        "100" if share == 1 else f"{100 * share:.1f}"
        for share in (found.value, found.low, found.high)
    )
    return f"{value} ({low}-{high})"


def _costs(report: dict[str, Any]) -> str:
    words = [f"{report['tools']:,} tools"]
    for name, found in report["latency_ms"].items():
        if found is not None:
            words.append(f"a query {name} p50 {found.p50:.1f} ms, p95 {found.p95:.1f} ms")
    if report["peak_memory_bytes"] is not None:
        words.append(f"memory at most {report['peak_memory_bytes'] / 2**20:,.0f} MiB")
    return "; ".join(words)


def _notes(report: dict[str, Any]) -> list[str]:
    notes = []
    if report["missing"]["tools"]:
        first = ", ".join(report["missing"]["first"])
        notes.append(
            f"{report['missing']['tools']:,} relevant tools are not in the catalogue ({first}, …); "
            "queries count by those that are."
        )
    if report["unlabelled"]:
        notes.append(f"{report['unlabelled']:,} queries have no words or no relevant tool.")
    return notes
