"""``toolgrove train retriever``: an encoder, query adapter or classifier from labelled queries."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolgrove.cli.common import console, err_console, print_json, progress
from toolgrove.cli.train_policy import EXAMPLES as POLICY_EXAMPLES
from toolgrove.cli.train_policy import policy
from toolgrove.cli.train_ranker import EXAMPLES as RANKER_EXAMPLES
from toolgrove.cli.train_ranker import ranker
from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from toolgrove.data.records import Task, ToolSpec
    from toolgrove.retriever.training.run import Trained

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove train retriever --queries train.json --catalog catalog --out adapter

  toolgrove train retriever --method encoder --queries a.json --queries b.json --out encoder

  toolgrove search "latest lottery results" --catalog catalog --embedder adapter

An adapter changes the vectors of queries only: it takes seconds, and the index stays. An encoder
takes minutes and the extra train (pip install 'toolgrove[train]'); index the sources into a new
folder with --embedder to use it. A classifier knows the tools that the queries are labelled with
and no others. Ctrl-C keeps the best so far.
"""


class Method(StrEnum):
    """What is trained."""

    ADAPTER = "adapter"
    ENCODER = "encoder"
    CLASSIFIER = "classifier"


def register(app: typer.Typer) -> None:
    """Add the command."""
    train = typer.Typer(
        no_args_is_help=True,
        help="Train retrieval on labelled queries, or the local model on what agents did.",
    )
    train.callback()(lambda: None)
    train.command("retriever", epilog=EXAMPLES)(retriever)
    train.command("ranker", epilog=RANKER_EXAMPLES)(ranker)
    train.command("policy", epilog=POLICY_EXAMPLES)(policy)
    app.add_typer(train, name="train")


def retriever(
    queries: Annotated[
        list[Path],
        typer.Option(help="Labelled queries: a file, a folder, or: world. Repeatable."),
    ],
    out: Annotated[Path, typer.Option(help="The folder to write.")],
    catalog: Annotated[
        Path, typer.Option(help="The tools they are about.", envvar="TOOLGROVE_CATALOG")
    ] = Path("toolgrove-catalog"),
    method: Annotated[Method, typer.Option(help="What is trained.")] = Method.ADAPTER,
    layers: Annotated[
        int, typer.Option(help="Encoder: layers that are tuned, from the top.", min=1, max=6)
    ] = 3,
    epochs: Annotated[int, typer.Option(help="Encoder: passes over the queries.", min=1)] = 1,
    seed: Annotated[int, typer.Option(help="Of every random choice.")] = 0,
    measure: Annotated[
        bool | None,
        typer.Option(
            help="Also train on parts and test on the rest: queries held out, and tools never "
            "seen. On unless an encoder is trained, which then takes three times as long."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Train a retriever on queries that are labelled with the tools they need."""
    from toolgrove.retriever.training.run import Settings, measured, train, write

    tasks, specs = _examples(queries, catalog)
    settings = Settings(method.value, layers=layers, epochs=epochs, seed=seed)
    with progress(f"training the {method.value}") as tick:
        trained = train(tasks, specs, settings, tick)
    figures: dict[str, Any] = {}
    if (method is not Method.ENCODER if measure is None else measure) and not trained.stopped:
        with progress("measuring", unit="trainings") as tick:
            figures = measured(tasks, specs, settings, tick)
    write(trained, out, figures)
    summary = {
        "out": str(out),
        "method": method.value,
        "queries": trained.queries,
        "tools": len(specs),
        "stopped": trained.stopped,
        "loss": {"first": trained.first_loss, "last": trained.last_loss},
        "measures": figures,
    }
    if json:
        print_json(summary)
    else:
        _show(summary, trained)


def _examples(queries: list[Path], catalog: Path) -> tuple[list[Task], dict[str, ToolSpec]]:
    from toolgrove.data.formats.query_sets import load_query_sets
    from toolgrove.tools.registry import Registry

    registry = Registry.open(catalog, create=False)
    try:
        specs = {spec.id: spec for spec in registry}
    finally:
        registry.close()
    if not specs:
        raise UsageError(f"{catalog}: no tools there. `toolgrove index` puts some in.")
    return [task for one in load_query_sets(queries) for task in one.tasks], specs


def _show(summary: dict[str, Any], trained: Trained) -> None:
    from rich.table import Table

    out = console()
    said = "stopped early: the best so far" if trained.stopped else "done"
    out.print(
        f"{summary['out']}: {summary['method']} from {summary['queries']:,} queries over "
        f"{summary['tools']:,} tools, {said}; loss {trained.first_loss:.3f} to "
        f"{trained.last_loss:.3f}",
    )
    if summary["measures"]:
        table = Table("tested on", "queries", "trained on", "NDCG@5", "untrained", box=None)
        for name, row in summary["measures"].items():
            cells = (f"{row['tested']:,}", f"{row['trained_on']:,}")
            table.add_row(name, *cells, f"{row['ndcg@5']:.3f}", f"{row['untrained_ndcg@5']:.3f}")
        out.print(table)
    for name, row in summary["measures"].items():
        if row["ndcg@5"] < row["untrained_ndcg@5"]:
            err_console().print(
                f"note: on {name} training lost "
                f"{row['untrained_ndcg@5'] - row['ndcg@5']:.3f} of NDCG@5. Use it only for queries "
                "like those it was trained on."
            )
