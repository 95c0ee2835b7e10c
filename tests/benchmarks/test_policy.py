"""The study of policies learns from what a script shows, and from no test."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from toolgrove.agent import finish
from toolgrove.agent.agent import Agent
from toolgrove.agent.evaluation import Evaluation
from toolgrove.agent.models.scripted import ScriptedModel
from toolgrove.agent.policy.rows import fit_rows, learnable
from toolgrove.data.exports.rows import RowKind
from toolgrove.data.world import SPLITS, specs, tasks

FOLDER = Path(__file__).parents[2] / "benchmarks"
SOLVED, UNSOLVABLE = "g1-airport-elevation-1", "g1-unknown-fare-1"


@pytest.fixture(scope="module")
def module() -> Iterator[Any]:
    """The benchmark."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        yield import_module("policy")
        for name in ("policy", "tables", "world_script"):
            sys.modules.pop(name, None)


def test_the_planners_tasks_are_measured_first_then_tasks_of_tools_that_nobody_learnt(
    module: Any,
) -> None:
    measured = module.measured()
    draw = module.drawn(20, 88211, ("test-facts", "test-families"))
    assert [task for _, task in measured[:60]] == draw
    assert [split for split, _ in measured[60:]] == ["test-tools"] * 40
    assert {split for split, _ in measured} <= set(SPLITS)


@pytest.mark.parametrize("name", ["shown", "shown-thinking"])
async def test_the_local_model_can_learn_what_the_script_shows(
    module: Any, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_id = {task.id: task for task in tasks("train")}
    known = [by_id[SOLVED], by_id[UNSOLVABLE]]
    monkeypatch.setattr(module, "tasks", lambda split: known if split == "train" else tasks(split))
    await module.show(Namespace(out=tmp_path, shown=5, seed=0), name)
    rows, left_out = fit_rows(learnable(tmp_path / f"{name}.jsonl", RowKind.SFT))
    thinks = name == "shown-thinking"
    assert not left_out
    assert {row.task for row in rows} == {task.query for task in known}
    said = [m for row in rows for m in row.sides[0] if m.calls]
    assert said
    assert all(bool(m.content) == thinks for m in said)


async def test_failures_are_set_against_what_the_script_did_and_a_control_by_a_coin(
    module: Any, tmp_path: Path
) -> None:
    known = [task for task in tasks("train") if task.id.startswith("g1-airport")]
    wrong = Agent(model=ScriptedModel(script=lambda _: finish("It is 42.")), tools=specs())
    await Evaluation(wrong).run(known, tmp_path / "collect")
    await module.scripted(known[:2], tmp_path / "collect", errs=True)
    await module.scripted(known, tmp_path / "collect-shown", errs=False, thinks=True)
    module.mine(Namespace(out=tmp_path, shown=8, seed=0))
    corrected, shuffled = (
        [json.loads(line) for line in (tmp_path / f"{name}.jsonl").read_bytes().splitlines()]
        for name in ("corrected", "shuffled")
    )
    assert 0 < len(corrected) <= 8
    assert [sides(row) for row in corrected] == [sides(row) for row in shuffled]
    turned = [a["chosen"] != b["chosen"] for a, b in zip(corrected, shuffled, strict=True)]
    assert any(turned)
    assert not all(turned)
    solved, left_out = fit_rows(learnable(tmp_path / "solved.jsonl", RowKind.SFT))
    assert solved
    assert not left_out


def sides(row: dict[str, Any]) -> tuple[Any, list[str]]:
    """A pair, whichever of its sides is preferred."""
    return row["prompt"], sorted(json.dumps(row[side]) for side in ("chosen", "rejected"))
