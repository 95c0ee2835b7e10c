"""How the viewer speaks of a node: its kind, with a colour and a glyph, and its one-line label."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from toolgrove.data.drawing.markup import Element, tag
from toolgrove.data.drawing.words import LONGEST, one_line
from toolgrove.data.formats import deepjson
from toolgrove.data.records import (
    CONTROLS,
    FINISH,
    RUN_PYTHON,
    SEARCH_TOOLS,
    Node,
    NodeState,
    Observation,
    Role,
    ToolCall,
)

if TYPE_CHECKING:
    from toolgrove.data.tree import SearchTree

__all__ = [
    "KINDS",
    "AnswerKind",
    "TextKind",
    "arguments_line",
    "failed_calls",
    "failed_words",
    "icon",
    "kind_of",
    "label",
    "node_seconds",
    "preorder",
    "seconds_text",
    "tool_names",
    "unjudged",
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
    "right": TextKind("judged right", "#00795a", "#3fcf9d", "M3.8 8.4l2.9 2.9 5.5-6.4"),
    "wrong": TextKind("judged wrong", "#b3261e", "#ff8f87", "M4 6.3h8M4 9.7h8M10.3 3.6L5.7 12.4"),
    "partly": TextKind(
        "judged partly right", "#946200", "#e3b341", "M3.8 9.2c1.6-3 3-3 4.2-1.2s2.6 1.8 4.2-1.2"
    ),
    "answered": TextKind("answered, not judged", "#0b6e8a", "#56c7e0", "M3.8 8.4l2.9 2.9 5.5-6.4"),
    "gave_up": TextKind(
        "gave up", "#946200", "#e3b341", "M6.4 3.4L3.9 5.9l2.5 2.5M4 5.9h5.2a3 3 0 0 1 0 6H6.8"
    ),
    "pruned": TextKind("pruned", "#7c4dab", "#c9a2f5", "M4.4 4.4l7.2 7.2M11.6 4.4l-7.2 7.2"),
    "error": TextKind("failed call", "#c2410c", "#ff9466", "M8 3.4v5.8M8 12.2v.3"),
    "open": TextKind("not expanded", "#667085", "#98a4b3", "M8 4.6a3.4 3.4 0 1 0 .01 0z"),
}
"""Every kind of node, in the order of the legend."""


_NO_TOOLS = CONTROLS - {SEARCH_TOOLS, RUN_PYTHON}

AnswerKind: TypeAlias = Callable[[Node], str]
"""What became of a node that answered: ``right``, ``wrong``, ``partly`` or ``answered``."""


def unjudged(node: Node) -> str:
    """The verdict where nobody judged: an answer is an answer."""
    return "answered"


def kind_of(tree: SearchTree, node: Node, verdict: AnswerKind = unjudged) -> str:
    """Which of :data:`KINDS` a node is.

    An ending comes before what the node's calls gave, but for a prune: that a call failed tells
    more than that its branch was left.
    """
    if node.parent is None:
        return "task"
    if node.state is NodeState.ANSWERED:
        return verdict(node)
    if node.state is NodeState.GAVE_UP:
        return node.state.value
    if failed_calls(node):
        return "error"
    if node.state is NodeState.PRUNED:
        return node.state.value
    return "step" if tree.children(node.id) else "open"


def failed_calls(node: Node) -> list[Observation]:
    """What a node's calls gave that failed; to give up is no failed call."""
    pairs = zip(node.calls, node.observations, strict=False)
    return [seen for call, seen in pairs if seen.status.failed and call.name not in _NO_TOOLS]


def failed_words(tree: SearchTree) -> str:
    """How many of a tree's calls failed, in words; empty where none did."""
    failed = sum(len(failed_calls(node)) for node in tree)
    return f"failed {failed:,} of {tree.tool_calls:,} calls" if failed else ""


def node_seconds(node: Node) -> float:
    """Seconds spent in a node's model and tool calls."""
    return node.seconds + sum(observation.seconds for observation in node.observations)


def seconds_text(seconds: float) -> str:
    """Seconds as people write them.

    Examples
    --------
    >>> seconds_text(0.0312), seconds_text(9.25), seconds_text(754)
    ('31 ms', '9.2 s', '12 min 34 s')
    """
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds // 60:,.0f} min {seconds % 60:.0f} s"


def icon(kind: str) -> Element:
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


def arguments_line(call: ToolCall) -> str:
    """A call's arguments on one line, cut where they are long.

    Examples
    --------
    >>> arguments_line(ToolCall("1", "route", {"from": "Rome", "days": 2}))
    'from="Rome" days=2'
    """
    if call.malformed is not None:
        return one_line(call.malformed)
    first = islice(call.arguments.items(), LONGEST)
    return one_line(" ".join(f"{k}={deepjson.dumps(v).decode()}" for k, v in first))
