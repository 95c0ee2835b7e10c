"""The folder of an export: it holds one export, and nothing that stands there unasked is lost."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from toolgrove.data import codec
from toolgrove.data.exports.rows import RowKind
from toolgrove.data.exports.trainers import Trainer
from toolgrove.errors import UsageError
from toolgrove.machine.files import refuse_to_replace, write_beside

__all__ = ["BESIDE", "COLUMNS", "earlier", "note"]

_NOTE = ".toolgrove_export.json"
BESIDE: Mapping[Trainer, str] = {
    Trainer.LLAMAFACTORY: "dataset_info.json",
    Trainer.VERL: "toolgrove_rows.py",
    Trainer.PARQUET: "README.md",
}
"""What is written beside the rows, so that they are found or read."""
COLUMNS = (Trainer.VERL, Trainer.PARQUET)
"""Trainers whose rows are parquet files."""


def _names(trainer: Trainer) -> set[str]:
    """Whatever an export for a trainer may write."""
    ending = "parquet" if trainer in COLUMNS else "jsonl"
    rows = {f"{kind}{split}.{ending}" for kind in RowKind for split in ("", ".test")}
    return rows | {BESIDE[trainer]} if trainer in BESIDE else rows


def earlier(out: Path, trainer: Trainer, source: str | Path) -> Collection[str]:
    """The files that an earlier export for the same trainer wrote to a folder.

    Raises
    ------
    UsageError
        Where the folder holds another trainer's export, files of such names that no export wrote,
        or the rows that are exported.
    """
    written = _noted(out)
    if set(written.values()) - {trainer.value}:
        [other] = set(written.values())
        raise UsageError(
            f"{out} holds an export for {other}, and a folder holds one. Name another folder for "
            f"{trainer}, or delete this one."
        )
    theirs = [one for one in sorted(_names(trainer)) if (out / one).exists() and one not in written]
    if theirs:
        raise UsageError(
            f"{out} holds {theirs[0]}, which no export there wrote. Name another folder, or move "
            "the file away."
        )
    for name in written:
        refuse_to_replace(out / name, [source])
    return written.keys()


def note(out: Path, trainer: Trainer, names: Iterable[str], before: Collection[str]) -> None:
    """Take away what an earlier export wrote and this one did not, and note what this one did."""
    kept = [*names, *([BESIDE[trainer]] if trainer in BESIDE else [])]
    for name in set(before) - {*kept}:
        (out / name).unlink(missing_ok=True)
    write_beside(out / _NOTE, [codec.dumps({"for": trainer.value, "files": kept}), b"\n"])


def _noted(out: Path) -> Mapping[str, str]:
    """The files of an earlier export, and for whom."""
    try:
        noted = codec.loads((out / _NOTE).read_bytes())
    except (OSError, ValueError):  # then whatever is there is somebody else's
        return {}
    names = noted.get("files", ()) if isinstance(noted, dict) else ()
    ours = {name for trainer in Trainer for name in _names(trainer)}
    return {name: str(noted.get("for")) for name in names if name in ours}
