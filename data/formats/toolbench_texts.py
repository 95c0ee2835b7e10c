"""Calls that a converted answer holds as text: Python's ``repr`` of one, and often cut.

OpenBMB/ToolBench publishes its reference answers so, each text cut after 100 characters. What is
behind the cut is nowhere else in the file, but for the last call's arguments (``final_answer``).
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

__all__ = ["CalledText", "read_call"]

_STARTS = re.compile(r"\{\s*'name':\s*['\"]")
_FIELD = re.compile(
    r"""'(name|arguments|response)':\s*
        (?: '((?:[^'\\]|\\.)*)('|\Z|\\\Z) | "((?:[^"\\]|\\.)*)("|\Z|\\\Z) | ([^'"\s].*) )""",
    re.DOTALL | re.VERBOSE,
)
_ESCAPE = 10
"""Characters of the longest escape, ``\\U0001f600``, which a cut may go through."""


@dataclass(frozen=True, slots=True)
class CalledText:
    """What a text says of a call; ``arguments`` and ``response`` are "" where they are cut off.

    Parameters
    ----------
    name, arguments, response : str
        As the call's message would hold them.
    whole : frozenset of str
        Which of the three stand there to their end.
    """

    name: str
    arguments: str
    response: str
    whole: frozenset[str]


def read_call(text: str) -> CalledText | None:
    """The call that a message's text is, or None where it is no call's.

    Examples
    --------
    >>> read_call("{'name': 'zip', 'arguments': '{}', 'respon").name
    'zip'
    >>> read_call("It is 5 km.") is None
    True
    """
    if not _STARTS.match(text):
        return None
    said = {"name": "", "arguments": "", "response": ""}
    whole = set()
    for found in reversed(list(_FIELD.finditer(text))):
        key, single, single_end, double, double_end, other = found.groups()
        if other is not None:  # a response that is no text; it runs to the closing brace
            said[key] = other.removesuffix("}")
            whole |= {key} if other.endswith("}") else set()
            continue
        quote, body = ("'", single) if single is not None else ('"', double)
        said[key] = _unescaped(quote, body)
        whole |= {key} if quote in (single_end, double_end) else set()
    return CalledText(**said, whole=frozenset(whole))


def _unescaped(quote: str, body: str) -> str:
    """The text that a string literal stands for, less an escape that was cut through."""
    for less in range(min(_ESCAPE, len(body)) + 1):
        try:
            text: str = ast.literal_eval(f"{quote}{body[: len(body) - less]}{quote}")
        except (SyntaxError, ValueError):
            continue
        return text
    return body
