"""``toolgrove mine``: preference pairs and other training rows from searches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolgrove.cli.common import console, err_console, print_json, progress, skippable
from toolgrove.data.pairs.faults import ALWAYS_DROPPED, DROPPED, Fault
from toolgrove.data.pairs.kinds import PAIRED, RowsKind
from toolgrove.data.pairs.modes import Rule
from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from toolgrove.data.preferences import MinedRow
    from toolgrove.evaluators.corrupting import Calls

__all__ = ["register"]

EXAMPLES = """
Examples:

  toolgrove mine results --out pairs.jsonl

  toolgrove mine results --out pairs.jsonl --success tooleval-pass

  toolgrove mine G1_answer G2_answer --out pairs.jsonl --rule path --skip-bad

  toolgrove mine runs --out pairs.jsonl --rule step --rule subgoal --rule arguments

  toolgrove mine results-1 results-2 --out pairs.jsonl --rule divergence --rule corruption

  toolgrove mine results --out solved.jsonl --rows sft

  toolgrove mine runs --out pairs.jsonl --drop empty_thought --keep repeats_prompt --json

Load the rows with the features that keep arguments as they are:

  from toolgrove.data.formats.trl import features

  load_dataset("json", data_files="pairs.jsonl", features=features())
"""


_MOST = 30
"""Trees that a table has a row of each of."""


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
            help="Results of eval, runs, ToolBench answer trees or converted answers, or folders "
            "of them."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The file to write.")],
    format: Annotated[  # noqa: A002  # the option's name is its parameter's
        Format, typer.Option(help="What rows are written: for TRL's DPO trainer.")
    ] = Format.TRL,
    rows: Annotated[
        RowsKind,
        typer.Option(
            help="What is made of the trees: pairs; kto (each step, wanted or not); sft and "
            "sft-tries (ways to a success, without and with failed tries); prm (each step and the "
            "share of successes below it); dta (ways as rounds of calls); toolpreference (pairs in "
            "TP-LLaMA's form)."
        ),
    ] = RowsKind.PAIRS,
    rule: Annotated[
        list[Rule] | None,
        typer.Option(
            help="What is set against each other (repeatable): a step and its failed sibling (the "
            "default), whole paths, calls off the way to a success, arguments of one tool, plans, "
            "where a solved and an unsolved run of a task part, right calls with an argument made "
            "wrong."
        ),
    ] = None,
    drop: Annotated[
        list[Fault] | None,
        typer.Option(
            help="Drop pairs with this fault, too (repeatable): "
            f"{', '.join(sorted(set(Fault) - DROPPED))}."
        ),
    ] = None,
    keep: Annotated[
        list[Fault] | None,
        typer.Option(
            help="Keep pairs with this fault, and name it in them (repeatable). Dropped by "
            f"default: {', '.join(sorted(DROPPED - ALWAYS_DROPPED))}; always: "
            f"{', '.join(sorted(ALWAYS_DROPPED))}."
        ),
    ] = None,
    success: Annotated[
        str,
        typer.Option(
            help="What counts as a success: auto (in results of eval what was scored right, "
            "elsewhere every answer), an evaluator such as answer/2, or answered (every answer)."
        ),
    ] = "auto",
    held_out: Annotated[
        Path | None,
        typer.Option(help="ToolBench queries of a test: no pair is made of these tasks."),
    ] = None,
    catalog: Annotated[
        Path | None,
        typer.Option(
            help="The catalogue whose tools rule corruption calls, reads only; without it, those "
            "of the bundled world."
        ),
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Go on after a bad file, and list it at the end.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Mine training rows from search trees, and say for each tree how many and why none."""
    from toolgrove.agent.mined_rows import mine_rows, save_rows
    from toolgrove.data.formats.toolbench_queries import load_queries
    from toolgrove.evaluators.mining import mine_files
    from toolgrove.machine.files import refuse_to_replace

    if rule and rows not in PAIRED:
        raise UsageError(f"--rule makes pairs, and --rows {rows} are none. Leave one of them out.")
    rules = list(dict.fromkeys(rule or [Rule.STEP]))
    tasks = load_queries(held_out)[0] if held_out is not None else ()
    calling = _calling(catalog) if Rule.CORRUPTION in rules else nullcontext()
    with skippable(), calling as execute, progress("mining", unit="files") as tick:
        mined = (
            partial(mine_files, rule=rules, execute=execute)
            if rows in PAIRED
            else partial(mine_rows, kind=rows)
        )
        mining = mined(
            paths, drop=drop or (), keep=keep or (), success=success, held_out=tasks,
            skip_bad=skip_bad, tick=tick,
        )  # fmt: skip
        refuse_to_replace(out, filter(None, (*mining.reads, held_out, catalog)))
        save_rows(out, rows, mining)
    summary = {
        "out": str(out),
        "format": format.value,
        "rows": rows.value,
        "rule": ",".join(rules) if rows in PAIRED else rows.value,
        "success": success,
        **mining.report.totals(),
        "other_files": mining.sources.passed,
        "skipped": [str(error) for error in mining.sources.skipped],
        "trees": mining.report.rows,
    }
    if json:
        print_json(summary)
    else:
        _show(summary)


@contextmanager
def _calling(catalog: Path | None) -> Iterator[Calls]:
    """What makes calls of a catalogue's tools, or of the bundled world's."""
    from toolgrove.agent.calling import executing
    from toolgrove.agent.catalog import Catalog
    from toolgrove.cli.trusted import trusted_here
    from toolgrove.tools.calls.settings import CallSettings
    from toolgrove.tools.registry import Registry

    if catalog is not None:
        settings = CallSettings(trusted=trusted_here())
        with (
            Catalog.open(catalog, create=False) as opened,
            executing(opened.registry, settings) as execute,
        ):
            yield execute
        return
    from toolgrove.data.world import specs

    registry = Registry()
    registry.add(specs())
    with executing(registry) as execute:
        yield execute


def _show(summary: dict[str, Any]) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE, pad_edge=False)
    several = "," in summary["rule"]
    table.add_column("tree", overflow="fold")
    made = "pairs" if summary["rows"] == "pairs" else "rows"
    for heading in ("steps", "answers", "branchings" if made == "pairs" else "places", made):
        table.add_column(heading, justify="right")
    table.add_column("remarks", overflow="fold")
    rows, left = _shown(summary["trees"])
    for row in rows:
        counts = (row.nodes, row.successes, row.branchings, row.pairs)
        name = f"{row.tree} ({row.rule})" if several else row.tree
        table.add_row(name, *map(str, counts), _remarks(row))
    what = "pairs" if made == "pairs" else f"{summary['rows']} rows"
    out = console()
    if rows:
        out.print(table)
    if left:
        why = Counter(row.why or "all dropped" for row in left if not row.pairs)
        none = f" No {what}: {_counts(dict(why.most_common()))}." if why else ""
        out.print(f"{len(left)} more rows are not shown (--json lists them).{none}")
    out.print(
        f"{summary['pairs']} {what} from {summary['trees_with_pairs']} of {summary['trees_read']} "
        f"trees in {summary['out']}; dropped: {_counts(summary['dropped']) or 'none'}; "
        f"kept with a fault: {_counts(summary['flagged']) or 'none'}",
    )
    if summary["not_judged"]:
        out.print(f"{summary['not_judged']} trees were not judged: {_meaning(summary)}")
    if summary["other_files"]:
        passed = "files of other kinds, or runs that had not begun, were passed over"
        out.print(f"{summary['other_files']} {passed}")
    for error in summary["skipped"]:
        err_console().print(f"skipped {error}")


def _shown(rows: Sequence[MinedRow]) -> tuple[list[MinedRow], list[MinedRow]]:
    """The rows of a table, and those left out: of many trees the first that something came of."""
    if len(rows) <= _MOST:
        return list(rows), []
    telling = [row for row in rows if row.pairs][:_MOST]
    kept = set(map(id, telling))
    return telling, [row for row in rows if id(row) not in kept]


def _meaning(summary: dict[str, Any]) -> str:
    """What it means for the pairs that nobody judged an answer."""
    unjudged = [row for row in summary["trees"] if not row.judged]
    if any(row.successes for row in unjudged):
        return "where they have pairs, every answer counts as a success, right or wrong"
    return "no pairs are made of them (--success answered makes some, right or wrong)"


def _remarks(row: MinedRow) -> str:
    said = [
        row.why,
        "not judged" if not row.judged and not row.why.startswith("not judged") else "",
        f"dropped {_counts(row.dropped)}" if row.dropped else "",
        f"kept with {_counts(row.flagged)}" if row.flagged else "",
    ]
    return "; ".join(filter(None, said))


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {what.replace('_', ' ')}" for what, n in counts.items())
