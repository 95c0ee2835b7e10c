"""The puzzles of ``benchmarks/``: one right answer each, and z3 finds it from the formulas."""

from __future__ import annotations

import importlib.util
import random
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from toolgrove.data.formats.task_lines import load_tasks, save_tasks
from toolgrove.tools.solver.formulas import claim_of, premises_of

FILE = Path(__file__).parents[3] / "benchmarks" / "logic_tasks.py"
VERDICTS = {"entailed": "yes", "contradicted": "no", "neither": "unknown"}


@pytest.fixture(scope="module")
def made() -> Any:
    """The module, which belongs to no package."""
    spec = importlib.util.spec_from_file_location("logic_tasks", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "logic_tasks", module)  # its dataclasses look there
        spec.loader.exec_module(module)
        yield module


def test_a_seed_draws_twenty_puzzles_each_family_in_three_wordings(made: Any) -> None:
    puzzles = made.puzzles(1)
    assert Counter(one.task.group for one in puzzles) == dict.fromkeys(made.FAMILIES, 4)
    assert puzzles == made.puzzles(1)
    assert {one.task.query for one in puzzles}.isdisjoint(o.task.query for o in made.puzzles(2))
    for family, draw in made.FAMILIES.items():
        worded = [draw(random.Random(5), family, wording).task for wording in range(3)]
        assert len({task.query for task in worded}) == 3
        assert len({task.reference for task in worded}) == 1


def test_eval_reads_them_as_a_file(made: Any, tmp_path: Path) -> None:
    tasks = [one.task for one in made.puzzles(1)]
    save_tasks(tmp_path / "logic.jsonl", tasks)
    assert load_tasks(tmp_path / "logic.jsonl") == tasks


@pytest.mark.parametrize("seed", range(1, 4))
def test_z3_finds_the_answer_that_is_known_by_construction(made: Any, seed: int) -> None:
    pytest.importorskip("z3", reason="z3 is not installed: pip install 'toolgrove[solve]'")
    child = import_module("toolgrove.tools.solver.child")
    for puzzle in made.puzzles(seed):
        claim = claim_of(puzzle.claim) if puzzle.claim else ""
        found = child.answered(premises_of(puzzle.formulas), claim, 1_000_000)
        if claim:
            answer = VERDICTS[found["claim"]]
        elif puzzle.goal.startswith("="):
            (answer,) = (who for who, at in found["model"].items() if at == puzzle.goal[1:])
        else:
            answer = int(found["model"][puzzle.goal])
        assert answer == puzzle.task.reference.value, puzzle
