"""Prose of foreign documentation, cut to what a tool's description needs."""

from __future__ import annotations

from html.parser import HTMLParser

__all__ = ["first_paragraph", "shortened"]

_BREAKS = frozenset({"p", "li", "dt", "dd", "note", "important"})


def shortened(text: str, most: int) -> str:
    r"""A text on one line of at most ``most`` characters, cut between words where it can be.

    Examples
    --------
    >>> shortened("Gets  a\nsecret's value.", 80), shortened("Gets a secret's value.", 14)
    ("Gets a secret's value.", 'Gets a…')
    """
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    cut = line[: most - 1]
    return f"{cut[: cut.rfind(' ')] if ' ' in cut else cut}…"


def first_paragraph(markup: str) -> str:
    """The first paragraph of HTML that says something, without its tags.

    Examples
    --------
    >>> first_paragraph("<p/> <p>Adds a <a href='x'>permission</a> &amp; returns.</p> <p>More.</p>")
    'Adds a permission & returns.'
    """
    if "<" not in markup and "&" not in markup:
        return markup.strip()
    reader = _FirstParagraph()
    reader.feed(markup)
    reader.close()
    return "".join(reader.text).strip()


class _FirstParagraph(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self._whole = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._end(tag)

    def handle_endtag(self, tag: str) -> None:
        self._end(tag)

    def handle_data(self, data: str) -> None:
        if not self._whole:
            self.text.append(data)

    def _end(self, tag: str) -> None:
        if tag in _BREAKS and any(not text.isspace() for text in self.text):
            self._whole = True
