"""Category Weather: sun and moon (astral). Of the weather itself the world knows nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from toolgrove.data.records import JsonObject
from toolgrove.data.world import facts
from toolgrove.data.world.declare import IsoDate, Refusal, Tool
from toolgrove.data.world.trouble import NOT_SUBSCRIBED, Flaky, Unsubscribed

__all__ = ["TOOLS"]

SUN = Tool("Weather", "Sun and Moon", "Sunrise, sunset, day length and the moon's phase.")
FORECAST = Tool("Weather", "WeatherNow", "Weather of today and tomorrow. Paid plans only.")
TOOLS = (SUN, FORECAST)

PHASES = (
    "new moon",
    "waxing crescent",
    "first quarter",
    "waxing gibbous",
    "full moon",
    "waning gibbous",
    "last quarter",
    "waning crescent",
)

Latitude = Annotated[float, Field(description="Degrees north", ge=-90, le=90)]
Longitude = Annotated[float, Field(description="Degrees east", ge=-180, le=180)]
Day = Annotated[IsoDate, Field(description="YYYY-MM-DD")]
Zone = Annotated[str, Field(description="IANA time zone of the answer", max_length=60)]


def _sun(latitude: float, longitude: float, date: IsoDate, zone: str) -> dict[str, datetime]:
    from astral import Observer
    from astral.sun import noon, sunrise, sunset

    if not 1900 <= date.year <= 2100:
        raise Refusal(400, f"{date} is outside the years 1900 to 2100.")
    observer, info = Observer(latitude, longitude), facts.zone(zone)
    try:
        return {
            "sunrise": sunrise(observer, date, tzinfo=info),
            "noon": noon(observer, date, tzinfo=info),
            "sunset": sunset(observer, date, tzinfo=info),
        }
    except ValueError:
        raise Refusal(404, f"The sun does not both rise and set there on {date}.") from None


def _rounded(moment: datetime) -> str:
    seconds = moment.second + moment.microsecond / 1e6
    minute = moment.hour * 60 + moment.minute + (seconds >= 30)
    return f"{minute // 60 % 24:02}:{minute % 60:02}"


@SUN.get(
    "Sunrise and Sunset",
    "/times",
    example={
        "latitude": 59.91,
        "longitude": 10.75,
        "date": "2026-06-21",
        "zone": "Europe/Oslo",
    },
)
def sunrise_and_sunset(
    latitude: Latitude, longitude: Longitude, date: Day, zone: Zone = "UTC"
) -> JsonObject:
    """Sunrise, solar noon and sunset (HH:MM) at a position on a date."""
    times = _sun(latitude, longitude, date, zone)
    return {"zone": zone, **{name: _rounded(moment) for name, moment in times.items()}}


@SUN.get(
    "Day Length",
    "/day-length",
    example={"latitude": 59.91, "longitude": 10.75, "date": "2026-06-21"},
)
def day_length(latitude: Latitude, longitude: Longitude, date: Day) -> JsonObject:
    """Minutes from sunrise to sunset at a position on a date."""
    times = _sun(latitude, longitude, date, "UTC")
    minutes = (times["sunset"] - times["sunrise"]).total_seconds() / 60 % 1440
    return {"date": date.isoformat(), "daylight_minutes": round(minutes)}


@SUN.get(
    "Sun Position",
    "/position",
    example={"latitude": 59.91, "longitude": 10.75, "date": "2026-06-21", "hour_utc": 11},
)
def sun_position(
    latitude: Latitude,
    longitude: Longitude,
    date: Day,
    hour_utc: Annotated[int, Field(description="Full hour, UTC", ge=0, le=23)],
) -> JsonObject:
    """Height of the sun over the horizon and its compass direction, in degrees."""
    from astral import Observer
    from astral.sun import azimuth, elevation

    if not 1900 <= date.year <= 2100:
        raise Refusal(400, f"{date} is outside the years 1900 to 2100.")
    moment = datetime(date.year, date.month, date.day, hour_utc, tzinfo=facts.zone("UTC"))
    observer = Observer(latitude, longitude)
    return {
        "elevation_degrees": round(elevation(observer, moment), 1),
        "azimuth_degrees": round(azimuth(observer, moment), 1),
    }


@SUN.get("Moon Phase", "/moon", example={"date": "2026-06-21"})
def moon_phase(date: Day) -> JsonObject:
    """Phase of the moon on a date: days since new moon (0 to 28) and its name."""
    from astral.moon import phase

    if not 1900 <= date.year <= 2100:
        raise Refusal(400, f"{date} is outside the years 1900 to 2100.")
    days = phase(date)
    return {"days": round(days, 1), "phase": PHASES[round(days / 3.5) % 8]}


@SUN.get(
    "Daylight Hours",
    "/v2/daylight",
    example={"latitude": 59.91, "longitude": 10.75, "date": "2026-06-21"},
    trouble=Flaky(),
)
def daylight_hours(latitude: Latitude, longitude: Longitude, date: Day) -> JsonObject:
    """Hours of daylight at a position on a date."""
    return {"hours": round(day_length(latitude, longitude, date)["daylight_minutes"] / 60, 2)}


@FORECAST.get("Current Weather", "/current", example={"city": "Oslo"}, trouble=Unsubscribed())
def current_weather(city: Annotated[str, Field(description="City name")]) -> JsonObject:
    """Temperature, wind and rain in a city right now."""
    raise NOT_SUBSCRIBED


@FORECAST.get("Forecast", "/forecast", example={"city": "Oslo"}, trouble=Unsubscribed())
def forecast(city: Annotated[str, Field(description="City name")]) -> JsonObject:
    """Tomorrow's weather in a city."""
    raise NOT_SUBSCRIBED
