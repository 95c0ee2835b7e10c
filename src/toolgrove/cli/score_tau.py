"""Scores of τ-bench's and τ²-bench's result files: a verdict on each conversation."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolgrove.cli.common import err_console
from toolgrove.cli.scored import ScoredKind, WantedScores, refuse_options

if TYPE_CHECKING:
    from toolgrove.machine.progress import Tick

__all__ = ["TAU"]


def _holds(path: Path) -> bool:
    return next(_files((path,)), None) is not None


def _score(wanted: WantedScores, tick: Tick) -> dict[str, Any]:
    from toolgrove.evaluators.tau.scoring import score_all
    from toolgrove.evaluators.tau.trajectories import read_all

    refuse_options(wanted, "τ-bench's result files are judged by their tasks alone")
    verdicts, files = [], list(_files(wanted.paths))
    for done, file in enumerate(files):
        tick(done, len(files))
        verdicts += list(score_all(read_all(file)))
    if wanted.out is not None:
        from toolgrove.machine.files import write_beside

        write_beside(wanted.out, (line.encode() for line in _lines(verdicts)))
    return {"verdicts": verdicts, "out": wanted.out}


def _files(paths: tuple[Path, ...]) -> Iterator[Path]:
    from toolgrove.evaluators.tau.trajectories import is_results

    for path in paths:
        yield from filter(is_results, sorted(path.rglob("*.json")) if path.is_dir() else [path])


def _lines(verdicts: list[Any]) -> Iterator[str]:
    for verdict in verdicts:
        told = {k: v for k, v in asdict(verdict).items() if k == "valid" or v not in (None, "")}
        yield json.dumps(told, ensure_ascii=False) + "\n"


def _dump(report: dict[str, Any]) -> None:
    sys.stdout.writelines(_lines(report["verdicts"]))


def _show(report: dict[str, Any]) -> None:
    if report["out"] is None:
        _dump(report)
    say, verdicts = err_console(), report["verdicts"]
    judged = [v for v in verdicts if v.valid is not None]
    right = sum(v.valid for v in judged)
    if judged:
        say.print(f"{right} of {len(judged)} valid ({right / len(judged):.1%})")
    both = [v for v in verdicts if v.recorded is not None]
    if both:
        equal = sum(v.valid is v.recorded for v in both)
        say.print(f"equal to the recorded reward: {equal} of {len(both)}")
    reasons = Counter(v.reason for v in verdicts if v.valid is None)
    for reason, times in reasons.items():
        say.print(f"note: {times} without a verdict: {reason}.")
    say.print(f"judged by {', '.join(sorted({v.rule for v in verdicts}))}", style="dim")


TAU = ScoredKind("τ-bench's results", _holds, _score, _show, _dump)
"""Files of recorded conversations, and folders that hold such files."""
