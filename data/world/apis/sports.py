"""Category Sports: paces of races, and what a body needs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from toolgrove.data.records import JsonObject
from toolgrove.data.world.declare import Tool
from toolgrove.data.world.trouble import Gone

__all__ = ["TOOLS"]

PACER = Tool("Sports", "Race Pacer", "Paces and finishing times of runners.")
BODY = Tool("Sports", "Body Metrics", "Body mass index, energy at rest and heart rates.")
TOOLS = (PACER, BODY)

Km = Annotated[float, Field(description="Kilometres", gt=0, le=1000)]
Minutes = Annotated[float, Field(description="Minutes", gt=0, le=10_000)]
Kg = Annotated[float, Field(description="Weight in kg", ge=20, le=400)]
Cm = Annotated[float, Field(description="Height in cm", ge=80, le=260)]
Age = Annotated[int, Field(description="Years", ge=10, le=110)]


@PACER.get("Race Pace", "/pace", example={"distance_km": 10, "minutes": 50})
def race_pace(distance_km: Km, minutes: Minutes) -> JsonObject:
    """Seconds a kilometre takes a runner who needs so many minutes for a distance."""
    return {"seconds_per_km": round(minutes * 60 / distance_km, 1)}


@PACER.get("Finish Time", "/finish", example={"distance_km": 10, "seconds_per_km": 300})
def finish_time(
    distance_km: Km,
    seconds_per_km: Annotated[float, Field(description="Pace", ge=60, le=3600)],
) -> JsonObject:
    """Minutes that a runner needs for a distance at a pace in seconds per kilometre."""
    return {"minutes": round(distance_km * seconds_per_km / 60, 2)}


@PACER.get(
    "Race Prediction", "/predict", example={"known_km": 10, "known_minutes": 50, "goal_km": 21.1}
)
def race_prediction(known_km: Km, known_minutes: Minutes, goal_km: Km) -> JsonObject:
    """Minutes to expect over another distance, from a race that was run (Riegel's formula)."""
    return {"minutes": round(known_minutes * (goal_km / known_km) ** 1.06, 1)}


@PACER.get("Pace Lookup", "/v1/pace", example={"km": 10, "minutes": 50}, trouble=Gone("Race Pace"))
def pace_lookup(km: Km, minutes: Minutes) -> JsonObject:
    """Look up a running pace."""
    return race_pace(km, minutes)


@BODY.get("Body Mass Index", "/bmi", example={"weight_kg": 70, "height_cm": 175})
def body_mass_index(weight_kg: Kg, height_cm: Cm) -> JsonObject:
    """Body mass index of a grown person."""
    return {"bmi": round(weight_kg / (height_cm / 100) ** 2, 2)}


@BODY.get(
    "Resting Energy",
    "/resting",
    example={"weight_kg": 70, "height_cm": 175, "age": 40, "sex": "female"},
)
def resting_energy(
    weight_kg: Kg,
    height_cm: Cm,
    age: Age,
    sex: Annotated[Literal["female", "male"], Field(description="One of female, male")],
) -> JsonObject:
    """Kilocalories a day that a person needs at rest (Mifflin and St Jeor)."""
    base = 10 * weight_kg + 6.25 * height_cm - 5 * age
    return {"kcal_per_day": round(base + (5 if sex == "male" else -161))}


@BODY.get("Heart Rate Zone", "/heart-rate", example={"age": 40, "percent": 70})
def heart_rate_zone(
    age: Age, percent: Annotated[int, Field(description="Of the maximum", ge=30, le=100)]
) -> JsonObject:
    """Heart beats a minute at a percentage of the maximum, which is 220 minus the age."""
    return {"beats_per_minute": round((220 - age) * percent / 100)}
