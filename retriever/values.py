"""What a query gives word for word that could be an argument: numbers, dates, names, codes, …

Deterministic patterns, most telling first; each stretch of the query is one value. Nothing is
looked up, converted or completed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_interface

__all__ = ["LONGEST", "Value", "ValueKind", "listed", "values", "words"]


class ValueKind(StrEnum):
    """What a stretch of text looks like."""

    QUOTED = "quoted"
    URL = "url"
    EMAIL = "email"
    DATE_TIME = "date and time"
    DATE = "date"
    TIME = "time"
    IP = "ip address"
    UUID = "uuid"
    COLOUR = "colour"
    CURRENCY = "currency"
    NUMBER = "number"
    CODE = "code"
    """Capitals, letters with digits, a time zone: ``OSL``, ``C8H9NO2``, ``Europe/Oslo``."""
    NAME = "name"
    """Capitalised words inside a sentence."""


@dataclass(frozen=True, slots=True)
class Value:
    """A stretch of a query, ``query[start:end]`` around ``text``, without its quotation marks."""

    text: str
    kind: ValueKind
    start: int
    end: int


LONGEST = 4000
"""Characters of a query that are looked at; a pasted page has more."""


def listed(text: str) -> frozenset[str]:
    """The words of a list written as one string."""
    return frozenset(text.split())


CURRENCIES = listed(
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP "
    "BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP "
    "GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR "
    "KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK "
    "MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR "
    "SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS "
    "UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW"
)
"""ISO 4217 codes of currencies in use."""

_MONTH = (
    "(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|"
    r"Sep(?:t(?:ember)?)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_ISO_DATE = r"\d{4}-\d{2}-\d{2}"
_CAPITALISED = r"(?!I\b)[^\W\d_a-z](?:[\w’'-]|\.(?=\w))*"
_PATTERNS: tuple[tuple[ValueKind, str], ...] = (
    (ValueKind.QUOTED, r"\"([^\"\n]{1,200})\"|“([^”\n]{1,200})”|‘([^’\n]{1,200})’"),
    (ValueKind.QUOTED, r"(?<!\w)'([^'\n]{1,200})'(?!\w)"),
    (ValueKind.URL, r"\b(?:https?://|www\.)[^\s<>\"']+[^\s<>\"'.,;:!?)\]}]"),
    (ValueKind.EMAIL, r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"),
    (ValueKind.UUID, r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"),
    (
        ValueKind.DATE_TIME,
        rf"\b{_ISO_DATE}[T ]\d{{2}}:\d{{2}}(?::\d{{2}})?(?:Z|[+-]\d{{2}}:?\d{{2}})?",
    ),
    (ValueKind.DATE, rf"\b{_ISO_DATE}\b|\b\d{{1,2}}([/.])\d{{1,2}}\1\d{{4}}\b"),
    (
        ValueKind.DATE,
        rf"\b{_MONTH} {_DAY}(?:,? \d{{4}})?\b|\b{_DAY} (?:of )?{_MONTH}(?:,? \d{{4}})?\b",
    ),
    (ValueKind.IP, r"(?<![\w.:])[\da-fA-F:.]{2,45}(?:/\d{1,3})?(?![\w:])"),
    (ValueKind.TIME, r"\b\d{1,2}:\d{2}(?::\d{2})?(?: ?[ap]\.?m\b)?|\b\d{1,2} ?[ap]m\b"),
    (ValueKind.COLOUR, r"(?<!\w)#(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b"),
    (ValueKind.CURRENCY, r"\b[A-Z]{3}\b"),
    (ValueKind.NUMBER, r"(?<![\w.,-])[-−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?!\w|[.,]?\d)"),
    (ValueKind.NAME, r"\b[A-Z]{2,}(?: [A-Z]{2,})+\b"),
    (ValueKind.CODE, r"(?<=\()[A-Za-z]{1,5}(?=\))"),
    (ValueKind.CODE, r"\b[A-Z][A-Za-z]+(?:/[A-Z][\w+-]+)+"),
    (ValueKind.CODE, r"\b(?=[\w-]*[A-Z0-9])(?=[\w-]*[A-Za-z])[A-Z0-9]{2}[A-Z0-9-]*(?![\w])"),
    (ValueKind.CODE, r"\b(?=[a-zA-Z]*\d)(?=\d*[a-zA-Z])[a-zA-Z0-9]{2,64}\b"),
    (ValueKind.NAME, rf"\b{_CAPITALISED}(?: (?:(?:of|the|de|la|del|van|von) )?{_CAPITALISED})*"),
)  # fmt: skip
_COMPILED = [(kind, re.compile(pattern)) for kind, pattern in _PATTERNS]
_WEEKDAYS = listed("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
_NO_CODES = listed("API CSS DD GPS HH HTML IATA ICAO ID IDs IP ISO JSON MM SS URL YYYY")
"""Words about values rather than values."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W_]+")
_SENTENCE = re.compile(r"(?:^|[.!?:\n]\s*)[\"'“‘(]*$")


def _is_ip(text: str) -> bool:
    try:
        ip_interface(text)
    except ValueError:
        return False
    return True


_TESTS: dict[ValueKind, Callable[[str], bool]] = {
    ValueKind.IP: _is_ip,
    ValueKind.CURRENCY: CURRENCIES.__contains__,
    ValueKind.CODE: lambda text: text not in _NO_CODES,
}


def values(query: str) -> list[Value]:
    """Everything in a query's first 4,000 characters that could be an argument, in order.

    Examples
    --------
    >>> found = values("Convert 100 USD to EUR for Lionel Messi on 2026-05-17, 'gift' to a@b.org")
    >>> [(one.kind.value, one.text) for one in found]  # doctest: +NORMALIZE_WHITESPACE
    [('number', '100'), ('currency', 'USD'), ('currency', 'EUR'), ('name', 'Lionel Messi'),
     ('date', '2026-05-17'), ('quoted', 'gift'), ('email', 'a@b.org')]
    """
    found: list[Value] = []
    query = free = query[:LONGEST]
    for kind, pattern in _COMPILED:
        for match in pattern.finditer(free):
            value = _value(kind, match, query)
            if value is not None:
                found.append(value)
                free = free[: value.start] + "\0" * (value.end - value.start) + free[value.end :]
    return sorted(found, key=lambda value: value.start)


def _value(kind: ValueKind, match: re.Match[str], query: str) -> Value | None:
    text, start, end = match[0], match.start(), match.end()
    if kind is ValueKind.QUOTED:
        return Value(text[1:-1], kind, start, end) if text[1:-1].strip() else None
    if kind is ValueKind.IP:
        text = text.rstrip(".:")
        end = start + len(text)
    if kind is ValueKind.NAME:
        return _name(text, start, query)
    if kind is ValueKind.CODE and query[end : end + 5] == " code":
        return None
    return Value(text, kind, start, end) if _TESTS.get(kind, bool)(text) else None


def _name(text: str, start: int, query: str) -> Value | None:
    """A name, without the word that begins a sentence (any word may), and without a possessive."""
    while text and (
        text[0].islower() or text.split()[0] in _WEEKDAYS or _SENTENCE.search(query[:start])
    ):
        _, _, rest = text.partition(" ")
        start, text = start + len(text) - len(rest), rest
    text = re.sub(r"(?:['’]s?|[.-]+)$", "", text)
    good = len(text) > 1 and text not in _NO_CODES
    return Value(text, ValueKind.NAME, start, start + len(text)) if good else None


def words(text: str) -> list[str]:
    """A text's words in lower case, camel case and underscores split, a plural's s left out.

    Examples
    --------
    >>> words("fromCurrency page_size IDs")
    ['from', 'currency', 'page', 'size', 'id']
    """
    found = _WORD.findall(_CAMEL.sub(" ", text.replace("IDs", "ids")).lower())
    return [w[:-1] if len(w) > 2 and w.endswith("s") and w[-2] not in "su" else w for w in found]
