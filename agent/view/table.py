"""Runs as the rows of a table: what each was asked, by whom it was answered, what it came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from toolgrove.agent.view.data import ShownRun, cost_text, seconds_of
from toolgrove.agent.view.sections import outcome
from toolgrove.data.drawing.look import KINDS, failed_calls, icon, seconds_text
from toolgrove.data.drawing.markup import Element, tag
from toolgrove.data.drawing.words import one_line
from toolgrove.data.records import JsonObject
from toolgrove.evaluators.calibration import NOT_CALIBRATED, calibration_words
from toolgrove.evaluators.judgements import deciding, verdict_of
from toolgrove.evaluators.store import DONE, INFRASTRUCTURE, WAITING, ResultRow

__all__ = ["RunRow", "row_of", "row_of_result", "table", "table_row"]


@dataclass(frozen=True, slots=True)
class RunRow:
    """A row of the table.

    Parameters
    ----------
    kind, word : str
        Of its outcome, as the tree has them.
    score : str
        What evaluators said of it.
    value : float or None
        The score that decides.
    failed : int or None
        Calls that failed; None where only the tree knows.
    cost : float or None
        None where it is not known.
    link : str
        Where its tree is; empty where the page does not hold it.
    """

    query: str
    model: str
    planner: str
    answer: str
    kind: str
    word: str
    score: str = ""
    value: float | None = None
    failed: int | None = None
    calls: int = 0
    tokens: int = 0
    cost: float | None = None
    seconds: float = 0.0
    link: str = field(default="", compare=False)


def row_of(run: ShownRun, link: str = "") -> RunRow:
    """The row of a run that was read."""
    tree = run.tree
    kind, word = outcome(run)
    judged = run.judgement
    score = "" if judged.value is None else _told(judged.by, judged.value, judged.calibration)
    return RunRow(
        query=one_line(tree.task.query) or run.name,
        model=str(tree.meta.get("model") or ""),
        planner=str(tree.meta.get("planner") or ""),
        answer=one_line(tree.answer or ""),
        kind=kind,
        word=word,
        score=score,
        value=judged.value,
        failed=sum(len(failed_calls(node)) for node in tree),
        calls=tree.model_calls + tree.tool_calls,
        tokens=tree.usage.total,
        cost=tree.cost,
        seconds=seconds_of(tree),
        link=link,
    )


def row_of_result(config: JsonObject, row: ResultRow, link: str = "") -> RunRow:
    """The row of a batch's result, which may not have been run yet."""
    figures = row.figures
    done = row.state == DONE
    decided = deciding(row.scores) if done else None
    kind = "open"
    words = {DONE: "no answer", INFRASTRUCTURE: "broke down", WAITING: "waiting"}
    word = words.get(row.state, "not yet")
    if decided is not None or (done and figures is not None and figures.answer is not None):
        kind = verdict_of(None if decided is None else decided.value)
        word = KINDS[kind].word
    answer = (figures.answer if figures is not None else row.reason) or ""
    return RunRow(
        query=one_line(row.query) or row.task,
        model=str(config.get("name") or config.get("model") or ""),
        planner=str(config.get("planner") or ""),
        answer=one_line(answer),
        kind=kind,
        word=word,
        score=" · ".join(
            _told(score.evaluator, score.value, calibration_words(score))
            for score in row.scores
            if score.value is not None
        ),
        value=None if decided is None else decided.value,
        calls=figures.model_calls + figures.tool_calls if figures else 0,
        tokens=figures.input_tokens + figures.output_tokens if figures else 0,
        cost=figures.cost if figures else None,
        seconds=figures.seconds if figures else 0.0,
        link=link,
    )


def _told(evaluator: str, value: float, calibration: str) -> str:
    doubt = f" ({NOT_CALIBRATED})" if calibration == NOT_CALIBRATED else ""
    return f"{evaluator} {value:.3g}{doubt}"


_HEADS = (
    ("Task", "text"), ("Model", "text"), ("Planner", "text"), ("Answer", "text"),
    ("Outcome", "text"), ("Score", "number"), ("Failed", "number"), ("Calls", "number"),
    ("Tokens", "number"), ("Cost", "number"), ("Time", "number"),
)  # fmt: skip


def table(rows: Sequence[RunRow]) -> Element:
    """The table, with what sorts, filters and searches it."""
    heads = [
        tag(
            "th",
            tag("button", name, type="button", data_column=place),
            scope="col",
            class_=kind,
        )
        for place, (name, kind) in enumerate(_HEADS, 1)
    ]
    head = tag("tr", tag("th", scope="col", aria_label="Choose two to compare"), *heads)
    body = tag("tbody", *(table_row(row, number) for number, row in enumerate(rows, 1)))
    return tag("nav", _bar(), tag("div", tag("table", tag("thead", head), body), class_="scroll"),
               class_="index", aria_label="Runs")  # fmt: skip


def _bar() -> Element:
    """The page's script fills the filters with what there is."""
    search = tag("input", type="search", placeholder="Search", aria_label="Search", class_="search")
    chosen = [
        tag("select", tag("option", f"any {name}", value=""), aria_label=name, data_filter=column)
        for name, column in (("model", 2), ("planner", 3), ("outcome", 5))
    ]
    compare = tag("button", "Compare two", type="button", class_="compare-chosen", disabled="")
    return tag("div", search, *chosen, compare, tag("p", class_="count", role="status"),
               class_="bar")  # fmt: skip


def table_row(row: RunRow, number: int) -> Element:
    """One row; its cells say what they are sorted by where that is not their text."""
    query: Element | str = tag("a", row.query, href=row.link) if row.link else row.query

    def figure(text: str, value: float) -> Element:
        return tag("td", text, class_="number", data_value=value)

    box = tag("input", type="checkbox", aria_label=f"Compare run {number}")
    return tag(
        "tr",
        tag("td", box) if row.link else tag("td"),
        tag("td", query),
        tag("td", row.model),
        tag("td", row.planner),
        tag("td", row.answer),
        tag("td", icon(row.kind), f" {row.word}", class_="outcome-cell"),
        figure(row.score, -1.0 if row.value is None else row.value),
        figure(f"{row.failed:,}" if row.failed else "", row.failed or 0),
        figure(f"{row.calls:,}" if row.calls else "", row.calls),
        figure(f"{row.tokens:,}" if row.tokens else "", row.tokens),
        figure(cost_text(row.cost), -1.0 if row.cost is None else row.cost),
        figure(seconds_text(row.seconds) if row.seconds else "", row.seconds),
        data_run=number,
    )
