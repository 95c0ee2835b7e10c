"""Tasks of several categories that begin at an airport, a city or a country."""

from __future__ import annotations

from toolgrove.data.records import Reference
from toolgrove.data.world.tasks.build import (
    Ask,
    Families,
    date,
    name,
    names,
    number,
    yes,
)

__all__ = ["FAMILIES"]

FAMILIES = Families()


@FAMILIES.add(
    "G3",
    "landing-time",
    offer=["UTC Offset", "Airports in City"],
    tempting=["Airport Info", "Time Converter Lite"],
)
def landing_time(ask: Ask, time: str, origin: str, destination: str) -> Reference:
    start = ask("Airport by IATA", iata=origin)["time_zone"]
    end = ask("Airport by IATA", iata=destination)["time_zone"]
    found = ask("Convert Time", time=time, from_zone=start, to_zone=end)
    return date(found["time"].split()[1])


landing_time.case(
    "My plane leaves DOH at 2026-04-10 21:30 local time. What time is it then at PER? (HH:MM)",
    time="2026-04-10 21:30",
    origin="DOH",
    destination="PER",
)
landing_time.case(
    "When the clock at YVR shows 2026-01-15 07:45, what does the clock at LIS show? "
    "Answer as HH:MM.",
    time="2026-01-15 07:45",
    origin="YVR",
    destination="LIS",
)


@FAMILIES.add(
    "G3",
    "sunset-at-airport",
    offer=["Nearest Airport", "Airport by ICAO", "Day Length", "Sun Position"],
    tempting=["Airport Info", "Daylight Hours"],
)
def sunset_at_airport(ask: Ask, iata: str, day: str) -> Reference:
    airport = ask("Airport by IATA", iata=iata)
    found = ask(
        "Sunrise and Sunset",
        latitude=airport["latitude"],
        longitude=airport["longitude"],
        date=day,
        zone=airport["time_zone"],
    )
    return date(found["sunset"])


sunset_at_airport.case(
    "At what local time (HH:MM) does the sun set at the airport NRT on 2026-05-05?",
    iata="NRT",
    day="2026-05-05",
)
sunset_at_airport.case(
    "When is sunset at Cape Town airport, CPT, on 2026-12-24? Local time, HH:MM.",
    iata="CPT",
    day="2026-12-24",
)


@FAMILIES.add(
    "G3",
    "daylight-in-city",
    offer=["Largest Cities", "Nearest City", "Sunrise and Sunset"],
    tempting=["City Population", "Daylight Hours"],
)
def daylight_in_city(ask: Ask, city: str, country: str, day: str) -> Reference:
    place = ask("Search City", city=city, country=country)["cities"][0]
    found = ask("Day Length", latitude=place["latitude"], longitude=place["longitude"], date=day)
    return number(found["daylight_minutes"], "minute")


daylight_in_city.case(
    "How many minutes of daylight does Trondheim, Norway (NO), get on 2026-05-17?",
    city="Trondheim",
    country="NO",
    day="2026-05-17",
)
daylight_in_city.case(
    "From sunrise to sunset, how many minutes long is 2026-06-21 in Nairobi, Kenya (KE)?",
    city="Nairobi",
    country="KE",
    day="2026-06-21",
)
daylight_in_city.case(
    "I'd like the length of the day in Punta Arenas (CL) on 2026-12-21, in minutes.",
    city="Punta Arenas",
    country="CL",
    day="2026-12-21",
)


@FAMILIES.add(
    "G3",
    "airport-holiday",
    offer=["Airport by ICAO", "Holidays in Year", "Next Holiday"],
    tempting=["Airport Info", "Check Holiday"],
)
def airport_holiday(ask: Ask, iata: str, day: str) -> Reference:
    country = ask("Airport by IATA", iata=iata)["country"]
    return yes(ask("Holiday on Date", country=country, date=day)["is_holiday"])


airport_holiday.case(
    "I land at KEF on 2026-06-17. Is that a public holiday in the country of that airport? "
    "Yes or no.",
    iata="KEF",
    day="2026-06-17",
)
airport_holiday.case(
    "Is 2026-11-02 a public holiday in the country where the airport GDL is? Yes or no.",
    iata="GDL",
    day="2026-11-02",
)
airport_holiday.case(
    "My stopover is at ICN on 2026-10-09. Yes or no: is it a public holiday there?",
    iata="ICN",
    day="2026-10-09",
)


@FAMILIES.add(
    "G3",
    "airport-currency",
    offer=["Airport by ICAO", "Currency on Date", "Country Profile"],
    tempting=["Airport Info", "Currency Lookup"],
)
def airport_currency(ask: Ask, iata: str) -> Reference:
    country = ask("Airport by IATA", iata=iata)["country"]
    found = ask("Currency of Country", country=country)
    return name(found["code"], found["name"], found["name"].split()[-1])


airport_currency.case("Which currency do I need when I land at TBS? Give its ISO code.", iata="TBS")
airport_currency.case("What is the currency of the country where airport KTM is?", iata="KTM")
airport_currency.case("Landing at GYD next week: name the local currency, please.", iata="GYD")


@FAMILIES.add(
    "G3",
    "airport-languages",
    offer=["Airport by ICAO", "Country Name", "Language Name"],
    tempting=["Airport Info"],
)
def airport_languages(ask: Ask, iata: str) -> Reference:
    country = ask("Airport by IATA", iata=iata)["country"]
    found = ask("Official Languages", country=country)["languages"]
    return names(one["name"] for one in found)


airport_languages.case(
    "Which languages are official in the country of the airport LUX? Name them in English.",
    iata="LUX",
)
airport_languages.case("What are the official languages where airport HEL is?", iata="HEL")


@FAMILIES.add(
    "G3",
    "elevation-in-metres",
    offer=["Airport by ICAO", "Compatible Units", "Base Units"],
    tempting=["Airport Info", "Unit Convert"],
)
def elevation_metres(ask: Ask, iata: str) -> Reference:
    feet = ask("Airport by IATA", iata=iata)["elevation_ft"]
    found = ask("Convert Units", value=feet, from_unit="foot", to_unit="meter")
    return number(found["result"], "meter")


elevation_metres.case("How many metres above sea level is the airport BOG?", iata="BOG")
elevation_metres.case("Elevation of ADD, Addis Ababa's airport, in metres?", iata="ADD")
elevation_metres.case("What is the height of airport LXA above sea level in metres?", iata="LXA")


@FAMILIES.add(
    "G3",
    "distance-in-unit",
    offer=["Distance Between Positions", "Compatible Units", "Flight Time"],
    tempting=["Unit Convert", "Route Distance"],
)
def distance_in_unit(ask: Ask, origin: str, destination: str, unit: str) -> Reference:
    km = ask("Distance Between Airports", origin=origin, destination=destination, unit="km")
    found = ask("Convert Units", value=km["distance"], from_unit="kilometer", to_unit=unit)
    return number(found["result"], found["unit"])


distance_in_unit.case(
    "Just for fun: what is the distance from DUB to BCN in furlongs?",
    origin="DUB",
    destination="BCN",
    unit="furlong",
)


@FAMILIES.add(
    "G3",
    "capital-time-zone",
    offer=["Find Country", "Time Difference", "Convert Time"],
    tempting=["Capital of Country", "City Population"],
)
def capital_offset(ask: Ask, code: str, day: str) -> Reference:
    capital = ask("Country Profile", code=code)["capital"]
    zone = ask("Search City", city=capital, country=code)["cities"][0]["time_zone"]
    return number(ask("UTC Offset", zone=zone, date=day)["utc_offset_hours"], "hour", 0.0)


capital_offset.case(
    "How many hours is the capital of New Zealand (NZ) ahead of UTC on 2026-12-01?",
    code="NZ",
    day="2026-12-01",
)
capital_offset.case(
    "On 2026-08-01, by how many hours is the capital of Afghanistan (AF) ahead of UTC?",
    code="AF",
    day="2026-08-01",
)


@FAMILIES.add(
    "G3",
    "city-time-difference",
    offer=["UTC Offset", "Largest Cities", "Convert Time"],
    tempting=["City Population", "Time Converter Lite"],
)
def city_difference(ask: Ask, a: str, b: str, day: str) -> Reference:
    zones = [ask("Search City", city=city)["cities"][0]["time_zone"] for city in (a, b)]
    found = ask("Time Difference", zone_a=zones[0], zone_b=zones[1], date=day)
    return number(found["hours"], "hour", 0.0)


city_difference.case(
    "By how many hours is Adelaide ahead of Reykjavik on 2026-07-15?",
    a="Reykjavik",
    b="Adelaide",
    day="2026-07-15",
)
city_difference.case(
    "On 2026-03-15, how many hours is Mumbai ahead of Toronto?",
    a="Toronto",
    b="Mumbai",
    day="2026-03-15",
)


@FAMILIES.add(
    "G3",
    "country-in-language",
    offer=["Country Profile", "Language Name", "Official Languages"],
    tempting=["Capital of Country", "Translate Text"],
)
def country_in_language(ask: Ask, country: str, language: str) -> Reference:
    code = ask("Find Country", name=country)["countries"][0]["code"]
    return name(ask("Country Name", country=code, language=language)["name"])


country_in_language.case(
    "How do you say Greece in Hungarian (language code hu)?", country="Greece", language="hu"
)
country_in_language.case(
    "What is the Icelandic (is) name for Ireland?", country="Ireland", language="is"
)


@FAMILIES.add(
    "G3",
    "neighbours-in-language",
    offer=["Country Profile", "Find Country", "Language Name"],
    tempting=["Capital of Country", "Translate Text"],
)
def neighbours_in_language(ask: Ask, code: str, language: str) -> Reference:
    found = ask("Neighbouring Countries", code=code)["neighbours"]
    return names(
        ask("Country Name", country=one["code"], language=language)["name"] for one in found
    )


neighbours_in_language.case(
    "What are the countries that border Uruguay (UY) called in Danish (da)?",
    code="UY",
    language="da",
)
neighbours_in_language.case(
    "Which countries border Bhutan (BT)? I need only their German (de) names.",
    code="BT",
    language="de",
)
