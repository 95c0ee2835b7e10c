"""A folder of runs: that of a batch, with its results, or one that runs were kept in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from toolgrove.agent.view.charts import report_section
from toolgrove.agent.view.data import ShownRun, read_view
from toolgrove.agent.view.page import document
from toolgrove.agent.view.sections import run_section
from toolgrove.agent.view.table import RunRow, row_of, row_of_result
from toolgrove.data import codec
from toolgrove.data.drawing.markup import Element
from toolgrove.data.runs import JOURNAL
from toolgrove.errors import FormatError, JournalError
from toolgrove.evaluators.judgements import Judgements
from toolgrove.evaluators.reporting import report_on
from toolgrove.evaluators.sides import seeded
from toolgrove.evaluators.stored import holds_results, read_batch
from toolgrove.machine.files import lies_in

__all__ = ["HeldRun", "batch_page", "holds_runs", "report_page", "runs_in", "unreadable"]

PAGE_LIMIT = 40_000_000
"""Characters of the trees that the page of a batch carries; a server shows them all."""


@dataclass(frozen=True, slots=True)
class HeldRun:
    """A run of a folder: where it is, and its row where a batch's results have it."""

    path: Path | None
    row: RunRow | None = None

    def read(self, judgements: Judgements) -> ShownRun | None:
        """Its tree; None of one that has not begun, or cannot be read."""
        if self.path is None:
            return None
        try:
            return read_view(self.path, judgements)
        except (JournalError, FormatError):
            return None


def holds_runs(folder: Path) -> bool:
    """Whether a folder is no run but holds some."""
    if not folder.is_dir() or (folder / JOURNAL).exists():
        return False
    return holds_results(folder) or any(folder.glob(f"*/{JOURNAL}"))


def runs_in(folder: Path) -> list[HeldRun]:
    """The runs of a folder, in the order of a batch's results or of their names.

    Raises
    ------
    FormatError
        Where a batch's results cannot be read.
    """
    if not holds_results(folder):
        return [HeldRun(journal.parent) for journal in sorted(folder.glob(f"*/{JOURNAL}"))]
    held = []
    for config, row in read_batch(folder):
        path = folder / row.run
        inside = lies_in(path, folder)  # a batch that somebody sent leads nowhere
        held.append(HeldRun(path if inside else None, row_of_result(config, row)))
    return held


def batch_page(folder: Path, figures: Element | None = None) -> tuple[str, int, int]:
    """A folder's runs as one page; with it how many runs and how many nodes it shows.

    ``figures`` stand before the table. Trees that would make it too large to be opened are left
    out, and have a row without a link.
    """
    judgements = Judgements()
    held = runs_in(folder)
    title = f"{len(held)} runs of {folder.resolve().name}"
    rows: list[RunRow] = []
    sections: list[Element] = []
    nodes = 0
    left = PAGE_LIMIT
    for number, run in enumerate(held, 1):
        shown, row = run.read(judgements), run.row
        if shown is not None:
            read = row_of(shown)
            row = read if row is None else replace(row, failed=read.failed)
            section = run_section(shown, number)
            left -= len(str(section))
            if left >= 0:
                sections.append(section)
                row = replace(row, link=f"#run-{number}")
                nodes += len(shown.tree)
        rows.append(row if row is not None else unreadable(run))
    return document(title, rows, sections, figures=figures), len(rows), nodes


def report_page(folder: Path, evaluator: str | None = None) -> str:
    """A batch's figures as pictures, over the table of its runs and their trees.

    Raises
    ------
    FormatError, UsageError
        As :func:`toolgrove.evaluators.reporting.report_on`.
    """
    report = report_on(folder, evaluator)
    places: dict[str, int] = {}
    numbers: dict[tuple[int, str, int, str], int] = {}
    for number, (config, row) in enumerate(read_batch(folder), 1):
        setting, seed = seeded(config)
        place = places.setdefault(codec.digest(dict(setting)), len(places))
        numbers[place, row.task, row.epoch, seed] = number
    return batch_page(folder, report_section(report, numbers))[0]


def unreadable(run: HeldRun) -> RunRow:
    """The row of a run that has no result and no tree."""
    return RunRow(run.path.name if run.path else "", "", "", "", "open", "cannot be read")
