"""What each rule of mining gives: on a noisy batch of the bundled world, and on trees of a folder.

    python benchmarks/yields.py [FOLDER of ToolBench trees] [--tasks 40]

The batch is of two planners and two seeds, judged by ``answer/2``; a script that errs answers
(``tests/support/noisy_batch.py``). The rules are mined together, so what one has made counts as a
duplicate of another's. Real APIs cannot be called: the folder's trees have no ``corruption``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.noisy_batch import noisy_batches
from toolgrove import mine_files
from toolgrove.agent import executing, mine_rows
from toolgrove.data import Fault, Observation, Rule, ToolCall
from toolgrove.data.world import specs
from toolgrove.tools import Registry

__all__: list[str] = []

ROWS = ("kto", "prm", "sft", "sft-tries", "dta")


def yields(
    paths: Sequence[Path],
    rules: Sequence[Rule],
    execute: Callable[[ToolCall], Observation],
    keep: Sequence[Fault] = (),
) -> dict[str, int]:
    """How many pairs each rule has of those that all rules together give."""
    mining = mine_files(paths, rule=rules, keep=keep, execute=execute)
    by_rule = Counter(pair.origin["rule"] for pair in mining)
    return {rule.value: by_rule[rule.value] for rule in rules}


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
            print(name)
            kept = yields(paths, rules, execute, list(Fault))
            for rule, pairs in yields(paths, rules, execute).items():
                print(f"  {rule:14}{pairs:6,} pairs, {kept[rule]:6,} with all faults")
            for kind in ROWS:
                print(f"  {kind:14}{sum(1 for _ in mine_rows(paths, kind)):6,} rows")


if __name__ == "__main__":
    main()
