"""Rows for TRL's DPO, KTO and SFT trainers (1.16): as `toolgrove mine` writes them."""

from __future__ import annotations

from toolgrove.data import codec
from toolgrove.data.exports.rows import RowKind, TrainingRow
from toolgrove.data.records import JsonObject

__all__ = ["dump_row"]


def dump_row(row: TrainingRow) -> JsonObject:
    """A row of TRL's own form; ``tools`` and ``origin`` are JSON text.

    Load it with the features of :func:`toolgrove.data.formats.trl.features`, whose names are those
    of the row's columns.
    """
    sides: dict[str, object] = {name: list(said) for name, said in row.sides.items()}
    if row.kind is RowKind.KTO:
        sides["label"] = row.label
    return {
        "prompt": list(row.prompt),
        **sides,
        "tools": codec.dumps(row.tools).decode() if row.tools else None,
        "origin": codec.dumps(row.origin).decode(),
    }
