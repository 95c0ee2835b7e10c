"""Numbers as a sentence writes them, with the units behind them.

How a number may be written: ``1234.5``, ``1,234.5``, ``1 234.5``, ``1 234,5`` (also with
no-break and thin spaces), ``1'234.5``, ``1.234,5``, ``1.2e5``, ``1.2 × 10^5``, ``1.2 million``;
``15.7:1`` is 15.7; ``824k`` is 824,000; words (``twenty-five``) count as well.
A comma before exactly three digits groups thousands (``1,234`` is 1234), any other comma is a
decimal one (``12,4`` is 12.4); a single point is always a decimal one (``1.234``). Dates, times of
day, ordinals, list numbers at the start of a line, and digits inside names (``A320``, ``1990s``,
``1.2.3``) are no numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from math import isfinite

from toolgrove.evaluators.answers import dates, units
from toolgrove.evaluators.answers.number_words import spoken

__all__ = ["Quantity", "quantities"]

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
_RATIO = re.compile(r"(?:\s?:\s?|\s+to\s+)1(?!\d|[.,:]\d)(?![A-Za-z%])")
_UNIT_SYMBOL = re.compile(
    r"(?:[kcmµ]?m|mi|ft|in|k?g|mg|lb|oz|h|hrs?|min|ms|k?W|K|°[CF]?)(?:[²³]|\b|$)"
)
_UNIT_WORD = re.compile(
    r"[\s-]?(?P<unit>(?:kilo|centi|milli)?met(?:er|re)|mile|foot|feet|second|minute|hour|day|week"
    r"|month|year|degree|gram|kilogram|pound|ounce|lit(?:er|re))s?\b",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"\s?(?:%|percent\b|per cent\b)", re.IGNORECASE)
_HOURS = re.compile(
    r"\b(?:UTC|GMT)\s?(?P<s1>[+\-−±])\s?(?P<h1>\d{1,2})(?::?(?P<m1>\d{2}))?\b"
    r"|(?<![\w:.])(?P<s2>[+\-−])(?P<h2>\d{1,2}):(?P<m2>\d{2})\b(?!:)"
    r"|(?<![\w:.])(?P<s3>)(?P<h3>\d{1,3}):(?P<m3>\d{2})\s?h(?:ours?|rs?)?\b"
)
_MULTIPLIER = re.compile(
    r"(?:[\s-]?(?P<word>hundred|thousand|million|billion|bn|mn|trillion)|(?P<letter>[kKM]))\b(?!/)",
    re.IGNORECASE,
)
_FACTORS = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "mn": 1e6, "billion": 1e9, "bn": 1e9}
_FACTORS |= {"trillion": 1e12, "k": 1e3, "K": 1e3, "M": 1e6}
_LIST_NUMBER = re.compile(r"^[ \t]*\d{1,3}[.)](?=\s)", re.MULTILINE)
_ORDINAL = re.compile(r"\b\d+(?:st|nd|rd|th)\b", re.IGNORECASE)
_NO_NUMBER = re.compile(
    r"(?<!\d)(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?|#[0-9A-Fa-f]{3,8}\b|U\+[0-9A-Fa-f]{4,6}"
    r"|\bISO\s\d{3,5}\b|\b0x[0-9A-Fa-f]+|\b\d{4}-(?=W\d)|(?<=[\d)a-z])\^[-+−]?\d+"
    r"|\b[C-F][\dA-F](?:\s[89AB][\dA-F]){1,3}\b"  # the bytes of a character in UTF-8
)
_WEEK = re.compile(r"(?<![A-Za-z])W(?P<week>\d{1,2})(?!\w|\.\d)")
_NAMED = re.compile(r"(?<=[A-Za-z]-)(\d{1,6})\b(?![-.,]?\d)")
_LETTER = re.compile(r"[A-Za-z]")
_MINUS = re.compile(r"\b(?:minus|negative)\s+\Z", re.IGNORECASE)
_SUPERSCRIPT = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-")
_JOINT = re.compile(r"\s*(?:,|and|,\s*and)?\s*\Z")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in a text.

    ``unit`` is pint's name of the unit behind it, None where none stands there or none was looked
    for; ``money`` is the currency sign before it, ``grain`` what its last figure is worth;
    ``in_name`` says that it is part of a name.
    """

    value: float
    unit: str | None
    start: int
    end: int
    money: str = ""
    grain: float = 0.0
    in_words: bool = False
    in_name: bool = False


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
    return list(_read(text, wanted))


MOST = 200
"""Numbers of a text that are looked at, from the last one: a list of more claims nothing."""


@lru_cache(maxsize=64)
def _read(text: str, wanted: str | None) -> tuple[Quantity, ...]:
    found = [*_hours(text)]
    taken = _taken(text) | {at for q in found for at in range(q.start, q.end)}
    end = 0
    for match in _NUMBER.finditer(text):
        if match.start() < end or not taken.isdisjoint(range(*match.span("digits"))):
            continue
        quantity = _quantity(text, match, wanted)
        if quantity is not None and isfinite(quantity.value):
            found.append(quantity)
            end = quantity.end
    found += [*_words(text, wanted, taken), *_weeks(text), *_named(text)]
    found.sort(key=lambda q: q.start)
    found = found[-MOST:]
    return tuple(found if wanted is None else _joined(text, found))


def _taken(text: str) -> set[int]:
    """The places where digits are no numbers."""
    spans = [(d.start, d.end) for d in dates.dates(text)]
    spans += [(t.start, t.end) for t in dates.times(text)]
    spans += [m.span() for p in (_ORDINAL, _NO_NUMBER) for m in p.finditer(text)]
    items = [m.span() for m in _LIST_NUMBER.finditer(text)]
    if len(items) > 1 or any(start or text[:2].strip(".) ") == "1" for start, _ in items):
        spans += items  # "22. Two of them are Sundays." begins with a number
    return {at for start, end in spans for at in range(start, end)}


def _hours(text: str) -> Iterator[Quantity]:
    """``UTC+5:30``, ``+05:30`` and ``5:30 hours`` are 5.5 hours."""
    for match in _HOURS.finditer(text):
        sign, hours, minutes = next(
            (match[f"s{i}"], match[f"h{i}"], match[f"m{i}"]) for i in (1, 2, 3) if match[f"h{i}"]
        )
        value = int(hours) + int(minutes or 0) / 60
        yield Quantity(-value if sign in ("-", "−") else value, "hour", *match.span())


def _words(text: str, wanted: str | None, taken: set[int]) -> Iterator[Quantity]:
    for one in spoken(text):
        if one.start not in taken and not text[: one.start].rstrip()[-1:].isdigit():
            unit, end = _unit(text, one.end, wanted)
            yield Quantity(one.value, unit, one.start, end, in_words=True)


def _weeks(text: str) -> Iterator[Quantity]:
    for match in _WEEK.finditer(text):
        yield Quantity(float(match["week"]), None, *match.span())


def _named(text: str) -> Iterator[Quantity]:
    """The number in a name such as ``Ni-58``."""
    for match in _NAMED.finditer(text):
        yield Quantity(float(match[1]), None, match.start(1), match.end(1), in_name=True)


def _quantity(text: str, match: re.Match[str], wanted: str | None) -> Quantity | None:
    digits = _decimal(match["digits"])
    scale = 10.0 ** min(_power(match["exponent"]), 300)
    sign = -1 if match["sign"] or _MINUS.search(text[: match.start()][-12:]) else 1
    end = match.end()
    ratio = _RATIO.match(text, end)
    end = ratio.end() if ratio else end
    multiplier = _multiplier(text, end, wanted)
    if multiplier:
        scale, end = (
            scale * _FACTORS[multiplier["letter"] or multiplier["word"].lower()],
            multiplier.end(),
        )
    unit, after = _unit(text, end, wanted)
    if unit is None and after == end and _LETTER.match(text, end):
        return None
    value, grain = sign * float(digits) * scale, _grain(digits) * scale
    return Quantity(value, unit, match.start(), after, match["money"], grain)


def _multiplier(text: str, at: int, wanted: str | None) -> re.Match[str] | None:
    match = _MULTIPLIER.match(text, at)
    if match is None or (match["letter"] == "K" and wanted == "kelvin") or match["letter"] == "m":
        return None
    return match


def _grain(digits: str) -> float:
    """What the last figure of a number is worth: 0.1 in 12.4, 100 in 1200."""
    whole, _, decimals = digits.partition(".")
    if decimals:
        return float(10.0 ** -len(decimals))
    return 10.0 ** min(300, len(whole) - len(whole.rstrip("0"))) if whole.strip("0") else 1.0


def _unit(text: str, at: int, wanted: str | None) -> tuple[str | None, int]:
    if wanted is not None:
        return units.unit_after(text, at, wanted)
    percent = _PERCENT.match(text, at)
    if percent:
        return "percent", percent.end()
    word = _UNIT_WORD.match(text, at)
    if word:
        return word["unit"].lower(), word.end()
    symbol = _UNIT_SYMBOL.match(text, at)  # 5km holds a number, 747s and 3D do not
    return (symbol[0], symbol.end()) if symbol else (None, at)


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
                held = replace(
                    held, value=held.value + part, end=quantity.end, unit=held.unit, grain=0.0
                )
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
