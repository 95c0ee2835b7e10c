"""Runs that were cut short after a write into a world that ended with their process."""

from __future__ import annotations

from pathlib import Path

from toolgrove.data.runs import JOURNAL, has_begun, read_run

__all__ = ["set_aside", "wrote_and_broke_off"]


def wrote_and_broke_off(run: Path) -> bool:
    """Whether a run had begun to write something, and has not come to its end."""
    if not has_begun(run):
        return False
    record = read_run(run)
    return record.ended in (None, "waiting") and any(record.intents.values())


def set_aside(run: Path) -> None:
    """Let a run be begun anew; the journal of the lost one stays beside the new one."""
    lost = len(list(run.glob("journal.lost-*.jsonl")))
    (run / JOURNAL).rename(run / f"journal.lost-{lost + 1}.jsonl")
