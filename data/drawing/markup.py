"""HTML and SVG as elements in which text can only ever be text.

Every element of a page is made by :func:`tag`. It is written as markup, in which all text is
escaped, or as plain JSON, from which a page's script makes the very same element of text nodes.
"""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from typing import Any

__all__ = ["Element", "Inert", "inert_json", "tag"]


class Inert(str):
    """The content of a script or style, which goes in as it is: our own text, or inert JSON."""

    __slots__ = ()


_INVALID = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_VOID = frozenset({"meta", "br"})


@dataclass(frozen=True, slots=True)
class Element:
    """An element; ``str()`` of it is its markup."""

    name: str
    attributes: dict[str, str]
    children: tuple[Element | str, ...]

    def __str__(self) -> str:
        said = "".join(f' {key}="{_escaped(value)}"' for key, value in self.attributes.items())
        if self.name in _VOID:
            return f"<{self.name}{said}>"
        inside = "".join(
            str(child) if isinstance(child, Element | Inert) else _escaped(child)
            for child in self.children
        )
        return f"<{self.name}{said}>{inside}</{self.name}>"

    def plain(self) -> list[Any]:
        """The element as JSON: its name, its attributes, its children."""
        inside = [c.plain() if isinstance(c, Element) else _valid(c) for c in self.children]
        return [self.name, {key: _valid(v) for key, v in self.attributes.items()}, *inside]


def tag(name: str, /, *children: Element | str, **attributes: str | int | float) -> Element:
    """One element; characters that XML forbids are replaced when it is written.

    A trailing underscore of an attribute's name is dropped (``class_``), others become hyphens.

    Examples
    --------
    >>> print(tag("p", "1 < 2 ", tag("b", "so"), class_="note"))
    <p class="note">1 &lt; 2 <b>so</b></p>
    >>> tag("p", "1 < 2 ", tag("b", "so"), class_="note").plain()
    ['p', {'class': 'note'}, '1 < 2 ', ['b', {}, 'so']]
    """
    named = {key.rstrip("_").replace("_", "-"): str(value) for key, value in attributes.items()}
    return Element(name, named, children)


def _valid(text: str) -> str:
    return _INVALID.sub("\ufffd", text)


def _escaped(text: str) -> str:
    return html.escape(_valid(text))


_LIVE = re.compile("[<>&\u2028\u2029\ud800-\udfff]")


def inert_json(value: Any) -> Inert:
    r"""A JSON value as the content of a ``<script type="application/json">``.

    The characters that an HTML parser or a JavaScript engine could take for its own, and lone
    surrogates, which UTF-8 has no bytes for, are written as ``\u`` escapes: the same JSON.

    Examples
    --------
    >>> inert_json("</script>")
    '"\\u003c/script\\u003e"'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Inert(_LIVE.sub(lambda found: f"\\u{ord(found[0]):04x}", text))
