"""How often rule ``bfcl/4`` and BFCL's own checker agree, on outputs for every item."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolgrove.errors import UsageError
from toolgrove.evaluators.bfcl.generated import outputs_for
from toolgrove.evaluators.bfcl.outputs import Form
from toolgrove.evaluators.bfcl.package import CATEGORIES, BfclItem, items
from toolgrove.evaluators.bfcl.reference import OwnChecker
from toolgrove.evaluators.bfcl.scoring import find_items, form_of, judge, read_results

__all__ = ["Agreement", "verify", "verify_recorded"]

_FORMS = {"prompt": Form("prompt"), "list": Form("list", dots=False)}


@dataclass(slots=True)
class Agreement:
    """One category: how many outputs, on how many the verdicts are equal, and the others.

    ``broken`` counts outputs on which BFCL's checker stops with an error; ours are wrong there.
    """

    category: str
    items: int = 0
    outputs: int = 0
    valid: int = 0
    equal: int = 0
    broken: int = 0
    different: list[dict[str, Any]] = field(default_factory=list)

    def count(self, output: Any, item: BfclItem, form: Form, theirs: bool | None) -> None:
        """Judge one output by our rule, beside the other verdict on it."""
        reason = judge(output, item, form)
        self.outputs += 1
        self.broken += theirs is None
        self.valid += theirs is True
        if (theirs is True) == (not reason):
            self.equal += 1
        else:
            told = {"id": item.id, "form": form.name, "output": output, "bfcl": theirs}
            self.different.append({**told, "ours": reason or "right"})


def verify(categories: Sequence[str] = CATEGORIES, *, seed: int = 0) -> Iterator[Agreement]:
    """Judge generated outputs for every item twice, and count.

    Parameters
    ----------
    categories : sequence of str
        Of BFCL v4.
    seed : int
        Another one makes other outputs.

    Yields
    ------
    Agreement
        One a category, when it is done.
    """
    reference = OwnChecker()
    for category in categories:
        found = Agreement(category)
        for item in items(category).values():
            found.items += 1
            for form, output in outputs_for(item, seed=seed):
                found.count(output, item, _FORMS[form], reference.valid(output, item, form))
        yield found


def verify_recorded(path: Path) -> Agreement:
    """Judge the outputs of a result file twice, and count.

    Raises
    ------
    UsageError
        Where its outputs are of a form that only one of BFCL's handlers reads.
    """
    entries = read_results(path)
    found = find_items(entries, path)
    form = form_of(entries, found, path)
    if form is None or form.name not in _FORMS:
        raise UsageError(f"{path}: its outputs are of a form that is not compared.")
    reference, agreement = OwnChecker(), Agreement(path.name)
    for entry, item in zip(entries, found, strict=True):
        if item is not None:
            agreement.items += 1
            output = entry.get("result")
            theirs = reference.valid(output, item, form.name, dots=form.dots)
            agreement.count(output, item, form, theirs)
    return agreement
