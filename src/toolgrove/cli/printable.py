"""The one sanitiser of all that is printed.

Much of it is somebody else's text: titles, arguments, answers, errors. It must not move the cursor,
erase what stands above or turn round what is read (promise 27).
"""

from __future__ import annotations

import re

__all__ = ["DRAWS", "one_line", "printable"]

DRAWS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but line feed and tab
    "\u061c\u200e\u200f\u202a-\u202e\u2060-\u206f"  # what turns the direction, or is not seen
    "\u2028\u2029\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
    "\ud800-\udfff]"  # half a character, which no stream takes
)


def printable(text: str) -> str:
    r"""A text as it may be printed: what acts on a terminal is shown as a sign instead.

    Examples
    --------
    >>> printable("notes\x1b[2K\rfine\u202e"), printable("a\tb")
    ('notes␛[2K␍fine�', 'a\tb')
    """
    return DRAWS.sub(lambda found: _sign(found[0]), text)


def one_line(text: str, limit: int = 300) -> str:
    r"""A text that is to be a part of one line; where it is cut, it says so.

    Examples
    --------
    >>> one_line("a\nb"), one_line("abcdef", 4)
    ('a␊b', 'abcd… (2 more characters)')
    """
    shown = printable(text[:limit].replace("\n", "␊").replace("\t", "␉"))
    return shown if len(text) <= limit else f"{shown}… ({len(text) - limit:,} more characters)"


def _sign(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else "�"
