"""Tasks of one category: airports and flights."""

from __future__ import annotations

from toolgrove.data.records import Reference
from toolgrove.data.world.tasks.build import (
    Ask,
    Families,
    count,
    name,
    names,
    number,
)

__all__ = ["FAMILIES"]

FAMILIES = Families()


@FAMILIES.add("G1", "airport-elevation", tempting=["Airport Info"])
def elevation(ask: Ask, iata: str) -> Reference:
    return number(ask("Airport by IATA", iata=iata)["elevation_ft"], "foot")


elevation.case("How many feet above sea level is the airport with the IATA code LPB?", iata="LPB")
elevation.case("What's the elevation of Denver airport (DEN), in feet please?", iata="DEN")


@FAMILIES.add("G1", "airport-city", tempting=["Airport Info"])
def icao_city(ask: Ask, icao: str) -> Reference:
    return name(ask("Airport by ICAO", icao=icao)["city"])


icao_city.case("Which city does the airport with the ICAO code RJTT serve?", icao="RJTT")
icao_city.case("My flight plan says SBGL. Which city is that airport in?", icao="SBGL")


@FAMILIES.add("G1", "airport-higher")
def higher(ask: Ask, a: str, b: str) -> Reference:
    first, second = ask("Airport by IATA", iata=a), ask("Airport by IATA", iata=b)
    return number(abs(first["elevation_ft"] - second["elevation_ft"]), "foot")


higher.case("How many feet higher is the airport MEX than the airport LHR?", a="MEX", b="LHR")


@FAMILIES.add("G1", "airports-of-city")
def of_city(ask: Ask, city: str, country: str) -> Reference:
    found = ask("Airports in City", city=city, country=country)["airports"]
    return names(airport["iata"] for airport in found)


of_city.case(
    "List the IATA codes of all airports in Stockholm, Sweden (SE).", city="Stockholm", country="SE"
)


@FAMILIES.add("G1", "airports-of-country")
def of_country(ask: Ask, country: str) -> Reference:
    return count(ask("Airports in Country", country=country)["total"])


of_country.case("How many airports with an IATA code does Iceland (IS) have?", country="IS")
of_country.case("I need the number of airports listed for Portugal, country code PT.", country="PT")


@FAMILIES.add("G1", "airport-last")
def last_of_country(ask: Ask, country: str) -> Reference:
    first = ask("Airports in Country", country=country)
    last = ask("Airports in Country", country=country, page=first["pages"])
    return name(last["results"][-1]["iata"])


last_of_country.case(
    "If the airports of Finland (FI) are listed by IATA code, which code comes last?", country="FI"
)


@FAMILIES.add("G1", "airport-nearest")
def nearest(ask: Ask, latitude: float, longitude: float) -> Reference:
    found = ask("Nearest Airport", latitude=latitude, longitude=longitude)
    return name(found["iata"], found["name"])


nearest.case(
    "I'm hiking at 47.0 degrees north, 11.5 degrees east. Which airport is nearest? "
    "Give me its IATA code.",
    latitude=47.0,
    longitude=11.5,
)


@FAMILIES.add("G1", "flight-distance", tempting=["Route Distance"])
def distance(ask: Ask, origin: str, destination: str, unit: str) -> Reference:
    found = ask("Distance Between Airports", origin=origin, destination=destination, unit=unit)
    return number(found["distance"], {"km": "kilometer", "mi": "mile"}[unit])


distance.case(
    "How far is it from OSL to LHR in kilometres?", origin="OSL", destination="LHR", unit="km"
)
distance.case(
    "What is the flight distance between JFK and NRT, in miles?",
    origin="JFK",
    destination="NRT",
    unit="mi",
)


@FAMILIES.add("G1", "flight-time", tempting=["Route Distance"])
def flight_time(ask: Ask, origin: str, destination: str) -> Reference:
    found = ask("Distance Between Airports", origin=origin, destination=destination, unit="km")
    return number(ask("Flight Time", distance_km=found["distance"])["minutes"], "minute", 0.02)


flight_time.case(
    "Roughly how many minutes does a flight from CPH to ATH take at normal cruise speed?",
    origin="CPH",
    destination="ATH",
)
flight_time.case(
    "Estimate the flying time from SYD to AKL, in minutes, at 850 km/h.",
    origin="SYD",
    destination="AKL",
)


@FAMILIES.add("G1", "flight-bearing")
def bearing(ask: Ask, origin: str, destination: str) -> Reference:
    found = ask("Initial Bearing", origin=origin, destination=destination)
    return number(found["bearing_degrees"], "degree")


bearing.case(
    "In which compass direction, in degrees, does a flight from LIS to GRU set out?",
    origin="LIS",
    destination="GRU",
)


@FAMILIES.add(
    "G2",
    "icao-distance",
    offer=["Airport by IATA", "Airports in City", "Nearest Airport", "Flight Time"],
    tempting=["Airport Info", "Route Distance"],
)
def icao_distance(ask: Ask, a: str, b: str) -> Reference:
    origin, destination = (ask("Airport by ICAO", icao=icao)["iata"] for icao in (a, b))
    found = ask("Distance Between Airports", origin=origin, destination=destination, unit="km")
    return number(found["distance"], "kilometer")


icao_distance.case(
    "How many kilometres lie between the airports with the ICAO codes ENBR and EFHK?",
    a="ENBR",
    b="EFHK",
)
icao_distance.case("ICAO codes LEMD and LIRF: how far apart in kilometres?", a="LEMD", b="LIRF")


@FAMILIES.add(
    "G2",
    "hike-to-airport",
    offer=["Airport by IATA", "Airports in City", "Distance Between Positions"],
    tempting=["Airport Info", "Route Distance"],
)
def nearest_to_airport(ask: Ask, latitude: float, longitude: float, goal: str) -> Reference:
    start = ask("Nearest Airport", latitude=latitude, longitude=longitude)["iata"]
    found = ask("Distance Between Airports", origin=start, destination=goal, unit="km")
    return number(found["distance"], "kilometer")


nearest_to_airport.case(
    "I am at 64.15 N, 21.95 W (that is longitude -21.95). How far is it, in km, from the airport "
    "nearest to me to CPH?",
    latitude=64.15,
    longitude=-21.95,
    goal="CPH",
)
nearest_to_airport.case(
    "From the airport closest to latitude 45.46, longitude 9.19, how many kilometres is it to AMS?",
    latitude=45.46,
    longitude=9.19,
    goal="AMS",
)


@FAMILIES.add(
    "G2",
    "flight-between-cities",
    offer=["Airport by IATA", "Distance Between Positions", "Nearest Airport"],
    tempting=["Airport Info", "Route Distance"],
)
def flight_between_cities(ask: Ask, a: str, b: str) -> Reference:
    origin, destination = (
        ask("Airports in City", city=city)["airports"][0]["iata"] for city in (a, b)
    )
    found = ask("Distance Between Airports", origin=origin, destination=destination, unit="km")
    return number(ask("Flight Time", distance_km=found["distance"])["minutes"], "minute", 0.02)


flight_between_cities.case(
    "How many minutes should a flight from Riga to Ljubljana take at normal cruise speed?",
    a="Riga",
    b="Ljubljana",
)
