"""The rules together find at least five times what the step rule does."""

from __future__ import annotations

from pathlib import Path

from support.noisy_batch import noisy_batches
from toolgrove.agent.calling import executing
from toolgrove.data.pairs.modes import Rule
from toolgrove.data.world import specs
from toolgrove.evaluators.mining import mine_files
from toolgrove.tools.registry import Registry


def test_all_rules_give_five_times_the_pairs_of_the_step_rule(tmp_path: Path) -> None:
    batch = noisy_batches(tmp_path, count=8, planners=["dfsdt", "react"], seeds=[1])
    registry = Registry()
    registry.add(specs())
    with executing(registry) as execute:
        mining = mine_files(batch, rule=list(Rule), execute=execute)
        by_rule = dict.fromkeys(Rule, 0)
        for pair in mining:
            by_rule[Rule(pair.origin["rule"])] += 1
    assert sum(by_rule.values()) >= max(5 * by_rule[Rule.STEP], 1)
    totals = mining.report.totals()
    assert totals["pairs_by_rule"] == {rule.value: count for rule, count in by_rule.items()}
