"""Listening to a reply that plans calls: what is run, what is told, and when enough was heard.

A small model that plans does not always end: it writes the same calls again and again. So the
first line that reads what an earlier one reads, with nothing written in between, ends the plan, and
so does the line behind the last that a plan may have. A line that the limit of tokens cut is no
mistake of the model's, and nothing that it is told of.
"""

from __future__ import annotations

from toolgrove.data import codec
from toolgrove.data.records import Effect
from toolgrove.planners.dag.building import SpecOf, named
from toolgrove.planners.dag.plan import Entry, Join, PlanTask, Problem
from toolgrove.planners.dag.reading import PlanReader
from toolgrove.planners.dag.schedule import Schedule

__all__ = ["PlanHearing"]


class PlanHearing:
    """Takes a reply piece by piece, and gives its calls to a schedule.

    Parameters
    ----------
    schedule : Schedule
        What runs the calls.
    spec_of : callable
        The spec behind a tool's name.
    most : int
        How many calls the reply may plan; 0 where no more calls can be made.

    Attributes
    ----------
    text : str
        What was said, without thoughts, up to where the plan was ended.
    problems : list of str
        What the model is to be told, besides what the schedule's steps say.
    ends : list of int
        The lines that end the plan.
    cut : str
        The line that a limit of tokens cut.
    """

    def __init__(self, schedule: Schedule, spec_of: SpecOf, most: int) -> None:
        self._schedule = schedule
        self._spec_of = spec_of
        self._most = most
        self._reader = PlanReader(spec_of)
        self._begin()

    def _begin(self) -> None:
        self.text, self.cut = "", ""
        self.problems: list[str] = []
        self.ends: list[int] = []
        self._read: dict[str, int] = {}
        self._over = 0  # the line that more than enough was heard with

    def hear(self, piece: str) -> bool:
        """Take a further piece, and say whether the plan is over before the reply is."""
        begun = self._reader.begun
        entries = self._reader.feed(piece)
        self._anew(begun)
        self._run(entries)
        return bool(self._over)

    def _anew(self, begun: int) -> None:
        if self._reader.begun > begun:  # all that was said so far was a thought
            self._schedule.forget()
            self._begin()

    def close(self, *, cut: bool = False) -> None:
        """Take what is left once the reply is at its end, cut or not."""
        begun = self._reader.begun
        entries = self._reader.close(cut=cut)
        self._anew(begun)
        self.text = self._reader.text
        if not self._over:
            self._cut_off(entries, cut)
        if self._over:
            for entry in entries:
                if isinstance(entry, Problem) and entry.line < self._over:
                    self._tell(entry)
            self.text = "\n".join(self.text.split("\n")[: self._over - 1])

    def _cut_off(self, entries: list[Entry], cut: bool) -> None:
        """The last entries, without a line that was cut where others stand before it."""
        lines = self.text.count("\n") + 1
        for entry in entries:
            if isinstance(entry, Problem) and self._schedule.steps and not self.ends:
                spec = named(entry.tool, self._spec_of)
                writes = spec is not None and spec.effect is Effect.WRITE
                if (entry.unfinished or (cut and entry.line == lines)) and not writes:
                    self.cut = entry.text
                    self.text = "\n".join(self.text.split("\n")[: entry.line - 1])
                    continue
            self._run([entry])

    def _run(self, entries: list[Entry]) -> None:
        for entry in entries:
            if self._over:
                return
            if isinstance(entry, PlanTask):
                self._call(entry)
            elif isinstance(entry, Problem):
                self._tell(entry)
            elif isinstance(entry, Join):
                self.ends.append(entry.line)

    def _tell(self, problem: Problem) -> None:
        if problem.number is None or not self._most:
            self.problems.append(str(problem))
        else:
            self._schedule.add(problem)

    def _call(self, task: PlanTask) -> None:
        if not self._most:
            self.problems.append(f"Line {task.line} was not run: no more calls can be made.")
            return
        before = self._read.setdefault(codec.digest([task.tool, task.arguments]), task.line)
        if task.effect is Effect.WRITE:
            self._read.clear()
        elif before != task.line:
            self._stop(task, f"it repeats line {before}, and a plan ends where it does")
            return
        if len(self._schedule.steps) >= self._most:
            self._stop(task, f"a plan has at most {self._most} calls")
            return
        self._schedule.add(task)

    def _stop(self, task: PlanTask, why: str) -> None:
        self._over = task.line
        self.problems.append(f"Line {task.line} was not run: {why}.")
