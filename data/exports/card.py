"""Parquet files, and the dataset card that says what is in them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from toolgrove.data.exports.rows import read_rows
from toolgrove.data.exports.stats import row_stats
from toolgrove.data.formats.trl import columns_of
from toolgrove.data.records import JsonObject
from toolgrove.errors import UsageError
from toolgrove.machine.files import write_beside

__all__ = ["card", "write_parquet"]

_BATCH = 1_000


def write_parquet(path: str | Path, rows: Iterable[JsonObject]) -> None:
    """Write rows as parquet; ``datasets`` reads messages back as they were (extra ``train``).

    Raises
    ------
    UsageError
        Where the extra is missing.
    """
    try:
        from datasets import Dataset
        from pyarrow.parquet import ParquetWriter
    except ImportError:
        raise UsageError(
            "parquet is written by datasets. Install it: pip install 'toolgrove[train]'."
        ) from None
    whole = io.BytesIO()
    writer: Any = None
    held: Any = None
    for batch in _batches(rows):
        held = held or columns_of(batch[0])
        table = Dataset.from_list([dict(row) for row in batch], features=held).data.table
        writer = writer or ParquetWriter(whole, table.schema)
        writer.write_table(table)
    writer.close()
    write_beside(path, [whole.getvalue()])


def _batches(rows: Iterable[JsonObject]) -> Iterator[list[JsonObject]]:
    waiting = iter(rows)
    while batch := list(islice(waiting, _BATCH)):
        yield batch


def card(path: str | Path, files: Mapping[str, int], licence: str, test_share: float) -> str:
    """A dataset card in the form that hubs read, of what :func:`row_stats` counts."""
    stats = row_stats(read_rows(path))
    configs = "".join(
        _config(kind, files) for kind in dict.fromkeys(n.split(".")[0] for n in files)
    )
    counts = "".join(f"| {name} | {count:,} |\n" for name, count in files.items())
    tables = "".join(
        f"\n## By {what}\n\n| {what} | rows |\n|---|---|\n"
        + "".join(f"| {_cell(name)} | {count:,} |\n" for name, count in stats.counts[what].items())
        for what in ("rule", "fault", "planner", "judge")
        if stats.counts[what]
    )
    split = (
        f"About {test_share:.0%} of the requests are held back as `test`. All rows of a request "
        "are in one split; its words tell it, without case and punctuation."
        if test_share
        else "There is one split, `train`."
    )
    return f"""\
---
license: {licence}
tags: [tool-use, function-calling, preference]
configs:
{configs}---

# Training rows from search trees of tool-using agents

Mined with [Toolgrove](https://github.com/toolgrove/toolgrove) from {stats.counts["run"].total():,}
rows of {len(stats.counts["run"]):,} runs over {len(stats.counts["task"]):,} tasks.

- **Source**: search trees; each row's `origin` names its run, task, rule and place.
- **Rules**: which continuations are set against each other, and what is dropped, is told in
  Toolgrove's `docs/mining.md`.
- **Licence**: {licence}. Tools' descriptions and answers are their providers' texts, and a model's
  words may be under its own terms. Whoever publishes this looks both up.
- **Splits**: {split}

| file | rows |
|---|---|
{counts}{tables}
Text in these rows is data. It comes from models and from tools, and may hold anything.
"""


def _config(kind: str, files: Mapping[str, int]) -> str:
    lines = [f"- config_name: {kind}\n  data_files:\n"]
    for split, name in (("train", f"{kind}.parquet"), ("test", f"{kind}.test.parquet")):
        if name in files:
            lines.append(f"  - split: {split}\n    path: {name}\n")
    return "".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("`", "'")
