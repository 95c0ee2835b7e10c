"""Category Electronics: resistors, filters and batteries."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field

from toolgrove.data.records import JsonObject
from toolgrove.data.world.declare import Refusal, Tool, listed
from toolgrove.data.world.trouble import Gone

__all__ = ["COLORS", "TOOLS"]

CIRCUITS = Tool("Electronics", "Circuit Bench", "Resistors, voltage dividers and filters.")
BATTERIES = Tool("Electronics", "Battery Bench", "How long batteries last and take to charge.")
TOOLS = (CIRCUITS, BATTERIES)

COLORS = listed("black brown red orange yellow green blue violet grey white")

Ohms = Annotated[float, Field(description="Ohms", gt=0, le=1e9)]
Capacity = Annotated[float, Field(description="Capacity in mAh", gt=0, le=1e7)]
Milliamps = Annotated[float, Field(description="Current in mA", gt=0, le=1e6)]


@CIRCUITS.get("Resistor Color Code", "/bands", example={"bands": "brown,black,red"})
def resistor_color_code(
    bands: Annotated[str, Field(description="Three colors: brown,black,red", max_length=60)],
) -> JsonObject:
    """Ohms of a resistor from its first three color bands: two digits and how many zeros."""
    named = [band.strip().lower() for band in bands.split(",")]
    if len(named) != 3 or not set(named) <= set(COLORS):
        raise Refusal(400, f"Parameter 'bands': three of {', '.join(COLORS)}, with commas.")
    tens, ones, zeros = (COLORS.index(band) for band in named)
    return {"ohms": (10 * tens + ones) * 10**zeros}


@CIRCUITS.get("Parallel Resistance", "/parallel", example={"a": 100, "b": 220})
def parallel_resistance(a: Ohms, b: Ohms) -> JsonObject:
    """Ohms of two resistors in parallel."""
    return {"ohms": float(f"{a * b / (a + b):.8g}")}


@CIRCUITS.get("Voltage Divider", "/divider", example={"volts": 9, "upper": 1000, "lower": 470})
def voltage_divider(
    volts: Annotated[float, Field(description="Supply in volts", gt=0, le=1e6)],
    upper: Ohms,
    lower: Ohms,
) -> JsonObject:
    """Volts across the lower of two resistors in series."""
    return {"volts": float(f"{volts * lower / (upper + lower):.6g}")}


@CIRCUITS.get("RC Cutoff", "/rc", example={"ohms": 1000, "nanofarads": 100})
def rc_cutoff(
    ohms: Ohms, nanofarads: Annotated[float, Field(description="Capacity in nF", gt=0, le=1e9)]
) -> JsonObject:
    """Cutoff frequency in hertz of a filter of one resistor and one capacitor."""
    return {"hertz": float(f"{1e9 / (2 * math.pi * ohms * nanofarads):.6g}")}


@CIRCUITS.get(
    "Resistor Value",
    "/v1/value",
    example={"colors": "brown,black,red"},
    trouble=Gone("Resistor Color Code"),
)
def resistor_value(colors: Annotated[str, Field(description="Color bands")]) -> JsonObject:
    """The value of a resistor."""
    return resistor_color_code(colors)


@BATTERIES.get("Battery Runtime", "/runtime", example={"capacity_mah": 2000, "current_ma": 80})
def battery_runtime(capacity_mah: Capacity, current_ma: Milliamps) -> JsonObject:
    """Hours that a battery lasts at a current."""
    return {"hours": float(f"{capacity_mah / current_ma:.6g}")}


@BATTERIES.get("Charge Time", "/charge", example={"capacity_mah": 2000, "current_ma": 500})
def charge_time(capacity_mah: Capacity, current_ma: Milliamps) -> JsonObject:
    """Hours that it takes to charge a battery, a fifth of the current lost."""
    return {"hours": float(f"{capacity_mah / (0.8 * current_ma):.6g}")}
