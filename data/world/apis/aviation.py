"""Category Transportation: airports and the distances between them (airportsdata)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from toolgrove.data.records import JsonObject
from toolgrove.data.world import facts
from toolgrove.data.world.declare import Refusal, Tool
from toolgrove.data.world.trouble import NOT_SUBSCRIBED, Gone, Unsubscribed

__all__ = ["TOOLS"]

FINDER = Tool(
    "Transportation", "Airport Finder", "Look up airports by code, city, country or position."
)
DISTANCE = Tool(
    "Transportation", "Flight Distance", "Distances, directions and flight times between airports."
)
LIVE = Tool("Transportation", "AeroLive", "Live flight data and fares. Paid plans only.")
TOOLS = (FINDER, DISTANCE, LIVE)

Iata = Annotated[str, Field(description="IATA code (3 letters)", max_length=8)]
Latitude = Annotated[float, Field(description="Degrees north", ge=-90, le=90)]
Longitude = Annotated[float, Field(description="Degrees east", ge=-180, le=180)]
Unit = Annotated[Literal["km", "mi", "nmi"], Field(description="One of km, mi, nmi")]
Page = Annotated[int, Field(description="Page number, from 1", ge=1, le=10_000)]

PER_KM = {"km": 1.0, "mi": 1 / 1.609344, "nmi": 1 / 1.852}


def _shown(found: Mapping[str, Any]) -> JsonObject:
    return {
        "iata": found["iata"],
        "icao": found["icao"],
        "name": found["name"],
        "city": found["city"],
        "region": found["subd"],
        "country": found["country"],
        "latitude": found["lat"],
        "longitude": found["lon"],
        "elevation_ft": round(found["elevation"]),
        "time_zone": found["tz"],
    }


def _brief(found: Mapping[str, Any]) -> JsonObject:
    return {key: found[key] for key in ("iata", "name", "city", "country")}


def _between(a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
    return facts.distance_km(a["lat"], a["lon"], b["lat"], b["lon"])


@FINDER.get("Airport by IATA", "/iata/{iata}", example={"iata": "OSL"})
def airport_by_iata(iata: Iata) -> JsonObject:
    """Name, city, country, position, elevation (feet) and time zone of an airport."""
    return _shown(facts.airport(iata))


@FINDER.get("Airport by ICAO", "/icao/{icao}", example={"icao": "ENGM"})
def airport_by_icao(
    icao: Annotated[str, Field(description="ICAO code (4 letters)", max_length=8)],
) -> JsonObject:
    """Same as Airport by IATA, for a four-letter ICAO code."""
    wanted = icao.strip().upper()
    for found in facts.airports().values():
        if found["icao"] == wanted:
            return _shown(found)
    raise Refusal(404, f"No airport has the ICAO code '{icao}'. It has four letters.")


@FINDER.get("Airports in City", "/city", example={"city": "Stockholm"})
def airports_in_city(
    city: Annotated[str, Field(description="City name in English", max_length=80)],
    country: Annotated[str, Field(description="Two-letter country code")] = "",
) -> JsonObject:
    """Codes and names of the airports that serve a city."""
    wanted, code = facts.fold(city), country.strip().upper()
    found = [
        _brief(one)
        for one in facts.airports().values()
        if facts.fold(one["city"]) == wanted and code in ("", one["country"])
    ]
    if not found:
        raise Refusal(404, f"No airport is listed under the city '{city}'.")
    return {"count": len(found), "airports": sorted(found, key=lambda one: str(one["iata"]))}


@FINDER.get("Airports in Country", "/country/{country}", example={"country": "SE"})
def airports_in_country(
    country: Annotated[str, Field(description="Two-letter country code")],
    page: Page = 1,
    per_page: Annotated[int, Field(description="Results a page, 1 to 50", ge=1, le=50)] = 10,
) -> JsonObject:
    """Airports of a country by IATA code, in pages; total counts all of them."""
    wanted = country.strip().upper()
    found = [_brief(one) for one in facts.airports().values() if one["country"] == wanted]
    if not found:
        raise Refusal(404, f"No airports for country '{country}'. Use its two-letter code.")
    return facts.page_of(sorted(found, key=lambda one: str(one["iata"])), page, per_page)


@FINDER.get("Nearest Airport", "/nearest", example={"latitude": 48.8566, "longitude": 2.3522})
def nearest_airport(latitude: Latitude, longitude: Longitude) -> JsonObject:
    """The airport with an IATA code that is nearest to a position, and how far it is."""
    found, distance = facts.nearest_airport(latitude, longitude)
    return {**_brief(found), "distance_km": round(distance, 1)}


@FINDER.get(
    "Airport Info",
    "/v1/airport",
    example={"code": "OSL"},
    trouble=Gone("Airport by IATA"),
)
def airport_info(code: Annotated[str, Field(description="Airport code")]) -> JsonObject:
    """Airport information by code."""
    return _shown(facts.airport(code))


@DISTANCE.get(
    "Distance Between Airports",
    "/between",
    example={"origin": "OSL", "destination": "LHR"},
)
def distance_between_airports(origin: Iata, destination: Iata, unit: Unit = "km") -> JsonObject:
    """How far it is between two airports, by IATA codes such as OSL and LHR, in km, mi or nmi."""
    a, b = facts.airport(origin), facts.airport(destination)
    return {
        "origin": a["iata"],
        "destination": b["iata"],
        "distance": round(_between(a, b) * PER_KM[unit], 1),
        "unit": unit,
    }


@DISTANCE.get(
    "Route Distance",
    "/route",
    example={"from_icao": "ENGM", "to_icao": "EGLL"},
)
def route_distance(
    from_icao: Annotated[str, Field(description="ICAO code (4 letters)")],
    to_icao: Annotated[str, Field(description="ICAO code (4 letters)")],
) -> JsonObject:
    """Distance of a route in nautical miles, for pilots."""
    a, b = airport_by_icao(from_icao), airport_by_icao(to_icao)
    km = facts.distance_km(a["latitude"], a["longitude"], b["latitude"], b["longitude"])
    return {"route": f"{a['icao']}-{b['icao']}", "distance": round(km * PER_KM["nmi"], 1)}


@DISTANCE.get(
    "Distance Between Positions",
    "/positions",
    example={
        "from_latitude": 59.91,
        "from_longitude": 10.75,
        "to_latitude": 51.51,
        "to_longitude": -0.13,
    },
)
def distance_between_positions(
    from_latitude: Latitude,
    from_longitude: Longitude,
    to_latitude: Latitude,
    to_longitude: Longitude,
    unit: Unit = "km",
) -> JsonObject:
    """Great-circle distance between two positions in degrees."""
    km = facts.distance_km(from_latitude, from_longitude, to_latitude, to_longitude)
    return {"distance": round(km * PER_KM[unit], 1), "unit": unit}


@DISTANCE.get(
    "Flight Time",
    "/time",
    example={"distance_km": 1200},
)
def flight_time(
    distance_km: Annotated[float, Field(description="Kilometres", ge=0, le=50_000)],
    speed_kmh: Annotated[float, Field(description="Cruise speed, km/h", ge=50, le=3000)] = 850,
) -> JsonObject:
    """Minutes in the air for a distance at cruise speed, plus 30 for climb and descent."""
    return {"minutes": round(distance_km / speed_kmh * 60 + 30), "speed_kmh": speed_kmh}


@DISTANCE.get(
    "Initial Bearing",
    "/bearing",
    example={"origin": "OSL", "destination": "LHR"},
)
def initial_bearing(origin: Iata, destination: Iata) -> JsonObject:
    """Compass direction, in degrees, in which a great-circle flight sets out."""
    a, b = facts.airport(origin), facts.airport(destination)
    lat_a, lat_b = math.radians(a["lat"]), math.radians(b["lat"])
    turn = math.radians(b["lon"] - a["lon"])
    east = math.sin(turn) * math.cos(lat_b)
    north = math.cos(lat_a) * math.sin(lat_b) - math.sin(lat_a) * math.cos(lat_b) * math.cos(turn)
    return {"bearing_degrees": round(math.degrees(math.atan2(east, north)) % 360, 1)}


@LIVE.get(
    "Flight Status",
    "/status/{flight}",
    example={"flight": "SK4035"},
    trouble=Unsubscribed(),
)
def flight_status(flight: Annotated[str, Field(description="Flight number")]) -> JsonObject:
    """Live departure and arrival status of a flight."""
    raise NOT_SUBSCRIBED


@LIVE.get(
    "Cheapest Fare",
    "/fares",
    example={"origin": "OSL", "destination": "LHR"},
    trouble=Unsubscribed(),
)
def cheapest_fare(origin: Iata, destination: Iata) -> JsonObject:
    """Cheapest one-way fare between two airports."""
    raise NOT_SUBSCRIBED
