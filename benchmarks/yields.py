"""What each rule of mining gives, and all of them beside the step rule alone.

    python benchmarks/yields.py [FOLDER of ToolBench trees] [--tasks 40]

One set of trees is a noisy batch of the bundled world: two planners and two seeds, judged by
``answer/2``; a script that errs answers (``tests/support/noisy_batch.py``), no model. The other one
is a folder's. A pair is valid where it has no fault that pairs are dropped for. The rules are
mined together, so what one has made counts as a duplicate of another's; ``step`` alone is mined
by itself. Real APIs cannot be called: a folder's trees have no ``corruption``.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.noisy_batch import noisy_batches
from toolgrove import mine_files
from toolgrove.agent import executing, mine_rows
from toolgrove.data import Fault, Observation, Rule, ToolCall
from toolgrove.data.records import PreferencePair
from toolgrove.data.world import specs
from toolgrove.tools import Registry

__all__: list[str] = []

ROWS = ("kto", "prm", "sft", "sft-tries", "dta")


@dataclass(frozen=True)
class Yields:
    """The valid pairs of all rules, how many there are with faults, and those of ``step`` alone."""

    pairs: list[PreferencePair]
    with_faults: Counter[str]
    alone: int

    @property
    def valid(self) -> Counter[str]:
        return _by_rule(self.pairs)

    @property
    def times(self) -> float:
        """How many times the pairs of ``step`` alone all rules give."""
        return len(self.pairs) / self.alone if self.alone else math.inf


def yields(
    paths: Sequence[Path],
    rules: Sequence[Rule],
    execute: Callable[[ToolCall], Observation],
) -> Yields:
    pairs = list(mine_files(paths, rule=rules, execute=execute))
    with_faults = mine_files(paths, rule=rules, keep=list(Fault), execute=execute)
    return Yields(pairs, _by_rule(with_faults), sum(1 for _ in mine_files(paths, rule=Rule.STEP)))


def _by_rule(pairs: Iterable[PreferencePair]) -> Counter[str]:
    return Counter(pair.origin["rule"] for pair in pairs)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("folder", nargs="?", type=Path)
    options.add_argument("--tasks", type=int, default=40)
    given = options.parse_args()
    registry = Registry()
    registry.add(specs())
    with tempfile.TemporaryDirectory() as out, executing(registry) as execute:
        batch = noisy_batches(
            Path(out), count=given.tasks, planners=["dfsdt", "react"], seeds=[1, 2]
        )
        sets = {"noisy batch": (batch, list(Rule))}
        if given.folder is not None:
            real = [rule for rule in Rule if rule is not Rule.CORRUPTION]
            sets[str(given.folder)] = ([given.folder], real)
        for name, (paths, rules) in sets.items():
            found = yields(paths, rules, execute)
            print(name)
            for rule in rules:
                print(
                    f"  {rule:14}{found.valid[rule]:6,} valid pairs, "
                    f"{found.with_faults[rule]:6,} with all faults"
                )
            print(f"  {'all rules':14}{len(found.pairs):6,} valid pairs; ", end="")
            many = f"{found.times:.1f} times as many" if found.alone else "nothing to compare with"
            print(f"step alone {found.alone:,}: {many}")
            for kind in ROWS:
                print(f"  {kind:14}{sum(1 for _ in mine_rows(paths, kind)):6,} rows")


if __name__ == "__main__":
    main()
