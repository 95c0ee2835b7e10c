"""How often rule ``bfcl/4`` and BFCL's own checker agree, on outputs for every item."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from toolgrove.evaluators.bfcl.generated import outputs_for
from toolgrove.evaluators.bfcl.outputs import Form
from toolgrove.evaluators.bfcl.package import CATEGORIES, items
from toolgrove.evaluators.bfcl.reference import Reference
from toolgrove.evaluators.bfcl.scoring import judge

__all__ = ["Agreement", "verify"]

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
    reference = Reference()
    for category in categories:
        found = Agreement(category)
        for item in items(category).values():
            found.items += 1
            for form, output in outputs_for(item, seed=seed):
                theirs = reference.valid(output, item, form)
                reason = judge(output, item, _FORMS[form])
                found.outputs += 1
                if theirs is None:
                    found.broken += 1
                    theirs = False
                found.valid += theirs
                if theirs == (not reason):
                    found.equal += 1
                else:
                    found.different.append(
                        {"id": item.id, "form": form, "output": output, "bfcl": theirs, "ours": reason}
                    )
        yield found
