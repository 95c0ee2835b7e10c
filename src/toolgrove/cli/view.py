"""``toolgrove view``: runs as one HTML page, or a run's tree as an SVG picture."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from toolgrove.cli.common import console, err_console, print_json, until_interrupted
from toolgrove.errors import UsageError

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove view runs/1b9d1a6f0c2e-1 --open

  toolgrove view runs/* --out runs.html

  toolgrove view out/eval --open

  toolgrove view --follow runs/1b9d1a6f0c2e-1

  toolgrove view out/eval --serve --open

  toolgrove view runs/1b9d1a6f0c2e-1 --out tree.svg
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(view)


def view(
    run: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...",
            help="Run folders, ToolBench answer trees (.json), or a folder of runs.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Where to write: .html the page, .svg only the picture of one run's tree. "
            "Default: tree.html, in the run's folder or, for a file or several runs, here."
        ),
    ] = None,
    follow: Annotated[
        bool,
        typer.Option(
            "--follow",
            "--serve",
            help="Serve the page on 127.0.0.1 instead; it grows with the run, until Ctrl-C.",
        ),
    ] = False,
    port: Annotated[int, typer.Option(help="Where to serve it; 0 takes a free port.")] = 0,
    open_: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Write one self-contained HTML page that shows what runs did, step by step.

    Or serve one that grows with a run, or with all runs of a folder, while they go on.
    """
    if follow:
        _serve(run, out, port, open_, json)
        return
    from toolgrove.agent.view.batch import holds_runs
    from toolgrove.machine.files import write_beside

    target = out if out is not None else _default(run)
    if target.suffix.lower() not in (".html", ".svg"):
        raise UsageError(f"--out {target}: end the name in .html (the page) or .svg (a picture).")
    picture = target.suffix.lower() == ".svg"
    if picture and len(run) > 1:
        raise UsageError("--out .svg draws one run: name one, or write an .html page.")
    if len(run) == 1 and holds_runs(run[0]):
        if picture:
            raise UsageError("--out .svg draws one run: name one, or write an .html page.")
        text, count, nodes = _page_of_folder(run[0])
    else:
        text, count, nodes = _page_of_runs(run, picture)
    try:
        write_beside(target, [text.encode()])
    except OSError as error:
        why = error.strerror or str(error)
        raise UsageError(f"{target}: cannot be written ({why}). Name another with --out.") from None
    if json:
        print_json({"file": str(target), "runs": count, "nodes": nodes})
    else:
        runs = "1 run" if count == 1 else f"{count} runs"
        console().print(f"{target}  ({runs}, {nodes} nodes)")
    if open_:
        _show(target.resolve().as_uri())


def _default(runs: list[Path]) -> Path:
    alone = runs[0] if len(runs) == 1 and runs[0].is_dir() else Path()
    return alone / "tree.html"


def _page_of_folder(folder: Path) -> tuple[str, int, int]:
    from toolgrove.agent.view.batch import batch_page

    return batch_page(folder)


def _page_of_runs(runs: list[Path], picture: bool) -> tuple[str, int, int]:
    from toolgrove.agent.view.data import read_view
    from toolgrove.agent.view.page import page, svg
    from toolgrove.evaluators.judgements import Judgements

    judgements = Judgements()
    views = [read_view(path, judgements) for path in runs]
    text = svg(views[0].tree) if picture else page(views)
    return text, len(views), sum(len(found.tree) for found in views)


def _serve(runs: list[Path], out: Path | None, port: int, open_: bool, json: bool) -> None:
    """Serve a run or a folder of runs until Ctrl-C."""
    from toolgrove.agent.view.batch import holds_runs
    from toolgrove.agent.view.serve import ViewServer
    from toolgrove.data.runs import JOURNAL

    if len(runs) > 1 or out is not None:
        raise UsageError("--follow serves one run, or one folder of runs, and writes no --out.")
    if not holds_runs(runs[0]) and not (runs[0] / JOURNAL).is_file():
        raise UsageError(f"{runs[0]}: no {JOURNAL} here. Name the folder of a run, or of runs.")
    with ViewServer(runs[0]).running(port) as url:
        if json:
            print_json({"url": url})
        else:
            console().print(url)
            err_console().print("it grows with what it shows; Ctrl-C stops it")
        sys.stdout.flush()  # whoever reads a pipe waits for this
        if open_:
            _show(url)
        until_interrupted()


def _show(address: str) -> None:
    import webbrowser

    if not webbrowser.open(address):
        err_console().print(f"no browser could be started; open {address} yourself")
