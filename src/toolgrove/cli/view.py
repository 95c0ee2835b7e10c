"""``toolgrove view``: runs as one HTML page, or a run's tree as an SVG picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolgrove.cli.common import console, err_console, print_json
from toolgrove.errors import UsageError

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove view runs/1b9d1a6f0c2e-1 --open

  toolgrove view runs/* --out runs.html

  toolgrove view out/eval --open

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
    open_: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Write one self-contained HTML page that shows what runs did, step by step."""
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
        _show(target)


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


def _show(target: Path) -> None:
    import webbrowser

    if not webbrowser.open(target.resolve().as_uri()):
        err_console().print(f"no browser could be started; open {target} yourself")
