"""How tasks that no API can answer are drawn."""

from __future__ import annotations

from toolgrove.data.world.declare import listed
from toolgrove.data.world.draws.drawing import Drawings
from toolgrove.data.world.draws.pools import (
    AIRPORTS,
    cities,
    country,
    language,
    one,
    some,
    whole,
)
from toolgrove.data.world.draws.substances import element

__all__ = ["DRAWINGS"]

DRAWINGS = Drawings()

_ROUTE = some("origin destination", AIRPORTS)
_CURRENCIES = some(
    "from_money to_money",
    ["Norwegian kroner", "Swiss francs", "Japanese yen", "Polish zloty", "Indian rupees", "euros"],
)
_FLIGHT = one("flight", listed("LH855 SK1471 BA304 AF1240 KL1144 AY811 LX318 TP552"))

DRAWINGS.add(
    "g1-unknown-fare",
    [
        "How much is the cheapest flight from {origin} to {destination} today, in euros?",
        "What do I pay at least today for a one-way ticket from {origin} to {destination}?",
        "Find me today's lowest fare from {origin} to {destination}.",
    ],
    _ROUTE,
)
DRAWINGS.add(
    "g1-unknown-weather",
    [
        "How many degrees Celsius is it in {city} at this moment?",
        "What is the temperature in {city} right now?",
        "How strong is the wind in {city} at the moment, in km/h?",
    ],
    cities("city"),
)
DRAWINGS.add(
    "g1-unknown-rate",
    [
        "How many {to_money} do I get today for {amount} {from_money}?",
        "What are {amount} {from_money} in {to_money} at today's rate?",
        "At the current exchange rate, how many {to_money} are {amount} {from_money}?",
    ],
    _CURRENCIES,
    whole("amount", 50, 900, 10),
)
DRAWINGS.add(
    "g1-unknown-river",
    [
        "How long, in km, is the longest river in {country_name} ({country})?",
        "How many metres high is the highest mountain of {country_name} ({country})?",
        "How deep, in metres, is the deepest lake of {country_name} ({country})?",
    ],
    country(),
)
DRAWINGS.add(
    "g1-unknown-leader",
    [
        "Who heads the government of {country_name} ({country}) at present?",
        "What is the name of the current head of state of {country_name} ({country})?",
        "Who is the foreign minister of {country_name} ({country}) today?",
    ],
    country(),
)
DRAWINGS.add(
    "g1-unknown-runway",
    [
        "How long is the longest runway at {iata}, in metres?",
        "How many runways does the airport {iata} have?",
        "How many passengers used {iata} airport last year?",
    ],
    one("iata", AIRPORTS),
)
DRAWINGS.add(
    "g1-unknown-half-life",
    [
        "How long is the half-life of {isotope}, in years?",
        "What is the half-life of {isotope} in days?",
        "After how many years has half of a piece of {isotope} decayed?",
    ],
    one(
        "isotope",
        ["cobalt-60", "tritium", "caesium-137", "radium-226", "plutonium-239", "sodium-22"],
    ),
)
DRAWINGS.add(
    "g1-unknown-reader",
    [
        "Which of my colleagues has read my note about the {topic}?",
        "How many people have looked at my notes on the {topic} this week?",
        "Who changed my note about the {topic} last?",
    ],
    one("topic", ["budget", "move", "new office", "summer party", "inventory", "roof repair"]),
)
DRAWINGS.add(
    "g1-unknown-location",
    [
        "In which country is the computer with the IP address {address}?",
        "From which country does the address {address} come?",
        "Where in the world is {address}? Name the country.",
    ],
    lambda rng: {"address": f"{rng.choice(('203.0.113', '198.51.100'))}.{rng.randint(2, 250)}"},
)
DRAWINGS.add(
    "g2-unknown-metro",
    [
        "How many lines does the underground in the capital of {country_name} ({country}) have?",
        "How many bridges are there in the capital of {country_name} ({country})?",
        "How many museums has the capital of {country_name} ({country})?",
    ],
    country(),
)
DRAWINGS.add(
    "g2-unknown-delay",
    [
        "How many minutes late is flight {flight} today?",
        "Is flight {flight} on time today?",
        "At what time does flight {flight} land today, by the latest estimate?",
    ],
    _FLIGHT,
)
DRAWINGS.add(
    "g2-unknown-savings-rate",
    [
        "I change {amount} {from_money} into {to_money} today and save them for {years} years at 3 "
        "percent a year. How many {to_money} will it be?",
        "How many {to_money} do I have in {years} years if I change {amount} {from_money} at "
        "today's rate and they earn 3 percent a year?",
        "Exchange {amount} {from_money} for {to_money} at the current rate, then {years} years at "
        "3 percent: what do they grow to in {to_money}?",
    ],
    _CURRENCIES,
    whole("amount", 500, 9000, 100),
    whole("years", 3, 12),
)
DRAWINGS.add(
    "g2-unknown-melting-point",
    [
        "At which temperature, in degrees Celsius, does {element} melt?",
        "What is the boiling point of {element} in degrees Celsius?",
        "How many degrees Celsius is the melting point of {element}?",
    ],
    element,
)
DRAWINGS.add(
    "g3-unknown-address",
    [
        "In which city is the host {address}, and how many people live there?",
        "Which city is the IP address {address} in, and what is that city's time zone?",
        "Name the city where the computer {address} is and tell me who its mayor is.",
    ],
    lambda rng: {"address": f"{rng.choice(('203.0.113', '198.51.100'))}.{rng.randint(2, 250)}"},
)
DRAWINGS.add(
    "g3-unknown-rain",
    [
        "Will it rain in {city} on the next public holiday there?",
        "Does the sun shine in {city} on the next public holiday?",
        "Will it snow in {city} next weekend?",
    ],
    cities("city"),
)
DRAWINGS.add(
    "g3-unknown-translation",
    [
        "Translate 'The {thing} is in the cellar, please bring it up' into {language_name}.",
        "How do you say 'We lost the {thing} on the way to the station' in {language_name}?",
        "Write 'Nobody has paid for the {thing} yet' in {language_name} for me.",
    ],
    one("thing", ["ladder", "suitcase", "blue bicycle", "new lamp", "old piano", "tent"]),
    language(),
)
DRAWINGS.add(
    "g3-unknown-ticket-price",
    [
        "How many {from_money} is the cheapest ticket from {origin} to {destination}?",
        "What is the lowest fare from {origin} to {destination} in {from_money}?",
        "In {from_money}, what does a ticket from {origin} to {destination} cost at least?",
    ],
    _ROUTE,
    _CURRENCIES,
)
