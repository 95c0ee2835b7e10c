"""``toolgrove report``: what a folder of results holds, in a file for others."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from toolgrove.cli.common import console, print_json
from toolgrove.errors import UsageError

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove report out/eval

  toolgrove report out/eval --format html --to report.html

  toolgrove report out/eval --format csv > figures.csv

  toolgrove report out/eval --format inspect
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(report)


def report(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A folder of results.")],
    *,
    form: Annotated[
        Literal["md", "csv", "json", "html", "inspect"],
        typer.Option(
            "--format",
            help="A table (md, csv), everything (json), a page with plots (html), or a folder of "
            "Inspect's logs (inspect).",
        ),
    ] = "md",
    to: Annotated[
        Path | None,
        typer.Option(
            help="What to write; by default OUT/report.html or the folder OUT/inspect, else none."
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(help="Whose scores say what became of a run. Default: the answer check's."),
    ] = None,
) -> None:
    """Report pass rates with 95% intervals, what became of the runs, and what they cost.

    By setting and group. The page holds everything: each mark of a plot leads to the runs behind
    it, and these to their trees.
    """
    from toolgrove.evaluators.reporting import as_csv, as_markdown, report_on

    if form == "inspect":
        from toolgrove.evaluators.inspect_logs import write_inspect_logs

        if by is not None:
            raise UsageError("Inspect's logs hold every score: leave --by out.")
        for path in write_inspect_logs(out, to or out / "inspect"):
            console().print(str(path))
        return
    if form == "html":
        from toolgrove.agent.view.batch import report_page

        _write(to or out / "report.html", report_page(out, by))
        return
    found = report_on(out, by)
    if to is None and form == "json":
        print_json(found)
    elif form == "json":
        _write(to, _json(found))
    elif to is None:
        from toolgrove.cli.printable import printable

        sys.stdout.write(printable(as_csv(found) if form == "csv" else as_markdown(found)))
    else:
        _write(to, as_csv(found) if form == "csv" else as_markdown(found))


def _json(value: object) -> str:
    import json

    from toolgrove.data.codec import to_json

    return json.dumps(to_json(value), indent=2, ensure_ascii=False) + "\n"


def _write(file: Path | None, text: str) -> None:
    from toolgrove.machine.files import write_beside

    assert file is not None
    try:
        write_beside(file, [text.encode("utf-8", "replace")])
    except OSError as error:
        why = error.strerror or str(error)
        raise UsageError(f"{file}: cannot be written ({why}). Name another with --to.") from None
    console().print(str(file))
