"""The study of learning goes on where it stopped, and pays once for runs that are the same."""

from __future__ import annotations

import asyncio
import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage

from support.embedders import Hashing
from toolgrove.agent import memory
from toolgrove.agent.agent import Agent
from toolgrove.agent.catalog import Catalog
from toolgrove.agent.evaluation import Evaluation
from toolgrove.agent.making import made
from toolgrove.agent.models.scripted import ScriptedModel
from toolgrove.data.world import specs, tasks

pytestmark = pytest.mark.skipif(
    find_spec("pydantic_monty") is None,
    reason="pydantic-monty is not installed: pip install 'toolgrove[sandbox]'",
)
FOLDER = Path(__file__).parents[2] / "benchmarks"
MODULES = ("learning", "learning_table", "tables", "world_script")
LEARNT = ("g3-airport-currency-1", "g3-airport-currency-2")
ALIKE, OTHER = "g3-airport-currency-3", "g1-roman-1"


class Stopped(BaseException):
    """Ends a sitting as a signal does."""


class Script:
    """A model that answers by the references, and may be stopped at a question."""

    def __init__(self, stops: int = -1) -> None:
        # an example that is told quotes the request of a task that was learnt from
        known = [task for task in tasks("train") if task.id not in LEARNT]
        self.reply: Callable[..., AIMessage] = sys.modules["world_script"].reference_script(
            known, specs()
        )
        self.asked, self.stops = 0, stops

    def __call__(self, messages: Sequence[BaseMessage]) -> AIMessage:
        if self.asked == self.stops:
            raise Stopped
        self.asked += 1
        return self.reply(messages)


@pytest.fixture(scope="module")
def module() -> Iterator[Any]:
    """The benchmark with a quick embedder, two tasks to learn from and two to measure on."""
    embedder = Hashing()
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        found = import_module("learning")
        for kind in (Catalog, memory.Memory):
            opens = SimpleNamespace(open=partial(kind.open, embedder=embedder))
            patch.setattr(found, kind.__name__, opens)
        for near in (made, memory):
            patch.setattr(near, "NEAR", 0.1)  # words alone are less near than meaning
        by_id = {task.id: task for task in tasks("train")}
        measured = [by_id[ALIKE], by_id[OTHER]]
        known = {"train": [by_id[one] for one in LEARNT], "dev": measured}
        patch.setattr(found, "tasks", known.__getitem__)
        for one in (found, sys.modules["tables"]):
            patch.setattr(one, "drawn", lambda *_: measured)
        yield found
        for name in MODULES:
            sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def learnt(module: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study") / "learn"
    asyncio.run(module.learn(folder, [], module.drawn()))
    return folder


def options(out: Path, learnt: Path, **given: Any) -> Namespace:
    out.mkdir(exist_ok=True)
    if not (out / "learn").exists():
        (out / "learn").symlink_to(learnt)
    known = {
        "out": out, "table": out / "table.json", "merge": [], "per_group": 1, "seed": 0,
        "split": ["dev"], "hours": 1.0, "model": "", "only": None, "learn_from": [],
        "plain_from": None, "part": (1, 1),
    }  # fmt: skip
    return Namespace(**{**known, **given})


def sat(module: Any, script: Any, asked: Namespace) -> list[Any]:
    """One sitting with a scripted model."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "load_model", lambda name: ScriptedModel(script=script))
        found: list[Any] = asyncio.run(module.run(asked))
    return found


def shown(results: Sequence[Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """The rows without what the clock says."""
    return {(one.task, one.setting): {**asdict(one), "seconds": 0} for one in results}


@pytest.fixture(scope="module")
def undisturbed(module: Any, learnt: Path) -> tuple[Script, Namespace, list[Any]]:
    script, asked = Script(), options(learnt.parent / "whole", learnt)
    return script, asked, sat(module, script, asked)


def test_what_was_learnt_is_told_where_it_fits(module: Any, undisturbed: Any, learnt: Path) -> None:
    note = json.loads((learnt / "learnt.json").read_bytes())
    assert note["runs"] == {"new": 2, "known": 0, "refused": 0}
    assert note["tools"] > 0 < note["lessons"]
    assert note["examples"] == 2
    rows = shown(undisturbed[2])
    for part in ("tools", "lessons", "examples"):
        setting = "memory" if part == "lessons" else part
        assert rows[ALIKE, setting][part] == rows[ALIKE, "together"][part] > 0, part
        assert not rows[ALIKE, "base"][part], part
        assert not rows[OTHER, "together"][part], part


def test_shared_samples_are_run_once_and_counted_for_each(module: Any, undisturbed: Any) -> None:
    script, _, results = undisturbed
    rows = shown(results)
    calls = {key: row["model_calls"] for key, row in rows.items()}
    assert len(rows) == 2 * len(module.SETTINGS)
    assert all(row["passed"] for row in rows.values())
    one, other = calls[ALIKE, "base"], calls[OTHER, "base"]
    assert [calls[ALIKE, name] for name in ("vote", "rank", "code")] == [2 * one, 3 * one, one]
    assert calls[ALIKE, "together-vote"] == 2 * calls[ALIKE, "together"]
    taught = sum(calls[ALIKE, name] for name in ("tools", "memory", "examples", "together-vote"))
    assert script.asked == 3 * one + taught + 3 * other, "what is told nothing runs nothing"


def test_a_stopped_study_goes_on_and_comes_to_the_same(
    module: Any, undisturbed: Any, learnt: Path
) -> None:
    whole, _, results = undisturbed
    asked, paid = options(learnt.parent / "stopped", learnt), 0
    for stops in (3, 11):
        script = Script(stops)
        with pytest.raises(Stopped):
            sat(module, script, asked)
        paid += script.asked
    last = Script()
    assert shown(sat(module, last, asked)) == shown(results)
    assert paid + last.asked == whole.asked, "nothing is paid for twice"
    idle = Script(stops=0)
    assert shown(sat(module, idle, asked)) == shown(results)


def test_plain_runs_of_another_evaluation_are_taken(
    module: Any, undisturbed: Any, learnt: Path, tmp_path: Path
) -> None:
    plain = Agent(
        model=ScriptedModel(script=Script()),
        tools=specs(),
        planner=module.PLANNER,
        budget=module.BUDGET,
    )
    asyncio.run(Evaluation(plain).run(module.drawn(), tmp_path / "plain"))
    asked = options(tmp_path / "out", learnt, plain_from=tmp_path / "plain", only=["base"])
    found = shown(sat(module, Script(stops=0), asked))
    assert found.items() <= shown(undisturbed[2]).items()
    assert len(found) == 2


def test_tables_of_two_sittings_are_merged_and_printed_without_a_run(
    module: Any, undisturbed: Any, learnt: Path, tmp_path: Path
) -> None:
    _, whole, results = undisturbed
    table = json.loads(whole.table.read_bytes())
    halves = [tmp_path / "a.json", tmp_path / "b.json"]
    for half, path in enumerate(halves):
        path.write_text(json.dumps({**table, "results": table["results"][half::2]}))
    asked = options(tmp_path / "out", learnt, hours=0.0, table=halves[0], merge=halves[1:])
    assert shown(asyncio.run(module.run(asked))) == shown(results)
    assert len(json.loads(halves[0].read_bytes())["results"]) == len(results)
    for row in table["results"]:
        row["digest"] = "another"
    halves[1].write_text(json.dumps(table))
    assert len(asyncio.run(module.run(asked))) == len(results), "other settings' rows are left out"


def test_two_processes_each_with_a_part_come_to_the_whole(
    module: Any, undisturbed: Any, learnt: Path, tmp_path: Path
) -> None:
    whole, _, results = undisturbed
    parts, script = [], Script()
    for part in (1, 2):
        table = tmp_path / f"{part}.json"
        parts.append(options(tmp_path / "out", learnt, part=(part, 2), table=table))
        sat(module, script, parts[-1])
    merged = options(
        tmp_path / "out", learnt, hours=0.0, table=None, merge=[p.table for p in parts]
    )
    assert shown(asyncio.run(module.run(merged))) == shown(results)
    assert script.asked == whole.asked


def test_a_row_of_the_base_from_elsewhere_serves_what_is_told_nothing(
    module: Any, undisturbed: Any, learnt: Path, tmp_path: Path
) -> None:
    _, made, results = undisturbed
    table = json.loads(made.table.read_bytes())
    table["results"] = [row for row in table["results"] if row["setting"] == "base"]
    asked = options(tmp_path / "out", learnt, only=["base", "memory", "together"])
    asked.table.write_text(json.dumps(table))
    script = Script()
    found = shown(sat(module, script, asked))
    assert found.items() <= shown(results).items()
    told = [row for (task, name), row in found.items() if task == ALIKE and name != "base"]
    assert script.asked == sum(row["model_calls"] for row in told), (
        "the other task is not run again"
    )


def test_the_table_says_what_a_passed_task_costs_and_how_sure_the_gain_is(module: Any) -> None:
    def row(task: int, setting: str, passed: bool, calls: int) -> Any:
        return module.Result(
            str(task), "G1", "test-facts", setting, "d", passed, True, "answered", calls, 2, 1000,
            10.0, int(setting == "together"), 0, 0, 0,
        )  # fmt: skip

    results = [row(n, "base", n < 5, 4) for n in range(10)]
    results += [row(n, "together", n < 8, 3) for n in range(10)]
    results += [row(n, "vote", n < 5, 9) for n in range(4)]
    base, vote, together = module.table(results)[2:]
    assert base.startswith("| `base` | 10 | 5 (50%) | 24% to 76% |  |  |  | 4.0 | 8.0")
    assert vote.startswith("| `vote` | 4 | 4 (100%)")
    assert "| +30.0% | +0% to +60% | 0.25 | 3.0 | 3.8 | 2.0 | 1,000 | 10 |" in together
    assert "lessons 10" in together
    line = module.last_line([*results, replace(row(10, "base", True, 1))])
    assert line["n"] == 10, "only tasks that both did"
    assert (line["ours"], line["peer"], line["ratio"]) == (3.75, 8.0, 0.469)
    assert module.last_line([row(1, "base", False, 4)])["ours"] is None
