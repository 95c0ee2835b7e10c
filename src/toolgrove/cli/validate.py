"""``toolgrove validate``: what a trainer would make of a training file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolgrove.cli.common import console, err_console, print_json
from toolgrove.data.exports.trainers import Trainer

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove validate pairs.jsonl --for trl

  toolgrove validate pairs.jsonl --for trl --tokenizer Qwen2.5-1.5B-Instruct --max-length 4096
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(validate)


def validate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Rows that `toolgrove mine` wrote.")],
    trainer: Annotated[Trainer, typer.Option("--for", help="Whose loader.")] = Trainer.TRL,
    tokenizer: Annotated[
        Path | None,
        typer.Option(
            help="Folder or GGUF file of the model that is trained: renders every row and counts "
            "its tokens (extra train)."
        ),
    ] = None,
    max_length: Annotated[
        int, typer.Option(help="Tokens that the trainer has for a row; TRL's default.", min=1)
    ] = 1_024,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say what a trainer would drop, cut or misread, by line.

    Exits with 1 where rows are lost, or none are there.
    """
    from toolgrove.data.exports.rendering import ChatTemplate
    from toolgrove.data.exports.validating import BENIGN, FINDINGS, validate_rows

    template = None if tokenizer is None else ChatTemplate.load(tokenizer)
    report = validate_rows(file, trainer, template=template, max_length=max_length)
    if json:
        print_json({"file": str(file), "for": trainer.value, "rows": report.rows,
                    "lost": report.lost, "findings": report.findings, "notes": report.notes,
                    "tokens": report.tokens})  # fmt: skip
    else:
        out = console()
        for name, lines in report.findings.items():
            shown = ", ".join(map(str, lines[:5])) + (" …" if len(lines) > 5 else "")
            mark = "note" if name in BENIGN else "lost"
            out.print(f"{mark}: {len(lines):,} × {FINDINGS[name]} (line {shown})")
        for name, at in report.tokens.items():
            out.print(f"tokens of {name}: " + ", ".join(f"{k} {n:,}" for k, n in at.items()))
        for note in report.notes:
            err_console().print(note)
        how = "" if template else "; name a --tokenizer to have lengths and the template checked"
        out.print(f"{report.rows:,} rows for {trainer.value}, {report.lost:,} lost{how}")
        if not report.rows:
            err_console().print(f"{file} holds no rows: there is nothing to train on.")
    if report.lost or not report.rows:
        raise typer.Exit(1)
