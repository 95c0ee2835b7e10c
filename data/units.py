"""The units that a reference may name: pint's words for them, and currencies by their codes."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from toolgrove.errors import UsageError

if TYPE_CHECKING:
    from pint import UnitRegistry

__all__ = ["ALIASES", "currency", "known", "parsed", "registry"]

ALIASES = {
    "kilo": "kilogram",
    "kilos": "kilogram",
    "kms": "kilometer",
    "kmh": "kilometer/hour",
    "km/hr": "kilometer/hour",
    "statute mile": "mile",
    "statute miles": "mile",
    "atomic mass unit": "dalton",
    "atomic mass units": "dalton",
    "degree centigrade": "degree_Celsius",
    "degrees centigrade": "degree_Celsius",
    "degree celsius": "degree_Celsius",
    "degrees celsius": "degree_Celsius",
    "degree fahrenheit": "degree_Fahrenheit",
    "degrees fahrenheit": "degree_Fahrenheit",
    "°c": "degree_Celsius",
    "°f": "degree_Fahrenheit",
    "℃": "degree_Celsius",
    "℉": "degree_Fahrenheit",
    "per cent": "percent",
    "pct": "percent",
    "us gallon": "gallon",
    "us gallons": "gallon",
}
"""Spellings that pint does not know or takes for something else (``kilos`` is kiloseconds)."""


@cache
def registry() -> UnitRegistry[Any]:
    """Pint's units, loaded only when a unit is looked at.

    Raises
    ------
    UsageError
        Where pint is missing.
    """
    try:
        import pint
    except ModuleNotFoundError:
        raise UsageError(
            "comparing numbers with units needs pint. Install it: pip install 'toolgrove[world]'."
        ) from None
    return pint.UnitRegistry()


@cache
def parsed(text: str) -> str | None:
    """Pint's name of a unit, or None where pint knows none."""
    from tokenize import TokenError  # what pint lets through from Python 3.12 on

    units = registry()
    from pint.errors import PintError

    try:
        return str(units.parse_units(text))
    except (
        PintError,
        AssertionError,
        AttributeError,
        SyntaxError,
        TokenError,
        TypeError,
        ValueError,
    ):
        return None  # pint parses expressions, and not every text is one


def known(unit: str) -> str | None:
    """Pint's name of a unit that a reference names, or None where it is a word like ``people``.

    Examples
    --------
    >>> known("km"), known("people")
    ('kilometer', None)
    """
    return ALIASES.get(unit.lower()) or parsed(unit)


@cache
def currency(unit: str) -> str | None:
    """The code of a currency (ISO 4217) that a reference names by it, or None.

    Examples
    --------
    >>> currency("NOK"), currency("nok"), currency("km")
    ('NOK', 'NOK', None)
    """
    code = unit.strip().upper()
    if len(code) != 3 or (code != unit and parsed(unit) is not None):
        return None  # which is neither a code nor a unit's symbol in small letters
    try:
        from babel.numbers import list_currencies
    except ModuleNotFoundError:
        raise UsageError(
            "amounts of money need babel. Install it: pip install 'toolgrove[world]'."
        ) from None
    return code if code in list_currencies() else None
