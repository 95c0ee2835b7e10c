"""Scores of BFCL's result files: a verdict on each item, by rule ``bfcl/4``."""

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

__all__ = ["BFCL"]

_PATTERN = "BFCL_v*_result.json"


def _holds(path: Path) -> bool:
    from toolgrove.evaluators.bfcl.scoring import is_results

    if path.is_dir():
        return next(path.rglob(_PATTERN), None) is not None
    return path.match(_PATTERN) or is_results(path)


def _score(wanted: WantedScores, tick: Tick) -> dict[str, Any]:
    from toolgrove.evaluators.bfcl.scoring import read_results, score_results

    refuse_options(wanted, "BFCL's result files are judged by its items alone")
    verdicts, files = [], list(_files(wanted.paths))
    for done, file in enumerate(files):
        tick(done, len(files))
        verdicts += list(score_results(read_results(file), path=file))
    if wanted.out is not None:
        from toolgrove.machine.files import write_beside

        write_beside(wanted.out, (line.encode() for line in _lines(verdicts)))
    return {"verdicts": verdicts, "out": wanted.out}


def _files(paths: tuple[Path, ...]) -> Iterator[Path]:
    for path in paths:
        yield from sorted(path.rglob(_PATTERN)) if path.is_dir() else [path]


def _lines(verdicts: list[Any]) -> Iterator[str]:
    for verdict in verdicts:
        told = {k: v for k, v in asdict(verdict).items() if k != "reason" or v}
        yield json.dumps(told) + "\n"


def _dump(report: dict[str, Any]) -> None:
    sys.stdout.writelines(_lines(report["verdicts"]))


def _show(report: dict[str, Any]) -> None:
    from toolgrove.evaluators.bfcl.scoring import RULE, shares

    if report["out"] is None:
        _dump(report)
    say = err_console()
    for share in shares(report["verdicts"]):
        line = f"{share.category}: {share.valid} of {share.judged} valid ({share.rate:.1%})"
        rest = share.items - share.judged
        say.print(line + (f"; {rest} of its {share.items} items are not here" if rest > 0 else ""))
    reasons = Counter(v.reason for v in report["verdicts"] if v.valid is None)
    for reason, times in reasons.items():
        say.print(f"note: {times} without a verdict: {reason}.")
    say.print(f"judged by {RULE}", style="dim")


BFCL = ScoredKind("BFCL's results", _holds, _score, _show, _dump)
"""``BFCL_v4_<category>_result.json``, and folders that hold such files."""
