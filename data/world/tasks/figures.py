"""Tasks of one category: money and mathematics."""

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


@FAMILIES.add("G1", "currency-of-country", tempting=["Currency Lookup"])
def currency(ask: Ask, country: str) -> Reference:
    found = ask("Currency of Country", country=country)
    return name(found["code"], found["name"], found["name"].split()[-1])


currency.case("Which currency is used in Morocco (MA)? The ISO code will do.", country="MA")
currency.case("What do people pay with in Vietnam (VN)? Name the currency.", country="VN")


@FAMILIES.add("G1", "old-currency", tempting=["Currency Lookup", "Currency of Country"])
def old_currency(ask: Ask, country: str, day: str) -> Reference:
    return name(ask("Currency on Date", country=country, date=day)["currencies"][0])


old_currency.case(
    "What was the ISO code of the legal tender in Portugal (PT) on 1990-06-15?",
    country="PT",
    day="1990-06-15",
)


@FAMILIES.add("G1", "old-currency-name", tempting=["Currency Lookup", "Currency of Country"])
def old_currency_name(ask: Ask, country: str, day: str) -> Reference:
    code = ask("Currency on Date", country=country, date=day)["currencies"][0]
    return name(ask("Currency Details", code=code)["name"])


old_currency_name.case(
    "What was the English name of the currency of Slovakia (SK) on 2005-03-01?",
    country="SK",
    day="2005-03-01",
)


@FAMILIES.add("G1", "decimals", tempting=["Currency Lookup"])
def decimals(ask: Ask, country: str) -> Reference:
    code = ask("Currency of Country", country=country)["code"]
    return count(ask("Currency Details", code=code)["decimals"])


decimals.case("How many decimal places does the currency of Kuwait (KW) have?", country="KW")


@FAMILIES.add("G1", "instalment")
def instalment(ask: Ask, principal: float, annual_rate: float, months: int) -> Reference:
    found = ask("Monthly Payment", principal=principal, annual_rate=annual_rate, months=months)
    return number(found["monthly_payment"], tolerance=0.001)


instalment.case(
    "What is the monthly payment on a loan of 250000 at 3.6 percent a year over 300 months?",
    principal=250_000,
    annual_rate=3.6,
    months=300,
)


@FAMILIES.add("G1", "savings", tempting=["Simple Interest"])
def savings(ask: Ask, principal: float, annual_rate: float, years: float) -> Reference:
    found = ask("Compound Interest", principal=principal, annual_rate=annual_rate, years=years)
    return number(found["final_amount"], tolerance=0.001)


savings.case(
    "I put 5000 aside for 12 years at 4 percent, with interest on the interest every year. "
    "What will I have?",
    principal=5000,
    annual_rate=4,
    years=12,
)


@FAMILIES.add("G1", "interest-lost", tempting=["Monthly Payment"])
def interest_gap(ask: Ask, principal: float, annual_rate: float, years: float) -> Reference:
    deposit = {"principal": principal, "annual_rate": annual_rate, "years": years}
    compound = ask("Compound Interest", **deposit)["final_amount"]
    simple = ask("Simple Interest", **deposit)["final_amount"]
    return number(round(compound - simple, 2), tolerance=0.001)


interest_gap.case(
    "A deposit of 10000 lies for 8 years at 3 percent. By how much is the final amount larger "
    "with compound interest (once a year) than with simple interest?",
    principal=10_000,
    annual_rate=3,
    years=8,
)


@FAMILIES.add("G1", "double", tempting=["Compound Interest"])
def doubling(ask: Ask, annual_rate: float) -> Reference:
    return number(ask("Years to Double", annual_rate=annual_rate)["years"], "year")


doubling.case("At 6.5 percent a year, how many years until my money doubles?", annual_rate=6.5)


@FAMILIES.add("G1", "prime-factors", tempting=["Factorize"])
def prime_factors(ask: Ask, value: int) -> Reference:
    found = ask("Prime Factors", number=value)["factors"]
    return names(str(factor) for factor in found)


prime_factors.case("What are the prime factors of 1001?", value=1001)
prime_factors.case("Factorize 9797 into primes.", value=9797)


@FAMILIES.add("G1", "next-prime", tempting=["Factorize"])
def next_prime(ask: Ask, value: int) -> Reference:
    return count(ask("Next Prime", number=value)["next_prime"])


next_prime.case("Which prime comes right after 10000?", value=10_000)


@FAMILIES.add("G1", "choose", tempting=["Permutations"])
def choose(ask: Ask, n: int, k: int) -> Reference:
    return count(ask("Combinations", n=n, k=k)["combinations"])


choose.case("In how many ways can I choose 5 of 20 books, if order does not matter?", n=20, k=5)


@FAMILIES.add("G1", "gcd-divisors", tempting=["Factorize"])
def divisors(ask: Ask, a: int, b: int) -> Reference:
    common = ask("GCD and LCM", a=a, b=b)["gcd"]
    return count(ask("Divisors", number=common)["count"])


divisors.case(
    "How many divisors does the greatest common divisor of 7560 and 9240 have?", a=7560, b=9240
)


@FAMILIES.add("G1", "sample-deviation", tempting=["Population Deviation"])
def deviation(ask: Ask, numbers: str) -> Reference:
    found = ask("Sample Deviation", numbers=numbers)["standard_deviation"]
    return number(found, tolerance=0.005)


deviation.case(
    "I measured a sample: 12.1, 11.8, 12.6, 12.0, 11.5. "
    "What is its sample standard deviation (n - 1)?",
    numbers="12.1,11.8,12.6,12.0,11.5",
)


@FAMILIES.add("G1", "median")
def median(ask: Ask, numbers: str) -> Reference:
    return number(ask("Average", numbers=numbers)["median"], tolerance=0.001)


median.case("Find the median of 17, 4, 23, 8, 42 and 15.", numbers="17,4,23,8,42,15")


@FAMILIES.add("G1", "sphere")
def sphere(ask: Ask, radius: float) -> Reference:
    return number(ask("Sphere", radius=radius)["volume"], "centimeter**3")


sphere.case(
    "What is the volume, in cubic centimetres, of a ball with a radius of 6.2 cm?", radius=6.2
)


@FAMILIES.add("G1", "triangle")
def triangle(ask: Ask, a: float, b: float, c: float) -> Reference:
    return number(ask("Triangle Area", a=a, b=b, c=c)["area"], "meter**2")


triangle.case(
    "A triangular field has sides of 70 m, 90 m and 110 m. Its area in square metres?",
    a=70,
    b=90,
    c=110,
)


@FAMILIES.add(
    "G2",
    "growth-written",
    offer=["Currency Details", "Currency on Date", "Simple Interest"],
    tempting=["Currency Lookup"],
)
def grown_amount(
    ask: Ask, principal: float, annual_rate: float, years: float, country: str, locale: str
) -> Reference:
    code = ask("Currency of Country", country=country)["code"]
    grown = ask("Compound Interest", principal=principal, annual_rate=annual_rate, years=years)
    amount = grown["final_amount"]
    written = ask("Format Amount", amount=amount, currency=code, locale=locale)["text"]
    return name(written, f"{code} {amount}", f"{amount} {code}", str(amount))


grown_amount.case(
    "I save 2000 in the currency of Great Britain (GB) for 3 years at 5 percent compound interest. "
    "Write what it grows to with the currency, the way people do in the locale en_GB.",
    principal=2000,
    annual_rate=5,
    years=3,
    country="GB",
    locale="en_GB",
)


@FAMILIES.add(
    "G2",
    "rounded-instalment",
    offer=["Simple Interest", "Format Amount"],
    tempting=["Currency Lookup", "Convert Money"],
)
def rounded_instalment(
    ask: Ask, country: str, principal: float, annual_rate: float, months: int
) -> Reference:
    code = ask("Currency of Country", country=country)["code"]
    places = ask("Currency Details", code=code)["decimals"]
    paid = ask("Monthly Payment", principal=principal, annual_rate=annual_rate, months=months)
    return number(round(paid["monthly_payment"], places), tolerance=0.001)


rounded_instalment.case(
    "A loan of 3000000 in the currency of Japan (JP) at 2 percent a year is paid back in 60 "
    "months. What is the monthly payment, rounded to the decimal places of that currency?",
    country="JP",
    principal=3_000_000,
    annual_rate=2,
    months=60,
)


@FAMILIES.add(
    "G2",
    "mean-of-divisors",
    offer=["Prime Factors", "GCD and LCM", "Population Deviation"],
    tempting=["Factorize"],
)
def mean_of_divisors(ask: Ask, value: int) -> Reference:
    found = ask("Divisors", number=value)["divisors"]
    return number(ask("Average", numbers=",".join(map(str, found)))["mean"], tolerance=0.001)


mean_of_divisors.case("What is the mean of all divisors of 220?", value=220)
mean_of_divisors.case("Take every divisor of 496 and give me their average.", value=496)


@FAMILIES.add(
    "G2",
    "prime-circle",
    offer=["Is Prime", "Prime Factors", "Sphere"],
    tempting=["Factorize"],
)
def prime_circle(ask: Ask, above: int) -> Reference:
    radius = ask("Next Prime", number=above)["next_prime"]
    return number(ask("Circle", radius=radius)["area"])


prime_circle.case(
    "A circle's radius is the smallest prime above 90. What is the circle's area?", above=90
)
