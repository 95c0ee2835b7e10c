"""What a notebook shows of records: short, and with all text escaped."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING

from toolgrove.data.drawing.look import failed_words
from toolgrove.data.drawing.markup import Element, tag
from toolgrove.data.drawing.svg import svg
from toolgrove.data.drawing.words import one_line

if TYPE_CHECKING:
    from toolgrove.data.tree import SearchTree

__all__ = ["html_table", "tree_html"]

PICTURE_LIMIT = 60
"""Nodes of the largest tree that a notebook's cell shows as a picture."""


def html_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Texts as a table."""
    head = tag("tr", *(tag("th", text) for text in heads))
    body = [tag("tr", *(tag("td", text) for text in row)) for row in rows]
    return str(tag("table", tag("thead", head), tag("tbody", *body)))


def tree_html(tree: SearchTree) -> str:
    """A tree's task, answer, figures and picture.

    The picture comes as an image: nothing in it can act on the notebook, nor its style.
    """
    answer = tree.answer
    figures = [
        f"{len(tree) - 1:,} steps" if len(tree) else "no step",
        f"{tree.model_calls:,} model calls",
        failed_words(tree) or f"{tree.tool_calls:,} tool calls",
        f"{tree.usage.total:,} tokens" if tree.usage.total else "",
        "" if tree.cost is None else f"cost {tree.cost:,.4g}",
    ]
    parts: list[Element] = [
        tag("p", tag("b", one_line(tree.task.query))),
        tag("p", "No answer." if answer is None else one_line(answer)),
        tag("p", ", ".join(filter(None, figures))),
    ]
    if 0 < len(tree) <= PICTURE_LIMIT:
        drawn = base64.b64encode(svg(tree).encode()).decode()
        source = f"data:image/svg+xml;base64,{drawn}"
        parts.append(tag("img", alt="The search tree", src=source, style="max-width:100%"))
    else:
        parts.append(tag("p", "Too large for a picture here: toolgrove.display(…) shows it whole."))
    return str(tag("div", *parts))
