"""Category Translation: names and formats in many languages (Unicode CLDR, through babel)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from toolgrove.data.records import JsonObject
from toolgrove.data.world import facts
from toolgrove.data.world.declare import IsoDate, Number, Refusal, Tool
from toolgrove.data.world.trouble import NOT_SUBSCRIBED, Unsubscribed

if TYPE_CHECKING:
    from babel import Locale

__all__ = ["TOOLS"]

NAMES = Tool("Translation", "Locale Names", "Countries, languages and dates in any language.")
TRANSLATE = Tool("Translation", "PolyTranslate", "Machine translation. Paid plans only.")
TOOLS = (NAMES, TRANSLATE)

Country = Annotated[str, Field(description="Two-letter country code", max_length=40)]
Language = Annotated[str, Field(description="Language code, e.g. de", max_length=20)]
Width = Annotated[
    Literal["short", "medium", "long", "full"],
    Field(description="One of short, medium, long, full"),
]


def _locale(language: str) -> Locale:
    from babel.core import Locale, UnknownLocaleError

    try:
        return Locale.parse(language.strip().replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        raise Refusal(404, f"No language '{language}'. Use a code such as de or pt_BR.") from None


@NAMES.get("Country Name", "/country", example={"country": "NO", "language": "de"})
def country_name(country: Country, language: Language) -> JsonObject:
    """What a country is called in a language."""
    code = facts.country(country)["iso"]
    name = _locale(language).territories.get(code)
    if name is None:
        raise Refusal(404, f"No name for '{country}' is known in '{language}'.")
    return {"country": code, "language": language.strip(), "name": name}


@NAMES.get("Language Name", "/language", example={"code": "ja", "language": "fr"})
def language_name(code: Language, language: Language) -> JsonObject:
    """What a language is called in another language."""
    name = _locale(language).languages.get(code.strip().lower())
    if name is None:
        raise Refusal(404, f"No name for the language '{code}' is known in '{language}'.")
    return {"code": code.strip(), "language": language.strip(), "name": name}


@NAMES.get("Official Languages", "/official/{country}", example={"country": "CH"})
def official_languages(country: Country) -> JsonObject:
    """Official languages of a country, with their codes and English names."""
    from babel.languages import get_official_languages

    code = facts.country(country)["iso"]
    english = _locale("en").languages
    found = get_official_languages(code)
    rows = [{"code": one, "name": english.get(one, one)} for one in found]
    return {"country": code, "count": len(rows), "languages": rows}


@NAMES.get("Currency Name", "/currency", example={"currency": "CHF", "language": "fr"})
def currency_name(
    currency: Annotated[str, Field(description="ISO 4217 code", max_length=40)],
    language: Language,
) -> JsonObject:
    """What a currency is called in a language."""
    name = _locale(language).currencies.get(currency.strip().upper())
    if name is None:
        raise Refusal(404, f"No name for the currency '{currency}' is known in '{language}'.")
    return {"currency": currency.strip().upper(), "language": language.strip(), "name": name}


@NAMES.get(
    "Format Date", "/date", example={"date": "2026-05-17", "language": "nb", "width": "full"}
)
def format_date(
    date: Annotated[IsoDate, Field(description="YYYY-MM-DD")],
    language: Language,
    width: Width = "long",
) -> JsonObject:
    """A date as it is written in a language."""
    from babel import dates

    return {"text": dates.format_date(date, format=width, locale=_locale(language))}


@NAMES.get("Format Number", "/number", example={"number": 1234567.5, "language": "de"})
def format_number(number: Number, language: Language) -> JsonObject:
    """A number with the separators of a language."""
    from babel.numbers import format_decimal

    return {"text": format_decimal(number, locale=_locale(language))}


@NAMES.get("Weekday Names", "/weekdays/{language}", example={"language": "es"})
def weekday_names(language: Language) -> JsonObject:
    """The days of the week in a language, Monday first."""
    from babel.dates import get_day_names

    names = get_day_names("wide", locale=_locale(language))
    return {"language": language.strip(), "weekdays": [names[day] for day in range(7)]}


@TRANSLATE.get(
    "Translate Text",
    "/translate",
    example={"text": "Good morning", "to": "no"},
    trouble=Unsubscribed(),
)
def translate_text(text: Annotated[str, Field(description="The text")], to: Language) -> JsonObject:
    """Translate a text into another language."""
    raise NOT_SUBSCRIBED
