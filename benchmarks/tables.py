"""What benchmarks share that fill a table of rows, one run after another, and go on with it."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from toolgrove.data.records import Task
from toolgrove.data.world import SPLITS, tasks
from toolgrove.evaluators.stats import paired, wilson
from toolgrove.machine.files import write_beside

__all__ = [
    "concluded",
    "drawn",
    "gained",
    "kept_rows",
    "passed_of",
    "sitting",
    "wanted",
    "write_table",
]

_Result = TypeVar("_Result")


def sitting(
    description: str | None, name: str, *, per_group: int, seed: int, split: Sequence[str]
) -> argparse.ArgumentParser:
    """Options of a benchmark that runs tasks of the world until the time is up."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("out", name))
    parser.add_argument("--table", type=Path, default=None)
    parser.add_argument("--merge", type=Path, nargs="*", default=[])
    parser.add_argument("--per-group", type=int, default=per_group)
    parser.add_argument("--seed", type=int, default=seed)
    parser.add_argument(
        "--part",
        type=_part,
        default=(1, 1),
        metavar="K/N",
        help="only every N-th task, from the K-th",
    )
    parser.add_argument("--split", nargs="*", choices=SPLITS, default=[*split])
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--model", default="local")
    return parser


def _part(text: str) -> tuple[int, int]:
    """``2/3`` as a pair of numbers."""
    part, _, parts = text.partition("/")
    if not (part.isdigit() and parts.isdigit() and 1 <= int(part) <= int(parts)):
        raise argparse.ArgumentTypeError(f"{text!r} is no part such as 1/2.")
    return int(part), int(parts)


def wanted(options: argparse.Namespace) -> list[Task]:
    """The tasks of a sitting: those drawn, or a process's part of them."""
    part, parts = options.part
    return drawn(options.per_group, options.seed, options.split)[part - 1 :: parts]


def concluded(
    running: Coroutine[Any, Any, list[_Result]],
    table: Callable[[list[_Result]], Sequence[str]],
    last_line: Callable[[list[_Result]], Mapping[str, Any]],
) -> int:
    """Run until the time is up, then print the table and one line of JSON; the exit code."""
    try:
        results = asyncio.run(running)
    except KeyboardInterrupt:
        print("Stopped; the same command goes on from here.", file=sys.stderr)
        return 130
    if not results:
        print("No row is done yet: the same command goes on, given more --hours.", file=sys.stderr)
        return 1
    print(*table(results), sep="\n")
    print(json.dumps(last_line(results)))
    return 0


def drawn(per_group: int, seed: int, splits: Sequence[str] = ("train",)) -> list[Task]:
    """As many tasks of each group of the splits, the groups taking turns."""
    draw = random.Random(seed)
    by_group: dict[str, list[Task]] = {}
    for task in sorted(chain.from_iterable(map(tasks, splits)), key=lambda task: task.id):
        by_group.setdefault(task.group, []).append(task)
    columns = [draw.sample(found, per_group) for _, found in sorted(by_group.items())]
    return [task for row in zip(*columns, strict=True) for task in row]


def kept_rows(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """The rows of tables that were made before, on this very draw."""
    for path in [options.table, *options.merge]:
        if path is None or (path == options.table and not path.exists()):
            continue
        table = json.loads(path.read_text(encoding="utf-8"))
        drawn_by = table.get("splits", ["train"]), table["seed"]
        if drawn_by != (options.split, options.seed):
            sys.exit(f"{path} is of --split {' '.join(drawn_by[0])} --seed {drawn_by[1]}.")
        yield from table["results"]


def write_table(path: Path, head: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the table beside the old one, then over it; each row has a line."""
    head = {**head, "date": time.strftime("%Y-%m-%d")}
    text = ",\n".join(json.dumps(row) for row in rows)
    whole = f'{json.dumps(head, indent=1)[:-2]},\n "results": [\n{text}\n]}}\n'
    write_beside(path, [whole.encode()])


def passed_of(passed: int, n: int) -> str:
    """How many passed, with the ends of Wilson's interval: two cells of a table."""
    low, high = wilson(passed, n)
    return f"{passed} ({passed / n:.0%}) | {low:.0%} to {high:.0%}"


def gained(pairs: Sequence[tuple[float, float]]) -> str:
    """How much more one side passed than the other, with the paired interval: two cells."""
    if not pairs:
        return " | "
    gain, worst, best = paired(pairs)
    return f"{gain:+.1%} | {worst:+.0%} to {best:+.0%}"
