"""Rule ``bfcl/4`` for the executed categories: state and results after every turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from toolgrove.evaluators.bfcl.errors import NoCalls
from toolgrove.evaluators.bfcl.execution import Apis
from toolgrove.evaluators.bfcl.outputs import Form, written
from toolgrove.evaluators.bfcl.package import BfclItem

__all__ = ["check_turns"]


def check_turns(result: Any, item: BfclItem, form: Form) -> str:
    """Why these turns are wrong; empty where they are right.

    After each turn with reference calls, the APIs of the model must have the same public state as
    those on which the reference calls were made, and each result of those must be among the
    results that the model got so far. In a turn without reference calls anything may be called.

    Parameters
    ----------
    result : list of list
        The outputs of the model, by turn and step.
    item : BfclItem
        What was asked.
    form : Form
        How the model writes its calls.
    """
    if not isinstance(result, list):
        return "no list of turns"
    if len(result) != len(item.answers):
        return f"{len(result)} turns where {len(item.answers)} were due"
    turns = [_steps(turn, form) for turn in result]
    model, reference = Apis(item, "model"), Apis(item, "reference")
    got: list[str] = []
    for number, (steps, right) in enumerate(zip(turns, item.answers, strict=True), start=1):
        got += [model.call(call) for step in steps for call in step]
        due = [reference.call(call) for call in right]
        if not right:
            continue
        if not steps:
            return f"turn {number}: no call was made"
        for name in item.classes:
            other = _difference(model.instances[name], reference.instances[name])
            if other:
                return f"turn {number}: {name}.{other} is not as it should be"
        missing = _missing(due, got)
        if missing is not None:
            return f"turn {number}: nothing returned {missing}"
    return ""


def _steps(turn: Any, form: Form) -> list[list[str]]:
    """The calls of each step of a turn; steps that hold none, words for one, are left out."""
    found = []
    for output in turn if isinstance(turn, list | str) else ():
        try:
            calls = written(form.executed(output), form)
        except NoCalls:
            continue
        if calls:
            found.append(calls)
    return found


def _difference(model: Any, reference: Any) -> str:
    attributes: dict[str, Any] = vars(reference)
    for name, value in attributes.items():
        if not name.startswith("_") and getattr(model, name, None) != value:
            return name
    return ""


def _missing(due: Sequence[str], got: Sequence[str]) -> str | None:
    left = list(got)
    for result in due:
        if result not in left:
            return result
        left.remove(result)
    return None
