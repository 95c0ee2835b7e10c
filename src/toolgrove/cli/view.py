"""``toolgrove view``: runs as one HTML page, or a run's tree as an SVG picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolgrove.cli.common import console, err_console, print_json
from toolgrove.errors import JournalError, UsageError

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove view runs/1b9d1a6f0c2e-1 --open

  toolgrove view runs/* --out runs.html

  toolgrove view runs/1b9d1a6f0c2e-1 --out tree.svg
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(view)


def view(
    run: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", help="Run folders, or ToolBench answer trees (.json)."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Where to write: .html the page, .svg only the picture of one run's tree. "
            "Default: tree.html, in the run's folder or, for a file or several runs, here."
        ),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Write one self-contained HTML page that shows what runs did, step by step."""
    from toolgrove.agent.view.data import read_view
    from toolgrove.agent.view.page import page, svg
    from toolgrove.evaluators.judgements import Judgements
    from toolgrove.machine.files import write_beside

    target = out if out is not None else _default(run)
    if target.suffix.lower() not in (".html", ".svg"):
        raise UsageError(f"--out {target}: end the name in .html (the page) or .svg (a picture).")
    picture = target.suffix.lower() == ".svg"
    if picture and len(run) > 1:
        raise UsageError("--out .svg draws one run: name one, or write an .html page.")
    for path in run:
        _check(path)
    judgements = Judgements()
    views = [read_view(path, judgements) for path in run]
    text = svg(views[0].tree) if picture else page(views)
    try:
        write_beside(target, [text.encode()])
    except OSError as error:
        why = error.strerror or str(error)
        raise UsageError(f"{target}: cannot be written ({why}). Name another with --out.") from None
    nodes = sum(len(found.tree) for found in views)
    if json:
        print_json({"file": str(target), "runs": len(views), "nodes": nodes})
    else:
        runs = "1 run" if len(views) == 1 else f"{len(views)} runs"
        console().print(f"{target}  ({runs}, {nodes} nodes)")
    if open_:
        _show(target)


def _default(runs: list[Path]) -> Path:
    alone = runs[0] if len(runs) == 1 and runs[0].is_dir() else Path()
    return alone / "tree.html"


def _check(path: Path) -> None:
    """Say what to name instead of a folder that holds runs."""
    from toolgrove.data.journal import JOURNAL

    if path.is_dir() and not (path / JOURNAL).is_file():
        inside = sum(1 for _ in path.glob(f"*/{JOURNAL}"))
        if inside:
            raise JournalError(f"{path}: holds {inside} runs. Name them: toolgrove view {path}/*")


def _show(target: Path) -> None:
    import webbrowser

    if not webbrowser.open(target.resolve().as_uri()):
        err_console().print(f"no browser could be started; open {target} yourself")
