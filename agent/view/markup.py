"""HTML and SVG as strings in which text can only ever be text.

Every element of the viewer's page is made by :func:`tag`, which escapes whatever is not markup
already; there is no other way in.
"""

from __future__ import annotations

import html
import json
import re
from typing import Any

__all__ = ["Markup", "inert_json", "tag"]


class Markup(str):
    """Text that is markup and goes in as it is. Only this module's functions make it."""

    __slots__ = ()


_INVALID = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_VOID = frozenset({"meta", "br"})


def tag(name: str, /, *children: str, **attributes: str | int | float) -> Markup:
    """One element; plain text is escaped, and characters that XML forbids are replaced.

    A trailing underscore of an attribute's name is dropped (``class_``), others become hyphens.

    Examples
    --------
    >>> tag("p", "1 < 2 ", tag("b", "so"), class_="note")
    '<p class="note">1 &lt; 2 <b>so</b></p>'
    """
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_escaped(str(value))}"'
        for key, value in attributes.items()
    )
    if name in _VOID:
        return Markup(f"<{name}{said}>")
    inside = "".join(c if isinstance(c, Markup) else _escaped(c) for c in children)
    return Markup(f"<{name}{said}>{inside}</{name}>")


def _escaped(text: str) -> str:
    return html.escape(_INVALID.sub("\ufffd", text))


_LIVE = re.compile("[<>&\u2028\u2029\ud800-\udfff]")


def inert_json(value: Any) -> Markup:
    r"""A JSON value as the content of a ``<script type="application/json">``.

    The characters that an HTML parser or a JavaScript engine could take for its own, and lone
    surrogates, which UTF-8 has no bytes for, are written as ``\u`` escapes: the same JSON.

    Examples
    --------
    >>> inert_json("</script>")
    '"\\u003c/script\\u003e"'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(_LIVE.sub(lambda found: f"\\u{ord(found[0]):04x}", text))
