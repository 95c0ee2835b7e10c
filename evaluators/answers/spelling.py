"""How names are compared: whole, whatever their case, accents and punctuation."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

__all__ = ["pattern_of", "plain", "same"]

_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l"}
    | {"Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "þ": "th", "ı": "i", "’": "'", "‘": "'"}
    | {"–": "-", "—": "-", "−": "-", "‑": "-", "\u0000": " "}
)
_SPELT_OUT = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"}
    | {"Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "Ø": "Oe", "Å": "Aa"}
)
_VERSION = re.compile(r"\d+(?:\.\d+)+")
_AND = "(?:&|and)"


def plain(text: str) -> str:
    """Text without accents and typographic marks, its case kept.

    Examples
    --------
    >>> plain("São Tomé – Łódź’s")
    "Sao Tome - Lodz's"
    """
    decomposed = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def same(one: str, other: str) -> bool:
    """Whether two names are equal but for case, accents and punctuation.

    Examples
    --------
    >>> same("Zürich Airport", "zurich airport."), same("C++", "C")
    (True, False)
    """
    match = pattern_of(one).fullmatch(plain(other).strip(" .,;:!?\"'"))
    return match is not None


@cache
def pattern_of(name: str) -> re.Pattern[str]:
    """Finds a name as a whole: its words in order, with any punctuation or space between.

    Codes of up to three capitals and symbols such as ``He`` are looked for in exactly that case,
    because ``no``, ``is`` and ``it`` are words and country codes. ``Müller`` may be ``Mueller``.
    """
    spelt_out = unicodedata.normalize("NFC", name).translate(_SPELT_OUT)
    if len(name) < 4 or spelt_out == name:
        return _pattern(name)
    return re.compile(f"{_pattern(name).pattern}|{_pattern(spelt_out).pattern}", re.IGNORECASE)


def _pattern(name: str) -> re.Pattern[str]:
    text = plain(name).strip()
    words = re.findall(r"[^\W_]+|&", text)
    if not words:
        return re.compile(re.escape(text) or r"(?!)")
    if len(words) == 1 and len(text) > 7 and re.fullmatch("[a-z]+", text):
        spaced = r"[\s-]?".join(text)  # darkorange: Dark Orange
        return re.compile(rf"(?<![^\W_]){spaced}(?![^\W_])", re.IGNORECASE)
    if len(words) == 1 and len(text) > 8 and re.search(r"\d", text):
        grouped = r"[\s,.-]?".join(map(re.escape, text))  # 978-3-16-148410-0, GB29 NWBK 6016
        return re.compile(
            rf"(?<![^\W_])(?<!\d[\s,.-]){grouped}(?![^\W_])(?![,.-]?\d)", re.IGNORECASE
        )
    joined = r"[\W_]{0,3}?".join(_AND if w.lower() in ("&", "and") else re.escape(w) for w in words)
    if len(words) > 1 and words[-1].isalpha():
        joined += "s?"  # Nepalese rupees
    lead = re.match(r"[+\-#$£€¥₹]+(?=[^\W_])", text)
    trail = re.search(r"(?<=[^\W_])[+#%]+$", text)
    mark = re.escape(lead[0]) if lead else ""
    body = (f"{mark}?" if mark == r"\#" else mark) + joined + (re.escape(trail[0]) if trail else "")
    before = r"(?<![^\W_])" + (r"(?<!\d[.,])" if text[0].isdigit() else "")
    before = rf"(?:{before}|(?<=\bv))" if _VERSION.fullmatch(text) else before
    after = (r"(?![^\W_])" if not trail else "") + (r"(?![.,]\d)" if text[-1].isdigit() else "")
    exact = (len(text) <= 2 and not text.islower()) or (len(text) == 3 and text.isupper())
    return re.compile(f"{before}{body}{after}", re.NOFLAG if exact else re.IGNORECASE)
