"""Tasks that no API of the world can answer, though some look as if they could."""

from __future__ import annotations

from toolgrove.data.records import Reference
from toolgrove.data.world.tasks.build import Ask, Families, unsolvable

__all__ = ["FAMILIES"]

FAMILIES = Families()


def _nobody_knows(ask: Ask) -> Reference:
    return unsolvable()


fares = FAMILIES.add("G1", "unknown-fare", tempting=["Cheapest Fare", "Flight Status"])(
    _nobody_knows
)
fares.case("What does the cheapest one-way ticket from OSL to LHR cost today, in euros?")
fares.case("Has flight SK4035 landed yet?")

weather = FAMILIES.add("G1", "unknown-weather", tempting=["Current Weather", "Forecast"])(
    _nobody_knows
)
weather.case("How warm is it in Lisbon right now, in degrees Celsius?")

rates = FAMILIES.add("G1", "unknown-rate", tempting=["Exchange Rate", "Convert Money"])(
    _nobody_knows
)
rates.case("How many Norwegian kroner do I get for 100 euros at today's rate?")

rivers = FAMILIES.add("G1", "unknown-river", offer=["Country Profile"])(_nobody_knows)
rivers.case("How long is the longest river of Brazil (BR), in km?")

leaders = FAMILIES.add("G1", "unknown-leader", offer=["Country Profile"])(_nobody_knows)
leaders.case("Who is the current head of government of Norway (NO)?")

runways = FAMILIES.add(
    "G1", "unknown-runway", offer=["Airport by IATA"], tempting=["Airport Info"]
)(_nobody_knows)
runways.case("How many metres long is the longest runway of the airport ZRH?")

half_lives = FAMILIES.add("G1", "unknown-half-life", offer=["Isotopes"])(_nobody_knows)
half_lives.case("What is the half-life of carbon-14 in years?")

readers = FAMILIES.add("G1", "unknown-reader", offer=["Search Notes"])(_nobody_knows)
readers.case("Who else has opened my notes since yesterday?")

addresses = FAMILIES.add("G1", "unknown-location", tempting=["Locate Address"])(_nobody_knows)
addresses.case("Which country is the IP address 203.0.113.9 in?")

stations = FAMILIES.add(
    "G2",
    "unknown-metro",
    offer=["Country Profile", "Search City", "Largest Cities", "Neighbouring Countries"],
    tempting=["City Population"],
)(_nobody_knows)
stations.case("How many metro stations does the capital of Hungary (HU) have?")

delays = FAMILIES.add(
    "G2",
    "unknown-delay",
    offer=["Airport by IATA", "Flight Time", "Distance Between Airports"],
    tempting=["Flight Status", "Airport Info"],
)(_nobody_knows)
delays.case("By how many minutes is flight LH855 delayed today?")

yields = FAMILIES.add(
    "G2",
    "unknown-savings-rate",
    offer=["Compound Interest", "Currency of Country", "Monthly Payment"],
    tempting=["Exchange Rate"],
)(_nobody_knows)
yields.case(
    "If I change 1000 US dollars into Swiss francs at today's rate and save them for 5 years at "
    "2 percent, how many francs will I have?"
)

melting = FAMILIES.add(
    "G2",
    "unknown-melting-point",
    offer=["Element by Name", "Element by Symbol", "Isotopes", "Molar Mass"],
)(_nobody_knows)
melting.case("At how many degrees Celsius does tungsten melt?")

where = FAMILIES.add(
    "G3",
    "unknown-address",
    offer=["Address Info", "Country Profile", "Subnet Info"],
    tempting=["Locate Address"],
)(_nobody_knows)
where.case(
    "In which city is the computer with the IP address 198.51.100.7, and what is its mayor called?"
)

rain = FAMILIES.add(
    "G3",
    "unknown-rain",
    offer=["Search City", "Sunrise and Sunset", "Find Holiday"],
    tempting=["Forecast", "Current Weather"],
)(_nobody_knows)
rain.case("Will it rain in Bergen (NO) on the next Norwegian public holiday?")

poem = FAMILIES.add(
    "G3",
    "unknown-translation",
    offer=["Language Name", "Word Count", "Country Name"],
    tempting=["Translate Text"],
)(_nobody_knows)
poem.case("Translate 'The meeting is moved to Thursday morning' into Basque for me.")

tickets = FAMILIES.add(
    "G3",
    "unknown-ticket-price",
    offer=["Distance Between Airports", "Format Amount", "Currency of Country"],
    tempting=["Cheapest Fare", "Exchange Rate"],
)(_nobody_knows)
tickets.case("What does the cheapest ticket from CDG to FCO cost in Japanese yen?")
