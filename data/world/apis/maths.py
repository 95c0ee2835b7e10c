"""Category Mathematics: whole numbers, statistics and shapes."""

from __future__ import annotations

import math
import statistics
from typing import Annotated

from pydantic import Field

from toolgrove.data.records import JsonObject
from toolgrove.data.world.declare import Number, Refusal, Tool
from toolgrove.data.world.trouble import Gone

__all__ = ["TOOLS"]

WHOLE = Tool("Mathematics", "Number Theory", "Primes, factors and divisors of whole numbers.")
STATS = Tool("Mathematics", "Statistics Kit", "Averages and spread of a list of numbers.")
SHAPES = Tool("Mathematics", "Geometry", "Areas, volumes and roots.")
TOOLS = (WHOLE, STATS, SHAPES)

Whole = Annotated[int, Field(description="1 to 10^12", ge=1, le=10**12)]
Small = Annotated[int, Field(description="0 to 1000", ge=0, le=1000)]
Length = Annotated[float, Field(description="Length", gt=0, le=1e9)]
Numbers = Annotated[str, Field(description="Numbers with commas: 3,5,8", max_length=2000)]


def _factors(number: int) -> list[int]:
    """Prime factors by trial division; a million divisors at most for 10^12."""
    found, rest, divisor = [], number, 2
    while divisor * divisor <= rest:
        while rest % divisor == 0:
            found.append(divisor)
            rest //= divisor
        divisor += 1 if divisor == 2 else 2
    return [*found, rest] if rest > 1 else found


@WHOLE.get("Prime Factors", "/factors/{number}", example={"number": 2026})
def prime_factors(number: Whole) -> JsonObject:
    """Prime factors of a whole number, smallest first."""
    return {"number": number, "factors": _factors(number)}


@WHOLE.get("Is Prime", "/prime/{number}", example={"number": 2027})
def is_prime(number: Whole) -> JsonObject:
    """Whether a whole number is prime."""
    return {"number": number, "prime": _factors(number) == [number]}


@WHOLE.get("Next Prime", "/next-prime/{number}", example={"number": 2026})
def next_prime(
    number: Annotated[int, Field(description="0 to 10^9", ge=0, le=10**9)],
) -> JsonObject:
    """The smallest prime above a number."""
    found = number + 1
    while _factors(found) != [found]:
        found += 1
    return {"next_prime": found}


@WHOLE.get("Divisors", "/divisors/{number}", example={"number": 360})
def divisors(
    number: Annotated[int, Field(description="1 to 10^6", ge=1, le=10**6)],
) -> JsonObject:
    """All divisors of a whole number, and their count and sum."""
    found = [n for n in range(1, number + 1) if number % n == 0]
    return {"count": len(found), "sum": sum(found), "divisors": found}


@WHOLE.get("GCD and LCM", "/gcd", example={"a": 84, "b": 120})
def gcd_and_lcm(a: Whole, b: Whole) -> JsonObject:
    """Greatest common divisor and least common multiple of two numbers."""
    return {"gcd": math.gcd(a, b), "lcm": math.lcm(a, b)}


@WHOLE.get("Combinations", "/combinations", example={"n": 49, "k": 6})
def combinations(n: Small, k: Small) -> JsonObject:
    """Ways to choose k of n things, order ignored. As a string: it can be long."""
    return {"combinations": str(math.comb(n, k))}


@WHOLE.get("Permutations", "/permutations", example={"n": 10, "k": 3})
def permutations(n: Small, k: Small) -> JsonObject:
    """Ways to arrange k of n things in order. As a string: it can be long."""
    return {"permutations": str(math.perm(n, k))}


@WHOLE.get("Factorize", "/v1/factorize", example={"n": 2026}, trouble=Gone("Prime Factors"))
def factorize(n: Whole) -> JsonObject:
    """Factorize a number."""
    return {"factors": _factors(n)}


def _numbers(numbers: str, least: int = 1) -> list[float]:
    try:
        found = [float(part) for part in numbers.split(",")]
    except ValueError:
        raise Refusal(400, "Parameter 'numbers': expected numbers with commas: 3,5,8.") from None
    if not all(math.isfinite(one) and abs(one) <= 1e15 for one in found):
        raise Refusal(400, "Parameter 'numbers': a number is out of range.")
    if len(found) < least:
        raise Refusal(400, f"Parameter 'numbers': at least {least} numbers are needed.")
    return found


def _rounded(value: float) -> float:
    return float(f"{value:.8g}")


@STATS.get("Average", "/average", example={"numbers": "3,5,8,13"})
def average(numbers: Numbers) -> JsonObject:
    """Mean, median, smallest and largest of numbers."""
    found = _numbers(numbers)
    return {
        "count": len(found),
        "mean": _rounded(statistics.fmean(found)),
        "median": _rounded(statistics.median(found)),
        "min": min(found),
        "max": max(found),
    }


@STATS.get("Sample Deviation", "/sample-deviation", example={"numbers": "3,5,8,13"})
def sample_deviation(numbers: Numbers) -> JsonObject:
    """Standard deviation of a sample (divides by n - 1)."""
    return {"standard_deviation": _rounded(statistics.stdev(_numbers(numbers, 2)))}


@STATS.get("Population Deviation", "/population-deviation", example={"numbers": "3,5,8,13"})
def population_deviation(numbers: Numbers) -> JsonObject:
    """Standard deviation of a whole population (divides by n)."""
    return {"standard_deviation": _rounded(statistics.pstdev(_numbers(numbers)))}


@STATS.get("Geometric Mean", "/geometric-mean", example={"numbers": "3,5,8,13"})
def geometric_mean(numbers: Numbers) -> JsonObject:
    """Geometric mean of positive numbers."""
    found = _numbers(numbers)
    if min(found) <= 0:
        raise Refusal(400, "Parameter 'numbers': all must be above 0.")
    return {"geometric_mean": _rounded(statistics.geometric_mean(found))}


@STATS.get("Correlation", "/correlation", example={"x": "1,2,3,4", "y": "2,4,5,8"})
def correlation(x: Numbers, y: Numbers) -> JsonObject:
    """Pearson correlation of two lists of equal length."""
    try:
        found = statistics.correlation(_numbers(x, 2), _numbers(y, 2))
    except statistics.StatisticsError as error:
        raise Refusal(400, f"No correlation: {error}.") from None
    return {"correlation": _rounded(found)}


@SHAPES.get("Circle", "/circle", example={"radius": 2.5})
def circle(radius: Length) -> JsonObject:
    """Circumference and area of a circle."""
    return {
        "circumference": _rounded(2 * math.pi * radius),
        "area": _rounded(math.pi * radius**2),
    }


@SHAPES.get("Sphere", "/sphere", example={"radius": 2.5})
def sphere(radius: Length) -> JsonObject:
    """Surface and volume of a sphere."""
    return {
        "surface": _rounded(4 * math.pi * radius**2),
        "volume": _rounded(4 / 3 * math.pi * radius**3),
    }


@SHAPES.get("Triangle Area", "/triangle", example={"a": 3, "b": 4, "c": 5})
def triangle_area(a: Length, b: Length, c: Length) -> JsonObject:
    """Area of a triangle from its three sides (Heron)."""
    half = (a + b + c) / 2
    square = half * (half - a) * (half - b) * (half - c)
    if square <= 0:
        raise Refusal(400, f"No triangle has the sides {a}, {b} and {c}.")
    return {"area": _rounded(math.sqrt(square))}


@SHAPES.get("Quadratic Roots", "/quadratic", example={"a": 1, "b": -5, "c": 6})
def quadratic_roots(a: Number, b: Number, c: Number) -> JsonObject:
    """Real roots of a x^2 + b x + c = 0, the smaller first."""
    if a == 0:
        raise Refusal(400, "Parameter 'a': must not be 0.")
    square = b * b - 4 * a * c
    if square < 0:
        return {"roots": []}
    found = {(-b + sign * math.sqrt(square)) / (2 * a) for sign in (-1, 1)}
    if not all(map(math.isfinite, found)):
        raise Refusal(400, "The roots are out of range.")
    return {"roots": sorted(_rounded(root) for root in found)}
