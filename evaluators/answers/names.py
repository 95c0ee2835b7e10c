"""Names in a sentence: where they stand, and what else stands there that could be meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from toolgrove.evaluators.answers.clauses import Span, blocks, clause_at
from toolgrove.evaluators.answers.quantities import quantities
from toolgrove.evaluators.answers.spelling import pattern_of, plain

__all__ = [
    "Name",
    "alternatives",
    "foreign",
    "joined",
    "listed",
    "marked",
    "named_in",
    "of_another",
    "rivals",
]

MOST = 200
"""Names of a text that are looked at, from the last one."""
HERE = "\x00"
"""Stands in a marked text where the name stood."""

_PROPER = (
    r"[A-Z0-9](?:[\w'&-]|\.(?=\w))*(?:[ ](?:(?:of|the|de|la|del|da|des|du|und"
    r"|and)[ ])*[A-Z0-9][\w'&-]*){0,5}"
)
_ITEM = rf"(?:{HERE}+|{_PROPER})"
_NOTE = re.compile(r"\s*\([^()]*\)")
_WORD = r"[\w'-]+"
_CHOICE = re.compile(
    rf"(?P<p>{_PROPER}|{_WORD}),?\s+(?:or|vs\.?|versus)\s+(?:the\s+)?{HERE}"
    rf"|{HERE},?\s+(?:or|vs\.?|versus|than)\s+(?:the\s+|in\s+)?(?P<q>{_PROPER}|{_WORD})"
    rf"|(?P<r>{_PROPER}),?\s+and\s+(?:the\s+)?{HERE}|{HERE},?\s+and\s+(?:the\s+)?(?P<s>{_PROPER})"
)
_LIST = re.compile(rf"{_ITEM}(?:,\s+{_ITEM})+,?\s+(?:and|or|&)\s+(?:the\s+)?{_ITEM}")
_CLASSES = (
    "monday tuesday wednesday thursday friday saturday sunday",
    "january february march april june july august september october november december",
    "true false",
    "spring summer autumn winter",
)
"""Words of which an answer claims one; naming another beside it is no claim. (May is left out,
because it is mostly a verb.)"""
_PHASES = (
    "new moon", "full moon", "first quarter", "last quarter", "third quarter", "waxing crescent",
    "waxing gibbous", "waning gibbous", "waning crescent",
)  # fmt: skip
_SHAPES = (
    r"U\+[0-9A-Fa-f]{4,6}",
    r"#?(?=[0-9A-Fa-f]*\d)[0-9A-Fa-f]{6}",
    r"[0-9A-Fa-f]{32,128}",
    r"(?:\d{1,3}\.){3}\d{1,3}",
    r"[A-Z]\w+(?:/[A-Z][\w+-]*)+",
    r"[MDCLXVI]{2,}",
    r"[A-Z]{3}",
    r"[A-Z]{4}",
)
_NO_CODES_WORDS = (
    "ISO UTC GMT CSS RGB HSL API URL IATA ICAO IANA WCAG EU US USA UK UN ASCII UTF DST CET"
    " CEST THE NOT AND HTML SHA MD5 JSON TEXT"
)
_NO_CODES = frozenset(_NO_CODES_WORDS.split())
_CODES = tuple(_SHAPES[i] for i in (0, 1, 3))
_LETTER = re.compile(
    r"['\"]([A-Za-z])['\"]|\bletter\s+([A-Za-z])\b|(?<![\w'/.])([b-hj-z])(?![\w'/])"
)
_PREDICATE = re.compile(
    rf"(?P<subject>[^.;:!?,\n()]{{0,80}})(?:\b(?:is|was|are|be|called|named|namely|becomes)"
    rf"|'s|:)\s+"
    rf"(?:actually\s+|really\s+|in\s+fact\s+|therefore\s+|in\s+|on\s+|the\s+"
    rf"|a\s+)*(?P<name>{_PROPER})"
)
_CALLED = re.compile(r"\b(?:called|named)\b", re.IGNORECASE)
_OPENING = re.compile(
    r"\A[\W_]*(?:the\s+|an?\s+)?(?P<name>[A-Za-z][\w'&-]*(?:[ ][A-Za-z][\w'&-]*){0,3})\s*"
    r"(?P<end>[,;.(\n–—]|\s-\s|$)"
)
_HEADED = re.compile(r"\s*(?:[-*•|]\s|[A-Z][\w ]{0,30}:\s)")
"""A list or a label: what stands above it is a heading."""
_NO_OPENING_WORDS = (
    "sure great good yes no done ok okay well hi hello in on at by as of for according based"
    " unfortunately sorry thanks thank certainly absolutely indeed here there it this that"
    " these i we you your my let after before when since if while although though because both"
    " all none only also so thus therefore hence from with without to not counting leaving"
    " looking using converted sorted final answer result note comparing given about around"
    " nearly approximately between actually the is was are has"
)
_NO_OPENING = frozenset(_NO_OPENING_WORDS.split())
_PARTICLES = frozenset(
    ["of", "the", "and", "de", "la", "del", "da", "des", "du", "und", "van", "von"]
)
_ADVERB = re.compile(r"\w{3,}(?:ally|edly|tely|ntly|vely|usly|arly|ably|ibly)", re.IGNORECASE)
_GLOSS = re.compile(
    r"\s*[,(]\s*(?:(?:which|that)\s+(?:is|means)\s+)?(?:the\s+)?[\"'“]?"
    r"|\s+[-–—]\s+(?:that\s+is,?\s+)?(?:an?\s+)?|\n\s*|\s*"
)
_VERB_NEXT = re.compile(r"\s+(?:is|was|are|being|comes|follows|means)\b")
_ITSELF = re.compile(r"\b(?:it|this|that|answer|one)\b|^\W*$", re.IGNORECASE)
_HEAD = re.compile(r"\b(?:which|what|name|tell\s+me|give\s+me)\b((?:['\s]+[A-Za-z-]+){1,9})", re.I)
_EMPTY_WORDS = "is are was the a an of in on at do does has have been s its me by that it"
_EMPTY = frozenset(_EMPTY_WORDS.split())
_OF = re.compile(r"\b(?:of|where|in|on|at|that|with|for|when)\b")
_OF_ANYTHING = frozenset(["name", "code", "word", "kind", "iso", "local"])
_OR = re.compile(r"[\W_]*\s+or\s+(?:the\s+|perhaps\s+|possibly\s+|maybe\s+|in\s+|on\s+)?([\w'-]+)")
_OR_BEFORE = re.compile(r"([\w'-]+)\W{0,3}\s+or\s+(?:the\s+|perhaps\s+|possibly\s+|maybe\s+)?\Z")
_SLASH = re.compile(r"\s?/\s?([A-Z]{2,4})\b")
_SLASH_BEFORE = re.compile(r"\b([A-Z]{2,4})\s?/\s?\Z")
_KIND = re.compile(
    r"\b(light|dark|medium|pale|deep|hot|new|north|south|east|west|northern|southern"
    r"|eastern|western|equatorial|upper"
    r"|lower|waxing|waning)[ -]\Z",
    re.IGNORECASE,
)
_NO_QUALIFIERS = (
    "the its in it they on a local an use only his mr mrs ms miss dr prof professor sir"
)
_QUALIFIER = re.compile(r"([A-Z][\w.'-]*)[ -]\Z")
_BULLET = re.compile(r"^[ \t]*(?:[-*•]|\d{1,2}[.)])[ \t]+(.*)$", re.MULTILINE)
_POINTED = re.compile(r"←|⬅|<-|✓|✔|✅")
"""What points out one line of a list."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name in a text, and whether it is the right one."""

    said: str
    right: bool
    start: int
    end: int


def named_in(text: str, variants: Sequence[str]) -> list[Name]:
    """Where the name or one of its aliases stands, the longest taken where they overlap."""
    found: list[Name] = []
    taken: set[int] = set()
    for variant in sorted(variants, key=len, reverse=True):
        for match in pattern_of(variant).finditer(text):
            if match.end() > match.start() and taken.isdisjoint(range(*match.span())):
                taken.update(range(*match.span()))
                found.append(Name(variant, True, *match.span()))
    return sorted(found, key=lambda one: one.start)[-MOST:]


def foreign(text: str, spot: Name, variants: Sequence[str], query: str) -> bool:
    """Whether a short name is here the end of another thing's: ``Rupee`` in ``Indian Rupee``.

    Words that begin alike (``Nepali``, ``Nepalese``, ``Nepal``) are taken for the same.
    """
    known = [w.lower() for v in (*variants, query) for w in re.findall(r"\w+", plain(v))]
    kind = _KIND.search(text[max(0, spot.start - 20) : spot.start])
    if kind and kind[1].lower() not in known:
        return True
    if not any(v != spot.said and v.endswith(f" {spot.said}") for v in variants):
        return False
    before = _QUALIFIER.search(text[max(0, spot.start - 40) : spot.start])
    if before is None or not text[max(0, spot.start - 40) : spot.start].strip():
        return False
    word = before[1].lower().rstrip(".")
    if word in _NO_QUALIFIERS.split():
        return False
    return not any(w[:4] == word[:4] for w in known if len(w) > 3) and word not in known


def marked(text: str, variants: Sequence[str]) -> str:
    """The plain text with every variant of a name replaced by a mark, the longest first."""
    text = plain(text)
    for variant in sorted(variants, key=len, reverse=True):
        text = pattern_of(variant).sub(HERE, text)
    return text


def alternatives(query: str, variants: Sequence[str]) -> list[str]:
    """What else a question offers beside the name: ``Paris or London?`` offers the other one.

    Examples
    --------
    >>> alternatives("Which airport lies higher, JFK or Denver?", ["Denver"])
    ['JFK']
    """
    text = _NOTE.sub("", marked(query, variants))
    found = [group for m in _CHOICE.finditer(text) for group in m.groups()]
    for match in _LIST.finditer(text):
        if HERE in match[0]:
            found += re.split(r",?\s+(?:and|or|&)\s+(?:the\s+)?|,\s+", match[0])
    return sorted({i.strip() for i in found if i and HERE not in i and re.search("[A-Za-z]", i)})


def rivals(text: str, spots: Sequence[Name], value: str, query: str) -> list[Name]:
    """Names in a text that could be meant instead of the right one.

    Known are words of a closed class (weekdays, phases of the moon), codes of the same shape
    (``LHR``, ``#ff6347``, ``10.0.0.1``), and a proper name that a sentence about the thing asked
    for gives it: ``the capital is Lima``. What the question holds is none.
    """
    taken = {at for one in spots for at in range(one.start, one.end)}
    found = [*_of_class(text, value), *_of_shape(text, value), *_letters(text, value)]
    found += _of_money(text, value, query)
    found += [*_predicates(text, query, spots), *_opening(text, spots)]
    held = plain(query)
    found = sorted(found, key=lambda one: one.start)[-MOST:]
    return [
        one
        for one in found
        if taken.isdisjoint(range(one.start, one.end)) and not pattern_of(one.said).search(held)
    ]


def _of_class(text: str, value: str) -> Iterator[Name]:
    word = value.lower().strip()
    for members in [*(c.split() for c in _CLASSES), list(_PHASES)]:
        if word in members:
            for other in members:
                for match in re.finditer(rf"\b{other}\b", text, re.I) if other != word else ():
                    yield Name(other, False, *match.span())


def _of_shape(text: str, value: str) -> Iterator[Name]:
    shape = next((s for s in _SHAPES if re.fullmatch(s, value)), None)
    if shape is None:
        return
    for match in re.finditer(rf"(?<![\w#/.+-]){shape}(?![\w/]|\.\w)", text):
        if match[0] not in _NO_CODES and match[0].lower() != value.lower():
            yield Name(match[0], False, *match.span())


def _of_money(text: str, value: str, query: str) -> Iterator[Name]:
    """Other sums of money where the truth is one; what the question holds is none."""
    truth = [q.value for q in quantities(value) if q.money]
    held = [*truth, *(q.value for q in quantities(query))]
    for q in quantities(text) if truth else ():
        if q.money and q.value not in held:
            yield Name(text[q.start : q.end], False, q.start, q.end)


def _letters(text: str, value: str) -> Iterator[Name]:
    if len(value) == 1 and value.isalpha():
        for match in _LETTER.finditer(text):
            said = match[1] or match[2] or match[3]
            if said.lower() != value.lower():
                yield Name(said, False, *match.span())


def _opening(text: str, spots: Sequence[Name]) -> Iterator[Name]:
    """What an answer opens with where that is a name by itself: ``The euro, which …``.

    Not where the right name comes with it or right behind it: ``Haneda Airport, Tokyo``.
    """
    match = _OPENING.match(text)
    if match is None or _opens_no_name(match["name"]):
        return
    if match["end"] == "\n" and _HEADED.match(text, match.end()):
        return
    if not any(
        one.start < match.end("name") or _glossed(text, match.end("name"), one) for one in spots
    ):
        yield Name(match["name"], False, *match.span("name"))


def _asked_for(query: str) -> set[str]:
    """The words for what a question asks for: ``currency`` in ``the name of the currency of …``."""
    words: set[str] = set()
    for match in _HEAD.finditer(_NOTE.sub("", query)):
        for part in _OF.split(match[1]):
            found = {w for w in re.findall(r"[A-Za-z]{3,}", part) if w.islower()} - _EMPTY
            words |= found
            if found - _OF_ANYTHING:
                break
    return words


def _opens_no_name(words: str) -> bool:
    first, *rest = words.split()
    if first.lower().partition("'")[0] in _NO_OPENING or _ADVERB.fullmatch(first):
        return True
    if not {"is", "was", "are", "were", "has"}.isdisjoint(rest):
        return True  # a sentence
    capitals = [at for at, word in enumerate(words.split()) if word[0].isupper()]
    between = words.split()[capitals[0] : capitals[-1]] if capitals else []
    return any(word[0].islower() and word not in _PARTICLES for word in between)  # X borders Y


def _glossed(text: str, end: int, spot: Name) -> bool:
    """Whether the right name explains the one that ends there: ``W, wolfram``, ``W (wolfram)``."""
    if not _GLOSS.fullmatch(text, end, spot.start):
        return False
    return _VERB_NEXT.match(text, spot.end) is None


def _predicates(text: str, query: str, spots: Sequence[Name]) -> Iterator[Name]:
    asked = _asked_for(query)
    for match in _PREDICATE.finditer(text):
        subject = set(re.findall(r"[a-z]{3,}", match["subject"].lower()))
        if not re.search("[A-Za-z]", match["name"]):
            continue
        told = _CALLED.search(text, match.end("subject"), match.start("name")) and "called" in query
        if any(_glossed(text, match.end("name"), one) for one in spots):
            continue
        if told or subject & asked or _ITSELF.search(match["subject"]):
            yield Name(match["name"], False, *match.span("name"))


def of_another(text: str, spot: Name, query: str) -> bool:
    """Whether the name's clause is about a code that is not the question's."""
    start, end = clause_at(text, spot.start)
    for shape in (s for s in _CODES if not re.fullmatch(s, plain(spot.said))):
        asked = {code.lower() for code in re.findall(shape, query)}
        said = {code.lower() for code in re.findall(shape, text[start:end])} if asked else None
        if said and not asked & said:
            return True
    return False


def joined(text: str, spot: Name, value: str) -> bool:
    """Whether a name is joined by ``or`` to something else of its like, or codes by a slash."""
    beside = [
        _OR.match(text, spot.end),
        _OR_BEFORE.search(text[max(0, spot.start - 80) : spot.start]),
    ]
    codes = [
        _SLASH.match(text, spot.end),
        _SLASH_BEFORE.search(text[max(0, spot.start - 8) : spot.start]),
    ]
    if spot.said.isupper() and any(m and len(m[1]) == len(spot.said) for m in codes):
        return True
    proper = value[:1].isupper() or value[:1].isdigit()
    return any(
        match and (not proper or match[1][0].isupper() or match[1][0].isdigit()) for match in beside
    )


def listed(text: str, found: Sequence[Name]) -> list[Span]:
    """Where names stand as one of three and more in a row, or in a bulleted list of others."""
    marks = text
    for one in found:
        marks = marks[: one.start] + HERE * (one.end - one.start) + marks[one.end :]
    spans = [
        match.span()
        for match in _LIST.finditer(marks)
        if HERE in match[0] and len(re.split(r",?\s+(?:and|or|&)\s+|,\s+", match[0])) > 2
    ]
    bullets = list(_BULLET.finditer(marks))
    marked_out = [m for m in bullets if HERE in m[1]]
    record = all(":" in m[1].partition(HERE)[0] for m in bullets)  # "- When: …", "- Weekday: …"
    pointed = len(marked_out) == 1 and _POINTED.search(marked_out[0][1])
    if len(bullets) > 2 and len(marked_out) < len(bullets) and not (record or pointed):
        spans += blocks([m.span() for m in bullets])
    return spans
