"""The words of an HTML page, in one pass over it whatever it holds.

``html.parser`` looks again and again for the end of a tag that has none: 64 kB of ``<a <a <a`` took
it 42 s, in which nothing else ran (promise 17).
"""

from __future__ import annotations

import re
from html import unescape

__all__ = ["page_text"]

_QUOTE_OR_END = re.compile(r"=[ \t\r\n]{0,20}([\"'])|>")
_CLOSING = {
    name: re.compile(f"</{name}(?=[ \\t\\r\\n/>])", re.IGNORECASE) for name in ("script", "style")
}
_NAME = re.compile(r"/?([a-zA-Z]{0,20})")
_HUGE = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{7,});?")  # int() would refuse the longest


def page_text(html: str) -> str:
    """What a page says: of its tags, comments and scripts a model learns nothing.

    Parameters
    ----------
    html : str
        Any text; what is cut off inside a tag is left out.

    Examples
    --------
    >>> page_text("<p>Wait&amp;see, 1 < 2<script>steal()</script><!-- x --> <b title='>'>now</b>")
    'Wait&see, 1 < 2 now'
    """
    pieces, at = [], 0
    while (start := html.find("<", at)) >= 0:
        pieces.append(html[at:start])
        after = html[start + 1 : start + 2]
        if (after.isascii() and after.isalpha()) or after in ("/", "!", "?"):
            pieces.append(" ")
            at = _end(html, start)
        else:
            pieces.append("<")
            at = start + 1
    pieces.append(html[at:])
    return " ".join(unescape(_HUGE.sub("\ufffd", "".join(pieces))).split())


def _end(html: str, start: int) -> int:
    """Where what begins with the ``<`` at ``start`` ends; the text's end where it does not."""
    if html.startswith("<!--", start):
        found = html.find("-->", start + 2)
        return len(html) if found < 0 else found + 3
    at = start + 1
    while match := _QUOTE_OR_END.search(html, at):
        if match[1] is None:
            return _after_script(html, start, match.end())
        at = html.find(match[1], match.end()) + 1
        if not at:
            break
    return len(html)


def _after_script(html: str, start: int, end: int) -> int:
    """The end of a tag, or of the script or style that it opens."""
    name = _NAME.match(html, start + 1)
    closing = _CLOSING.get(html[start + 1 : name.end()].lower()) if name else None
    if closing is None:
        return end
    found = closing.search(html, end)
    return len(html) if found is None else found.start()
