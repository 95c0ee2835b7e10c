"""Category Finance: currencies (Unicode CLDR, through babel) and the arithmetic of interest."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field

from toolgrove.data.records import JsonObject
from toolgrove.data.world import facts
from toolgrove.data.world.declare import IsoDate, Refusal, Tool
from toolgrove.data.world.trouble import NOT_SUBSCRIBED, Gone, Unsubscribed

__all__ = ["TOOLS"]

CURRENCY = Tool("Finance", "Currency Info", "Names, symbols and countries of currencies.")
LOAN = Tool("Finance", "Loan Calculator", "Instalments, interest and savings.")
RATES = Tool("Finance", "FX Rates", "Exchange rates of central banks. Paid plans only.")
TOOLS = (CURRENCY, LOAN, RATES)

Code = Annotated[str, Field(description="ISO 4217 code, e.g. NOK", max_length=40)]
Country = Annotated[str, Field(description="Two-letter country code", max_length=40)]
Amount = Annotated[float, Field(description="Amount of money", ge=0, le=1e12)]
Rate = Annotated[float, Field(description="Percent a year", ge=0, le=100)]
Years = Annotated[float, Field(description="Years", gt=0, le=100)]


def _currency(code: str) -> str:
    from babel.numbers import list_currencies

    wanted = code.strip().upper()
    if wanted not in list_currencies():
        raise Refusal(404, f"No currency has the code '{code}'. Use ISO 4217, such as NOK.")
    return wanted


@CURRENCY.get("Currency Details", "/details/{code}", example={"code": "NOK"})
def currency_details(code: Code) -> JsonObject:
    """English name, symbol and number of decimal places of a currency."""
    from babel.numbers import get_currency_name, get_currency_precision, get_currency_symbol

    wanted = _currency(code)
    return {
        "code": wanted,
        "name": get_currency_name(wanted, locale="en"),
        "symbol": get_currency_symbol(wanted, locale="en"),
        "decimals": get_currency_precision(wanted),
    }


def _tender(country: str, day: IsoDate) -> list[str]:
    from babel.numbers import get_territory_currencies

    code = facts.country(country)["iso"]
    return list(get_territory_currencies(code, start_date=day, end_date=day))


@CURRENCY.get("Currency on Date", "/on-date", example={"country": "DE", "date": "1995-01-01"})
def currency_on_date(
    country: Country, date: Annotated[IsoDate, Field(description="YYYY-MM-DD")]
) -> JsonObject:
    """Legal tender of a country on a date of the past."""
    return {"country": country.strip().upper(), "currencies": _tender(country, date)}


@CURRENCY.get("Currency of Country", "/country/{country}", example={"country": "CH"})
def currency_of_country(country: Country) -> JsonObject:
    """The currency that a country uses, with its English name."""
    from babel.numbers import get_currency_name

    code = facts.country(country)["currencycode"]
    if not code:
        raise Refusal(404, f"No currency is known for '{country}'.")
    return {
        "country": country.strip().upper(),
        "code": code,
        "name": get_currency_name(code, locale="en"),
    }


@CURRENCY.get(
    "Format Amount",
    "/format",
    example={"amount": 1234.5, "currency": "EUR", "locale": "de_DE"},
)
def format_amount(
    amount: Annotated[float, Field(ge=-1e12, le=1e12)],
    currency: Code,
    locale: Annotated[str, Field(description="Locale, e.g. de_DE", max_length=20)] = "en_US",
) -> JsonObject:
    """An amount of money as people of a locale write it."""
    from babel.core import Locale, UnknownLocaleError
    from babel.numbers import format_currency

    try:
        known = Locale.parse(locale.strip().replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        raise Refusal(404, f"No locale '{locale}'. Use a name such as de_DE.") from None
    return {"text": format_currency(amount, _currency(currency), locale=known)}


@CURRENCY.get(
    "Currency Lookup",
    "/v1/lookup",
    example={"country": "CH"},
    trouble=Gone("Currency of Country"),
)
def currency_lookup(country: Country) -> JsonObject:
    """Look up the currency of a country."""
    return {"currency": facts.country(country)["currencycode"]}


@LOAN.get(
    "Monthly Payment",
    "/payment",
    example={"principal": 200_000, "annual_rate": 4, "months": 240},
)
def monthly_payment(
    principal: Amount,
    annual_rate: Rate,
    months: Annotated[int, Field(description="1 to 600", ge=1, le=600)],
) -> JsonObject:
    """Monthly instalment of an annuity loan, and all interest paid."""
    monthly = annual_rate / 1200
    payment = principal / months
    if monthly:
        payment = principal * monthly / -math.expm1(-months * math.log1p(monthly))
    return {
        "monthly_payment": round(payment, 2),
        "total_interest": round(payment * months - principal, 2),
    }


@LOAN.get(
    "Compound Interest",
    "/compound",
    example={"principal": 1000, "annual_rate": 5, "years": 10},
)
def compound_interest(
    principal: Amount,
    annual_rate: Rate,
    years: Years,
    periods_per_year: Annotated[int, Field(description="1 to 365", ge=1, le=365)] = 1,
) -> JsonObject:
    """What a deposit grows to with compound interest."""
    growth = (1 + annual_rate / 100 / periods_per_year) ** (periods_per_year * years)
    return {"final_amount": round(principal * growth, 2)}


@LOAN.get("Simple Interest", "/simple", example={"principal": 1000, "annual_rate": 5, "years": 10})
def simple_interest(principal: Amount, annual_rate: Rate, years: Years) -> JsonObject:
    """What a deposit grows to if interest earns no interest."""
    return {"final_amount": round(principal * (1 + annual_rate / 100 * years), 2)}


@LOAN.get("Years to Double", "/double", example={"annual_rate": 7})
def years_to_double(
    annual_rate: Annotated[float, Field(description="Percent a year", ge=0.01, le=100)],
) -> JsonObject:
    """Years until a deposit doubles at a yearly compounded rate."""
    return {"years": round(math.log(2) / math.log1p(annual_rate / 100), 2)}


@RATES.get(
    "Exchange Rate",
    "/latest",
    example={"base": "EUR", "quote": "NOK"},
    trouble=Unsubscribed(),
)
def exchange_rate(base: Code, quote: Code) -> JsonObject:
    """Today's exchange rate between two currencies."""
    raise NOT_SUBSCRIBED


@RATES.get(
    "Convert Money",
    "/convert",
    example={"amount": 100, "base": "EUR", "quote": "NOK"},
    trouble=Unsubscribed(),
)
def convert_money(amount: Amount, base: Code, quote: Code) -> JsonObject:
    """Convert an amount of money into another currency at today's rate."""
    raise NOT_SUBSCRIBED
