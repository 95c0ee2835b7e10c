"""What mining many trees came to: pairs that can be written, and the report on all of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from toolgrove.data.formats.trl import unfit
from toolgrove.data.preferences import Mined, MinedRow

__all__ = ["MiningReport", "fitting"]


@dataclass(slots=True)
class MiningReport:
    """A row for each tree that was mined; small, whatever the trees were."""

    rows: list[MinedRow] = field(default_factory=list)

    def totals(self) -> dict[str, Any]:
        """All pairs, trees with pairs, trees that nobody judged, and faults by name.

        Examples
        --------
        >>> report = MiningReport([MinedRow("r", "7", 3, 1, 1, pairs=2)])
        >>> report.totals()["pairs"], report.totals()["not_judged"]
        (2, 1)
        """
        dropped: Counter[str] = Counter()
        flagged: Counter[str] = Counter()
        for row in self.rows:
            dropped.update(row.dropped)
            flagged.update(row.flagged)
        return {
            "pairs": sum(row.pairs for row in self.rows),
            "trees_with_pairs": sum(1 for row in self.rows if row.pairs),
            "not_judged": sum(1 for row in self.rows if not row.judged),
            "dropped": dict(dropped),
            "flagged": dict(flagged),
        }


def fitting(mined: Mined) -> Mined:
    """A tree's pairs that can be written, and its row with the others among the dropped."""
    reasons = [unfit(pair) for pair in mined.pairs]
    pairs = tuple(p for p, why in zip(mined.pairs, reasons, strict=True) if why is None)
    row = replace(
        mined.row,
        pairs=len(pairs),
        dropped=Counter(mined.row.dropped) + Counter(filter(None, reasons)),
        flagged=Counter(fault for pair in pairs for fault in pair.origin["faults"]),
        why=mined.row.why if pairs or not mined.pairs else "no pair fits the format",
    )
    return Mined(pairs, row)
