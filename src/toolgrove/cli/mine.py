"""``toolgrove mine``: preference pairs from the branches that searches left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolgrove.cli.common import console, err_console, print_json, progress
from toolgrove.data import preferences
from toolgrove.data.preferences import Fault, Rule
from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from toolgrove.data.formats.sources import Sources
    from toolgrove.data.preferences import MinedRow
    from toolgrove.data.records import PreferencePair
    from toolgrove.data.tree import SearchTree
    from toolgrove.machine.progress import Tick

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove mine runs --out pairs.jsonl

  toolgrove mine G1_answer G2_answer --out pairs.jsonl --rule path --skip-bad

  toolgrove mine runs --out pairs.jsonl --drop diversity_prompt --drop empty_thought --json

Load the rows with the features that keep arguments as they are:

  from toolgrove.data.formats.trl import features

  load_dataset("json", data_files="pairs.jsonl", features=features())
"""


class Format(StrEnum):
    """What rows are written."""

    TRL = "trl"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(mine)


def mine(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Runs, ToolBench answer trees or converted answers, or folders of them."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The file to write.")],
    format: Annotated[  # noqa: A002  # the option's name is its parameter's
        Format, typer.Option(help="What rows are written: for TRL's DPO trainer.")
    ] = Format.TRL,
    rule: Annotated[
        Rule,
        typer.Option(help="One step against its failed sibling, or whole paths."),
    ] = Rule.STEP,
    drop: Annotated[
        list[Fault] | None,
        typer.Option(
            help="Drop pairs with this fault, too (repeatable). Identical calls always are."
        ),
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Go on after a bad file, and list it at the end.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Mine preference pairs from search trees, and say for each tree how many and why none."""
    from toolgrove.data.formats.sources import TREES, load_sources
    from toolgrove.data.formats.trl import save_pairs

    sources = load_sources(paths, TREES, skip_bad=skip_bad)
    report = _Report()
    with progress("mining", unit="files") as tick:
        save_pairs(out, _pairs(sources, rule, drop or (), report, tick))
    summary = {
        "out": str(out),
        "format": format.value,
        "rule": rule.value,
        **report.totals(),
        "other_files": sources.passed,
        "skipped": [str(error) for error in sources.skipped],
        "trees": report.rows,
    }
    if json:
        print_json(summary)
    else:
        _show(summary)


@dataclass
class _Report:
    """Rows so far; small, whatever the trees were."""

    rows: list[MinedRow] = field(default_factory=list)

    def totals(self) -> dict[str, Any]:
        dropped: Counter[str] = Counter()
        flagged: Counter[str] = Counter()
        for row in self.rows:
            dropped.update(row.dropped)
            flagged.update(row.flagged)
        return {
            "pairs": sum(row.pairs for row in self.rows),
            "trees_with_pairs": sum(1 for row in self.rows if row.pairs),
            "dropped": dict(dropped),
            "flagged": dict(flagged),
        }


def _pairs(
    sources: Sources, rule: Rule, drops: Sequence[Fault], report: _Report, tick: Tick
) -> Iterator[PreferencePair]:
    tick(0, len(sources.files))
    for loaded in sources:
        for tree in loaded.trees:
            row, pairs = _mined(tree, rule, drops)
            report.rows.append(row)
            yield from pairs
        tick(sources.done, len(sources.files))
    if not report.rows and not sources.skipped:  # raised before the file is put in its place
        raise UsageError("no search trees there. Name runs, answer trees, or folders of them.")


def _mined(
    tree: SearchTree, rule: Rule, drops: Sequence[Fault]
) -> tuple[MinedRow, list[PreferencePair]]:
    """A tree's pairs that can be written, and its row with the others among the dropped."""
    from toolgrove.data.formats.trl import unfit

    mined = preferences.mine(tree, rule=rule, drop=drops)
    reasons = [unfit(pair) for pair in mined.pairs]
    pairs = [p for p, why in zip(mined.pairs, reasons, strict=True) if why is None]
    row = replace(
        mined.row,
        pairs=len(pairs),
        dropped=Counter(mined.row.dropped) + Counter(filter(None, reasons)),
        flagged=Counter(fault for pair in pairs for fault in pair.origin["faults"]),
        why=mined.row.why if pairs or not mined.pairs else "no pair fits the format",
    )
    return row, pairs


def _show(summary: dict[str, Any]) -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column("tree", overflow="fold")
    for heading in ("steps", "answers", "branchings", "pairs"):
        table.add_column(heading, justify="right")
    table.add_column("remarks", overflow="fold")
    for row in summary["trees"]:
        counts = (row.nodes, row.successes, row.branchings, row.pairs)
        table.add_row(escape(row.tree), *map(str, counts), _remarks(row))
    out = console()
    out.print(table)
    out.print(
        f"{summary['pairs']} pairs from {summary['trees_with_pairs']} of {len(summary['trees'])} "
        f"trees in {summary['out']}; dropped: {_counts(summary['dropped']) or 'none'}; "
        f"kept with a fault: {_counts(summary['flagged']) or 'none'}",
        markup=False,
    )
    if summary["other_files"]:
        out.print(f"{summary['other_files']} files of other kinds were passed over")
    for error in summary["skipped"]:
        err_console().print(f"skipped {error}", markup=False)


def _remarks(row: MinedRow) -> str:
    said = [
        row.why,
        f"dropped {_counts(row.dropped)}" if row.dropped else "",
        f"kept with {_counts(row.flagged)}" if row.flagged else "",
    ]
    return "; ".join(filter(None, said))


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {what.replace('_', ' ')}" for what, n in counts.items())
