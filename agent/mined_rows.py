"""Training rows from search trees, of each kind: what ``toolgrove mine --rows`` writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from toolgrove.agent.rounds import round_steps
from toolgrove.data import codec
from toolgrove.data.formats.toolpreference import dump_preference
from toolgrove.data.formats.trl import dump_pair
from toolgrove.data.pairs.checks import Checks
from toolgrove.data.pairs.faults import Fault
from toolgrove.data.pairs.kinds import RowsKind
from toolgrove.data.pairs.modes import Branches
from toolgrove.data.pairs.solved import SHOWN_ONLY, solved_paths, solved_searches
from toolgrove.data.pairs.steps import MaybeRow, TreeRow, labelled_steps, valued_steps
from toolgrove.data.preferences import Mined, fatal_of, reported
from toolgrove.data.records import PreferencePair, Task
from toolgrove.evaluators.judgements import AUTO, Judgement
from toolgrove.evaluators.mining import Mining, mined_files
from toolgrove.machine.files import write_beside

if TYPE_CHECKING:
    from toolgrove.data.tree import SearchTree
    from toolgrove.machine.progress import Tick

__all__ = ["mine_rows", "save_rows"]


_Finds: TypeAlias = Callable[[Checks, Collection[Fault]], Iterator[MaybeRow]]
_ROWS: dict[RowsKind, _Finds] = {
    RowsKind.KTO: labelled_steps,
    RowsKind.SFT: solved_paths,
    RowsKind.SFT_TRIES: solved_searches,
    RowsKind.PRM: valued_steps,
    RowsKind.DTA: round_steps,
}


def mine_rows(
    paths: Sequence[str | Path],
    kind: RowsKind | str,
    *,
    drop: Collection[Fault] = (),
    keep: Collection[Fault] = (),
    success: str = AUTO,
    held_out: Iterable[Task] = (),
    skip_bad: bool = False,
    tick: Tick | None = None,
) -> Mining:
    """Rows of one kind from all trees in files and folders, one file in memory at a time.

    Parameters
    ----------
    paths, drop, keep, success, held_out, skip_bad, tick
        As in :func:`toolgrove.mine_files`.
    kind : RowsKind or str
        ``kto``, ``sft``, ``sft-tries``, ``prm`` or ``dta``; pairs are mined by
        :func:`toolgrove.mine_files`.

    Returns
    -------
    Mining
        Write it with :func:`save_rows`. In its report ``pairs`` counts rows, and ``branchings``
        the places: steps, of ``sft`` successes, of ``dta`` steps of rounds.
    """
    chosen = RowsKind(kind)
    mined = partial(_mined, chosen, drop=drop, keep=keep)
    return mined_files(
        paths, [mined], success=success, held_out=held_out, drop=drop, keep=keep,
        skip_bad=skip_bad, tick=tick,
    )  # fmt: skip


def _mined(
    kind: RowsKind,
    tree: SearchTree,
    judgement: Judgement,
    *,
    drop: Collection[Fault],
    keep: Collection[Fault],
) -> Mined:
    branches = Branches(tree, judgement.success)
    checks = Checks(branches, judged=bool(judgement.by))
    found = list(_ROWS[kind](checks, fatal_of(drop, keep)))
    origin = {"judged": judgement.by, "rule": kind.value}
    rows = tuple(replace(one.row, origin={**one.row.origin, **origin}) for one in found if one.row)
    unpaired = Counter(one.why for one in found if one.row is None)
    faults = {fault.value for fault in Fault}
    dropped = {why: count for why, count in unpaired.items() if why in faults}
    why = judgement.why or ", ".join(unpaired) or "no success"
    return reported(
        branches, kind.value, rows, dropped, unpaired,
        places=len(found), why=why, judged=judgement.by,
    )  # fmt: skip


def save_rows(path: str | Path, kind: RowsKind | str, rows: Iterable[PreferencePair]) -> int:
    """Write rows as JSON lines, one in memory at a time; the file appears when it is whole.

    Returns
    -------
    int
        How many rows there are.
    """
    written = 0
    dump = _DUMPS[RowsKind(kind)]

    def lines() -> Iterator[bytes]:
        nonlocal written
        for row in rows:
            yield codec.dumps(dump(row)) + b"\n"
            written += 1

    write_beside(path, lines())
    return written


def _completion(row: PreferencePair) -> dict[str, Any]:
    pair = dump_pair(row)
    columns = row.columns if isinstance(row, TreeRow) else {}
    return {
        "prompt": pair["prompt"],
        "completion": pair["chosen"],
        **columns,
        "tools": pair["tools"],
        "origin": pair["origin"],
    }


def _messages(row: PreferencePair) -> dict[str, Any]:
    pair = dump_pair(row)
    columns = row.columns if isinstance(row, TreeRow) else {}
    for place in columns.get(SHOWN_ONLY, ()):
        pair["chosen"][place]["weight"] = 0
    said = [*pair["prompt"], *pair["chosen"]]
    return {"messages": said, "tools": pair["tools"], "origin": pair["origin"]}


_DUMPS: dict[RowsKind, Callable[[PreferencePair], dict[str, Any]]] = {
    RowsKind.PAIRS: dump_pair,
    RowsKind.KTO: _completion,
    RowsKind.SFT: _messages,
    RowsKind.SFT_TRIES: _messages,
    RowsKind.PRM: _completion,
    RowsKind.DTA: _completion,
    RowsKind.TOOLPREFERENCE: dump_preference,
}
