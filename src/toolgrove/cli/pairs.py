"""``toolgrove pairs``: training files written for a trainer, counted, and looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolgrove.cli.common import console, print_json
from toolgrove.data.exports.trainers import Trainer
from toolgrove.errors import UsageError

__all__ = ["register"]

EXPORT_EXAMPLES = """
Examples:

  toolgrove pairs export pairs.jsonl --for llamafactory --out data

  toolgrove pairs export pairs.jsonl --for axolotl --tokenizer Qwen2.5-1.5B-Instruct --out data

  toolgrove pairs export pairs.jsonl --for parquet --test-share 0.1 --license apache-2.0 --out hub
"""

VIEW_EXAMPLES = """
Examples:

  toolgrove pairs view pairs.jsonl --open

  toolgrove pairs view pairs.jsonl --out looked-at.html
"""

File = Annotated[Path, typer.Argument(metavar="FILE", help="Rows that `toolgrove mine` wrote.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    pairs = typer.Typer(no_args_is_help=True, help="Look at training rows, and write them anew.")
    pairs.callback()(lambda: None)
    pairs.command("export", epilog=EXPORT_EXAMPLES)(export)
    pairs.command("stats")(stats)
    pairs.command("view", epilog=VIEW_EXAMPLES)(view)
    app.add_typer(pairs, name="pairs")


def export(
    file: File,
    trainer: Annotated[
        Trainer, typer.Option("--for", help="Whose form; parquet is with a dataset card.")
    ],
    out: Annotated[Path, typer.Option(help="The folder to write.")],
    tokenizer: Annotated[
        Path | None,
        typer.Option(
            help="Folder or GGUF file of the model that is trained; axolotl and openrlhf, whose "
            "rows are text, need it (extra train)."
        ),
    ] = None,
    test_share: Annotated[
        float,
        typer.Option(min=0, max=0.9, help="Share of the requests to hold back in files of a test."),
    ] = 0.0,
    license: Annotated[  # noqa: A002  # the option's name is its parameter's
        str, typer.Option(help="Of the data, for the dataset card: an SPDX id.")
    ] = "unknown",
    json: Json = False,
) -> None:
    """Write training rows in the form that a trainer's loader keeps whole.

    What a form has no place for is left out and counted.
    """
    from toolgrove.data.exports.rendering import ChatTemplate
    from toolgrove.data.exports.writing import export_rows

    template = None if tokenizer is None else ChatTemplate.load(tokenizer)
    found = export_rows(
        file, trainer, out, template=template, test_share=test_share, licence=license
    )
    if json:
        print_json({"out": str(out), "for": trainer.value, "files": found.files,
                    "left_out": found.left_out, "noted": found.noted})  # fmt: skip
        return
    for name, count in found.files.items():
        console().print(f"{out / name}: {count:,} rows")
    for said, by_kind in (("left out", found.left_out), ("to mind", found.noted)):
        for kind, reasons in by_kind.items():
            for why, count in reasons.items():
                console().print(f"{count:,} {kind} rows {said}: {why}")


def stats(file: File, json: Json = False) -> None:
    """Count rows by rule, fault, task, tool and planner, and say how long they are."""
    from rich import box
    from rich.table import Table

    from toolgrove.data.exports.rows import read_rows
    from toolgrove.data.exports.stats import row_stats

    found = row_stats(read_rows(file))
    if not found.rows:
        raise UsageError(f"{file}: there are no rows in it. `toolgrove mine` says why, by tree.")
    if json:
        print_json(found)
        return
    out = console()
    out.print(f"{found.rows:,} rows")
    table = Table("by", "most frequent", box=box.SIMPLE, pad_edge=False)
    for what, counts in found.counts.items():
        shown = ", ".join(f"{name} {count:,}" for name, count in counts.most_common(6))
        more = f", and {len(counts) - 6:,} more" if len(counts) > 6 else ""
        if counts:
            table.add_row(what, f"{shown}{more}")
    out.print(table)
    shares = next(iter(found.lengths.values()))
    lengths = Table("characters", *shares, box=box.SIMPLE, pad_edge=False)
    for name, at in found.lengths.items():
        lengths.add_row(name, *(f"{value:,}" for value in at.values()))
    out.print(lengths)


def view(
    file: File,
    out: Annotated[
        Path | None, typer.Option(help="The page to write; by default FILE with .html.")
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Write one self-contained HTML page: both sides beside each other, and what differs."""
    from toolgrove.agent.view.rows import rows_page
    from toolgrove.machine.files import refuse_to_replace, write_beside

    target = out if out is not None else file.with_suffix(".html")
    refuse_to_replace(target, [file])
    text = rows_page(file)
    try:
        write_beside(target, [text.encode()])
    except OSError as error:
        why = error.strerror or str(error)
        raise UsageError(f"{target}: cannot be written ({why}). Name another with --out.") from None
    console().print(str(target))
    if open_:
        import webbrowser

        webbrowser.open(target.resolve().as_uri())
