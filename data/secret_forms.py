"""Secrets found in text, whatever became of them on their way (promise 13).

An encoder may spell each character in a way of its own, and encoders follow one another: a server
quotes a URL inside JSON inside HTML. So a secret is sought character by character, each in any of
its spellings; base64 and hexadecimal are sought with line breaks in them. All repetitions are
bounded, so that no text makes the search long.
"""

from __future__ import annotations

import base64
import html.entities
import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from itertools import groupby

__all__ = ["SHORTEST", "beginning", "own_keys", "scrubbed", "without_passwords"]

SHORTEST = 8
"""Characters that a secret has at least; a shorter one could not be told from other text."""

_WRAP = r"(?:\s|\\{1,8}[rn]|%0[ad]|=\s){0,6}+"
_SPELLED = re.compile(  # letters and digits that somebody wrote as a number
    r"&(?:amp;){0,4}#|\\(?:u|x)|%(?:25){0,4}(?:3[0-9]|[46][1-9a-f]|[57][0-9a])", re.IGNORECASE
)
_RUN = re.compile(r"[a-z0-9]+")
_NAMES: dict[str, list[str]] = {}
for _name, _code in html.entities.html5.items():
    if len(_code) == 1 and _code.isascii() and _name.endswith(";"):
        _NAMES.setdefault(_code, []).append(_name.lower())


def scrubbed(text: str, secrets: Mapping[str, str]) -> str:
    """A text in which each secret is replaced by its name.

    Parameters
    ----------
    text : str
    secrets : mapping
        Values by name, the longest first.

    Examples
    --------
    >>> scrubbed("a=k%2D1234567%21 k-1234567&#33;", {"KEY": "k-1234567!"})
    'a=[secret KEY] [secret KEY]'
    """
    if not secrets:
        return text
    found = _Sought(text)
    for name, value in secrets.items():
        for form in _forms(value):
            if form.may_be_in(found):
                text = form.pattern.sub(f"[secret {name}]", text)
    for name, value in secrets.items():
        text = _without_beginnings(text, value, name)
    return text


def beginning(text: str, secrets: Mapping[str, str]) -> str:
    """The end of a text that may be the beginning of a secret; empty where none begins.

    Examples
    --------
    >>> beginning("the key is k-12", {"KEY": "k-12345678"}), beginning("the key", {"KEY": "k-1"})
    ('k-12', '')
    """
    longest = ""
    for value in secrets.values():
        for length in range(min(len(value) - 1, len(text)), len(longest), -1):
            if text.endswith(value[:length]):
                longest = value[:length]
                break
    return longest


def own_keys(environ: Mapping[str, str], *holders: object) -> dict[str, str]:
    """The keys that whoever runs this pays with: those of model providers.

    Parameters
    ----------
    environ : mapping
        Its variables that end in ``_API_KEY`` hold some.
    *holders : object
        Chat models, whose ``SecretStr`` fields hold others, and what wraps them.

    Examples
    --------
    >>> own_keys({"OPENAI_API_KEY": "sk-12345678", "HOME": "/home/me"})
    {'OPENAI_API_KEY': 'sk-12345678'}
    """
    found = {name: value for name, value in environ.items() if name.endswith("_API_KEY")}
    for holder in holders:
        inner: object | None = holder
        while inner is not None:
            for name, value in getattr(inner, "__dict__", {}).items():
                if callable(read := getattr(value, "get_secret_value", None)):
                    found.setdefault(name, str(read()))
            inner = getattr(inner, "bound", None) or getattr(inner, "runnable", None)
    longest_first = sorted(found.items(), key=lambda item: -len(item[1]))
    return {name: value for name, value in longest_first if len(value) >= SHORTEST}


def without_passwords(text: str) -> str:
    """A text whose URLs hold no user and no password.

    Examples
    --------
    >>> without_passwords("http://me:secret@127.0.0.1:8080/v1 cannot be reached")
    'http://127.0.0.1:8080/v1 cannot be reached'
    """
    return re.sub(r"(?<=://)[^/?#\s]*@", "", text)


class _Sought:
    """A text in the shapes in which it is quick to see that a secret is not in it."""

    def __init__(self, text: str) -> None:
        self.lower = text.lower()
        self.spelled = _SPELLED.search(text) is not None
        plain = self.lower
        for wrap in ("\\r", "\\n", "%0d", "%0a", "\\"):
            plain = plain.replace(wrap, "")
        self.unwrapped = "".join(plain.split())
        if "=" in plain:  # quoted-printable breaks lines so
            self.unwrapped += " " + "".join(plain.replace("=\r", "").replace("=\n", "").split())


class _Form:
    """A secret, or what it becomes in another alphabet, with the pattern that finds it."""

    def __init__(self, text: str, *, wrapped: bool) -> None:
        self._text, self._wrapped = text, wrapped
        self._probe = max(_RUN.findall(text.lower()), key=len, default="")

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Made where it is needed, which is rarely."""
        if self._wrapped:
            return re.compile(_WRAP.join(map(_in_base64, self._text)), re.IGNORECASE)
        parts = [_spellings(one, len([*run])) for one, run in groupby(self._text)]
        return re.compile("".join(parts), re.IGNORECASE)

    def may_be_in(self, sought: _Sought) -> bool:
        if self._wrapped:
            return self._probe in sought.unwrapped
        return sought.spelled or self._probe in sought.lower


@cache
def _forms(value: str) -> tuple[_Form, ...]:
    """The longest first, so that none leaves a rest."""
    parts = (value.partition(":")[2], value.partition(" ")[2])
    plain = dict.fromkeys([value, *(part for part in parts if len(part) >= SHORTEST)])
    coded = {code for secret in plain for code in _coded(secret)}
    return (
        *(_Form(code, wrapped=True) for code in sorted(coded, key=len, reverse=True)),
        *(_Form(secret, wrapped=False) for secret in plain),
    )


def _coded(secret: str) -> Iterator[str]:
    """A secret in hexadecimal and in base64, where it begins at one of three places."""
    data = secret.encode()
    yield data.hex()
    for lead in range(3):
        whole = base64.b64encode(bytes(lead) + data).decode().rstrip("=")
        yield whole[(lead * 8 + 5) // 6 : (lead + len(data)) * 8 // 6]


@cache
def _spellings(character: str, times: int = 1) -> str:
    """A pattern for every way in which a character is written that stands so often."""
    code = ord(character)
    numbers = rf"#(?:0{{0,8}}{code}|x0{{0,8}}{code:x})(?:;|(?![0-9a-f]))"
    names = "|".join([numbers, *map(re.escape, _NAMES.get(character, ()))])
    ways = [
        rf"%(?:25){{0,4}}{code:02x}",
        rf"\\(?:u00{code:02x}|u\{{0{{0,4}}{code:x}\}}|x{code:02x})",
        rf"&(?:amp;){{0,4}}(?:{names})",
        re.escape(character),
    ]
    if character == "\\":  # of which each encoder makes two
        return rf"(?:\\{{{times},{16 * times}}}+|(?:\\{{0,16}}(?:{'|'.join(ways[:3])})){{{times}}})"
    if character == " ":
        ways.append(r"\+")
    one = rf"\\{{0,16}}(?:{'|'.join(ways)})"
    return one if times == 1 else f"(?:{one}){{{times}}}"


def _in_base64(character: str) -> str:
    """A character of base64, of which two are not the same in all its alphabets."""
    ways = {"+": r"(?:\+|-|%(?:25){0,4}2b|\\u002b)", "/": r"(?:\\{0,16}/|_|%(?:25){0,4}2f)"}
    return ways.get(character, character)


def _without_beginnings(text: str, value: str, name: str) -> str:
    """A text without what is left of a secret where somebody cut a text, an error's for instance.

    That is half of it or more, and at the text's end six characters or more.
    """
    half = value[: max(SHORTEST, (len(value) + 1) // 2)]
    while (start := text.find(half)) >= 0:
        end = start + len(half)
        while end < len(text) and end - start < len(value) and text[end] == value[end - start]:
            end += 1
        text = f"{text[:start]}[secret {name}]{text[end:]}"
    for length in range(min(len(half), len(text)), 5, -1):
        if text.endswith(value[:length]):
            return f"{text[:-length]}[secret {name}]"
    return text
