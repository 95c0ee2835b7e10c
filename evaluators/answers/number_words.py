"""Numbers written as English words: ``twenty-five``, ``nine and a half``."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["NumberInWords", "spoken"]

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_SMALL = {word: i for i, word in enumerate(_ONES.split())}
_SMALL |= {word: 10 * i for i, word in enumerate(_TENS.split(), 2)}
_ANY = "|".join([*_SMALL, "dozen", "hundred", "thousand", "million"])
_PARTS = {"half": 0.5, "quarter": 0.25, "quarters": 0.75, "third": 1 / 3}
_NO_COUNT = re.compile(r"\b(?:no|the|these|those|both|all|other|any|last|first|each)\s+\Z", re.I)
_WORDS = re.compile(
    rf"(?<![\w-])(?:(?P<half>half\s+)?a\s+(?=dozen|hundred|thousand|million))?(?P<whole>(?:{_ANY})(?:(?:[\s-]+|"
    rf"(?:(?<=hundred)|(?<=thousand))\s+and\s+)(?:{_ANY})){{0,12}})\b(?!-)"
    r"(?:\s+and\s+(?:an?|three)\s+(?P<part>half|quarters?|third)\b)?",
    re.IGNORECASE,
)
_POINT = re.compile(r"\s+point((?:[\s-]+(?:" + "|".join(_ONES.split()[:10]) + r")\b)+)", re.I)


@dataclass(frozen=True, slots=True)
class NumberInWords:
    """A number in words, and where it stands."""

    value: float
    start: int
    end: int


def spoken(text: str) -> list[NumberInWords]:
    """The numbers that a text writes as words.

    ``one`` by itself is mostly no number (``one of them``): it counts where the text has no other.
    ``the two``, ``these three`` count nothing anew.

    Examples
    --------
    >>> [n.value for n in spoken("Three hundred and five airports, one of them in Oslo.")]
    [305.0]
    >>> [n.value for n in spoken("nine and a half, or two point five")]
    [9.5, 2.5]
    >>> [n.value for n in spoken("half a dozen eggs, or a dozen, or two dozen")]
    [6.0, 12.0, 24.0]
    """
    found: list[NumberInWords] = []
    for match in _WORDS.finditer(text):
        if found and match.start() < found[-1].end:
            continue  # five in two point five
        if _NO_COUNT.search(text[max(0, match.start() - 8) : match.start()]):
            continue
        value, end = float(_whole(match["whole"])) * (0.5 if match["half"] else 1), match.end()
        point = _POINT.match(text, end)
        if match["part"]:
            value += _PARTS[match["part"].lower()]
        elif point:
            digits = "".join(str(_SMALL[word]) for word in re.findall(r"[a-z]+", point[1].lower()))
            value, end = float(f"{int(value)}.{digits}"), point.end()
        found.append(NumberInWords(value, match.start(), end))
    others = [one for one in found if text[one.start : one.end].lower() != "one"]
    return others or found


def _whole(words: str) -> int:
    total = part = 0
    for word in re.findall(r"[a-z]+", words.lower()):
        if word in ("dozen", "hundred"):
            part = max(part, 1) * (12 if word == "dozen" else 100)
        elif word in ("thousand", "million"):
            total += max(part, 1) * (1_000 if word == "thousand" else 1_000_000)
            part = 0
        elif word != "and":
            part += _SMALL[word]
    return total + part
