"""How the viewer speaks of a node: its kind, with a colour and a glyph, and its one-line label."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from toolgrove.agent.view.markup import Markup, tag
from toolgrove.data.formats import deepjson
from toolgrove.data.records import FINISH, Node, NodeState, Role, ToolCall
from toolgrove.data.tree import SearchTree

__all__ = [
    "KINDS",
    "TextKind",
    "arguments_line",
    "icon",
    "kind_of",
    "label",
    "one_line",
    "preorder",
    "shorten",
    "tool_names",
]


@dataclass(frozen=True, slots=True)
class TextKind:
    """How one kind of node looks.

    The colours tell apart under the common colour blindnesses (after Okabe and Ito, 2008), and the
    glyph, a path in a 16 by 16 box, says the same without colour.
    """

    word: str
    light: str
    dark: str
    glyph: str


KINDS: Mapping[str, TextKind] = {
    "task": TextKind("task", "#475467", "#b6c2cf", "M8 3.6L12.4 8 8 12.4 3.6 8z"),
    "step": TextKind("step", "#2f6eb5", "#79b8ff", "M6.3 4.2L10.1 8l-3.8 3.8"),
    "answered": TextKind("answered", "#00795a", "#3fcf9d", "M3.8 8.4l2.9 2.9 5.5-6.4"),
    "gave_up": TextKind(
        "gave up", "#946200", "#e3b341", "M6.4 3.4L3.9 5.9l2.5 2.5M4 5.9h5.2a3 3 0 0 1 0 6H6.8"
    ),
    "pruned": TextKind("pruned", "#7c4dab", "#c9a2f5", "M4.4 4.4l7.2 7.2M11.6 4.4l-7.2 7.2"),
    "error": TextKind("failed call", "#c2410c", "#ff9466", "M8 3.4v5.8M8 12.2v.3"),
    "open": TextKind("not expanded", "#667085", "#98a4b3", "M8 4.6a3.4 3.4 0 1 0 .01 0z"),
}
"""Every kind of node, in the order of the legend."""


def kind_of(tree: SearchTree, node: Node) -> str:
    """Which of :data:`KINDS` a node is; what became of it comes before what its calls gave."""
    if node.parent is None:
        return "task"
    if node.state is not NodeState.OPEN:
        return node.state.value
    if any(observation.status.failed for observation in node.observations):
        return "error"
    return "step" if tree.children(node.id) else "open"


def icon(kind: str) -> Markup:
    """A kind's glyph as an element of the page; its colours come with the picture's stylesheet."""
    dot = tag("circle", class_="dot", cx=8, cy=8, r=8)
    glyph = tag("path", class_="glyph", d=KINDS[kind].glyph)
    return tag(
        "svg", tag("g", dot, glyph, class_=kind), class_="tree icon", viewBox="0 0 16 16",
        aria_hidden="true",
    )  # fmt: skip


def preorder(tree: SearchTree) -> list[Node]:
    """A tree's nodes, each before its children, without recursion: paths may be thousands long."""
    found: list[Node] = []
    waiting = [tree.root] if len(tree) else []
    while waiting:
        node = waiting.pop()
        found.append(node)
        waiting += reversed(tree.children(node.id))
    return found


def tool_names(tree: SearchTree) -> dict[str, str]:
    """What to call each tool in a label, by id and by alias."""
    names = {spec.id: spec.name for spec in tree.tools}
    return names | {a: names[i] for a, i in tree.aliases.items() if i in names}


def label(tree: SearchTree, node: Node, names: Mapping[str, str]) -> tuple[str, str]:
    """A node in two short pieces: what was done, and with what.

    Parameters
    ----------
    names : mapping
        As :func:`tool_names` gives.
    """
    if node.parent is None:
        return "Task", one_line(tree.task.query)
    if node.state is NodeState.ANSWERED:
        return "Answer", one_line(node.answer or "")
    asked = [call for call in node.calls if call.name != FINISH]
    if node.state is NodeState.GAVE_UP and not asked:
        return "Give up", one_line(_said(node))
    if not asked:
        return "Finish" if node.calls else "No call", one_line(_said(node))
    first = names.get(asked[0].name, asked[0].name.rsplit("/", 1)[-1])
    if len(asked) == 1:
        return one_line(first), arguments_line(asked[0])
    others = (names.get(call.name, call.name.rsplit("/", 1)[-1]) for call in asked[1:])
    return f"{one_line(first)} +{len(asked) - 1}", one_line(", ".join(others))


def _said(node: Node) -> str:
    return next((m.content for m in node.messages if m.role is Role.ASSISTANT), "")


_LONGEST = 200


def one_line(text: str) -> str:
    """Text on one line, cut where it is long."""
    line = " ".join(text[: 4 * _LONGEST].split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def arguments_line(call: ToolCall) -> str:
    """A call's arguments on one line, cut where they are long.

    Examples
    --------
    >>> arguments_line(ToolCall("1", "route", {"from": "Rome", "days": 2}))
    'from="Rome" days=2'
    """
    if call.malformed is not None:
        return one_line(call.malformed)
    first = islice(call.arguments.items(), _LONGEST)
    return one_line(" ".join(f"{k}={deepjson.dumps(v).decode()}" for k, v in first))


def shorten(text: str, width: float) -> str:
    """Text cut to a width in ems of a proportional font, estimated without one.

    Examples
    --------
    >>> shorten("airport_information", 6)
    'airport_inf…'
    """
    used, kept = 0.0, 0
    for character in text:
        used += _advance(character)
        if used > width:
            return text[:kept].rstrip() + "…"
        kept += used <= width - 1  # room for the ellipsis
    return text


def _advance(character: str) -> float:
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    if character in "iljtfrI.,:;'|!()[]{}\" ":
        return 0.33
    return 0.72 if character.isupper() or character in "mwMW@%…" else 0.57
