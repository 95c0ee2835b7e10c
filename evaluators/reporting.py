"""What a folder of results holds: rates by setting and group, outcomes, costs."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from toolgrove.errors import UsageError
from toolgrove.evaluators.base import meant
from toolgrove.evaluators.report import TOTAL, Group, Summary, breakdowns, figure, summarise
from toolgrove.evaluators.sides import Side, read_sides, side_names
from toolgrove.evaluators.store import DONE, INFRASTRUCTURE, WAITING, ResultRow

__all__ = [
    "OUTCOMES",
    "BatchReport",
    "RunFigure",
    "SettingReport",
    "as_csv",
    "as_markdown",
    "report_on",
]

OUTCOMES = (
    "right", "partly", "undecided", "wrong", "gave up", "no answer", "not judged", "broke down",
    "waiting", "left",
)  # fmt: skip
"""What can become of a run, in the order of every table and picture."""

Cell: TypeAlias = str | int | float | None


@dataclass(frozen=True, slots=True)
class RunFigure:
    """One run: where its tree lies, and what became of it."""

    task: str
    epoch: int
    seed: str
    group: str
    outcome: str
    value: float | None
    run: str


@dataclass(frozen=True, slots=True)
class SettingReport:
    """The results under one setting, all its seeds together.

    Parameters
    ----------
    name : str
        The settings that tell it from the others.
    summary : Summary
        Rates, costs and counts by group, and in all.
    outcomes : mapping of str to mapping
        By group, and in all, how many runs came to what (:data:`OUTCOMES`).
    runs : tuple of RunFigure
        Each run.
    """

    name: str
    summary: Summary
    outcomes: Mapping[str, Mapping[str, int]]
    runs: tuple[RunFigure, ...]


@dataclass(frozen=True, slots=True)
class BatchReport:
    """A folder of results.

    Parameters
    ----------
    folder : str
        Its name.
    evaluator : str
        Whose scores say what became of a run; empty where nobody scored any.
    settings : tuple of SettingReport
        By configuration.
    """

    folder: str
    evaluator: str
    settings: tuple[SettingReport, ...]

    @property
    def notes(self) -> list[str]:
        """What is to be said of the figures: why runs broke down, and how far judges agree."""
        summaries = [setting.summary for setting in self.settings]
        trust = dict.fromkeys(line for one in summaries for line in one.trust)
        return [*breakdowns(summaries), *trust]

    @property
    def groups(self) -> Iterator[tuple[SettingReport, str, Group]]:
        """Each setting's groups, the total last."""
        for setting in self.settings:
            for name, group in setting.summary.groups.items():
                yield setting, name, group


def report_on(folder: str | Path, evaluator: str | None = None) -> BatchReport:
    """Read a folder of results.

    Parameters
    ----------
    folder : path
        A batch's.
    evaluator : str or None
        Who says what became of a run; a name may lack its version and judge. By default the answer
        check, a judge where there is none, then any.

    Raises
    ------
    FormatError
        Where there are no results, or they cannot be read.
    UsageError
        Where nobody of that name scored anything.
    """
    sides = read_sides(folder)
    by = _evaluator(sides, evaluator)
    named = zip(side_names(sides), sides, strict=True)
    name = Path(folder).resolve().name
    return BatchReport(name, by, tuple(_setting(known or name, side, by) for known, side in named))


def _evaluator(sides: Sequence[Side], wanted: str | None) -> str:
    scores = (score for side in sides for row in side.rows.values() for score in row.scores)
    names = list(dict.fromkeys(score.evaluator for score in scores))
    found = meant(names, wanted)
    if found is None and wanted is not None:
        raise UsageError(f"no scores by {wanted!r} there. Scores by: {', '.join(names) or 'none'}.")
    return found or ""


def _setting(name: str, side: Side, evaluator: str) -> SettingReport:
    rows = list(side.rows.values())
    summary = summarise(rows, side.config)
    runs = tuple(_figure(row, key[2], evaluator, side.run(key)) for key, row in side.rows.items())
    counts = {
        group: Counter(run.outcome for run in runs if group in (TOTAL, run.group or "other"))
        for group in summary.groups
    }
    ordered = {
        group: {outcome: found[outcome] for outcome in OUTCOMES if found[outcome]}
        for group, found in counts.items()
    }
    return SettingReport(name, summary, ordered, runs)


def _figure(row: ResultRow, seed: str, evaluator: str, run: str) -> RunFigure:
    outcome, value = _outcome(row, evaluator)
    return RunFigure(row.task, row.epoch, seed, row.group, outcome, value, run)


def _outcome(row: ResultRow, evaluator: str) -> tuple[str, float | None]:
    if row.state != DONE:
        return {INFRASTRUCTURE: "broke down", WAITING: "waiting"}.get(row.state, "left"), None
    score = next((one for one in row.scores if one.evaluator == evaluator), None)
    if score is None or score.value is None:
        return "not judged", None
    if score.value > 0:
        return "right" if score.value >= 1 else "partly", score.value
    if score.details.get("ambiguous"):
        return "undecided", score.value
    if row.figures is not None and row.figures.answer is None:
        return "gave up" if row.figures.gave_up else "no answer", score.value
    return "wrong", score.value


def _table(report: BatchReport) -> tuple[list[str], list[list[Cell]]]:
    """All figures as a table: a row for each setting and group; rates with both ends."""
    evaluators = list(dict.fromkeys(name for _, _, group in report.groups for name in group.rates))
    outcomes = [
        outcome
        for outcome in OUTCOMES
        if any(outcome in setting.outcomes[TOTAL] for setting in report.settings)
    ]
    heads = ["setting", "group", "runs"]
    heads += [f"{name}{end}" for name in evaluators for end in ("", " low", " high")]
    causes = list(dict.fromkeys(one for _, _, group in report.groups for one in group.failures))
    heads += [*outcomes, *(f"failed: {cause}" for cause in causes)]
    heads += ["model calls", "tool calls", "tokens", "seconds", "cost"]
    rows: list[list[Cell]] = []
    for setting, name, group in report.groups:
        row: list[Cell] = [setting.name, name, group.runs]
        for evaluator in evaluators:
            rate = group.rates.get(evaluator)
            row += [None] * 3 if rate is None else [rate.value, rate.low, rate.high]
        row += [setting.outcomes[name].get(outcome, 0) for outcome in outcomes]
        row += [group.failures.get(cause, 0) for cause in causes]
        rows.append(
            [*row, group.model_calls, group.tool_calls, group.tokens, group.seconds, group.cost]
        )
    return heads, rows


def as_csv(report: BatchReport) -> str:
    """The figures as CSV, unrounded; no cell is taken for a formula by a spreadsheet."""
    heads, rows = _table(report)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows([_plain(cell) for cell in row] for row in rows)
    return out.getvalue()


def _plain(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in tuple("=+-@\t\r") else cell


def as_markdown(report: BatchReport) -> str:
    """The figures as a Markdown table, and what there is to say of them."""
    heads, rows = told_table(report)
    lines = [_line(heads), _line(["---", "---", *["---:"] * (len(heads) - 2)])]
    lines += [_line(row) for row in rows]
    notes = [f"- {_escaped(line)}" for line in report.notes]
    head = f"# {_escaped(report.folder)}"
    judge = _escaped(report.evaluator)
    whose = f"Outcomes by {judge}." if judge else "Nobody scored a run."
    by = f"{whose} Rates have Wilson's 95% intervals over tasks."
    return "\n".join([head, "", by, "", *lines, *(["", *notes] if notes else []), ""])


def told_table(report: BatchReport) -> tuple[list[str], list[list[str]]]:
    """The figures as they are read: a rate and its interval in one cell."""
    heads, rows = _table(report)
    ends = {place for place, head in enumerate(heads) if head.endswith((" low", " high"))}
    rates = {place - 1 for place in ends if heads[place].endswith(" low")}
    shown = [place for place in range(len(heads)) if place not in ends]
    told = [[_told(row, place, place in rates) for place in shown] for row in rows]
    return [heads[place] for place in shown], told


def _told(row: Sequence[Cell], place: int, rate: bool) -> str:
    cell = row[place]
    if cell is None or isinstance(cell, str):
        return cell or ""
    if rate:
        low, high = row[place + 1], row[place + 2]
        return f"{cell:.1%} ({low:.0%}-{high:.0%})"
    return f"{cell:,}" if isinstance(cell, int) else figure(cell)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(map(_escaped, cells)) + " |"


def _escaped(text: str) -> str:
    safe = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace("\\", "\\\\")
    return safe.replace("|", "\\|").replace("[", "\\[").replace("`", "\\`")
