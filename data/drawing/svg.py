"""A search tree as a standalone SVG picture: for a README, a notebook, or the viewer's page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolgrove.data.drawing.look import (
    KINDS,
    AnswerKind,
    failed_calls,
    kind_of,
    label,
    node_seconds,
    preorder,
    seconds_text,
    tool_names,
    unjudged,
)
from toolgrove.data.drawing.markup import Element, Inert, tag
from toolgrove.data.drawing.words import gist, one_line, shorten, values_line
from toolgrove.data.records import FINISH, Node, NodeState

if TYPE_CHECKING:
    from toolgrove.data.tree import SearchTree

__all__ = ["PICTURE_CSS", "picture", "svg"]

BOX_W, BOX_H = 216, 60
STEP_X, STEP_Y = 248, 72
MARGIN = 16
_ANSWERS = ("right", "wrong", "partly", "answered")


@dataclass(frozen=True, slots=True)
class _Place:
    x: int
    y: int


def _css() -> str:
    """Colours of the picture for light and dark surroundings."""
    rules = [
        ".tree{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif}",
        ".tree .box{stroke-width:1.4}",
        ".tree .edge{fill:none;stroke-width:1.5}.tree .edge.won{stroke-width:2.6}",
        ".tree .glyph{fill:none;stroke-width:1.9;stroke-linecap:round;stroke-linejoin:round}",
        ".tree .did{font-size:12.5px;font-weight:600}.tree .with,.tree .gave{font-size:11px}",
        ".tree .nth{font-size:10px;text-anchor:middle}.tree .took{font-size:10px;text-anchor:end}",
        ".tree .open .box{stroke-dasharray:4 3}",
    ]
    themes = (
        ("light", "#ffffff", "#1f2328", "#59636e", "#c4ccd5"),
        ("dark", "#14191f", "#e8edf2", "#a3afbb", "#5b6876"),
    )
    for theme, ground, ink, muted, line in themes:
        colours = [
            f".tree .ground{{fill:{ground}}}.tree .did,.tree .gave{{fill:{ink}}}"
            f".tree .with,.tree .nth,.tree .took{{fill:{muted}}}",
            f".tree .edge{{stroke:{line}}}.tree .glyph{{stroke:{ground}}}",
        ]
        for name, kind in KINDS.items():
            colour = getattr(kind, theme)
            colours.append(
                f".tree .{name} .box{{fill:{colour};fill-opacity:.09;stroke:{colour}}}"
                f".tree .{name} .dot{{fill:{colour}}}"
            )
            if name in _ANSWERS:
                colours.append(f".tree .edge.won.{name}{{stroke:{colour}}}")
        text = "".join(colours)
        rules.append(text if theme == "light" else f"@media (prefers-color-scheme:dark){{{text}}}")
    return "\n".join(rules)


PICTURE_CSS = _css()
"""The stylesheet of :func:`picture`; :func:`svg` brings it along."""


def svg(tree: SearchTree) -> str:
    """Draw a tree, left to right, coloured by what became of each node.

    Parameters
    ----------
    tree : SearchTree
        Any planner's; every node is drawn, so a few hundred are the most that can be read.

    Returns
    -------
    str
        An SVG document without scripts or links; it follows the reader's light or dark scheme.

    Examples
    --------
    >>> from toolgrove import SearchTree, Task
    >>> from toolgrove.data import ROOT
    >>> tree = SearchTree(Task("1", "How far is Rome?"))
    >>> tree.add(Node(ROOT, None))
    >>> svg(tree).count("<rect")
    2
    """
    return str(picture(tree, standalone=True))


def picture(
    tree: SearchTree, verdict: AnswerKind = unjudged, *, standalone: bool = False
) -> Element:
    """The picture as an element; where it is part of a page, the page has :data:`PICTURE_CSS`."""
    nodes = preorder(tree)
    places = _layout(nodes)
    names = tool_names(tree)
    won: dict[str, str] = {}
    for leaf in reversed(tree.answered):  # where paths share steps the best one has them
        won |= dict.fromkeys((step.id for step in tree.path(leaf.id)), verdict(leaf))
    width = max((p.x for p in places.values()), default=0) + BOX_W + MARGIN
    height = max((p.y for p in places.values()), default=0) + BOX_H // 2 + MARGIN
    parts = [tag("title", f"Search tree of the task: {one_line(tree.task.query)}")]
    if standalone:
        parts.append(tag("style", Inert(PICTURE_CSS)))
        parts.append(tag("rect", class_="ground", width="100%", height="100%", rx=10))
    parts += [
        _edge(places[node.parent], places[node.id], won.get(node.id))
        for node in sorted(nodes, key=lambda node: node.id in won)  # the answer's path on top
        if node.parent is not None
    ]
    nth = {node.id: number for number, node in enumerate(tree)}
    for node in nodes:
        kind = kind_of(tree, node, verdict)
        lines = _lines(node, kind, *label(tree, node, names))
        parts.append(_box(nth[node.id], kind, places[node.id], lines, node_seconds(node)))
    return tag(
        "svg",
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        class_="tree",
        role="img",
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
    )


def _layout(nodes: list[Node]) -> dict[str, _Place]:
    """A column a step and a row a leaf; a parent stands beside its first child.

    So the first way tried is a straight line, and each later try leaves it downwards. ``nodes``
    are in preorder.
    """
    places: dict[str, _Place] = {}
    begun: set[str] = set()
    row = 0
    for node in nodes:
        if node.parent is None:
            places[node.id] = _Place(MARGIN, MARGIN + BOX_H // 2)
            continue
        row += node.parent in begun
        begun.add(node.parent)
        x, y = places[node.parent].x + STEP_X, MARGIN + BOX_H // 2 + row * STEP_Y
        places[node.id] = _Place(x, y)
    return places


def _edge(start: _Place, end: _Place, won: str | None) -> Element:
    """Straight to a first child; for another, down the gutter with round corners."""
    bend, half = 9, (STEP_X - BOX_W) // 2
    x, y = start.x + BOX_W, start.y
    way = f"M{x} {y}H{end.x}"
    if y != end.y:
        way = (
            f"M{x} {y}h{half - bend}q{bend} 0 {bend} {bend}V{end.y - bend}"
            f"q0 {bend} {bend} {bend}H{end.x}"
        )
    return tag("path", class_="edge" if won is None else f"edge won {won}", d=way)


def _box(nth: int, kind: str, place: _Place, lines: tuple[str, str, str], took: float) -> Element:
    """Number, time and three lines: what was done, with what, and what came of it."""
    top, left = place.y - BOX_H // 2, place.x
    did, with_, gave = lines
    room, time = BOX_W - 34 - 8, seconds_text(took) if took >= 0.001 else ""

    def text(said: str, class_: str, x: int, y: int) -> Element:
        return tag("text", said, class_=class_, x=left + x, y=top + y)

    return tag(
        "g",
        tag("title", "\n".join(filter(None, lines))),
        tag("rect", class_="box", x=left, y=top, width=BOX_W, height=BOX_H, rx=8),
        tag("circle", class_="dot", cx=left + 18, cy=top + 20, r=9.5),
        tag(
            "path",
            class_="glyph",
            d=KINDS[kind].glyph,
            transform=f"translate({left + 10} {top + 12})",
        ),
        text(str(nth) if nth else "", "nth", 18, 46),
        text(shorten(did, (room - 6 * len(time)) / 12.5), "did", 34, 18),
        text(time, "took", BOX_W - 7, 17),
        text(shorten(with_, room / 11), "with", 34, 34),
        text(shorten(gave, room / 11), "gave", 34, 50),
        class_=kind,
        data_n=nth,
    )


def _lines(node: Node, kind: str, did: str, with_: str) -> tuple[str, str, str]:
    """The words of a box."""
    asked = [call for call in node.calls if call.name != FINISH]
    if kind in _ANSWERS:
        return did, with_, KINDS[kind].word
    if len(asked) == 1 and asked[0].malformed is None:
        with_ = values_line(asked[0].arguments) or with_
    return did, with_, one_line(_outcome(node))


def _outcome(node: Node) -> str:
    """What came of a step: that calls failed and why, why it was left, or what it was told."""
    if failed := failed_calls(node):
        many = f"{len(failed)} of {len(node.calls)} " if len(node.calls) > 1 else ""
        return f"{many}{failed[0].status.value.replace('_', ' ')}: {gist(failed[0].content)}"
    if node.state is NodeState.PRUNED:
        return node.reason
    told = node.observations if node.state is NodeState.OPEN else ()
    return gist(told[0].content) if told else ""
