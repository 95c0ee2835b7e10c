"""How tasks about money and mathematics are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from toolgrove.data.world.declare import listed
from toolgrove.data.world.draws.drawing import Draw, Drawings
from toolgrove.data.world.draws.pools import COUNTRIES, country, day, decimal, said, whole

__all__ = ["DRAWINGS", "OWN_CURRENCY", "deposit"]

DRAWINGS = Drawings()

OWN_CURRENCY = listed(
    "NO SE DK IS CH GB PL CZ HU RO TR EG TN KE GH NG ET UG ZM MG KR IN TH PH MN NP BD PK IQ "
    "JO OM CA MX CR PE CL AR UY PY"
)
"""Codes of countries with a currency of their own."""

_BEFORE_THE_EURO = listed("DE FR ES IT AT BE NL IE GR FI")


DRAWINGS.add(
    "g1-currency-of-country",
    [
        "What is the currency of {country_name} ({country})? Its ISO code is enough.",
        "What money does one pay with in {country_name} ({country})? Name the currency.",
        "Tell me the currency that {country_name} ({country}) uses.",
    ],
    country(codes=OWN_CURRENCY),
)
DRAWINGS.add(
    "g1-old-currency",
    [
        "Which currency, by its ISO code, was legal tender in {country_name} ({country}) on {day}?",
        "On {day}, with which currency did people pay in {country_name} ({country})? The ISO code, "
        "please.",
        "Give me the ISO code of the money that {country_name} ({country}) used on {day}.",
    ],
    country(codes=_BEFORE_THE_EURO),
    day("day", 1980, 1997),
    fits=lambda answers: len(answers[0]["currencies"]) == 1,
)
DRAWINGS.add(
    "g1-old-currency-name",
    [
        "What was the currency of {country_name} ({country}) called in English on {day}?",
        "Name the currency, in English, that was in use in {country_name} ({country}) on {day}.",
        "Somebody paid in {country_name} ({country}) on {day}. What is the English name of the "
        "currency?",
    ],
    country(codes=_BEFORE_THE_EURO),
    day("day", 1980, 1997),
    fits=lambda answers: len(answers[0]["currencies"]) == 1,
)
DRAWINGS.add(
    "g1-decimals",
    [
        "With how many decimal places is the currency of {country_name} ({country}) written?",
        "How many decimals does the currency used in {country_name} ({country}) have?",
        "Tell me the number of decimal places of the currency of {country_name} ({country}).",
    ],
    country(codes=COUNTRIES),
)


def deposit(rng: Random) -> Mapping[str, Any]:
    """An amount, a yearly rate, and a time in years and in months."""
    return {
        "principal": rng.randrange(1500, 90_000, 500),
        "annual_rate": round(rng.uniform(1.5, 8), 1),
        "years": rng.randint(3, 20),
        "months": rng.randrange(24, 361, 12),
    }


DRAWINGS.add(
    "g1-instalment",
    [
        "I borrow {principal} at {annual_rate} percent a year and pay it back over {months} "
        "months. What is the monthly payment?",
        "How much is the monthly instalment of a loan of {principal} over {months} months at "
        "{annual_rate} percent a year?",
        "A loan of {principal} runs for {months} months at a yearly rate of {annual_rate} percent. "
        "What do I pay each month?",
    ],
    deposit,
)
DRAWINGS.add(
    "g1-savings",
    [
        "What do {principal} grow to in {years} years at {annual_rate} percent a year, compounded "
        "once a year?",
        "I leave {principal} in the bank for {years} years at {annual_rate} percent compound "
        "interest, credited yearly. How much is there in the end?",
        "With interest on interest once a year at {annual_rate} percent, how much do I have after "
        "{years} years if I put in {principal}?",
    ],
    deposit,
)
DRAWINGS.add(
    "g1-interest-lost",
    [
        "{principal} lie for {years} years at {annual_rate} percent. How much more does compound "
        "interest (once a year) bring than simple interest?",
        "By how much is the final amount of {principal} after {years} years at {annual_rate} "
        "percent larger with yearly compounding than with simple interest?",
        "What is the difference between the compound (yearly) and the simple interest on "
        "{principal} at {annual_rate} percent over {years} years?",
    ],
    deposit,
)
DRAWINGS.add(
    "g1-double",
    [
        "In how many years does a deposit double at {annual_rate} percent a year?",
        "How many years does it take to double my savings at {annual_rate} percent a year?",
        "At a yearly compounded rate of {annual_rate} percent, after how many years do I have "
        "twice my money?",
    ],
    decimal("annual_rate", 1.3, 11, 1),
)


def _composite(rng: Random) -> Mapping[str, Any]:
    primes = rng.sample([7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61], 3)
    return {"value": primes[0] * primes[1] * (primes[2] if rng.random() < 0.5 else 1)}


DRAWINGS.add(
    "g1-prime-factors",
    [
        "Which prime numbers multiply to {value}?",
        "Break {value} down into its prime factors.",
        "List the prime factors of {value}.",
    ],
    _composite,
)
DRAWINGS.add(
    "g1-next-prime",
    [
        "What is the smallest prime number above {value}?",
        "Find the first prime after {value}.",
        "Which prime number comes next after {value}?",
    ],
    whole("value", 2000, 900_000),
)


def _choice(rng: Random) -> Mapping[str, Any]:
    n = rng.randint(12, 40)
    return {"n": n, "k": rng.randint(3, 6)}


DRAWINGS.add(
    "g1-choose",
    [
        "How many different groups of {k} can be formed from {n} people?",
        "I pick {k} of {n} cards and the order does not matter. How many possibilities are there?",
        "In how many ways can {k} out of {n} things be chosen when their order is of no matter?",
    ],
    _choice,
)


def _common(rng: Random) -> Mapping[str, Any]:
    common = rng.choice([24, 30, 36, 48, 60, 72, 84, 90, 96, 108, 120, 144, 180, 210])
    a, b = rng.sample([5, 7, 11, 13, 17, 19, 22, 23, 26, 29], 2)
    return {"a": common * a, "b": common * b}


DRAWINGS.add(
    "g1-gcd-divisors",
    [
        "Take the greatest common divisor of {a} and {b}. How many divisors does it have?",
        "How many numbers divide the greatest common divisor of {a} and {b}?",
        "Count the divisors of the GCD of {a} and {b}.",
    ],
    _common,
)


def _list(low: int, high: int, places: int) -> Draw:
    def drawn(rng: Random) -> Mapping[str, Any]:
        count = rng.randint(5, 8)
        found = [round(rng.uniform(low, high), places) for _ in range(count)]
        texts = [f"{value:.{places}f}" for value in found]
        return {"numbers": ",".join(texts), "listed": ", ".join(texts[:-1]) + f" and {texts[-1]}"}

    return drawn


DRAWINGS.add(
    "g1-sample-deviation",
    [
        "What is the standard deviation of the sample {listed}? Divide by n - 1.",
        "My sample is {listed}. Give me its sample standard deviation, with n - 1.",
        "Compute the sample standard deviation (n - 1) of {listed}.",
    ],
    _list(20, 90, 1),
)
DRAWINGS.add(
    "g1-median",
    [
        "What is the median of {listed}?",
        "I have the numbers {listed}. Which is their median?",
        "Give me the median of these values: {listed}.",
    ],
    _list(100, 999, 0),
    in_query=True,
)
DRAWINGS.add(
    "g1-sphere",
    [
        "How many cubic centimetres of volume has a sphere with a radius of {radius} cm?",
        "A ball's radius is {radius} cm. What is its volume in cubic centimetres?",
        "Calculate the volume of a sphere of radius {radius} cm, in cubic centimetres.",
    ],
    decimal("radius", 2, 40, 1),
)


def _triangle(rng: Random) -> Mapping[str, Any]:
    a, b = rng.randint(30, 120), rng.randint(30, 120)
    return {"a": a, "b": b, "c": rng.randint(abs(a - b) + 8, a + b - 8)}


DRAWINGS.add(
    "g1-triangle",
    [
        "What is the area in square metres of a triangle with sides of {a} m, {b} m and {c} m?",
        "The sides of a three-cornered plot are {a} m, {b} m and {c} m. How many square metres "
        "is it?",
        "Work out the area of a triangle whose sides measure {a} m, {b} m and {c} m, in square "
        "metres.",
    ],
    _triangle,
)

_LOCALES = {"GB": "en_GB", "US": "en_US", "CA": "en_CA", "AU": "en_AU", "MX": "es_MX"}


def _written(rng: Random) -> Mapping[str, Any]:
    code = rng.choice(list(_LOCALES))
    return {**deposit(rng), "country": code, "country_name": said(code), "locale": _LOCALES[code]}


DRAWINGS.add(
    "g2-growth-written",
    [
        "{principal} in the currency of {country_name} ({country}) are saved for {years} years at "
        "{annual_rate} percent compound interest. Write the final amount with its currency as in "
        "the locale {locale}.",
        "How much do {principal} in the money of {country_name} ({country}) become in {years} "
        "years at {annual_rate} percent, compounded yearly? Write the amount with the currency in "
        "the style of the locale {locale}.",
        "I put away {principal} in the currency of {country_name} ({country}) at {annual_rate} "
        "percent compound interest for {years} years. Format what I get with the currency for the "
        "locale {locale}.",
    ],
    _written,
)
DRAWINGS.add(
    "g2-rounded-instalment",
    [
        "I take out a loan of {principal} in the currency of {country_name} ({country}) at "
        "{annual_rate} percent a year over {months} months. What is the monthly payment, rounded "
        "to that currency's decimal places?",
        "Monthly payment on {principal} in the currency of {country_name} ({country}), "
        "{annual_rate} percent a year, {months} months: round it to the decimal places this "
        "currency has.",
        "In {country_name} ({country}) somebody borrows {principal} in the local currency for "
        "{months} months at {annual_rate} percent a year. How much is each month's payment, "
        "rounded to the currency's decimals?",
    ],
    country(codes=("IS", "KR", "CL", "PY", "UG", "NO", "CH", "PL", "IN", "MX", "CA", "JO", "TN")),
    deposit,
    lambda rng: {"principal": rng.randrange(800_000, 9_000_000, 50_000)},
)
DRAWINGS.add(
    "g2-mean-of-divisors",
    [
        "What is the average of all divisors of {value}?",
        "List the divisors of {value} and tell me their mean.",
        "Compute the mean of all numbers that divide {value}.",
    ],
    whole("value", 120, 900),
    fits=lambda answers: 6 <= answers[0]["count"] <= 20,
)
DRAWINGS.add(
    "g2-prime-circle",
    [
        "The radius of a circle is the first prime after {above}. What is its area?",
        "Take the smallest prime larger than {above} as the radius of a circle and give me the "
        "circle's area.",
        "How large is the area of a circle whose radius is the next prime above {above}?",
    ],
    whole("above", 20, 900),
)
