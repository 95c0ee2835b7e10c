"""Which numbers of an answer are its working: operands, conversion factors, lists, and ranges."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from toolgrove.evaluators.answers.clauses import Span
from toolgrove.evaluators.answers.quantities import Quantity

__all__ = ["counted", "of_kind", "offered_together", "working"]

_WORD = r"(?:\s?[A-Za-z°²³µ%]+(?:[/·][A-Za-z°²³]+)?)?"
_OPERATOR = (
    r"(?:[×*·÷/+^x]|\s[-–−]\s|\btimes\b|\bmultiplied\s+by\b|\bdivided\s+by\b|\bplus\b|\bminus\b)"
)
_OPERATES = re.compile(rf"{_WORD}\)?\s?{_OPERATOR}\s?[(\[]?\s?[\d.√π$€£]", re.IGNORECASE)
_OPERATED = re.compile(
    r"[\d)²³π%A-Za-z]\s?(?:[×*·÷]|(?<=[\d)])/|\b(?:times|multiplied\s+by|divided\s+by)\b)\s?\(?\Z",
    re.I,
)
_FACTOR = re.compile(
    r"(?:(?<![\d.,])1|\b(?:one|an?|each|every"
    r"|per))\s+(?:[^\W\d]+[.²³]?\s+){1,3}?(?:\([^()]{0,20}\)\s*)?"
    r"(?:=|≈|is|are|equals?|weighs?|has|contains?|of)\s*(?:about|approximately|exactly"
    r"|roughly)?\s*\Z",
    re.IGNORECASE,
)
_OUT_OF = re.compile(
    r"(?:\bout\s+of|[\w%]\s+of)\s+(?:(?:the|its|all|these|his|her|my|your|our|their|[\w]+['’]s)\s+){0,3}\Z",
    re.IGNORECASE,
)
_OR = re.compile(
    r"\s*,?\s*(?:\b(?:or|to|and\s+maybe|and\s+perhaps)\b|[-–—~/])\s*(?:even|perhaps|maybe"
    r"|possibly|about)?\s*"
)
_BETWEEN_SENTENCES = re.compile(r"[.!?]\s|[\n:(]|\b(?:since|because|against|where)\b")
_BETWEEN = re.compile(r"\bbetween\s+(?:about\s+|roughly\s+|some\s+)?\Z", re.IGNORECASE)
_AND = re.compile(r"\s*\band\b\s*")
_COMMA = re.compile(r"\s*(?:,|;|,?\s*\b(?:and|or)\b)\s*")
_COUNT = re.compile(
    r"\b(?:how\s+many|number\s+of"
    r"|count\s+(?:of\s+)?(?:all\s+)?(?:the\s+)?)\s*(?P<words>(?:different\s+"
    r"|more\s+)?[a-z]+(?:\s+[a-z]+){0,3})",
    re.IGNORECASE,
)
_PREFIX_LENGTH = re.compile(r"(?<![\w/])/\Z")
_BASES = {"binary": "2", "octal": "8", "decimal": "10", "hexadecimal": "16", "hex": "16"}
_BASE = re.compile(rf"\b(?:base[\s-]?(?P<base>\d{{1,2}})|(?P<word>{'|'.join(_BASES)}))\b", re.I)
_IN_BASE = re.compile(rf"\s*\(?(?:in\s+)?(?={_BASE.pattern})", re.IGNORECASE)
_NO_NOUN = re.compile(r"\b(?:average|mean|ratio|times\s+as)\b", re.IGNORECASE)
_AFTER_NOUN_WORDS = (
    "is are was were has have had does do did will would can could should in of on at to with"
    " from for by live lie lies occur exist the a an there fall falls separate pass get gets"
    " listed per that it i you we they be and or as between"
)
_AFTER_NOUN = frozenset(_AFTER_NOUN_WORDS.split())


def working(text: str, found: Sequence[Quantity], query: str) -> list[Span]:
    """Where numbers stand that are only reckoned with.

    Operands (``504`` and ``12`` in ``504 / 12 = 42``), conversion factors (``1 ft = 0.3048 m``),
    the items of a list of three and more, a network's prefix (``a /20``), and numbers in a base
    that the question does not speak of (``817 in decimal``).
    """
    bases = {_base_of(one) for one in _BASE.finditer(query)}
    spans = [
        (q.start, q.end)
        for q in found
        if _OPERATES.match(text, q.end)
        or _OPERATED.search(text[max(0, q.start - 16) : q.start])
        or _FACTOR.search(text[max(0, q.start - 60) : q.start])
        or _PREFIX_LENGTH.search(text[max(0, q.start - 2) : q.start])
        or (bases and _in_other_base(text, q.end, bases))
    ]
    for before, one in pairwise(found):
        gap = text[before.end : one.start]
        if len(gap) < 40 and _OUT_OF.search(text[max(0, one.start - 44) : one.start]):
            spans.append((one.start, one.end))
    spans += _summands(text, found)
    run: list[Quantity] = []
    for one in found:
        if run and not _COMMA.fullmatch(text[run[-1].end : one.start]):
            spans += _listed(run)
            run = []
        run.append(one)
    return spans + _listed(run)


def _base_of(said: re.Match[str]) -> str:
    return said["base"] or _BASES[said["word"].lower()]


def _in_other_base(text: str, end: int, bases: set[str]) -> bool:
    label = _IN_BASE.match(text, end)
    said = _BASE.match(text, label.end()) if label else None
    return said is not None and _base_of(said) not in bases


def _summands(text: str, found: Sequence[Quantity]) -> list[Span]:
    """Two numbers of a sentence whose sum or difference comes right after them."""
    spans = []
    for a, b, c in zip(found, found[1:], found[2:], strict=False):
        if _BETWEEN_SENTENCES.search(text[a.end : c.start]) or not a.unit == b.unit == c.unit:
            continue
        if any(
            abs(abs(x) - abs(c.value)) <= 1e-9 + 1e-6 * abs(c.value)
            for x in (a.value + b.value, a.value - b.value)
        ):
            spans += [(a.start, a.end), (b.start, b.end)]
    return spans


def _listed(run: Sequence[Quantity]) -> list[Span]:
    values = {(one.value, one.unit) for one in run}
    return [(one.start, one.end) for one in run] if len(run) > 2 and len(values) > 2 else []


def offered_together(text: str, found: Sequence[Quantity]) -> set[int]:
    """Where numbers stand that are offered side by side: ``4 or 4.5 hours``, ``between 2 and 3``.

    A number and the same in another unit (``8,361 ft, or 2,548 m``) are not two offers.
    """
    offers: set[int] = set()
    for one, other in pairwise(found):
        gap = text[one.end : other.start]
        between = _BETWEEN.search(text[max(0, one.start - 24) : one.start])
        joined = _OR.fullmatch(gap) or (between and _AND.fullmatch(gap))
        if joined and one.value != other.value and (one.unit is None or one.unit == other.unit):
            offers |= {one.start, other.start}
    return offers


def counted(query: str) -> tuple[str, ...]:
    """The words for what a question counts: ``working days`` in ``how many working days are``."""
    match = _COUNT.search(query)
    if match is None or _NO_NOUN.search(query):
        return ()
    words: list[str] = []
    for word in match["words"].lower().split():
        if word == "and":
            return ()
        if word in _AFTER_NOUN:
            break
        if word not in ("different", "more"):
            words.append(word)
    return tuple(words)


def of_kind(text: str, quantity: Quantity, nouns: Sequence[str]) -> bool:
    """Whether what the question counts stands right behind a number."""
    if not nouns:
        return False
    behind = re.findall(r"[a-z-]+|[.,;:!?()=]", text[quantity.end : quantity.end + 60].lower())
    wanted = [noun[:-1] if noun.endswith("s") else noun for noun in nouns]
    for skipped in range(min(3, len(behind))):
        if re.fullmatch(r"[.,;:!?()=]", behind[skipped]):
            return False
        here = behind[skipped : skipped + len(wanted)]
        if len(here) == len(wanted) and all(
            a.startswith(b) for a, b in zip(here, wanted, strict=True)
        ):
            return True
    return False
