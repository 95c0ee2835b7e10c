"""Category Tools: physical units (pint) and ways to write numbers."""

from __future__ import annotations

import math
import re
from typing import Annotated, Literal

from pydantic import Field

from toolgrove.data.records import JsonObject
from toolgrove.data.world import facts
from toolgrove.data.world.declare import Number, Refusal, Tool
from toolgrove.data.world.trouble import Gone

__all__ = ["TOOLS"]

UNITS = Tool("Tools", "Unit Converter", "Convert lengths, masses, volumes, speeds, temperatures.")
NUMERALS = Tool("Tools", "Number Formats", "Number bases and Roman numerals.")
TOOLS = (UNITS, NUMERALS)

Unit = Annotated[str, Field(description="Unit, e.g. km, mile, pound", max_length=40)]
Scale = Annotated[
    Literal["celsius", "fahrenheit", "kelvin"],
    Field(description="One of celsius, fahrenheit, kelvin"),
]
Base = Annotated[int, Field(description="2 to 36", ge=2, le=36)]
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"

# A product or quotient of named units with small powers: pint would compute 9**9**9 in a unit.
UNIT = re.compile(r"[^\W\d]+(\s*(\^|\*\*)\s*-?[1-4])?", re.UNICODE)
JOINED = re.compile(rf"{UNIT.pattern}(\s*([*/·]|\s|\bper\b)\s*{UNIT.pattern}){{0,4}}", re.UNICODE)


def _unit(name: str) -> str:
    """A unit that pint knows, as pint writes it."""
    import pint

    if not JOINED.fullmatch(name.strip()):
        raise Refusal(400, f"'{name}' is not a unit. Write for instance km, mile/hour or m^2.")
    try:
        return str(facts.units().parse_units(name.strip()))
    except (pint.errors.PintError, ValueError, TypeError, AttributeError, ArithmeticError):
        raise Refusal(404, f"Unknown unit '{name}'. See Compatible Units.") from None


def _rounded(value: float) -> float:
    return float(f"{value:.8g}")


@UNITS.get(
    "Convert Units",
    "/convert",
    example={"value": 26.2, "from_unit": "mile", "to_unit": "km"},
)
def convert_units(value: Number, from_unit: Unit, to_unit: Unit) -> JsonObject:
    """Convert a value between units: miles, km, feet, metres, pounds, kg, knots, US gallons, …"""
    import pint

    source, target = _unit(from_unit), _unit(to_unit)
    try:
        found = facts.units().Quantity(value, source).to(target).magnitude
    except (pint.errors.PintError, ArithmeticError) as error:
        raise Refusal(400, f"Cannot convert {source} to {target}: {error}") from None
    if not math.isfinite(found):
        raise Refusal(400, f"{value} {source} is out of range in {target}.")
    return {"result": _rounded(found), "unit": target}


@UNITS.get(
    "Convert Temperature",
    "/temperature",
    example={"value": 98.6, "from_scale": "fahrenheit", "to_scale": "celsius"},
)
def convert_temperature(value: Number, from_scale: Scale, to_scale: Scale) -> JsonObject:
    """Convert a temperature between Celsius, Fahrenheit and Kelvin."""
    names = {"celsius": "degC", "fahrenheit": "degF", "kelvin": "kelvin"}
    found = facts.units().Quantity(value, names[from_scale]).to(names[to_scale]).magnitude
    return {"result": round(found, 4), "scale": to_scale}


@UNITS.get(
    "Convert Volume (UK)",
    "/uk/volume",
    example={"value": 10, "from_unit": "gallon", "to_unit": "litre"},
)
def convert_volume_uk(
    value: Number,
    from_unit: Annotated[
        Literal["gallon", "pint", "fluid_ounce", "litre"],
        Field(description="One of gallon, pint, fluid_ounce, litre"),
    ],
    to_unit: Annotated[
        Literal["gallon", "pint", "fluid_ounce", "litre"],
        Field(description="One of gallon, pint, fluid_ounce, litre"),
    ],
) -> JsonObject:
    """Convert volumes with imperial (British) gallons, pints and fluid ounces."""
    names = {name: f"imperial_{name}" for name in ("gallon", "pint", "fluid_ounce")}
    source, target = (names.get(name, name) for name in (from_unit, to_unit))
    return {"result": _rounded(facts.units().Quantity(value, source).to(target).magnitude)}


@UNITS.get("Compatible Units", "/compatible", example={"unit": "km/h"})
def compatible_units(unit: Unit) -> JsonObject:
    """Units that a unit can be converted to."""
    from pint.util import to_units_container

    container = to_units_container(_unit(unit), facts.units())
    found = facts.units().get_compatible_units(container)
    return {"unit": unit.strip(), "compatible": sorted(str(one) for one in found)[:40]}


@UNITS.get("Base Units", "/base", example={"unit": "horsepower"})
def base_units(unit: Unit) -> JsonObject:
    """What one of a unit is in SI base units."""
    found = facts.units().Quantity(1.0, _unit(unit))
    base = found.to_base_units()
    return {"unit": unit.strip(), "value": _rounded(base.magnitude), "base": str(base.units)}


@UNITS.get(
    "Unit Convert",
    "/v1/convert",
    example={"value": 26.2, "source": "mile", "target": "km"},
    trouble=Gone("Convert Units"),
)
def unit_convert(value: Number, source: Unit, target: Unit) -> JsonObject:
    """Convert a value from one unit to another."""
    return convert_units(value, source, target)


@NUMERALS.get("Convert Base", "/base", example={"number": "ff", "from_base": 16, "to_base": 2})
def convert_base(
    number: Annotated[str, Field(description="Digits in from_base", max_length=80)],
    from_base: Base,
    to_base: Base,
) -> JsonObject:
    """Write a whole number in another base, 2 to 36."""
    text = number.strip().lower()
    if not re.fullmatch(r"-?[0-9a-z]+", text, re.ASCII):
        raise Refusal(400, f"Parameter 'number': '{number}' is not a whole number.")
    try:
        value = int(text, from_base)
    except ValueError:
        raise Refusal(400, f"'{number}' is not a number in base {from_base}.") from None
    digits, rest = "", abs(value)
    while rest:
        rest, digit = divmod(rest, to_base)
        digits = DIGITS[digit] + digits
    return {"result": ("-" if value < 0 else "") + (digits or "0")}


ROMAN = {
    "M": 1000, "CM": 900, "D": 500, "CD": 400, "C": 100, "XC": 90, "L": 50, "XL": 40,
    "X": 10, "IX": 9, "V": 5, "IV": 4, "I": 1,
}  # fmt: skip


@NUMERALS.get("To Roman", "/roman/{number}", example={"number": 2026})
def to_roman(
    number: Annotated[int, Field(description="1 to 3999", ge=1, le=3999)],
) -> JsonObject:
    """A number as a Roman numeral."""
    written, rest = "", number
    for letters, worth in ROMAN.items():
        count, rest = divmod(rest, worth)
        written += letters * count
    return {"roman": written}


@NUMERALS.get("From Roman", "/from-roman/{numeral}", example={"numeral": "MMXXVI"})
def from_roman(
    numeral: Annotated[str, Field(description="Roman numeral", max_length=20)],
) -> JsonObject:
    """The number that a Roman numeral stands for."""
    left, value = numeral.strip().upper(), 0
    for letters, worth in ROMAN.items():
        while left.startswith(letters):
            left, value = left.removeprefix(letters), value + worth
    if left or not 1 <= value <= 3999 or to_roman(value)["roman"] != numeral.strip().upper():
        raise Refusal(400, f"'{numeral}' is not a Roman numeral.")
    return {"number": value}
