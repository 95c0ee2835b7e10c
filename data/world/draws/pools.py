"""What values are drawn from: places, codes and words that a question can name without doubt."""

from __future__ import annotations

import calendar
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from random import Random
from typing import Any

from toolgrove.data.world import facts
from toolgrove.data.world.declare import listed
from toolgrove.data.world.draws.drawing import Draw

__all__ = [
    "AIRPORTS",
    "COUNTRIES",
    "HOLIDAYS_OF",
    "LANGUAGES",
    "SUMMER_TIME",
    "ZONES",
    "big_cities",
    "cities",
    "city",
    "countries",
    "country",
    "day",
    "decimal",
    "holiday",
    "language",
    "named_country",
    "one",
    "plain",
    "said",
    "some",
    "span",
    "whole",
]

AIRPORTS = listed(
    "ATL LAX ORD DFW DEN JFK SFO SEA LAS MCO MIA PHX IAH BOS MSP DTW PHL SLC SAN YYZ YVR YUL "
    "YYC MEX CUN GDL BOG LIM SCL EZE GRU GIG BSB UIO PTY SJO HAV MVD ASU LPB CCS LHR LGW MAN "
    "EDI DUB CDG ORY NCE LYS TLS AMS BRU FRA MUC BER HAM DUS STR ZRH GVA VIE PRG WAW KRK BUD "
    "OTP SOF BEG ZAG LJU ATH SKG FCO MXP VCE NAP PMO MAD BCN AGP PMI BIO LIS OPO OSL BGO TRD "
    "ARN GOT CPH AAL BLL HEL OUL KEF RIX TLL VNO IST ESB AYT TLV AMM CAI CMN RAK TUN ALG LOS "
    "ACC ABJ DKR NBO ADD EBB DAR KGL JNB CPT DUR WDH LUN HRE TNR MRU DXB AUH DOH MCT BAH KWI "
    "RUH JED TBS EVN GYD TAS ALA DEL BOM MAA BLR HYD CCU CMB DAC KTM MLE BKK HKT CNX SGN HAN "
    "KUL SIN CGK DPS MNL CEB HKG TPE PEK PVG CAN CTU ICN PUS NRT HND KIX FUK CTS ULN SYD MEL "
    "BNE PER ADL CNS AKL WLG CHC NAN HNL ANC"
)
"""IATA codes of airports that people fly to."""

COUNTRIES = listed(
    "NO SE FI DK IS DE FR ES PT IT AT CH BE NL LU IE GB PL CZ SK HU RO BG GR HR SI EE LV LT "
    "UA TR EG MA TN KE GH NG ET UG SN ZM ZW NA MG JP KR CN IN TH VN PH MN NP BD PK IR IQ JO "
    "OM AU NZ CA US MX CR PA CU CO PE EC CL AR UY PY VE"
)
"""Codes of countries with one capital and no quarrel about their name."""

HOLIDAYS_OF = listed(
    "NO SE FI DK IS DE FR ES PT IT AT CH BE NL LU IE PL CZ SK HU RO GR HR SI EE LV LT AU NZ "
    "CA US MX CO PE CL AR UY JP"
)
"""Codes of countries whose holidays follow from rules and not from a sighting of the moon."""

LANGUAGES: Mapping[str, str] = {
    "de": "German", "fr": "French", "it": "Italian", "es": "Spanish", "pt": "Portuguese",
    "nl": "Dutch", "sv": "Swedish", "da": "Danish", "fi": "Finnish", "pl": "Polish",
    "cs": "Czech", "hu": "Hungarian", "ro": "Romanian", "tr": "Turkish", "is": "Icelandic",
    "et": "Estonian", "lt": "Lithuanian", "lv": "Latvian", "hr": "Croatian", "sk": "Slovak",
    "sl": "Slovenian", "ca": "Catalan", "eu": "Basque",
}  # fmt: skip

SUMMER_TIME = listed(
    "Europe/Oslo Europe/London Europe/Paris Europe/Madrid Europe/Rome Europe/Vienna "
    "Europe/Athens Europe/Helsinki Europe/Lisbon America/New_York America/Chicago "
    "America/Denver America/Los_Angeles America/Toronto America/Halifax"
)
"""Time zones whose clocks go forward in spring and back in autumn."""

ZONES = (
    *SUMMER_TIME,
    *listed(
        "America/Bogota America/Lima America/Sao_Paulo Africa/Lagos Africa/Nairobi Asia/Dubai "
        "Asia/Kolkata Asia/Kathmandu Asia/Dhaka Asia/Bangkok Asia/Singapore Asia/Tokyo Asia/Seoul "
        "Australia/Sydney Australia/Adelaide Pacific/Auckland Pacific/Honolulu"
    ),
)

_ARTICLE = {
    "GB": "the United Kingdom",
    "NL": "the Netherlands",
    "PH": "the Philippines",
    "US": "the United States",
}
_PLAIN = re.compile(r"[A-Za-z][A-Za-z .'-]+")


def one(name: str, items: Sequence[Any] | Callable[[], Sequence[Any]]) -> Draw:
    """One of the items."""
    return lambda rng: {name: rng.choice(_items(items))}


def some(names: str, items: Sequence[Any] | Callable[[], Sequence[Any]]) -> Draw:
    """Different items, one for each of the names, which blanks separate."""
    keys = names.split()
    return lambda rng: dict(zip(keys, rng.sample(_items(items), len(keys)), strict=True))


def _items(items: Sequence[Any] | Callable[[], Sequence[Any]]) -> Sequence[Any]:
    return items() if callable(items) else items


def whole(name: str, low: int, high: int, step: int = 1) -> Draw:
    """A whole number from low to high."""
    return lambda rng: {name: rng.randrange(low, high + 1, step)}


def decimal(name: str, low: float, high: float, places: int) -> Draw:
    """A number with so many decimal places."""
    return lambda rng: {name: round(rng.uniform(low, high), places)}


def day(name: str, first: int = 2025, last: int = 2032) -> Draw:
    """A date of the years from first to last."""
    start = date(first, 1, 1)
    days = (date(last, 12, 31) - start).days
    return lambda rng: {name: (start + timedelta(rng.randint(0, days))).isoformat()}


def span(start: str, end: str, low: int, high: int) -> Draw:
    """Two dates so many days apart."""

    def drawn(rng: Random) -> Mapping[str, Any]:
        first = date(2025, 1, 1) + timedelta(rng.randint(0, 2500))
        return {
            start: first.isoformat(),
            end: (first + timedelta(rng.randint(low, high))).isoformat(),
        }

    return drawn


def said(code: str) -> str:
    """A country's name as it stands in a sentence."""
    return _ARTICLE.get(code) or str(facts.country(code)["name"])


def country(name: str = "country", codes: Sequence[str] = COUNTRIES) -> Draw:
    """A country's code, and as ``<name>_name`` what it is called."""
    return countries(name, codes)


def countries(names: str, codes: Sequence[str] = COUNTRIES) -> Draw:
    """Different countries: for each of the names its code, and as ``<name>_name`` its name."""

    def drawn(rng: Random) -> Mapping[str, Any]:
        found = dict(zip(names.split(), rng.sample(codes, len(names.split())), strict=True))
        return {**found, **{f"{name}_name": said(code) for name, code in found.items()}}

    return drawn


def named_country(name: str = "country") -> Draw:
    """A country by its name, as Find Country takes it."""
    bare = [code for code in COUNTRIES if code not in _ARTICLE]
    return lambda rng: {name: said(rng.choice(bare))}


def language(name: str = "language") -> Draw:
    """A language's code, and as ``<name>_name`` what it is called."""

    def drawn(rng: Random) -> Mapping[str, Any]:
        code, called = rng.choice(list(LANGUAGES.items()))
        return {name: code, f"{name}_name": called}

    return drawn


def plain(name: str) -> bool:
    """Whether a name is written in plain letters, so that nobody spells it otherwise."""
    return _PLAIN.fullmatch(name) is not None


@cache
def big_cities() -> Sequence[facts.City]:
    """The five largest cities of each country whose name no other city has, nor is part of one.

    China's are left out, where GeoNames lists many prefectures and counties as cities.
    """
    called = Counter(facts.fold(found.name) for found in facts.cities())
    ranked: dict[str, list[facts.City]] = {}
    for found in facts.cities():
        ranked.setdefault(found.country, []).append(found)
    return [
        found
        for code in COUNTRIES
        if code != "CN"
        for found in ranked[code][:5]
        if found.population >= 300_000
        and called[facts.fold(found.name)] == 1
        and plain(found.name)
        and not any(found.name in other.name for other in ranked[code][:5] if other != found)
    ]


def city(name: str = "city") -> Draw:
    """A city, its country's code and name, its position and its time zone."""

    def drawn(rng: Random) -> Mapping[str, Any]:
        found = rng.choice(big_cities())
        return {
            name: found.name,
            "country": found.country,
            "country_name": said(found.country),
            "latitude": round(found.latitude, 2),
            "longitude": round(found.longitude, 2),
            "zone": found.time_zone,
        }

    return drawn


def cities(names: str) -> Draw:
    """Names of different cities."""
    return some(names, lambda: [found.name for found in big_cities()])


def holiday(codes: Sequence[str] = HOLIDAYS_OF, first: int = 2025, last: int = 2032) -> Draw:
    """A holiday whose name the country has once in the year: country, year, name and day."""

    def drawn(rng: Random) -> Mapping[str, Any]:
        code, year = rng.choice(codes), rng.randint(first, last)
        named = facts.holiday_calendar(code, year).items()
        once = [(when, called) for when, called in named if _once(called, year, code)]
        when, called = rng.choice(once)
        month = f"{calendar.month_name[when.month]} {year}"
        return {
            "country": code, "country_name": said(code), "year": year, "holiday": called,
            "day": when.isoformat(), "month_name": month,
        }  # fmt: skip

    return drawn


def _once(called: str, year: int, code: str) -> bool:
    everything = facts.holiday_calendar(code, year).values()
    return plain(called) and sum(called.casefold() in one.casefold() for one in everything) == 1
