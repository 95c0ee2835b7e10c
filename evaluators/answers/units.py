"""Units after a number, read and converted by pint (loaded only when a unit is compared)."""

from __future__ import annotations

import re
from functools import cache
from itertools import permutations
from math import isclose

from toolgrove.data.units import ALIASES, parsed, registry

__all__ = ["convert", "equal", "named_in", "same_kind", "unit_after"]

_READ_AS = {
    "degree_Celsius": {"C": "degree_Celsius"},
    "degree_Fahrenheit": {"F": "degree_Fahrenheit"},
    "kelvin": {"C": "degree_Celsius", "F": "degree_Fahrenheit"},
    "second": {"m": "minute"},
    "kilocalorie": dict.fromkeys(("Calorie", "Calories", "Cal"), "kilocalorie"),
}
"""Symbols that mean something of their own where an answer of this root unit is expected."""

_TWINS = (
    frozenset({"gram / mole"}),
    frozenset({"dalton", "unified_atomic_mass_unit", "atomic_mass_constant"}),
)
"""Masses of a mole and of a particle: equal figures, and mixed up by everybody."""

_NOT_UNITS = "a am are as at in is it of on or pm to us and the for from by per"
"""Words that pint would read as units: years, attometers, ares, atmospheres, inches and more."""

_SHORT = "km kg cm mm mi ft lb oz"
"""Symbols of two letters that are also read in capitals."""

_WORD = r"(?:(?:sq|cu)\.?\s)?[A-Za-zµμΩΩÅ℃℉]+(?:\*\*[23]|\^?[23](?!\d)|[²³])?"
_PHRASE = re.compile(
    r"[ \u00a0\u202f-]?(?P<phrase>%|°\s?[CFcf]\b|°"
    rf"|{_WORD}(?:\s?/\s?{_WORD}|(?:[ _-]{_WORD}){{0,4}})?)"
)
_ANY_WORD = re.compile(r"(?<![\w/])[A-Za-z°%ΩΩ]")
_WORD_NEXT = re.compile(r"\s+\w")
_POWERS = {"square ": 2, "sq ": 2, "sq. ": 2, "cubic ": 3, "cu ": 3, "cu. ": 3}


@cache
def _root(unit: str) -> str:
    return str(registry().get_root_units(unit)[1])


def same_kind(one: str, other: str) -> bool:
    """Whether one unit converts into the other; degrees, bytes and percent do not mix."""
    return _root(one) == _root(other)


def convert(value: float, unit: str, to: str) -> float:
    """A value in another unit of the same kind; temperatures with their offsets.

    Examples
    --------
    >>> round(convert(12.4, "mile", "kilometer"), 3), round(convert(77, "degF", "degC"))
    (19.956, 25)
    """
    return float(registry().Quantity(value, unit).to(to).magnitude)


def equal(one: str, other: str) -> bool:
    """Whether two names are of one unit: the same size, and the same zero.

    Examples
    --------
    >>> equal("liter", "decimeter ** 3"), equal("mile", "nautical_mile")
    (True, False)
    """
    if one == other:
        return True
    if not same_kind(one, other):
        return False
    return all(isclose(convert(v, one, other), v, rel_tol=1e-6) for v in (1.0, 7.0))


_ASKED = 600
"""Characters of a question that are looked through for the unit that it asks for."""


def named_in(query: str, unit: str) -> bool:
    """Whether a question names a unit, in whatever spelling.

    Examples
    --------
    >>> named_in("How many kilometres is it?", "kilometer"), named_in("How far?", "kilometer")
    (True, False)
    """
    query = query[-_ASKED:]
    for word in _ANY_WORD.finditer(query):
        found, _ = unit_after(query, word.start(), unit)
        if found is not None and equal(found, unit):
            return True
    return unit == "percent" and "percentage" in query.lower()


def unit_after(text: str, at: int, wanted: str) -> tuple[str | None, int]:
    """The unit that stands at a place of a text, and where it ends.

    Parameters
    ----------
    text : str
        A sentence.
    at : int
        Where the number before the unit ends.
    wanted : str
        Pint's name of the unit that the answer is to have; it settles what ``m`` (metres or
        minutes) and ``degrees`` mean.

    Examples
    --------
    >>> unit_after("5 nautical miles away", 1, "kilometer")
    ('nautical_mile', 16)
    >>> unit_after("12 in Germany", 2, "meter"), unit_after("12 in.", 2, "meter")
    ((None, 2), ('inch', 5))
    """
    match = _PHRASE.match(text, at)
    if match is None:
        return None, at
    for phrase in _shorter(match["phrase"]):
        end = match.start("phrase") + len(phrase)
        if phrase.lower() == "in" and not _inches(text, end, wanted):
            continue
        unit = _read(phrase, wanted)
        if unit is not None:
            return unit, end
    return None, at


def _shorter(phrase: str) -> list[str]:
    """A phrase and its beginnings, the longest first, cut between words."""
    cuts = [m.start() for m in re.finditer(r"[ _/-]", phrase)]
    return [phrase] + [phrase[:cut] for cut in reversed(cuts)]


def _inches(text: str, end: int, wanted: str) -> bool:
    return same_kind(wanted, "inch") and not _WORD_NEXT.match(text, end)


@cache
def _read(phrase: str, wanted: str) -> str | None:
    words = re.sub(r"\s+", " ", phrase.strip())
    own = _READ_AS.get(wanted, {}) | _READ_AS.get(_root(wanted), {})
    if words in own:
        return own[words]
    if words.lower() in ("°", "degree", "degrees", "deg") and _root(wanted) == "kelvin":
        return wanted
    compact = words.lower().replace("° ", "°")
    if compact in ALIASES:
        return ALIASES[compact]
    if compact in _NOT_UNITS.split() and compact != "in":
        return None
    unit = parsed(_expression(words))
    if unit is None and (len(words) > 2 or compact in _SHORT.split()):
        unit = parsed(_expression(words.lower()))
    twins = any(unit in one and wanted in other for one, other in permutations(_TWINS))
    return wanted if twins else unit


def _expression(words: str) -> str:
    """``square kilometers per second`` as pint writes it: ``kilometers**2/second``."""
    over, _, under = words.replace(" per ", "/").replace("-per-", "/").partition("/")
    parts = [_power(part.strip()) for part in (over, under) if part.strip()]
    return "/".join(parts)


def _power(words: str) -> str:
    for prefix, power in _POWERS.items():
        if words.lower().startswith(prefix):
            return f"{words[len(prefix) :].strip().replace(' ', '_')}**{power}"
    words = words.replace("²", "**2").replace("³", "**3")
    return re.sub(r"(?<=[A-Za-z])\^?([23])$", r"**\1", words).replace(" ", "_").replace("-", "_")
