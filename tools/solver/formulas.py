"""SMT-LIB 2 as a model may write it: declarations and assertions, and nothing that does a thing.

The language has commands, too, and z3 carries out some of them while it only reads: ``(set-option
:regular-output-channel "FILE")`` makes a file, and ``echo`` writes into it. So a text is taken
apart by the standard's own tokens, anything else in it is refused, and of the commands only those
that define words or assert something reach z3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["claim_of", "premises_of"]

_MOST = 20_000
"""Characters of a text."""
_SAYS = frozenset(["assert", "declare-const", "declare-datatype", "declare-datatypes"])
_SAYS |= {"declare-fun", "declare-sort", "define-const", "define-fun", "define-fun-rec"}
_SAYS |= {"define-funs-rec", "define-sort"}
_ASKS = frozenset(["check-sat", "exit", "get-model", "get-value", "set-info", "set-logic"])
"""Commands that ask for what is done anyway; they are passed over."""
_TOKEN = re.compile(
    r"""(?P<blank> [ \t\n]+ ) | (?P<comment> ;[\x20-\x7e\t]* )
    | (?P<open> \( ) | (?P<close> \) )
    | (?P<atom> "(?:[\x20-\x21\x23-\x7e\s]|"")*" | \|[\x20-\x5b\x5d-\x7b\x7d\x7e\s]*\|
        | \#x[0-9A-Fa-f]+ | \#b[01]+ | [0-9]+(?:\.[0-9]+)?
        | :?[A-Za-z~!@$%^&*_=<>.?/+-][A-Za-z0-9~!@$%^&*_=<>.?/+-]* )""",
    re.VERBOSE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class _Form:
    """One expression at the top of a text."""

    head: str
    start: int
    end: int


def premises_of(text: str) -> str:
    r"""The declarations and assertions of a text, each where it stood, so that lines stay lines.

    Raises
    ------
    ValueError
        With the line and the mend, for who wrote the text.

    Examples
    --------
    >>> premises_of("(declare-const x Int) (check-sat)")
    '(declare-const x Int)            '
    >>> premises_of('(assert true)\n(include "notes.txt")')
    Traceback (most recent call last):
    ...
    ValueError: formulas, line 2: (include …) is not taken. Write declarations and (assert …) only.
    """
    text = _uncommented(text, "formulas")
    kept = [letter if letter == "\n" else " " for letter in text]
    for form in _forms(text, "formulas"):
        if form.head in _SAYS:
            kept[form.start : form.end] = text[form.start : form.end]
        elif form.head not in _ASKS:
            said = f"({form.head} …)" if form.head else text[form.start : form.end][:40]
            mend = "Write declarations and (assert …) only."
            raise _refused("formulas", text, form.start, f"{said} is not taken. {mend}")
    return "".join(kept)


def claim_of(text: str) -> str:
    """The one term that a claim is; ``(assert TERM)`` is taken for its term.

    Raises
    ------
    ValueError
        As of :func:`premises_of`.

    Examples
    --------
    >>> claim_of("(assert (> x 3))"), claim_of("rains")
    ('(assert (> x 3))', '(assert rains)')
    """
    text = _uncommented(text, "claim")
    forms = list(_forms(text, "claim"))
    if len(forms) != 1 or forms[0].head in (_SAYS | _ASKS) - {"assert"}:
        raise ValueError("claim: write one term, as in (> x 3); all else belongs into formulas.")
    form = forms[0]
    term = text[form.start : form.end]
    return term if form.head == "assert" else f"(assert {term})"


def _uncommented(text: str, name: str) -> str:
    """The same text with blanks for its comments, of which readers differ on where they end."""
    if len(text) > _MOST:
        raise ValueError(f"{name}: {len(text):,} characters. Write {_MOST:,} at most.")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    tokens = _tokens(text, name)
    return "".join(" " * len(one[0]) if one.lastgroup == "comment" else one[0] for one in tokens)


def _tokens(text: str, name: str) -> Iterator[re.Match[str]]:
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            said = f"{text[at]!r} is not taken here. Write plain SMT-LIB 2, in ASCII"
            raise _refused(name, text, at, f'{said}, with each |name| and "text" closed.')
        yield token
        at = token.end()


def _forms(text: str, name: str) -> Iterator[_Form]:
    """The expressions at the top of a text."""
    depth = start = 0
    head = ""
    for token in _tokens(text, name):
        match token.lastgroup:
            case "open":
                depth += 1
                if depth == 1:
                    start, head = token.start(), ""
            case "close":
                depth -= 1
                if depth < 0:
                    raise _refused(name, text, token.start(), "a ')' too many.")
                if depth == 0:
                    yield _Form(head, start, token.end())
            case "atom" if depth == 0:
                yield _Form("", *token.span())
            case "atom" if depth == 1 and not head:
                head = token[0]
    if depth:
        raise _refused(name, text, start, f"{depth} ')' missing to what begins here.")


def _refused(name: str, text: str, at: int, why: str) -> ValueError:
    line = text.count("\n", 0, at) + 1
    return ValueError(f"{name}, line {line}: {why}")
