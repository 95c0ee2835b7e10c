"""``Agent(solve=True)``: every run is offered the solver, and its calls are calls as any other.

The page about it is true.
"""

from __future__ import annotations

import doctest
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from toolgrove.agent.agent import Agent
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.data import codec
from toolgrove.data.records import Status, Task
from toolgrove.errors import UsageError
from toolgrove.tools.calls.policy import Policy
from toolgrove.tools.python.effect import tool
from toolgrove.tools.registry import Registry
from toolgrove.tools.solver import check

needs_z3 = pytest.mark.skipif(
    find_spec("z3") is None, reason="z3 is not installed: pip install 'toolgrove[solve]'"
)
NUMBER = "(declare-const x Int)(assert (and (> x 3) (< x 5)))"
SOLVER = "check_formulas"
ASKS = {"formulas": NUMBER, "claim": "(= x 4)"}


@tool(effect="read")
def population(city: str) -> int:
    """How many thousands live in a city."""
    return {"Bonn": 340, "Ulm": 130}[city]


def agent(*replies: Any, **settings: Any) -> Agent:
    settings = {"planner": "react", "solve": True, "tools": [population], **settings}
    return Agent(model=ScriptedModel(replies=[*replies, finish("done")]), **settings)


@needs_z3
def test_a_run_asks_the_solver_and_is_resumed_without_asking_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = agent(call("check_formulas", **ASKS), runs=tmp_path, policy=Policy(read_only=True))
    outcome = made.invoke("Is x four?")
    (step,) = [node for node in outcome.tree if node.calls and node.answer is None]
    assert step.observations[0].content == '{"premises":"sat","claim":"entailed"}'
    assert outcome.tree.tool_calls == 1
    monkeypatch.setattr(check, "_process", None)
    assert list(made.resume(outcome.run).tree) == list(outcome.tree)


@needs_z3
def test_a_mistake_in_a_formula_is_told_to_the_model() -> None:
    outcome = agent(call("check_formulas", formulas="(assert (> x 3))")).invoke("Is x four?")
    (step,) = [node for node in outcome.tree if node.calls and node.answer is None]
    (seen,) = step.observations
    assert seen.status is Status.ERROR_IN_MESSAGE
    assert seen.content == "ValueError: formulas, line 1: unknown constant x"


@needs_z3
def test_it_is_offered_beside_what_is_retrieved_and_not_put_into_a_registry(
    tmp_path: Path,
) -> None:
    with Registry.open(tmp_path) as registry:
        spec = registry.add_function(population)
        made = agent(tools=[population], retrieve=lambda query, k: [spec])
        assert [one.name for one in made.offered(Task("t", "?"))] == ["population", SOLVER]
        assert [one.name for one in made.offered(Task("t", "?", tools=()))] == [SOLVER]
        assert SOLVER not in str(made.changed(solve=False).offered(Task("t", "?")))
        lent = registry.lend(check.check_formulas)
        assert (registry.get(lent.id), registry.find(lent.id)) == (lent, lent)
        assert registry.digest(lent.id) == codec.digest(lent)
        assert [one.name for one in registry] == ["population"]
    with Registry.open(tmp_path) as again:
        assert again.find(lent.id) is None


@needs_z3
def test_code_calls_it_as_any_tool() -> None:
    pytest.importorskip("pydantic_monty", reason="pip install 'toolgrove[sandbox]'")
    code = f"check_formulas(formulas={NUMBER!r})['model']['x']"
    outcome = agent(call("run_python", code=code), code=True).invoke("What is x?")
    assert outcome.tree.tool_calls == 2
    assert any(o.content == "4" for node in outcome.tree for o in node.observations)


def test_without_z3_there_is_no_such_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'toolgrove\[solve\]'"):
        agent()


def test_without_solve_nothing_of_it_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("toolgrove.tools.solver.check", "toolgrove.tools.solver.formulas", "z3"):
        monkeypatch.setitem(sys.modules, name, None)
    assert agent(solve=False).invoke("?").answer == "done"


@needs_z3
def test_the_page() -> None:
    page = Path(__file__).parents[2] / "docs" / "solver.md"
    failed, tried = doctest.testfile(str(page), module_relative=False)
    assert tried
    assert not failed
