"""A run as a section of the viewer's page: its head, its picture, its steps, its pairs."""

from __future__ import annotations

from collections import Counter
from typing import Any

from toolgrove.agent.view.data import ShownRun, ended_words, facts, node_rows, opening, wholes
from toolgrove.agent.view.pairs import pairs_section
from toolgrove.data.drawing.look import KINDS, failed_words, icon, kind_of
from toolgrove.data.drawing.markup import Element, inert_json, tag
from toolgrove.data.drawing.svg import picture
from toolgrove.data.drawing.words import one_line
from toolgrove.data.tree import SearchTree
from toolgrove.evaluators.judgements import verdict_of

__all__ = ["changing_parts", "outcome", "run_json", "run_section"]

PICTURE_LIMIT = 400
"""Nodes of the largest tree that the page draws as a picture; the outline takes any."""


def run_section(run: ShownRun, number: int) -> Element:
    """Everything that the page shows of a run; its script lists the steps."""
    head, drawn, pairs = changing_parts(run, number).values()
    return tag(
        "section",
        head,
        drawn,
        tag(
            "div",
            tag("button", "Open all", type="button", data_fold="none"),
            tag("button", "Fold branches without an answer", type="button", data_fold="dead"),
            tag("p", "Arrow keys walk the tree, Enter goes to the step, Escape back."),
            class_="bar",
        ),
        tag(
            "div",
            tag("div", class_="outline", role="tree", aria_label="Steps"),
            tag("div", class_="detail", role="region", aria_label="Step", tabindex=-1),
            class_="panes",
        ),
        pairs,
        tag("noscript", tag("p", "The steps are listed by the page's own script, which is off.")),
        tag("script", inert_json(run_json(run)), type="application/json", class_="nodes"),
        class_="run",
        id=f"run-{number}",
        aria_labelledby=f"query-{number}",
    )


def run_json(run: ShownRun) -> dict[str, Any]:
    """What the page's script needs of a run."""
    return {"nodes": node_rows(run), "open": opening(run.tree), "wholes": wholes(run)}


def changing_parts(run: ShownRun, number: int = 1) -> dict[str, Element]:
    """The parts of a section that change while its run goes on, by their classes."""
    return {
        "head": _head(run, number),
        "drawn": tag("div", _picture(run), class_="drawn"),
        "pairs": pairs_section(run.tree, run.judgement),
    }


def outcome(run: ShownRun) -> tuple[str, str]:
    """The kind whose look a run's outcome has, and the outcome in a word."""
    judged = run.judgement
    if run.tree.answered:
        kind = judged.verdict(run.tree.answered[0])
    elif judged.by:  # where no tool can tell, to give up is right
        kind = verdict_of(judged.value)
    else:
        return "open", "no answer"
    return kind, KINDS[kind].word


def _head(run: ShownRun, number: int) -> Element:
    tree = run.tree
    kind, word = outcome(run)
    said = [tag("div", tag("dt", name), tag("dd", value)) for name, value in facts(tree)]
    return tag(
        "div",
        tag("h1", tree.task.query or run.name, class_="query", id=f"query-{number}"),
        tag(
            "div",
            icon(kind),
            tag("div", tag("p", _came_to(tree), class_="answer"), tag("p", _verdict(run, word))),
            class_=f"verdict {kind}",
        ),
        tag("dl", *said, class_="facts"),
        _offer(tree),
        _legend(run),
        class_="head",
    )


def _came_to(tree: SearchTree) -> str:
    if tree.answer is not None:
        return tree.answer
    return f"No answer: {'; '.join(filter(None, (ended_words(tree), failed_words(tree))))}."


def _verdict(run: ShownRun, word: str) -> str:
    """Who judged the answer, and how."""
    judged = run.judgement
    if not judged.by:
        said = judged.why.capitalize() or "Nobody judged this answer."
        return said if run.tree.answered else ""
    reason = f": {one_line(judged.reason)}" if judged.reason else ""
    trust = f" ({judged.calibration})" if judged.calibration else ""
    return f"{word.capitalize()} by {judged.by}{trust}{reason}"


def _offer(tree: SearchTree) -> Element:
    entries: list[Element] = []
    for spec in tree.tools:
        entries += [tag("dt", spec.id), tag("dd", one_line(spec.description) or "no description")]
    summary = tag("summary", f"Tools on offer ({len(tree.tools)})")
    return tag("details", summary, tag("dl", *entries), class_="offer")


def _legend(run: ShownRun) -> Element:
    tree = run.tree
    counts = Counter(kind_of(tree, node, run.judgement.verdict) for node in tree)
    items = [
        tag("li", icon(name), f" {kind.word} ", tag("b", f"{counts[name]:,}"))
        for name, kind in KINDS.items()
        if counts[name] and name not in ("task", "error")
    ]
    if words := failed_words(tree):
        items.insert(0, tag("li", icon("error"), " ", tag("b", words)))
    return tag("ul", *items, class_="legend", aria_label="Steps by what became of them")


def _picture(run: ShownRun) -> Element:
    tree = run.tree
    if len(tree) > PICTURE_LIMIT:
        note = (
            f"A tree of {len(tree):,} nodes is too large for a picture; the outline has them all."
        )
        return tag("p", note, class_="none")
    drawn = picture(tree, run.judgement.verdict)
    return tag("div", drawn, class_="map", role="region", aria_label="Picture", tabindex=0)
