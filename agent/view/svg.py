"""A search tree as a standalone SVG picture: for a README, a notebook, or the viewer's page."""

from __future__ import annotations

from dataclasses import dataclass

from toolgrove.agent.view.look import KINDS, kind_of, label, one_line, preorder, shorten, tool_names
from toolgrove.agent.view.markup import Markup, tag
from toolgrove.data.records import Node
from toolgrove.data.tree import SearchTree

__all__ = ["PICTURE_CSS", "picture", "svg"]

BOX_W, BOX_H = 180, 42
STEP_X, STEP_Y = 212, 54
MARGIN = 16


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
        ".tree .did{font-size:12.5px;font-weight:600}.tree .with{font-size:11px}",
        ".tree .open .box{stroke-dasharray:4 3}",
    ]
    themes = (
        ("light", "#ffffff", "#1f2328", "#59636e", "#c4ccd5"),
        ("dark", "#14191f", "#e8edf2", "#a3afbb", "#5b6876"),
    )
    for theme, ground, ink, muted, line in themes:
        colours = [
            f".tree .ground{{fill:{ground}}}.tree .did{{fill:{ink}}}.tree .with{{fill:{muted}}}",
            f".tree .edge{{stroke:{line}}}.tree .glyph{{stroke:{ground}}}",
            f".tree .edge.won{{stroke:{getattr(KINDS['answered'], theme)}}}",
        ]
        for name, kind in KINDS.items():
            colour = getattr(kind, theme)
            colours.append(
                f".tree .{name} .box{{fill:{colour};fill-opacity:.09;stroke:{colour}}}"
                f".tree .{name} .dot{{fill:{colour}}}"
            )
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
    >>> from toolgrove import Task
    >>> from toolgrove.data import ROOT
    >>> tree = SearchTree(Task("1", "How far is Rome?"))
    >>> tree.add(Node(ROOT, None))
    >>> svg(tree).count("<rect")
    2
    """
    return picture(tree, standalone=True)


def picture(tree: SearchTree, *, standalone: bool = False) -> Markup:
    """The picture as an element; where it is part of a page, the page has :data:`PICTURE_CSS`."""
    nodes = preorder(tree)
    places = _layout(nodes)
    names = tool_names(tree)
    won = {step.id for leaf in tree.answered for step in tree.path(leaf.id)}
    width = max((p.x for p in places.values()), default=0) + BOX_W + MARGIN
    height = max((p.y for p in places.values()), default=0) + BOX_H // 2 + MARGIN
    parts = [tag("title", f"Search tree of the task: {one_line(tree.task.query)}")]
    if standalone:
        parts.append(tag("style", Markup(PICTURE_CSS)))
        parts.append(tag("rect", class_="ground", width="100%", height="100%", rx=10))
    parts += [
        _edge(places[node.parent], places[node.id], node.id in won)
        for node in sorted(nodes, key=lambda node: node.id in won)  # the answer's path on top
        if node.parent is not None
    ]
    for number, node in enumerate(nodes):
        kind = kind_of(tree, node)
        did, with_ = label(tree, node, names)
        parts.append(_box(number, kind, places[node.id], did, _outcome(node, kind, with_)))
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


def _edge(start: _Place, end: _Place, won: bool) -> Markup:
    """Straight to a first child; for another, down the gutter with round corners."""
    bend, half = 9, (STEP_X - BOX_W) // 2
    x, y = start.x + BOX_W, start.y
    way = f"M{x} {y}H{end.x}"
    if y != end.y:
        way = (
            f"M{x} {y}h{half - bend}q{bend} 0 {bend} {bend}V{end.y - bend}"
            f"q0 {bend} {bend} {bend}H{end.x}"
        )
    return tag("path", class_="edge won" if won else "edge", d=way)


def _box(number: int, kind: str, place: _Place, did: str, with_: str) -> Markup:
    top, left = place.y - BOX_H // 2, place.x
    room = BOX_W - 34 - 8
    return tag(
        "g",
        tag("title", f"{did}: {with_}" if with_ else did),
        tag("rect", class_="box", x=left, y=top, width=BOX_W, height=BOX_H, rx=8),
        tag("circle", class_="dot", cx=left + 18, cy=place.y, r=9.5),
        tag(
            "path",
            class_="glyph",
            d=KINDS[kind].glyph,
            transform=f"translate({left + 10} {place.y - 8})",
        ),
        tag(
            "text",
            shorten(did, room / 12.5),
            class_="did",
            x=left + 34,
            y=place.y - 3,
        ),
        tag(
            "text",
            shorten(with_, room / 11),
            class_="with",
            x=left + 34,
            y=place.y + 13,
        ),
        class_=kind,
        data_n=number,
    )


def _outcome(node: Node, kind: str, with_: str) -> str:
    """The second line of a box: the arguments, or what went wrong."""
    if kind == "pruned":
        return node.reason or with_
    if kind == "error":
        failed = next(o.status.value for o in node.observations if o.status.failed)
        return f"{failed.replace('_', ' ')} · {with_}"
    return with_
