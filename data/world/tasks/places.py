"""Tasks of one category: countries and cities."""

from __future__ import annotations

from toolgrove.data.records import Reference
from toolgrove.data.world.tasks.build import (
    Ask,
    Families,
    count,
    name,
    names,
    number,
    text,
)

__all__ = ["FAMILIES"]

FAMILIES = Families()


@FAMILIES.add("G1", "capital", tempting=["Capital of Country"])
def capital(ask: Ask, country: str) -> Reference:
    code = ask("Find Country", name=country)["countries"][0]["code"]
    return name(ask("Country Profile", code=code)["capital"])


capital.case("What is the capital of Mongolia?", country="Mongolia")
capital.case("Tell me the capital city of Uruguay, please.", country="Uruguay")


@FAMILIES.add("G1", "borders")
def borders(ask: Ask, code: str) -> Reference:
    found = ask("Neighbouring Countries", code=code)
    return names(neighbour["name"] for neighbour in found["neighbours"])


borders.case("Which countries border Uruguay (UY)?", code="UY")
borders.case("Name all countries that share a land border with Nepal (NP).", code="NP")


@FAMILIES.add("G1", "densest")
def densest(ask: Ask, codes: list[str]) -> Reference:
    found = [ask("Population Density", code=code) for code in codes]
    return name(max(found, key=lambda one: float(one["people_per_km2"]))["name"])


densest.case(
    "Which has more people per square kilometre: Japan (JP), India (IN) or Belgium (BE)?",
    codes=["JP", "IN", "BE"],
)


@FAMILIES.add("G1", "continent-size")
def continent_size(ask: Ask, continent: str) -> Reference:
    return count(ask("Countries by Continent", continent=continent)["total"])


continent_size.case(
    "How many countries and territories are listed for South America (SA)?", continent="SA"
)


@FAMILIES.add("G1", "continent-last")
def continent_page(ask: Ask, continent: str) -> Reference:
    first = ask("Countries by Continent", continent=continent)
    last = ask("Countries by Continent", continent=continent, page=first["pages"])
    return name(last["results"][-1]["name"])


continent_page.case(
    "Sort the countries and territories of South America (SA) by name. Which one is last?",
    continent="SA",
)


@FAMILIES.add("G1", "currency-users")
def currency_users(ask: Ask, currency: str) -> Reference:
    found = ask("Countries by Currency", currency=currency)
    return names(one["name"] for one in found["countries"])


currency_users.case("Which countries pay with Swiss francs (CHF)?", currency="CHF")


@FAMILIES.add("G1", "city-population", tempting=["City Population"])
def population(ask: Ask, city: str, country: str) -> Reference:
    found = ask("Search City", city=city, country=country)
    return number(found["cities"][0]["population"])


population.case("How many people live in Bergen, Norway (NO)?", city="Bergen", country="NO")
population.case("What's the population of Valencia in Spain (ES)?", city="Valencia", country="ES")


@FAMILIES.add("G1", "largest-city")
def third_largest(ask: Ask, country: str) -> Reference:
    found = ask("Largest Cities", country=country, limit=3)
    return name(found["cities"][2]["name"])


third_largest.case("What is the third largest city of Italy (IT) by population?", country="IT")


@FAMILIES.add("G1", "city-distance", tempting=["City Population"])
def cities_apart(ask: Ask, a: str, b: str) -> Reference:
    return number(ask("City Distance", from_city=a, to_city=b)["distance_km"], "kilometer")


cities_apart.case(
    "How many km is it as the crow flies from Vienna to Lisbon?", a="Vienna", b="Lisbon"
)


@FAMILIES.add("G1", "city-detour")
def detour(ask: Ask, a: str, via: str, b: str) -> Reference:
    legs = [
        ask("City Distance", from_city=start, to_city=end)["distance_km"]
        for start, end in ((a, via), (via, b))
    ]
    return number(round(sum(legs), 1), "kilometer")


detour.case(
    "I travel in straight lines from Berlin to Prague and on to Vienna. "
    "How many kilometres is that in total?",
    a="Berlin",
    via="Prague",
    b="Vienna",
)


@FAMILIES.add("G1", "city-time-zone")
def time_zone(ask: Ask, city: str) -> Reference:
    return text(ask("Search City", city=city)["cities"][0]["time_zone"])


time_zone.case("Which IANA time zone is the city of Ushuaia in?", city="Ushuaia")


@FAMILIES.add(
    "G2",
    "capital-population",
    offer=["Find Country", "Population Density", "Largest Cities"],
    tempting=["Capital of Country", "City Population"],
)
def capital_population(ask: Ask, country: str) -> Reference:
    city = ask("Country Profile", code=country)["capital"]
    return number(ask("Search City", city=city, country=country)["cities"][0]["population"])


capital_population.case("How many people live in the capital of Kenya (KE)?", country="KE")
capital_population.case("What is the population of Bulgaria's capital? (Code BG)", country="BG")


@FAMILIES.add(
    "G2",
    "capitals-apart",
    offer=["Find Country", "Search City", "Nearest City", "Neighbouring Countries"],
    tempting=["Capital of Country", "City Population"],
)
def capitals_apart(ask: Ask, a: str, b: str) -> Reference:
    ends = [ask("Country Profile", code=code)["capital"] for code in (a, b)]
    found = ask("City Distance", from_city=ends[0], to_city=ends[1])
    return number(found["distance_km"], "kilometer")


capitals_apart.case(
    "What is the distance in km between the capitals of Finland (FI) and Hungary (HU)?",
    a="FI",
    b="HU",
)
capitals_apart.case(
    "How many kilometres separate the capital of Peru (PE) from that of Egypt (EG)?", a="PE", b="EG"
)


@FAMILIES.add(
    "G2",
    "city-of-neighbour",
    offer=["Find Country", "Search City", "Countries by Continent"],
    tempting=["City Population"],
)
def neighbours_largest(ask: Ask, code: str) -> Reference:
    found = ask("Neighbouring Countries", code=code)["neighbours"]
    largest = [ask("Largest Cities", country=one["code"], limit=1)["cities"][0] for one in found]
    return name(max(largest, key=lambda city: int(city["population"]))["name"])


neighbours_largest.case(
    "Of all cities in the countries that border Portugal (PT), which is the largest?", code="PT"
)
neighbours_largest.case(
    "Which is the most populous city in any of the countries bordering Mongolia (MN)?", code="MN"
)


@FAMILIES.add(
    "G2",
    "area-by-position",
    offer=["Population Density", "Largest Cities", "Nearest City"],
    tempting=["City Population"],
)
def where_am_i(ask: Ask, latitude: float, longitude: float) -> Reference:
    code = ask("Nearest City", latitude=latitude, longitude=longitude)["country"]
    return number(ask("Country Profile", code=code)["area_km2"], "kilometer**2")


where_am_i.case(
    "Take the country of the city nearest to latitude 46.05, longitude 14.5. "
    "What is its area in square kilometres?",
    latitude=46.05,
    longitude=14.5,
)
