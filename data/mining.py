"""What mining many trees came to: pairs that can be written, and the report on all of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from toolgrove.data.formats.trl import unfit
from toolgrove.data.preferences import Mined, MinedRow, left_out

__all__ = ["MiningReport", "fitting"]


@dataclass(slots=True)
class MiningReport:
    """A row for each tree that was mined; small, whatever the trees were."""

    rows: list[MinedRow] = field(default_factory=list)

    def totals(self) -> dict[str, Any]:
        """All pairs, trees with pairs, trees that nobody judged, and faults by name.

        ``branchings`` holds how many have a pair, and how many have none by why.

        Examples
        --------
        >>> report = MiningReport([MinedRow("r", "7", 3, 1, 1, pairs=2)])
        >>> report.totals()["pairs"], report.totals()["not_judged"]
        (2, 1)
        """
        dropped: Counter[str] = Counter()
        flagged: Counter[str] = Counter()
        by_rule: Counter[str] = Counter()
        branchings: Counter[str] = Counter()
        for row in self.rows:
            by_rule[row.rule] += row.pairs
            branchings.update({"paired": row.paired, **row.unpaired})
            dropped.update(row.dropped)
            flagged.update(row.flagged)
        return {
            "pairs": sum(row.pairs for row in self.rows),
            "pairs_by_rule": dict(by_rule),
            "trees_with_pairs": len({(row.tree, row.task) for row in self.rows if row.pairs}),
            "trees_read": len({(row.tree, row.task) for row in self.rows}),
            "not_judged": len({(row.tree, row.task) for row in self.rows if not row.judged}),
            "branchings": dict(branchings),
            "dropped": dict(dropped),
            "flagged": dict(flagged),
        }


def fitting(mined: Mined) -> Mined:
    """A tree's pairs that can be written, and its row with the others among the dropped."""
    return left_out(mined, [unfit(pair) for pair in mined.pairs], "no pair fits the format")
