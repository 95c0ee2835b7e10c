"""Tasks about airports, countries and cities."""

from __future__ import annotations

from toolgrove.data.records import Reference
from toolgrove.data.world.tasks.build import Ask, family, name, number

__all__ = ["FAMILIES"]


@family(
    "G1",
    "airport-elevation",
    offer=["Airport by ICAO", "Airports in City", "Nearest Airport"],
    tempting=["Airport Info"],
)
def elevation(ask: Ask, iata: str) -> Reference:
    return number(ask("Airport by IATA", iata=iata)["elevation_ft"], "foot")


elevation.case("How many feet above sea level is the airport with the IATA code LPB?", iata="LPB")
elevation.case("What's the elevation of Denver airport (DEN), in feet please?", iata="DEN")


@family(
    "G2",
    "capital-density",
    offer=["Find Country", "Population Density", "Largest Cities"],
    tempting=["Capital of Country", "City Population"],
)
def capital_population(ask: Ask, country: str) -> Reference:
    capital = ask("Country Profile", code=country)["capital"]
    found = ask("Search City", city=capital, country=country)
    return number(found["cities"][0]["population"])


capital_population.case("How many people live in the capital of Kenya (KE)?", country="KE")


@family("G1", "airport-city", offer=["Airport by IATA", "Nearest Airport"])
def icao_city(ask: Ask, icao: str) -> Reference:
    return name(ask("Airport by ICAO", icao=icao)["city"])


icao_city.case("Which city does the airport with the ICAO code RJTT serve?", icao="RJTT")

FAMILIES = (elevation, capital_population, icao_city)
