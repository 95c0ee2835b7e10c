"""The rules for numbers and sets of numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from toolgrove.data.records import Reference
from toolgrove.data.units import currency, known
from toolgrove.errors import UnscorableReference
from toolgrove.evaluators.answers import currencies, dates, units
from toolgrove.evaluators.answers.clauses import holds, sentence_at, without_questions
from toolgrove.evaluators.answers.directions import contradicts
from toolgrove.evaluators.answers.mentions import Mentions, mentions
from toolgrove.evaluators.answers.places import answered
from toolgrove.evaluators.answers.quantities import Quantity, quantities
from toolgrove.evaluators.answers.text import Text, read
from toolgrove.evaluators.answers.verdicts import Said, Verdict, decided, members, unless_chosen
from toolgrove.evaluators.answers.working import counted, of_kind, offered_together, working
from toolgrove.evaluators.answers.zero import none_of

__all__ = ["number", "numbers"]

_EXACT = 1e-9
"""Relative difference that is only floating point's."""
_ROUNDED = 0.005
"""Relative difference up to which a figure may be the truth rounded to the figures it shows."""
_YEAR = re.compile(r"(?:1[5-9]|2[0-4])\d\d")
_MONTH = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_AS_YEAR = re.compile(
    rf"\b(?:in|as\s+of|since|year|by|for|until|during|of|(?:{_MONTH})[a-z]*\.?)\s+\Z", re.IGNORECASE
)
_ABOUT = re.compile(
    r"(?:\b(?:about|approx\w*\.?|around|roughly|nearly|almost|some|circa|ca\.?|close\s+to"
    r"|just\s+(?:over|under)"
    r"|over|under)|[~≈≃∼])\s*(?:an?\s+|the\s+|only\s+)*\Z",
    re.IGNORECASE,
)
_OPENS = re.compile(r"\W*(?:about|approximately|around|roughly|exactly)?\s*", re.IGNORECASE)
_STANDS_ALONE = re.compile(
    r"(?:\s+(?:in\s+(?:all|total)|altogether))?\s*(?:[;:(\n–—]|[.,](?!\d)|$)(?!\s*(?:or|and)\b)"
)
_PERIOD = re.compile(
    r"\b(?:an?|per|each|every)\s+(second|minute|hour|day|week|month|year)\b", re.IGNORECASE
)
_POWER = re.compile(r"(?<=\d)(?:\^\(?\d+\)?|[⁰¹²³⁴⁵⁶⁷⁸⁹]+)")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a question asks for: a value, in a unit, and how near an answer has to come.

    ``unit`` is pint's name of it; of an amount of money the ``currency`` has the codes instead.
    """

    value: float
    reference: Reference
    unit: str | None
    currency: frozenset[str]
    strict: bool
    query: str

    def right(self, quantity: Quantity, hedged: bool = True) -> bool:
        """Whether a quantity is the truth; ``hedged`` where it is said to be about so much."""
        value = quantity.value
        if self.unit is None:
            percent = quantity.unit == "percent" and not self.reference.unit
            value, scale = (value / 100, 0.01) if percent else (value, 1.0)
        else:
            value = units.convert(value, quantity.unit or self.unit, self.unit)
            unit = quantity.unit or self.unit
            scale = units.convert(1.0, unit, self.unit) - units.convert(0.0, unit, self.unit)
        grain = quantity.grain if hedged or quantity.grain < 10 else 0.0
        return self._near(value, grain * scale)

    def _near(self, value: float, grain: float) -> bool:
        off, size = abs(value - self.value), abs(self.value)
        if off <= _allowed(self.reference.tolerance, size):
            return True
        if self.reference.tolerance == 0:
            return False
        return off <= _ROUNDED * size and off <= grain / 2 * (1 + 1e-9)

    def without_period(self, quantity: Quantity) -> Quantity:
        """A rate as what it is of, where the question asks for so much a day and says so."""
        if self.unit is None or quantity.unit is None or "/" not in quantity.unit:
            return quantity
        for period in _PERIOD.findall(self.query):
            if units.equal(quantity.unit, f"{self.unit} / {period.lower()}"):
                return replace(quantity, unit=self.unit)
        return quantity

    def same_unit(self, quantity: Quantity) -> bool:
        if quantity.unit is None or self.unit is None:
            return True
        return units.equal(quantity.unit, self.unit)

    def meant(self, quantity: Quantity, text: str) -> bool:
        """Whether a quantity of a text is of the right currency, and its unit of the right kind."""
        if self.currency:
            start, end = quantity.start, quantity.end
            said = currencies.said_in(text, start, end, quantity.money)
            return not said or not said.isdisjoint(self.currency)
        return (
            self.unit is None or quantity.unit is None or units.same_kind(quantity.unit, self.unit)
        )


def number(answer: str, reference: Reference, query: str) -> Verdict:
    """The number that the answer claims lies within the tolerance, in the unit that was asked for.

    Raises
    ------
    UnscorableReference
        Where the reference's value is no number.
    """
    try:
        value = float(reference.value)
    except (TypeError, ValueError, OverflowError):
        whole = isinstance(reference.value, int)  # which may be too long to be written, too
        said = "an integer past 1e308" if whole else repr(reference.value)[:80]
        raise UnscorableReference(f"{said} is not the number that the reference says") from None
    code = currency(reference.unit) if reference.unit else None
    unit = known(reference.unit) if reference.unit and code is None else None
    money = (
        frozenset() if reference.unit else currencies.asked_in(query)
    )  # in pounds may be a weight
    money = money if code is None else frozenset({code})
    strict = unit is not None and units.named_in(query, unit)
    text, wanted = read(answer), _Wanted(value, reference, unit, money, strict, query)
    return _none(text.words, wanted) or _checked(text, wanted)


def _none(text: str, wanted: _Wanted) -> Verdict | None:
    """The verdict on an answer that says none of what is asked for, and no number before that."""
    said = none_of(without_questions(text), wanted.query)
    if said is None:
        return None
    found = _candidates(text, wanted)
    if (wanted.value and found) or any(q.start < said.start() for q in found):
        return None
    truth = f"{wanted.value:g} {wanted.reference.unit}".strip()
    says = f"says none: {said[0].strip()!r}"
    return Verdict(not wanted.value, says if not wanted.value else f"{says}, not {truth}")


def _allowed(tolerance: float, size: float) -> float:
    """How far off a number may be; without a tolerance never as far as the next whole one."""
    return max(tolerance * size, min(_EXACT * size, 0.5)) + 1e-12


def _checked(text: Text, wanted: _Wanted) -> Verdict:
    found = _candidates(text.words, wanted)
    other = [q for q in found if not wanted.same_unit(q)] if wanted.strict else []
    found = [q for q in found if q not in other]
    noted = mentions(text.words, of_names=False, query=wanted.query)
    noted = Mentions(noted.ruled_out, (*noted.mentioned, *working(text.words, found, wanted.query)))
    together = offered_together(text.words, found)
    claimed = [q for q in found if noted.standing(q.start) == 0]
    claimed = claimed or [q for q in found if noted.standing(q.start) == 1]
    span = answered(text.words, [q.start for q in claimed])
    claimed = [q for q in claimed if span and holds([span], q.start)] or claimed
    hedged = {q.start for q in claimed if _hedged(text.words, q)}

    def right(quantity: Quantity) -> bool:
        return quantity.start not in together and wanted.right(quantity, quantity.start in hedged)

    truth = f"{wanted.value:g} {wanted.reference.unit}".strip()
    tiers = _opening(text.words, claimed) or _tiers(
        text.words, claimed or found, wanted, bool(other)
    )
    for tier in tiers:
        verdict, said = decided(text, tier, noted, right, _say, truth, wanted.query)
        if said is not None and verdict.right and _turned(text.words, said, wanted.query):
            return Verdict(False, f"{verdict.reason}, the other way round")
        if not verdict.right and any(q.start in together and wanted.right(q) for q in tier):
            said_all = ", ".join(dict.fromkeys(_say(q) for q in tier))
            return Verdict(False, f"names several: {said_all}", ambiguous=True)
        return verdict
    if other:
        asked, said_in = wanted.reference.unit, other[0].unit
        return Verdict(False, f"says {_say(other[0])}, in {said_in} where {asked} is asked for")
    return Verdict(False, f"names no number in {wanted.reference.unit or 'figures'}")


def _hedged(text: str, quantity: Quantity) -> bool:
    return _ABOUT.search(text[max(0, quantity.start - 30) : quantity.start]) is not None


def _turned(text: str, said: Quantity, query: str) -> bool:
    start, end = sentence_at(text, said.start)
    return contradicts(text[start:end], said.start - start, query)


def _candidates(text: str, wanted: _Wanted) -> list[Quantity]:
    """The numbers of an answer that may be meant: not those that only repeat the question."""
    years = {float(d.year) for d in dates.dates(wanted.query) if d.year}
    held = [
        q
        for q in quantities(wanted.query, wanted.unit)
        if wanted.currency or wanted.meant(q, wanted.query)
    ]
    given = [q for q in held if q.unit is not None and not wanted.same_unit(q)]  # to be converted
    asked = unless_chosen([q for q in held if q not in given], wanted.right)
    return [
        q
        for q in map(wanted.without_period, quantities(text, wanted.unit))
        if wanted.meant(q, text)
        and not _in(q, given)
        and (wanted.right(q) or not (_is_year(text, q) or q.value in years or _in(q, asked)))
    ]


def _tiers(
    text: str, found: Sequence[Quantity], wanted: _Wanted, elsewhere: bool
) -> list[list[Quantity]]:
    """The candidates by how well they fit the question; the first that holds any is looked at.

    With a unit: numbers in it, then numbers without any, but these only where none stands in
    another unit of its kind. Without: numbers of what is counted, then figures, then words, then
    whatever has a unit of its own.
    """
    if wanted.unit is not None:
        bare = [] if elsewhere else [q for q in found if q.unit is None and not q.in_name]
        figures = [q for q in bare if not q.in_words]
        return [tier for tier in ([q for q in found if q.unit is not None], figures, bare) if tier]
    named = [q for q in found if q.in_name]
    found = [q for q in found if not q.in_name]
    nouns = counted(wanted.query)
    query = wanted.query.lower()

    def plain(q: Quantity) -> bool:
        return q.unit is None or q.unit == "percent" or q.unit in query

    tests: list[Callable[[Quantity], bool]] = [
        lambda q: of_kind(text, q, nouns),
        lambda q: q.unit is None and not q.in_words,
    ]
    rest: list[Callable[[Quantity], bool]] = [plain, lambda q: True]
    tiers = [[q for q in found if test(q)] for test in tests]
    tiers += [named, *([q for q in found if test(q)] for test in rest)]
    return [tier for tier in tiers if tier]


def _opening(text: str, claimed: Sequence[Quantity]) -> list[list[Quantity]]:
    """A number that stands by itself at the answer's beginning: ``Three: one dinar is …``."""
    first = next(iter(claimed), None)
    if first is None or not _OPENS.fullmatch(text[: first.start]):
        return []
    return [[first]] if _STANDS_ALONE.match(text, first.end) else []


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
    before = text[max(0, quantity.start - 12) : quantity.start]
    return _YEAR.fullmatch(said) is not None and _AS_YEAR.search(before) is not None


def _say(quantity: Quantity) -> str:
    return f"{quantity.value:g} {quantity.unit or ''}".strip()


def numbers(answer: str, values: Sequence[float], tolerance: float, query: str) -> Verdict:
    """A set of numbers without units: all named, and no other that is not the question's."""

    def item(value: float) -> int | None:
        near = (abs(value - v) <= _allowed(tolerance, abs(v)) for v in values)
        return next((i for i, close in enumerate(near) if close), None)

    asked = unless_chosen([q.value for q in quantities(query)], lambda v: item(v) is not None)

    def said(text: str) -> list[Said]:
        noted = mentions(text, of_names=False)
        found = [q for q in quantities(text) if noted.standing(q.start) == 0]
        return [Said(f"{q.value:g}", item(q.value), q.value in asked) for q in found]

    text = _POWER.sub("", read(answer).words)
    return members(text, [f"{value:g}" for value in values], said)
