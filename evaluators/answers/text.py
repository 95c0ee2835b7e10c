"""A final answer without its mark-up: Markdown, TeX, and fractions of one character.

What is set in bold is remembered, because an answer is often told apart from its working so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from toolgrove.evaluators.answers.spelling import plain

__all__ = ["LONGEST", "Text", "read"]

LONGEST = 4_000
"""Characters of a final answer that are looked at, so that a runaway answer costs no minutes."""

_ON, _OFF = "\x01", "\x02"
_GROUP = r"\{((?:[^{}]|\{[^{}]*\})*)\}"
_TEX = re.compile(r"\\[A-Za-z(\[,;:! %]|\{[,.]\}")
_TEX_SIGNS = {
    "times": "×", "cdot": "·", "div": "÷", "approx": "≈", "simeq": "≈", "sim": "≈", "pi": "π",
    "to": "→", "rightarrow": "→", "Rightarrow": "→", "implies": "→", "longrightarrow": "→",
    "pm": "±", "circ": "°", "degree": "°", "quad": " ", "qquad": " ", "mu": "µ", "neq": " not ",
}  # fmt: skip
_TEX_RULES: list[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = [
    (re.compile(r"\{([,.])\}"), r"\1"),
    (re.compile(r"\\(?:left|right|displaystyle|big|Big)(?![A-Za-z])"), ""),
    (re.compile(r"\\[,;:! ]|~"), " "),
    (re.compile(r"\\([%$#&_])"), r"\1"),
    (re.compile(r"\\(?:boxed|fbox)" + _GROUP), r" answer: \1 "),
    (re.compile(r"\\(?:mathbf|textbf)" + _GROUP), rf"{_ON}\1{_OFF}"),
    (re.compile(r"\\(?:text|mathrm|operatorname|mathit|textit|unit|mathsf)" + _GROUP), r"\1"),
    (re.compile(r"(?<=\d)\s*\\[dt]?frac\{(1|3)\}\{(2|4)\}"), r" \1/\2"),
    (re.compile(r"\\[dt]?frac" + _GROUP + _GROUP), r"(\1)/(\2)"),
    (re.compile(r"_\{[^{}]*\}"), ""),
    (re.compile(r"\\\\"), "\n"),
    (re.compile(r"\^\{?\\circ\}?"), "°"),
    (re.compile(r"\\([A-Za-z]+)"), lambda m: _TEX_SIGNS.get(m[1], " ")),
    (re.compile(r"\^\{([^{}]*)\}"), r"^\1"),
    (re.compile(r"\\[()\[\]]|[{}]"), " "),
]
_FORMULA = re.compile(r"\$\$([^$]+)\$\$|(?<!\d)\$(?=[^$\n]*[\\=^≈])([^$\n]+)\$(?!\d)")
_MARKDOWN = [
    (re.compile(r"```(?:json|python|text|txt|yaml|xml|csv|markdown|md)\b"), ""),
    (re.compile(r"~~[^~\n]+~~"), ""),
    (
        re.compile(r"(?<!\d)\*\*\*?(?=[^\s*])([^*\n]{1,300}?)(?<=\S)\*\*\*?(?!\d)"),
        rf"{_ON}\1{_OFF}",
    ),
    (re.compile(r"(?<!\w)__(?=\S)([^_\n]{1,300}?)(?<=\S)__(?!\w)"), rf"{_ON}\1{_OFF}"),
    (re.compile(r"<(b|strong)>([^<]{1,300})</\1>"), rf"{_ON}\2{_OFF}"),
    (re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]{1,300}?)(?<=[^\s*])\*(?![\w*])"), r"\1"),
    (re.compile(r"\[([^\[\]\n]{1,200})\]\([^()\s]{1,300}\)"), r"\1"),
    (re.compile(r"^[ \t]*(?:#{1,6}|>)[ \t]+", re.MULTILINE), ""),
    (re.compile(r"(?<!\d)\*\*|`+"), ""),
    (re.compile(r"\bi\.\s?e\.,?"), "that is"),
    (re.compile(r"\be\.\s?g\.,?"), "for example"),
]
_FRACTIONS = {"½": 0.5, "¼": 0.25, "¾": 0.75, "⅓": 1 / 3, "⅔": 2 / 3, "⅛": 0.125}
_FRACTIONS |= {"1/2": 0.5, "1/4": 0.25, "3/4": 0.75}
_MIXED = re.compile(r"(?<![\d.,/])(\d{1,9})(?:\s?([½¼¾⅓⅔⅛])|[ -]([13]/[24])(?![\d/]))|([½¼¾⅓⅔⅛])")
_PARTS = {"half": 0.5, "quarter": 0.25, "third": 1 / 3}
_HALVES = re.compile(
    rf"(?<![\d.,/])(\d{{1,9}})\s+and\s+(?:an?|one)[\s-]+({'|'.join(_PARTS)})\b(?!\s+of)", re.I
)
_MEASURE = (
    r"(?P<unit>(?:hour|minute|day|week|month|year|mile|kilo|kilomet(?:er|re)|met(?:er|re)"
    r"|kilogram|pound|lit(?:er|re))s?)\b"
)
_PART_OF = re.compile(
    rf"\b(?:(?P<times>an?|one|three)\s+)?(?:(?P<half>half)(?:\s+of)?|(?P<part>quarter|third)s?\s+of)\s+an?\s+{_MEASURE}",
    re.IGNORECASE,
)
_AND_PART = re.compile(
    rf"(?<![\d.,/])\b(?P<whole>an?|one|\d{{1,3}})\s+{_MEASURE}\s+and\s+(?:an?|one)\s+"
    rf"(?P<part>{'|'.join(_PARTS)})\b",
    re.IGNORECASE,
)
_ONE = re.compile(
    r"(?P<lead>(?:\A|\b(?:takes?|lasts?|needs?|about|around|roughly|exactly|over|under))\s*)"
    r"\ban\s+(?P<unit>hour)\b",
    re.IGNORECASE,
)
_MASS = re.compile(r"\^?([⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3}|(?<=\^)\d{1,3})(?=[A-Z][a-z]?\b)")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_SUBSCRIPT = re.compile(r"(?<=[0-9A-Fa-f])[₀-₉]+")
_PER = re.compile(
    r"(?<![A-Za-z])([A-Za-z]{1,3})[ ·⋅]([A-Za-z]{1,4})(?:\^\(?[-−]|⁻)([123¹²³])\)?(?!\d)"
)
_GLUED = re.compile(r"\b\d+(?:(?:h|hrs?|d|min|m|x)\d+)+(?:h|hrs?|d|min|m|s)?\b")
_LETTERS = re.compile(r"(?<=\d)([a-z]+)(?=\d)")
_BLANK = re.compile(r"\s{3,}")
_MARKS = re.compile(f"[{_ON}{_OFF}]")


@dataclass(frozen=True, slots=True)
class Text:
    """An answer's words, and where in them it is set in bold."""

    words: str
    bold: tuple[tuple[int, int], ...] = ()


def read(answer: str, *, spelt_plainly: bool = False) -> Text:
    r"""The answer without mark-up, its end where it is longer than :data:`LONGEST`.

    Parameters
    ----------
    answer : str
        The final answer as it was given.
    spelt_plainly : bool
        Whether accents and typographic marks go too, as names are compared.

    Examples
    --------
    >>> read(r"\[ n = \frac{250}{58.44} \approx 4.28\,\text{mol} \]").words.strip()
    'n = (250)/(58.44) ≈ 4.28 mol'
    >>> text = read("The capital is **Oslo**, `NO`.")
    >>> text.words, [text.words[start:end] for start, end in text.bold]
    ('The capital is Oslo, NO.', ['Oslo'])
    """
    text = _MARKS.sub(" ", answer[-LONGEST:])
    text = _BLANK.sub(lambda run: "\n\n" if "\n" in run[0] else "  ", text)
    text = _FORMULA.sub(lambda m: m[1] or m[2], text)
    for pattern, put in _MARKDOWN:
        text = pattern.sub(put, text)
    if _TEX.search(text):
        for sign, meant in _TEX_RULES:
            text = sign.sub(meant, text)
    text = _HALVES.sub(lambda m: f"{int(m[1]) + _PARTS[m[2].lower()]:.10g}", text)
    text = _ONE.sub(r"\g<lead>1 \g<unit>", _AND_PART.sub(_and_part, _PART_OF.sub(_part_of, text)))
    text = _MIXED.sub(_mixed, text)
    text = _MASS.sub(lambda m: f"mass-{m[1].translate(_RAISED)} ", text)
    text = _PER.sub(r"\1/\2\3", _SUBSCRIPT.sub("", text))
    text = _GLUED.sub(lambda token: _LETTERS.sub(r" \1 ", token[0]), text)
    return _unmarked(plain(text) if spelt_plainly else text)


def _part_of(match: re.Match[str]) -> str:
    """``half an hour`` as 0.5 hour."""
    times = 3 if (match["times"] or "").lower() == "three" else 1
    part = _PARTS[(match["half"] or match["part"]).lower()]
    return f"{times * part:.10g} {match['unit']}"


def _and_part(match: re.Match[str]) -> str:
    """``an hour and a half`` as 1.5 hour."""
    whole = int(match["whole"]) if match["whole"].isdigit() else 1
    return f"{whole + _PARTS[match['part'].lower()]:.10g} {match['unit']}"


def _mixed(match: re.Match[str]) -> str:
    """``4½`` and ``4 1/2`` as 4.5."""
    value = int(match[1] or 0) + _FRACTIONS[match[2] or match[3] or match[4]]
    return f"{value:.10g}"


def _unmarked(text: str) -> Text:
    words: list[str] = []
    bold: list[tuple[int, int]] = []
    length, since = 0, -1
    for piece in re.split(f"([{_ON}{_OFF}])", text):
        if piece == _ON:
            since = length
        elif piece == _OFF:
            if since >= 0:
                bold.append((since, length))
            since = -1
        else:
            words.append(piece)
            length += len(piece)
    return Text("".join(words), tuple(bold))
