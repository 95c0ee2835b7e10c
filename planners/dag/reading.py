"""Reading a plan while it is still being written.

A reader is fed chunks of text of any size and gives each entry as soon as its line is complete, or
in the JSON notation its object. It drops nothing that is said: what is not read as a call is a
:class:`~toolgrove.planners.dag.plan.Problem` or a :class:`~toolgrove.planners.dag.plan.Note`.
What is only thought (:mod:`toolgrove.data.spoken`) is no part of a plan.
"""

from __future__ import annotations

from dataclasses import replace

from toolgrove.data.spoken import Spoken
from toolgrove.planners.dag.building import SpecOf
from toolgrove.planners.dag.examples import announces, example_lines
from toolgrove.planners.dag.lines import LineReader, begins_lines
from toolgrove.planners.dag.objects import ObjectReader, begins_objects
from toolgrove.planners.dag.plan import Entry, Note, PlanTask, Problem

__all__ = ["PlanReader", "read_plan"]


class PlanReader:
    r"""Reads one plan, in the notation that its first call is written in.

    Parameters
    ----------
    spec_of : callable
        The spec behind a tool's name as the model was shown it, or None: values without names
        get those of its parameters, and it says whether the call writes.

    Attributes
    ----------
    text : str
        What was said so far, thoughts left out.

    Examples
    --------
    >>> reader = PlanReader(lambda name: None)
    >>> reader.feed("1. find(city='Lis")
    []
    >>> reader.feed("bon')\n2. first-train(station_id=$1.")[0].arguments
    {'city': 'Lisbon'}
    >>> [type(entry).__name__ for entry in reader.feed("id)\njoin()") + reader.close()]
    ['PlanTask', 'Join']
    """

    def __init__(self, spec_of: SpecOf) -> None:
        self._spec_of = spec_of
        self._said = Spoken()
        self._begin()

    def _begin(self) -> None:
        self.text = ""
        self._reader: LineReader | ObjectReader | None = None
        self._tail = ""
        self._line = 1
        self._taken: set[int] = set()
        self._held: list[Problem] = []
        self._aside: list[str] | None = None

    @property
    def begun(self) -> int:
        """How often all entries so far turned out to be those of a thought: forget them then."""
        return self._said.begun

    def feed(self, chunk: str) -> list[Entry]:
        """The entries that a further piece of text completes."""
        begun = self.begun
        return self._heard(self._said.feed(chunk), begun)

    def _heard(self, words: str, begun: int) -> list[Entry]:
        """Read what was said; where it begins anew nothing before it counts."""
        if self.begun > begun:
            self._begin()
        self.text += words
        return self._read(words)

    def _read(self, chunk: str) -> list[Entry]:
        if self._reader is not None:
            return self._kept(self._reader.feed(chunk))
        self._tail += chunk
        found: list[Entry] = []
        while self._reader is None:
            if self._aside is not None and not self._is_told(found, ended=False):
                return found
            line, end, rest = self._tail.partition("\n")
            if begins_objects(line, bool(end)):
                self._reader = ObjectReader(self._spec_of, self._line)
            elif begins_lines(line, self._spec_of):
                self._reader = LineReader(self._spec_of, self._line)
            elif end:
                found += self._before(line)
                self._tail = rest
                self._line += 1
                self._aside = [] if announces(line) else None
            else:
                return found
        return found + self._kept(self._reader.feed(self._tail))

    def _is_told(self, found: list[Entry], *, ended: bool) -> bool:
        """Whether it is known what of the lines after "For example:" is one; it is then noted."""
        assert self._aside is not None
        *whole, self._tail = self._tail.split("\n")
        self._aside += whole
        last = [self._tail] if ended and self._tail else []
        count = example_lines([*self._aside, *last], self._spec_of, ended=ended)
        if count is None:
            return False
        for line in self._aside[:count]:
            found.append(Note(self._line, line))
            self._line += 1
        self._tail = "\n".join([*self._aside[count:], self._tail])
        self._aside = None
        return True

    def _before(self, line: str) -> list[Entry]:
        """A line before the first call: words, or a call without a number."""
        return LineReader(self._spec_of, self._line).feed(line + "\n")

    def close(self, *, cut: bool = False) -> list[Entry]:
        """The entries that are left once the text is at its end, then problems with a number.

        ``cut`` says that the text was cut off before the model had come to its end.

        Such a problem holds its number, so that what refers to it is skipped, unless a task has
        taken the number meanwhile.
        """
        begun = self.begun
        found = self._heard(self._said.close(), begun)
        if self._aside is not None:
            self._is_told(found, ended=True)
            found += self._read("")
        if self._reader is None:
            found += LineReader(self._spec_of, self._line).feed(self._tail + "\n")
        else:
            found += self._kept(self._reader.close(cut=cut))
        for problem in self._held:
            taken = problem.number in self._taken
            if problem.number is not None:
                self._taken.add(problem.number)
            found.append(replace(problem, number=None) if taken else problem)
        return found

    def _kept(self, entries: list[Entry]) -> list[Entry]:
        """The entries that can be told now; problems with a number wait for the plan's end."""
        now: list[Entry] = []
        for entry in entries:
            if isinstance(entry, PlanTask) and entry.number in self._taken:
                wrong = f"there is a task {entry.number} already; give each its own number"
                now.append(Problem(entry.line, entry.text, wrong, None, entry.tool))
            elif isinstance(entry, Problem) and entry.number is not None:
                self._held.append(entry)
            else:
                now.append(entry)
                if isinstance(entry, PlanTask):
                    self._taken.add(entry.number)
        return now


def read_plan(text: str, spec_of: SpecOf) -> list[Entry]:
    """Read a whole plan.

    Examples
    --------
    >>> [entry] = read_plan("1. send(to=[$2", lambda name: None)
    >>> print(entry)
    Line 1 was not run: a bracket or quote is not closed; close it. It reads: 1. send(to=[$2
    """
    reader = PlanReader(spec_of)
    found, begun = reader.feed(text), reader.begun
    rest = reader.close()
    return rest if reader.begun > begun else found + rest
