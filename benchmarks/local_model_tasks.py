"""Eight small tools with made-up but fixed data, 40 requests for one call, ten for two.

Written by hand for :mod:`local_model`, before the prompt was tuned on anything else; the requests
share no tool with the prompt's examples.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from toolgrove.tools.python.effect import tool

__all__ = ["CHAINS", "REQUESTS", "TOOLS"]

AIRPORTS = {"oslo": "OSL", "rome": "FCO", "tokyo": "HND", "lima": "LIM", "cairo": "CAI"}
KILOMETRES = {
    ("OSL", "FCO"): 2009,
    ("FCO", "LIM"): 10830,
    ("HND", "CAI"): 9580,
    ("CAI", "OSL"): 3660,
    ("LIM", "HND"): 15500,
}
ELEMENTS = {
    "gold": {"symbol": "Au", "atomic_number": 79, "mass": 196.97},
    "iron": {"symbol": "Fe", "atomic_number": 26, "mass": 55.845},
    "neon": {"symbol": "Ne", "atomic_number": 10, "mass": 20.18},
}
COUNTRIES = {"JP": ("Tokyo", "JPY"), "PE": ("Lima", "PEN"), "EG": ("Cairo", "EGP")}
ZONES = {"Asia/Tokyo": "+09:00", "America/Lima": "-05:00", "Africa/Cairo": "+02:00"}
FACTORS = {("km", "mi"): 0.621371, ("mi", "km"): 1.609344, ("kg", "lb"): 2.204623}


@tool(effect="read")
def find_airport(city: str) -> dict[str, str]:
    """Find the main airport of a city and its IATA code.

    Parameters
    ----------
    city : str
        Name of the city.
    """
    return {"city": city, "iata": AIRPORTS[city.lower()]}


@tool(effect="read")
def flight_distance(origin: str, destination: str) -> dict[str, Any]:
    """Great-circle distance in km between two airports given by IATA code.

    Parameters
    ----------
    origin : str
        IATA code.
    destination : str
        IATA code.
    """
    pair = (origin, destination)
    km = KILOMETRES.get(pair) or KILOMETRES[pair[::-1]]
    return {"origin": origin, "destination": destination, "distance_km": km}


@tool(effect="read")
def element_data(name: str) -> dict[str, Any]:
    """Symbol, atomic number and atomic mass of a chemical element.

    Parameters
    ----------
    name : str
        English name of the element.
    """
    return ELEMENTS[name.lower()]


@tool(effect="read")
def country_info(country_code: str) -> dict[str, str]:
    """Capital and currency of a country.

    Parameters
    ----------
    country_code : str
        ISO 3166 code of two letters.
    """
    capital, currency = COUNTRIES[country_code]
    return {"capital": capital, "currency": currency}


@tool(effect="read")
def public_holidays(country_code: str, year: int) -> list[dict[str, str]]:
    """Public holidays of a country in a year.

    Parameters
    ----------
    country_code : str
        ISO 3166 code of two letters.
    year : int
        Four digits.
    """
    return [{"date": f"{year}-01-01", "name": "New Year's Day"}]


@tool(effect="read")
def convert_unit(value: float, from_unit: str, to_unit: str) -> dict[str, Any]:
    """Convert a quantity from one unit to another, for instance km to mi or kg to lb.

    Parameters
    ----------
    value : float
        The quantity.
    from_unit : str
        Unit symbol.
    to_unit : str
        Unit symbol.
    """
    return {"value": round(value * FACTORS[from_unit, to_unit], 3), "unit": to_unit}


@tool(effect="read")
def zone_offset(zone: str, date: str | None = None) -> dict[str, str]:
    """UTC offset of an IANA time zone, on a date if given.

    Parameters
    ----------
    zone : str
        For instance Europe/Paris.
    date : str
        YYYY-MM-DD.
    """
    return {"zone": zone, "offset": ZONES[zone]}


@tool(effect="read")
def translate_word(word: str, language: Literal["de", "fr", "es", "it"]) -> dict[str, str]:
    """Translate one English word.

    Parameters
    ----------
    word : str
        The English word.
    language : str
        Code of the target language.
    """
    return {"word": word, "language": language, "translation": f"{word}({language})"}


TOOLS = (
    find_airport,
    flight_distance,
    element_data,
    country_info,
    public_holidays,
    convert_unit,
    zone_offset,
    translate_word,
)

_KM, _MI = {"km", "kilometers", "kilometres"}, {"mi", "miles", "mile"}
_KG, _LB = {"kg", "kilograms"}, {"lb", "lbs", "pounds"}

REQUESTS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("Which airport serves Oslo?", "find_airport", {"city": "Oslo"}),
    ("I need the IATA code of Cairo's airport.", "find_airport", {"city": "Cairo"}),
    ("What is the airport code for Lima?", "find_airport", {"city": "Lima"}),
    ("Where do planes land in Rome? Give me the code.", "find_airport", {"city": "Rome"}),
    ("Find Tokyo's main airport.", "find_airport", {"city": "Tokyo"}),
    (
        "How far is it by air from OSL to FCO?",
        "flight_distance",
        {"origin": "OSL", "destination": "FCO"},
    ),
    (
        "Distance in km between the airports LIM and HND, please.",
        "flight_distance",
        {"origin": "LIM", "destination": "HND"},
    ),
    (
        "How many kilometres does a plane from CAI to OSL fly?",
        "flight_distance",
        {"origin": "CAI", "destination": "OSL"},
    ),
    (
        "I fly HND to CAI. How long is the route?",
        "flight_distance",
        {"origin": "HND", "destination": "CAI"},
    ),
    (
        "Is FCO to LIM more than 10,000 km?",
        "flight_distance",
        {"origin": "FCO", "destination": "LIM"},
    ),
    ("What is the atomic number of gold?", "element_data", {"name": "gold"}),
    ("How heavy is an atom of neon?", "element_data", {"name": "neon"}),
    ("Which symbol stands for iron?", "element_data", {"name": "iron"}),
    ("Give me the atomic mass of uranium.", "element_data", {"name": "uranium"}),
    ("Look up the element tungsten.", "element_data", {"name": "tungsten"}),
    ("What is the capital of Peru?", "country_info", {"country_code": "PE"}),
    ("Which currency is used in Japan?", "country_info", {"country_code": "JP"}),
    ("Tell me the capital and the currency of Egypt.", "country_info", {"country_code": "EG"}),
    ("With which money do people pay in Brazil?", "country_info", {"country_code": "BR"}),
    ("Capital of the country with code KE?", "country_info", {"country_code": "KE"}),
    ("Public holidays in Norway in 2027?", "public_holidays", {"country_code": "NO", "year": 2027}),
    (
        "When are the bank holidays of 2026 in Italy?",
        "public_holidays",
        {"country_code": "IT", "year": 2026},
    ),
    (
        "List all German public holidays for 2030.",
        "public_holidays",
        {"country_code": "DE", "year": 2030},
    ),
    (
        "Is 6 January 2028 a public holiday in Spain?",
        "public_holidays",
        {"country_code": "ES", "year": 2028},
    ),
    (
        "Which days are off in Canada in 2025?",
        "public_holidays",
        {"country_code": "CA", "year": 2025},
    ),
    (
        "How many miles are 42.2 km?",
        "convert_unit",
        {"value": 42.2, "from_unit": _KM, "to_unit": _MI},
    ),
    ("Convert 150 pounds to kg.", "convert_unit", {"value": 150, "from_unit": _LB, "to_unit": _KG}),
    ("What is 3.5 kg in lb?", "convert_unit", {"value": 3.5, "from_unit": _KG, "to_unit": _LB}),
    (
        "Express 60 miles in kilometres.",
        "convert_unit",
        {"value": 60, "from_unit": _MI, "to_unit": _KM},
    ),
    (
        "I weigh 82 kg; how many pounds is that?",
        "convert_unit",
        {"value": 82, "from_unit": _KG, "to_unit": _LB},
    ),
    ("What is the UTC offset of Asia/Tokyo?", "zone_offset", {"zone": "Asia/Tokyo"}),
    (
        "How many hours from UTC is America/Lima on 2026-07-01?",
        "zone_offset",
        {"zone": "America/Lima", "date": "2026-07-01"},
    ),
    (
        "Offset of Africa/Cairo on 15 August 2026?",
        "zone_offset",
        {"zone": "Africa/Cairo", "date": "2026-08-15"},
    ),
    (
        "Which UTC offset does Europe/Oslo have on 3 March 2027?",
        "zone_offset",
        {"zone": "Europe/Oslo", "date": "2027-03-03"},
    ),
    (
        "By how much does the zone Australia/Perth differ from UTC?",
        "zone_offset",
        {"zone": "Australia/Perth"},
    ),
    ("What is 'bread' in German?", "translate_word", {"word": "bread", "language": "de"}),
    ("Translate house into Italian.", "translate_word", {"word": "house", "language": "it"}),
    ("How do you say 'window' in Spanish?", "translate_word", {"word": "window", "language": "es"}),
    ("The French word for cheese, please.", "translate_word", {"word": "cheese", "language": "fr"}),
    (
        "I want to know what tree is called in German.",
        "translate_word",
        {"word": "tree", "language": "de"},
    ),
)
"""Request, tool, arguments; a set holds every accepted value."""

CHAINS: tuple[tuple[str, str], ...] = (
    ("How many km is it by air from Oslo's airport to Rome's? Look the codes up.", "2009"),
    ("What is the flight distance from Lima to Tokyo?", "15500"),
    ("How far in miles is the flight from OSL to FCO?", "1248"),
    ("How many miles is it by air from CAI to OSL?", "2274"),
    ("What is the airport code of the capital of Peru?", "LIM"),
    ("Which airport code has the capital of the country EG?", "CAI"),
    ("What is gold's atomic mass in lb, if 1 atom weighed that many kg?", "434"),
    ("Find the capital of Japan and give the IATA code of its airport.", "HND"),
    (
        "Which has the higher atomic number, iron or neon? Answer with one word.",
        r"^(?!.*neon has).*iron",
    ),
    ("What currency and what UTC offset does Japan (zone Asia/Tokyo) have?", r"JPY.*\+0?9(:00)?\b"),
)
"""Request, and a regular expression that a right answer matches, its commas left out."""
