"""The rules together find at least five times what the step rule does: ``benchmarks/yields.py``."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from support.noisy_batch import noisy_batches
from toolgrove.agent.calling import executing
from toolgrove.data.pairs.faults import DROPPED
from toolgrove.data.pairs.modes import Rule
from toolgrove.data.world import specs
from toolgrove.tools.registry import Registry

FILE = Path(__file__).parents[2] / "benchmarks" / "yields.py"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a part of the benchmark's batch gives."""
    spec = importlib.util.spec_from_file_location("yields", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    registry = Registry()
    registry.add(specs())
    out = tmp_path_factory.mktemp("noisy")
    batch = noisy_batches(out, count=6, planners=["dfsdt", "react"], seeds=[1, 2])
    with pytest.MonkeyPatch.context() as patch, executing(registry) as execute:
        patch.setattr(sys, "path", list(sys.path))
        patch.setitem(sys.modules, "yields", module)  # its dataclass looks there
        spec.loader.exec_module(module)
        return module.yields(batch, list(Rule), execute)


def test_all_rules_give_five_times_the_pairs_of_the_step_rule(found: Any) -> None:
    assert found.alone >= 2, "any number is five times none"
    assert found.times == sum(found.valid.values()) / found.alone
    assert found.times >= 5


def test_it_is_not_one_rule_that_gives_them(found: Any) -> None:
    real = sum(count for rule, count in found.valid.items() if rule != Rule.CORRUPTION)
    assert real >= 3 * found.alone, "without the synthetic pairs"
    assert len(+found.valid) >= 4
    assert all(found.with_faults[rule] >= count for rule, count in found.valid.items())


def test_its_pairs_are_judged_and_have_no_fault_that_pairs_are_dropped_for(found: Any) -> None:
    assert {pair.origin["judged"] for pair in found.pairs} == {"answer/2"}
    assert not any(set(pair.origin["faults"]) & set(DROPPED) for pair in found.pairs)
