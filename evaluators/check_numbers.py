"""The rules for numbers and sets of numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from toolgrove.data.records import Reference
from toolgrove.errors import UsageError
from toolgrove.evaluators import dates, units
from toolgrove.evaluators.claims import places
from toolgrove.evaluators.quantities import Quantity, number_words, quantities
from toolgrove.evaluators.verdicts import Said, Verdict, agree, members, unless_chosen

__all__ = ["number", "numbers"]

_EXACT = 1e-9
"""Relative difference that is only floating point's."""
_YEAR = re.compile(r"(?:1[5-9]|2[0-4])\d\d")
_AS_YEAR = re.compile(r"\b(?:in|as\s+of|since|year|by|for|until)\s+\Z", re.IGNORECASE)
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CNY": "¥", "INR": "₹"}


def number(answer: str, reference: Reference, query: str) -> Verdict:
    """Every number that can be meant as the answer lies within the tolerance, and there is one.

    Numbers with a unit of the right kind are looked at first, then those without any.

    Raises
    ------
    UsageError
        Where the reference's value is no number.
    """
    try:
        value = float(reference.value)
    except (TypeError, ValueError):
        raise UsageError(f"{reference.value!r} is not the number that the reference says") from None
    verdict = _checked(answer, reference, value, query)
    if verdict is None:
        verdict = _checked(number_words(answer), reference, value, query)
    return verdict or Verdict(False, f"names no number in {reference.unit or 'figures'}")


def _checked(answer: str, reference: Reference, value: float, query: str) -> Verdict | None:
    wanted = units.known(reference.unit) if reference.unit else None
    years = {float(d.year) for d in dates.dates(query) if d.year}

    def right(quantity: Quantity) -> bool:
        return _near(_measured(quantity, wanted, reference.unit), value, reference.tolerance)

    held = [q for q in quantities(query, wanted) if _meant(q, wanted, reference.unit)]
    given = [q for q in held if q.unit not in (None, wanted)]  # to be converted: never a claim
    asked = unless_chosen([q for q in held if q not in given], right)

    def claims(place: str, of_kind: bool) -> list[Quantity]:
        return [
            q
            for q in quantities(place, wanted)
            if _meant(q, wanted, reference.unit)
            and (wanted is None or of_kind == (q.unit is not None))
            and not _in(q, given)
            and (right(q) or not (_is_year(place, q) or q.value in years or _in(q, asked)))
        ]

    for of_kind in (True, False) if wanted else (False,):
        for place in places(answer):
            found = claims(place, of_kind)
            if found:
                return agree(found, right, _say, f"{value:g} {reference.unit}".strip())
    return None


def _meant(quantity: Quantity, wanted: str | None, unit: str) -> bool:
    """Whether a quantity can be the answer: in the right currency, and of the right kind."""
    if quantity.money and quantity.money != _SIGNS.get(unit.upper(), quantity.money):
        return False
    return wanted is None or quantity.unit is None or units.same_kind(quantity.unit, wanted)


def _measured(quantity: Quantity, wanted: str | None, unit: str) -> float:
    if wanted is None:
        return quantity.value / 100 if quantity.unit == "percent" and not unit else quantity.value
    return units.convert(quantity.value, quantity.unit or wanted, wanted)


def _near(value: float, truth: float, tolerance: float) -> bool:
    return abs(value - truth) <= max(tolerance, _EXACT) * abs(truth) + 1e-12


def _in(quantity: Quantity, asked: Sequence[Quantity]) -> bool:
    """Whether the question holds this very number, with this unit or where one has none."""
    return any(
        quantity.value == one.value
        and (None in (quantity.unit, one.unit) or quantity.unit == one.unit)
        for one in asked
    )


def _is_year(text: str, quantity: Quantity) -> bool:
    """Whether a number is the year that something is dated by: ``as of 2021``."""
    said = text[quantity.start : quantity.end]
    before = text[max(0, quantity.start - 10) : quantity.start]
    return _YEAR.fullmatch(said) is not None and _AS_YEAR.search(before) is not None


def _say(quantity: Quantity) -> str:
    return f"{quantity.value:g} {quantity.unit or ''}".strip()


def numbers(answer: str, values: Sequence[float], tolerance: float, query: str) -> Verdict:
    """A set of numbers without units: all named, and no other that is not the question's."""

    def item(value: float) -> int | None:
        return next((i for i, v in enumerate(values) if _near(value, v, tolerance)), None)

    asked = unless_chosen([q.value for q in quantities(query)], lambda v: item(v) is not None)

    def read(text: str) -> list[Said]:
        said = [q.value for q in quantities(text)]
        return [Said(f"{value:g}", item(value), value in asked) for value in said]

    return members(answer, [f"{value:g}" for value in values], read)
