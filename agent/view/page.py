"""The viewer: runs as one self-contained HTML page.

Nothing from a trace can execute (promise 25). Its text is escaped into elements
(:mod:`toolgrove.data.drawing.markup`) or lies in a JSON block that the page's script places as text
nodes; and a Content-Security-Policy lets only that one script and that one stylesheet run, by
their hashes, forbids every connection, and takes from the script the means to parse markup.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

from toolgrove.agent.view.data import ShownRun, read_view
from toolgrove.agent.view.sections import run_section
from toolgrove.agent.view.table import RunRow, row_of, table
from toolgrove.data.drawing.look import KINDS
from toolgrove.data.drawing.markup import Element, Inert, inert_json, tag
from toolgrove.data.drawing.svg import PICTURE_CSS, svg
from toolgrove.data.drawing.words import one_line
from toolgrove.data.records import JsonObject
from toolgrove.evaluators.judgements import Judgements

__all__ = ["document", "page", "render", "svg", "whole_page"]

SCRIPTS = ("dom.js", "run.js", "table.js", "compare.js", "main.js")


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


def page(runs: Sequence[ShownRun], start: str = "", home: str = "") -> str:
    """The page of runs that were read already: the run, or a table of them.

    ``start`` is where it opens, as in ``#compare-1-2``; ``home`` as in :func:`document`.
    """
    title = one_line(runs[0].tree.task.query) if len(runs) == 1 else f"{len(runs)} runs"
    rows = [row_of(run, f"#run-{number}") for number, run in enumerate(runs, 1)]
    sections = [run_section(run, number) for number, run in enumerate(runs, 1)]
    return document(title, rows if len(rows) > 1 else None, sections, start=start, home=home)


def document(
    title: str,
    rows: Sequence[RunRow] | None,
    sections: Sequence[Element] = (),
    *,
    start: str = "",
    live: str = "",
    home: str = "",
    note: str = "",
    figures: Element | None = None,
) -> str:
    """A whole page.

    Parameters
    ----------
    title : str
        Of the page.
    rows : sequence of RunRow or None
        Of the table, where it has one.
    sections : sequence of Element
        The runs that it holds.
    start : str
        Where it opens.
    live : str
        Where the events of a growing page come from, on the page's own server; empty for a page
        that needs none.
    home : str
        Where all runs are, if elsewhere.
    note : str
        What there is to say in the place of runs.
    figures : Element or None
        What stands before the table.
    """
    kinds = {name: {"word": kind.word, "glyph": kind.glyph} for name, kind in KINDS.items()}
    return whole_page(
        title,
        SCRIPTS,
        {"kinds": kinds, "start": start, "live": live},
        [
            tag("p", "Toolgrove · search trees", class_="brand"),
            *([tag("a", "← All runs", href=home, class_="back")] if home else []),
            *([tag("p", note, class_="none")] if note else []),
            *([] if figures is None else [figures]),
            *([] if rows is None else [table(rows)]),
            tag("main", *sections),
        ],
        connect="'self'" if live else "'none'",
    )


def whole_page(
    title: str,
    scripts: Sequence[str],
    known: JsonObject,
    body: Sequence[Element],
    *,
    connect: str = "'none'",
) -> str:
    """A page of elements, the scripts of those files, and what they know as JSON."""
    inner = "\n".join(map(_resource, scripts))
    script = f'"use strict";\n(() => {{\n{inner}\n}})();\n'
    style = f"{_resource('page.css')}\n{PICTURE_CSS}\n"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag(
            "meta",
            http_equiv="Content-Security-Policy",
            content=_policy(script, style, connect),
        ),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{title} · Toolgrove"),
        tag("style", Inert(style)),
    )
    shown = tag(
        "body",
        *body,
        tag("script", inert_json(known), type="application/json", id="known"),
        tag("script", Inert(script)),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, shown, lang='en')}\n"


@cache
def _resource(name: str) -> str:
    return files("toolgrove.agent.view").joinpath(name).read_text(encoding="utf-8")


def _policy(script: str, style: str, connect: str) -> str:
    def digest(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    return (
        f"default-src 'none'; script-src 'sha256-{digest(script)}'; "
        f"style-src 'sha256-{digest(style)}'; connect-src {connect}; base-uri 'none'; "
        "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
