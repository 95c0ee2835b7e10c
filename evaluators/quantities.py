"""Numbers as a sentence writes them, with the units behind them.

How a number may be written: ``1234.5``, ``1,234.5``, ``1 234.5``, ``1 234,5`` (also with
no-break and thin spaces), ``1'234.5``, ``1.234,5``, ``1.2e5``, ``1.2 × 10^5``, ``1.2 million``;
``15.7:1`` is 15.7.
A comma before exactly three digits groups thousands (``1,234`` is 1234), any other comma is a
decimal one (``12,4`` is 12.4); a single point is always a decimal one (``1.234``). Dates, times of
day, ordinals, list numbers at the start of a line, and digits inside names (``A320``, ``1990s``,
``1.2.3``) are no numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import isfinite

from toolgrove.evaluators import dates, units

__all__ = ["Quantity", "number_words", "quantities"]

_SPACE = r"[ \u00a0\u2009\u202f'’]"
_EXPONENT = r"(?:[eE][+\-−]?\d+|\s?[×x*·]\s?10(?:(?:\^|\*\*)\s?[+\-−]?\d+|[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?"
_NUMBER = re.compile(
    r"(?<![\w.])(?<![A-Za-z]-)(?P<sign>(?:(?<![\w)\]])[-−–])?)(?P<money>[$€£¥₹]?)(?P<digits>"
    rf"\d{{1,3}}(?:{_SPACE}\d{{3}})+(?!\d)(?:[.,]\d+(?!\d))?"
    r"|(?<!\d,)\d{1,3}(?:,\d{3})+(?![\d,]\d)(?!\d)(?:\.\d+)?"
    r"|\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,}(?!\d)"
    r"|(?<!\d,)\d+,\d+(?!,?\d)"
    r"|\d*\.\d+|\d+"
    rf")(?P<exponent>{_EXPONENT})(?!\.\d|\d)",
)
_RATIO = re.compile(r":1(?![\d.,:])")
_UNIT_SYMBOL = re.compile(
    r"(?:[kcmµ]?m|mi|ft|in|k?g|mg|lb|oz|h|hrs?|min|ms|k?W|K|°[CF]?)(?:[²³]|\b|$)"
)
_PERCENT = re.compile(r"\s?(?:%|percent\b|per cent\b)", re.IGNORECASE)
_HOURS = re.compile(
    r"\b(?:UTC|GMT)\s?(?P<s1>[+\-−±])\s?(?P<h1>\d{1,2})(?::?(?P<m1>\d{2}))?\b"
    r"|(?<![\w:.])(?P<s2>[+\-−])(?P<h2>\d{1,2}):(?P<m2>\d{2})\b(?!:)"
    r"|(?<![\w:.])(?P<s3>)(?P<h3>\d{1,3}):(?P<m3>\d{2})\s?h(?:ours?|rs?)?\b"
)
_MULTIPLIER = re.compile(r"\s?(hundred|thousand|million|billion|bn|trillion)\b", re.IGNORECASE)
_FACTORS = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "bn": 1e9}
_FACTORS["trillion"] = 1e12
_LIST_NUMBER = re.compile(r"^[ \t]*\d{1,3}[.)](?=\s)", re.MULTILINE)
_ORDINAL = re.compile(r"\b\d+(?:st|nd|rd|th)\b", re.IGNORECASE)
_LETTER = re.compile(r"[A-Za-z]")
_MINUS = re.compile(r"\b(?:minus|negative)\s+\Z", re.IGNORECASE)
_SUPERSCRIPT = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-")
_JOINT = re.compile(r"\s*(?:,|and|,\s*and)?\s*\Z")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in a text.

    ``unit`` is pint's name of the unit behind it, None where none stands there or none was looked
    for; ``money`` is the currency sign before it.
    """

    value: float
    unit: str | None
    start: int
    end: int
    money: str = ""


def quantities(text: str, wanted: str | None = None) -> list[Quantity]:
    """Every number of a text, in order.

    Parameters
    ----------
    text : str
        A sentence or more.
    wanted : str or None
        Pint's name of the unit that the answer is to have; None looks for no units but percent.

    Examples
    --------
    >>> [(q.value, q.unit) for q in quantities("5,540.5 km (3,443 miles)", "kilometer")]
    [(5540.5, 'kilometer'), (3443.0, 'mile')]
    >>> [(q.value, q.unit) for q in quantities("2 h 15 min on 2026-07-04", "hour")]
    [(2.25, 'hour')]
    """
    found = [*_hours(text)]
    taken = _taken(text) | {at for q in found for at in range(q.start, q.end)}
    for match in _NUMBER.finditer(text):
        if not taken.isdisjoint(range(match.start("digits"), match.end())):
            continue
        quantity = _quantity(text, match, wanted)
        if quantity is not None and isfinite(quantity.value):
            found.append(quantity)
    found.sort(key=lambda q: q.start)
    return found if wanted is None else list(_joined(text, found))


def _taken(text: str) -> set[int]:
    """The places where digits are no numbers."""
    spans = [(d.start, d.end) for d in dates.dates(text)]
    spans += [(t.start, t.end) for t in dates.times(text)]
    spans += [m.span() for p in (_LIST_NUMBER, _ORDINAL) for m in p.finditer(text)]
    return {at for start, end in spans for at in range(start, end)}


def _hours(text: str) -> Iterator[Quantity]:
    """``UTC+5:30``, ``+05:30`` and ``5:30 hours`` are 5.5 hours."""
    for match in _HOURS.finditer(text):
        sign, hours, minutes = next(
            (match[f"s{i}"], match[f"h{i}"], match[f"m{i}"]) for i in (1, 2, 3) if match[f"h{i}"]
        )
        value = int(hours) + int(minutes or 0) / 60
        yield Quantity(-value if sign in ("-", "−") else value, "hour", *match.span())


def _quantity(text: str, match: re.Match[str], wanted: str | None) -> Quantity | None:
    value = float(f"{_decimal(match['digits'])}e{_power(match['exponent'])}")
    if match["sign"] or _MINUS.search(text[max(0, match.start() - 12) : match.start()]):
        value = -value
    end = match.end()
    ratio = _RATIO.match(text, end)
    end = ratio.end() if ratio else end
    multiplier = _MULTIPLIER.match(text, end)
    if multiplier:
        value, end = value * _FACTORS[multiplier[1].lower()], multiplier.end()
    unit, after = _unit(text, end, wanted)
    if unit is None and after == end and _LETTER.match(text, end):
        return None
    return Quantity(value, unit, match.start(), after, match["money"])


def _unit(text: str, at: int, wanted: str | None) -> tuple[str | None, int]:
    if wanted is not None:
        return units.unit_after(text, at, wanted)
    percent = _PERCENT.match(text, at)
    if percent:
        return "percent", percent.end()
    symbol = _UNIT_SYMBOL.match(text, at)  # 5km holds a number, 747s and 3D do not
    return None, symbol.end() if symbol else at


def _power(exponent: str) -> int:
    digits = re.split(r"[eE^]|\*\*|10(?=[⁻⁰¹²³⁴⁵⁶⁷⁸⁹])", exponent)[-1]
    return int(digits.translate(_SUPERSCRIPT).replace(" ", "")) if digits else 0


def _decimal(digits: str) -> str:
    """The digits with a decimal point and nothing that groups thousands."""
    digits = re.sub(_SPACE, "", digits)
    if "," in digits and "." in digits:
        decimal = max(digits.rfind(","), digits.rfind("."))
        whole = re.sub(r"[.,]", "", digits[:decimal])
        return f"{whole}.{digits[decimal + 1 :]}"
    if digits.count(".") > 1:
        return digits.replace(".", "")
    if re.fullmatch(r"[1-9]\d{0,2}(?:,\d{3})+", digits):
        return digits.replace(",", "")
    return digits.replace(",", ".")


def _joined(text: str, found: list[Quantity]) -> Iterator[Quantity]:
    """Join ``2 hours and 15 minutes``: a whole number of a unit, then less than one of it."""
    held: Quantity | None = None
    whole = False
    for quantity in found:
        if held is not None and whole and _JOINT.match(text[held.end : quantity.start]):
            part = _part(held, quantity)
            if part is not None:
                held = replace(held, value=held.value + part, end=quantity.end)
                continue
        if held is not None:
            yield held
        held, whole = quantity, quantity.value == int(quantity.value)
    if held is not None:
        yield held


def _part(held: Quantity, rest: Quantity) -> float | None:
    """What ``rest`` adds to ``held``, in its unit, or None where it is a quantity of its own."""
    if held.unit is None or rest.unit is None or held.unit == rest.unit or rest.value < 0:
        return None
    if not units.same_kind(held.unit, rest.unit):
        return None
    part = units.convert(rest.value, rest.unit, held.unit)
    return part if part < 1 else None


_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_SMALL = {word: i for i, word in enumerate(_ONES.split())}
_SMALL |= {word: 10 * i for i, word in enumerate(_TENS.split(), 2)}
_ANY = "|".join([*_SMALL, "hundred", "thousand", "million"])
_WORDS = re.compile(
    rf"(?<!\bno )\b(?:{_ANY})(?:(?:[\s-]+|(?:(?<=hundred)|(?<=thousand))\s+and\s+)(?:{_ANY}))*\b",
    re.IGNORECASE,
)


def number_words(text: str) -> str:
    """The text with English number words as digits: ``twenty-one`` becomes ``21``.

    ``one`` by itself is left alone, because it is mostly no number (``one of them``), unless the
    text names no other.

    Examples
    --------
    >>> number_words("There are three hundred and five airports, one of them in Oslo.")
    'There are 305 airports, one of them in Oslo.'
    """
    matches = [m for m in _WORDS.finditer(text) if m[0].lower() != "one"]
    alone = not matches
    return _WORDS.sub(
        lambda m: m[0] if m[0].lower() == "one" and not alone else str(_spoken(m[0])), text
    )


def _spoken(words: str) -> int:
    total = part = 0
    for word in re.findall(r"[a-z]+", words.lower()):
        if word == "hundred":
            part = max(part, 1) * 100
        elif word in ("thousand", "million"):
            total += max(part, 1) * int(_FACTORS[word])
            part = 0
        elif word != "and":
            part += _SMALL[word]
    return total + part
