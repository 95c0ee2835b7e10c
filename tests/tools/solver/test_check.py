"""``check_formulas``: z3 decides, within bounds, and no text of a model's does anything else."""

from __future__ import annotations

import asyncio
import importlib
from pathlib import Path
from typing import Any

import pytest

from toolgrove.errors import UsageError
from toolgrove.tools.solver import check
from toolgrove.tools.solver.check import check_formulas
from toolgrove.tools.solver.formulas import claim_of

z3 = pytest.importorskip("z3", reason="z3 is not installed: pip install 'toolgrove[solve]'")
child = importlib.import_module("toolgrove.tools.solver.child")  # which imports z3

MEN = """
(declare-sort Being 0) (declare-const socrates Being)
(declare-fun man (Being) Bool) (declare-fun mortal (Being) Bool)
(assert (forall ((b Being)) (=> (man b) (mortal b)))) (assert (man socrates))
"""
NUMBER = "(declare-const x Int)\n(assert (and (> x 3) (< x 6)))"
FOUR = {"x": "4"}


def checked(formulas: str, claim: str = "") -> dict[str, Any]:
    return asyncio.run(check_formulas(formulas, claim))


@pytest.mark.parametrize(
    ("formulas", "claim", "verdict"),
    [
        (MEN, "(mortal socrates)", {"premises": "sat", "claim": "entailed"}),
        (NUMBER, "(> x 9)", {"premises": "sat", "claim": "contradicted"}),
        (NUMBER, "(> x 4)", {"premises": "sat", "claim": "neither", "a model without it": FOUR}),
        (NUMBER + "(assert (< x 5))", "", {"premises": "sat", "model": FOUR}),
        (NUMBER + "(assert (> x 9))", "", {"premises": "unsat"}),
    ],
)
def test_z3_decides(formulas: str, claim: str, verdict: dict[str, Any]) -> None:
    assert child.answered(formulas, claim_of(claim) if claim else "", 1_000_000) == verdict


def test_premises_that_contradict_each_other_entail_nothing_worth_saying() -> None:
    found = child.answered(NUMBER + "(assert (> x 9))", "(assert (= x 1))", 1_000_000)
    assert (found["premises"], found["claim"][:5]) == ("unsat", "none:")


def test_work_is_bounded_the_same_on_every_machine() -> None:
    names = "".join(f"(declare-const {name} Int)(assert (> {name} 0))" for name in "xyz")
    hard = f"{names}(assert (= (+ (* x x x) (* y y y)) (* z z z)))"
    assert child.answered(hard, "", 100_000) == {
        "premises": "unknown",
        "why": "it takes too much work",
    }


def test_an_error_names_its_line_and_says_whether_the_claim_has_it() -> None:
    with pytest.raises(ValueError, match=r"^formulas, line 2: unknown constant y") as told:
        checked("(declare-const x Int)\n(assert (> y 3))", "(> z 9)")
    assert "claim: unknown constant z" in str(told.value)


def test_what_its_process_does_not_live_through_ends_with_the_mend(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(check, "_SECONDS", 0)
    with pytest.raises(ValueError, match=r"Bound the numbers, or ask of less at once"):
        checked(NUMBER)


def test_a_file_that_plain_z3_writes_is_not_written(tmp_path: Path) -> None:
    line = '(set-option :regular-output-channel "{}")(echo "was here")'
    z3.Solver().from_string(line.format(tmp_path / "plain"))
    assert (tmp_path / "plain").exists()
    attack = line.format(tmp_path / "out")
    with pytest.raises(ValueError, match=r"\(set-option …\) is not taken"):
        checked(attack)
    asked = {"premises": attack, "claim": "", "work": 1000, "memory": 1 << 29, "seconds": 9}
    asyncio.run(check._asked(asked))  # the second lock: its process cannot open a file
    assert not (tmp_path / "out").exists()


def test_cancelling_ends_the_process_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    began = check._process

    def process() -> Any:
        asyncio.get_running_loop().call_soon(work.cancel)
        made.append(began())
        return made[-1]

    async def cancelled() -> None:
        nonlocal work
        work = asyncio.create_task(check_formulas(NUMBER))
        with pytest.raises(asyncio.CancelledError):
            await work

    work: Any = None
    monkeypatch.setattr(check, "_process", process)
    asyncio.run(cancelled())
    assert made[0].returncode is not None


def test_without_z3_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'toolgrove\[solve\]'"):
        checked(NUMBER)
