"""Calls that a model gives as an example before its plan: they are shown, and not meant.

Only what is plainly an example is taken for one: words such as "For example:" on a line of their
own, lines of calls, and later another list of calls that begins with its first number again. Where
no such list follows, the first one is the plan.
"""

from __future__ import annotations

import re

from toolgrove.planners.dag.building import SpecOf
from toolgrove.planners.dag.lines import begins_lines, number_of
from toolgrove.planners.dag.objects import begins_objects

__all__ = ["announces", "example_lines"]

_LEAD = re.compile(
    r"[\s>*_#(-]*(?:(?:here is |here's )?(?:an |a )?(?:short )?example(?: plan)?"
    r"|for (?:example|instance)|e\.\s?g\.|such as)[\s*_,]*[:.…]*[\s*_)]*",
    re.IGNORECASE,
)


def announces(line: str) -> bool:
    """Whether a line says that what follows is an example, and nothing else.

    Examples
    --------
    >>> announces("For example:"), announces("**Example plan:**"), announces("e.g.")
    (True, True, True)
    >>> announces("For example, Lisbon is far:"), announces("1. example(x=1)")
    (False, False)
    """
    return len(line) <= 60 and bool(_LEAD.fullmatch(line))


def example_lines(lines: list[str], spec_of: SpecOf, *, ended: bool) -> int | None:
    """How many lines after such words are an example; None where that is not known yet.

    Parameters
    ----------
    lines : list of str
        What was said since, whole lines.
    spec_of : callable
        The spec behind a tool's name, or None.
    ended : bool
        Whether no more is said.
    """
    first, over = None, False
    for at, line in enumerate(lines):
        if begins_objects(line, True):
            return at if first is not None else 0
        number = number_of(line, spec_of)
        if number is None:
            if begins_lines(line, spec_of):  # the end of a plan
                return 0
            over = over or first is not None
        elif first is None:
            first = number
        elif over or number <= first:
            return at if number <= first else 0
    return 0 if ended else None
