"""The viewer: runs as one self-contained HTML page.

Nothing from a trace can execute (promise 25). Its text is escaped into elements
(:mod:`toolgrove.agent.view.markup`) or lies in a JSON block that the page's script places as text
nodes; and a Content-Security-Policy lets only that one script and that one stylesheet run, by
their hashes, forbids every connection, and takes from the script the means to parse markup.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

from toolgrove.agent.view.data import (
    ShownRun,
    ended_words,
    facts,
    nodes_json,
    read_view,
    seconds_of,
    seconds_text,
)
from toolgrove.agent.view.look import KINDS, icon, kind_of, one_line
from toolgrove.agent.view.markup import Markup, inert_json, tag
from toolgrove.agent.view.pairs import pairs_section
from toolgrove.agent.view.svg import PICTURE_CSS, picture, svg
from toolgrove.data.tree import SearchTree
from toolgrove.evaluators.judgements import Judgements

__all__ = ["page", "render", "svg"]

PICTURE_LIMIT = 400
"""Nodes of the largest tree that the page draws as a picture; the outline takes any."""


def render(runs: Sequence[Path]) -> str:
    """Runs as one HTML page that needs no network.

    Parameters
    ----------
    runs : sequence of path
        Run folders, or ToolBench answer trees (``.json``).

    Raises
    ------
    JournalError
        Where a folder holds no journal, or a damaged one.
    FormatError
        Where a file is not an answer tree.
    """
    judgements = Judgements()
    return page([read_view(Path(run), judgements) for run in runs])


def page(runs: Sequence[ShownRun]) -> str:
    """The page of runs that were read already."""
    title = one_line(runs[0].tree.task.query) if len(runs) == 1 else f"{len(runs)} runs"
    script, style = _resource("page.js"), f"{_resource('page.css')}\n{PICTURE_CSS}\n"
    kinds = {name: {"word": kind.word, "glyph": kind.glyph} for name, kind in KINDS.items()}
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(script, style)),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{title} · Toolgrove"),
        tag("style", Markup(style)),
    )
    body = tag(
        "body",
        tag("p", "Toolgrove · search trees", class_="brand"),
        *([_index(runs)] if len(runs) > 1 else []),
        tag("main", *(_run(run, number) for number, run in enumerate(runs, 1))),
        tag("script", inert_json(kinds), type="application/json", id="kinds"),
        tag("script", Markup(script)),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


@cache
def _resource(name: str) -> str:
    return files("toolgrove.agent.view").joinpath(name).read_text(encoding="utf-8")


def _policy(script: str, style: str) -> str:
    def digest(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    return (
        f"default-src 'none'; script-src 'sha256-{digest(script)}'; "
        f"style-src 'sha256-{digest(style)}'; base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _outcome(tree: SearchTree) -> tuple[str, str]:
    """The kind whose look a run's outcome has, and the outcome in a word."""
    return ("answered", "answered") if tree.answer is not None else ("open", "no answer")


def _index(runs: Sequence[ShownRun]) -> Markup:
    heads = ["Task", "Planner", "Outcome", "Model calls", "Tool calls", "Tokens", "Time"]
    rows = []
    for number, run in enumerate(runs, 1):
        tree = run.tree
        kind, word = _outcome(tree)
        figures = [
            f"{tree.model_calls:,}",
            f"{tree.tool_calls:,}",
            f"{tree.usage.total:,}" if tree.usage.total else "",
            seconds_text(seconds) if (seconds := seconds_of(tree)) else "",
        ]
        query = one_line(tree.task.query) or run.name
        rows.append(
            tag(
                "tr",
                tag("td", tag("a", query, href=f"#run-{number}")),
                tag("td", str(tree.meta.get("planner", ""))),
                tag("td", icon(kind), f" {word}", class_="outcome-cell"),
                *(tag("td", figure, class_="number") for figure in figures),
            )
        )
    head = tag("tr", *(tag("th", text, scope="col") for text in heads))
    table = tag("table", tag("thead", head), tag("tbody", *rows))
    return tag("nav", table, class_="index", aria_label="Runs")


def _run(run: ShownRun, number: int) -> Markup:
    tree = run.tree
    kind, word = _outcome(tree)
    answer = tree.answer if tree.answer is not None else f"No answer: {ended_words(tree)}."
    said = [tag("div", tag("dt", name), tag("dd", value)) for name, value in facts(tree)]
    return tag(
        "section",
        tag("h1", tree.task.query or run.name, class_="query", id=f"query-{number}"),
        tag("div", icon(kind), tag("p", answer), class_=f"verdict {kind}", title=word),
        tag("dl", *said, class_="facts"),
        _offer(tree),
        _legend(tree),
        _map(tree),
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
        pairs_section(tree, run.judgement),
        tag("noscript", tag("p", "The steps are listed by the page's own script, which is off.")),
        tag("script", inert_json(nodes_json(run)), type="application/json", class_="nodes"),
        class_="run",
        id=f"run-{number}",
        aria_labelledby=f"query-{number}",
    )


def _offer(tree: SearchTree) -> Markup:
    entries: list[Markup] = []
    for spec in tree.tools:
        entries += [tag("dt", spec.id), tag("dd", one_line(spec.description) or "no description")]
    summary = tag("summary", f"Tools on offer ({len(tree.tools)})")
    return tag("details", summary, tag("dl", *entries), class_="offer")


def _legend(tree: SearchTree) -> Markup:
    counts = Counter(kind_of(tree, node) for node in tree)
    items = [
        tag("li", icon(name), f" {kind.word} ", tag("b", f"{counts[name]:,}"))
        for name, kind in KINDS.items()
        if counts[name] and name != "task"
    ]
    return tag("ul", *items, class_="legend", aria_label="Steps by what became of them")


def _map(tree: SearchTree) -> Markup:
    if len(tree) > PICTURE_LIMIT:
        note = (
            f"A tree of {len(tree):,} nodes is too large for a picture; the outline has them all."
        )
        return tag("p", note, class_="none")
    return tag("div", picture(tree), class_="map", role="region", aria_label="Picture", tabindex=0)
