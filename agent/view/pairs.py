"""Chosen and rejected side by side: a tree's preference pairs, as part of the viewer's page."""

from __future__ import annotations

from collections.abc import Sequence

from toolgrove.agent.view.data import pretty
from toolgrove.data.drawing.look import KINDS, icon, kind_of, label, tool_names
from toolgrove.data.drawing.markup import Element, tag
from toolgrove.data.pairs.faults import Fault
from toolgrove.data.preferences import MinedRow
from toolgrove.data.records import Message, PreferencePair
from toolgrove.data.tree import SearchTree
from toolgrove.evaluators.judgements import Judgement
from toolgrove.evaluators.mining import mine_judged

__all__ = ["pairs_section"]

PAIRS_LIMIT = 100
"""Pairs of one tree that the page shows; ``toolgrove mine`` writes them all."""


def pairs_section(tree: SearchTree, judgement: Judgement) -> Element:
    """The step-wise pairs mined from a tree, or why there is none; odd names are shown, too."""
    mined = mine_judged(tree, judgement, keep=[Fault.ODD_NAME])
    numbers = {node.id: number for number, node in enumerate(tree)}
    names = tool_names(tree)

    def step(node_id: str) -> Element:
        did, with_ = label(tree, tree[node_id], names)
        kind = kind_of(tree, tree[node_id], judgement.verdict)
        said = f"{did} {with_}".strip()
        return tag(
            "button", icon(kind), " ", tag("span", said), type="button", data_n=numbers[node_id],
            title=KINDS[kind].word,
        )  # fmt: skip

    def shown(pair: PreferencePair) -> Element:
        origin = pair.origin
        sides = [
            tag(
                "div",
                tag("h3", title, " ", step(origin[title.lower()])),
                *_said(messages),
                class_=f"side {title.lower()}",
            )
            for title, messages in (("Chosen", pair.chosen), ("Rejected", pair.rejected))
        ]
        faults = ", ".join(fault.replace("_", " ") for fault in origin["faults"])
        about = [
            tag("p", "After ", step(origin["at"]), class_="none"),
            tag("p", f"Flagged: {faults or 'nothing'}", class_="none"),
        ]
        return tag("div", *about, tag("div", *sides, class_="pair"))

    return tag(
        "section",
        tag("h2", "Preference pairs"),
        tag("p", _summary(mined.row), class_="none"),
        *(shown(pair) for pair in mined.pairs[:PAIRS_LIMIT]),
        class_="pairs",
    )


def _summary(row: MinedRow) -> str:
    if not row.pairs:
        return f"None: {row.why}."
    said = f"{row.pairs:,} by the step-wise rule"
    if row.pairs > PAIRS_LIMIT:
        said += f", the first {PAIRS_LIMIT} shown"
    said += (
        f"; the answer was judged by {row.judged}" if row.judged else "; nobody judged the answer"
    )
    dropped = ", ".join(f"{n:,} for {f.replace('_', ' ')}" for f, n in row.dropped.items())
    return f"{said}; dropped: {dropped}." if dropped else f"{said}."


def _said(messages: Sequence[Message]) -> list[Element]:
    parts: list[Element] = []
    for message in messages:
        if message.content:
            parts.append(tag("pre", message.content, class_="text", tabindex=0))
        parts += [
            tag("pre", f"{call.name} {pretty(call.arguments)}", tabindex=0)
            for call in message.calls
        ]
    return parts
