"""Running a plan's tasks, each as soon as it is read and what it needs is there.

A plan need not be whole for its first tasks to start. Four rules keep that safe:

* A **read** starts once its line is complete and what it refers to is done. A **write** waits until
  the whole plan has been read and kept, because a run that is interrupted in mid-plan asks the
  model again, and nobody knows what it will plan then.
* Writes keep their written order where they may meet: a write waits for the earlier reads and
  writes of its **resource** (the tool's family), a read for the earlier writes of its own. Plans
  that create and then append without a reference between them are common (3 of TinyAgent's 20
  published ones).
* A call that waits for somebody's decision holds up what refers to it or is to come after it, and
  nothing else.
* A failure is a value. What refers to it, or is to come after it, is skipped; so is a write behind
  a write of the same resource that failed, for it may rest on it.

Order and levels of a whole plan, and that it has no cycle, are graphlib's.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeAlias

from toolgrove.data.records import Effect, JsonObject, Observation, Status, ToolCall
from toolgrove.planners.approval import Paused
from toolgrove.planners.dag.plan import PlanTask, Problem
from toolgrove.planners.dag.references import NoSuchField, fill, one_field, shapes, wholes

__all__ = ["IN_FLIGHT", "Call", "Fields", "Schedule", "ScheduledTask"]

Call: TypeAlias = Callable[[int, ToolCall], Awaitable[tuple[ToolCall, Observation]]]
"""Makes the call at a position, its references filled in: the call as it was resolved, and what
it gave."""

AskFirst: TypeAlias = Callable[[int, ToolCall], Awaitable[None]]
"""Asks for approval of the call at a position, its references filled in."""

Fields: TypeAlias = Callable[[str, JsonObject, list[str | int]], list[str] | None]
"""The fields of the object at a path of a tool's arguments that could stand in its place, None
where it fits as it is."""

IN_FLIGHT = 16
"""Calls of one plan that are under way at once."""


@dataclass(slots=True, eq=False)
class ScheduledTask:
    """A task on its way.

    Parameters
    ----------
    entry : PlanTask or Problem
        What the model wrote.
    call : ToolCall
        The call as it was written.
    position : int
        Its place among the plan's calls.
    made : ToolCall
        The call as it was resolved, once it was.
    observation : Observation or None
        What it gave, once it is done.
    waits : bool
        Whether somebody has to decide about it, or about one that it rests on, first.
    """

    entry: PlanTask | Problem
    call: ToolCall
    position: int
    made: ToolCall
    observation: Observation | None = None
    waits: bool = False
    _needs: dict[int, ScheduledTask] = field(default_factory=dict)
    _before: list[ScheduledTask] = field(default_factory=list)
    _level: list[ScheduledTask] = field(default_factory=list)
    _unbound: set[int] = field(default_factory=set)
    _bound: asyncio.Event = field(default_factory=asyncio.Event)
    _done: asyncio.Event = field(default_factory=asyncio.Event)
    _cause: str = ""

    @property
    def needs(self) -> list[int]:
        """Positions of the calls that this one refers to or is to come after."""
        return sorted(step.position for step in self._needs.values())

    @property
    def writes(self) -> bool:
        return isinstance(self.entry, PlanTask) and self.entry.effect is Effect.WRITE

    @property
    def failed(self) -> bool:
        """Whether it gave nothing that another can use."""
        return self.observation is not None and not self.observation.status.usable

    def settle(self, observation: Observation, cause: str = "") -> None:
        """Say what became of it; the first word counts."""
        if self.observation is None:
            self.observation = observation
            self._cause = cause or f"{self.entry.number} ({self.call.name}) {_became(observation)}"
            self._bound.set()
            self._done.set()

    def pause(self) -> None:
        """Say that it waits for a decision, and so does what is to come after it."""
        self.waits = True
        self._done.set()


async def _nobody(position: int, call: ToolCall) -> None:
    pass


class Schedule:
    """Runs one plan; tasks are added while it is under way.

    Use it as an async context manager: leaving it closes the plan and waits for all tasks. Where
    one raises, or the body does, the others are cancelled and that error is raised; but where one
    is paused, those that do not rest on it go on, and ``Paused`` is raised in the end.

    Parameters
    ----------
    call : callable
        Makes a call.
    value : callable
        What an observation stands for where it is referred to, as a JSON value.
    name : str
        What the ids of the calls begin with.
    earlier : mapping of int to Observation
        What the tasks of earlier plans gave. A number that this plan has used above is its own.
    fields : callable
        Which fields of an object fit where it was put; without it everything fits.
    rounds : bool
        Whether a task also waits for all tasks of the levels before its own, as in the rounds of
        DTA (Zhu et al., 2025, ACL, 2025.acl-long.1401).
    ask : callable
        Asks for approval of a write that is not to be made yet.
    """

    def __init__(
        self,
        call: Call,
        value: Callable[[Observation], Any],
        *,
        name: str = "call",
        earlier: Mapping[int, Observation] | None = None,
        fields: Fields = lambda tool, arguments, path: None,
        rounds: bool = False,
        ask: AskFirst = _nobody,
    ) -> None:
        self.steps: list[ScheduledTask] = []
        self._call, self._ask = call, ask
        self._value = value
        self._name = name
        self._earlier = earlier or {}
        self._fields = fields
        self.rounds = rounds
        self._numbered: dict[int, ScheduledTask] = {}
        self._last_write: dict[str, ScheduledTask] = {}
        self._reads: defaultdict[str, list[ScheduledTask]] = defaultdict(list)
        self._whole = asyncio.Event()
        self._gate = asyncio.Semaphore(IN_FLIGHT)
        self._group = asyncio.TaskGroup()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Schedule:
        await self._group.__aenter__()
        return self

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:
        if error is None:
            self.close()
        try:
            await self._group.__aexit__(kind, error, trace)
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from None
        if any(step.waits for step in self.steps):
            raise Paused

    def add(self, entry: PlanTask | Problem) -> ScheduledTask:
        """Take the next task, or one that could not be read but whose number is known."""
        position = len(self.steps)
        malformed = entry.text if isinstance(entry, Problem) else None
        given = entry.arguments if isinstance(entry, PlanTask) else {}
        call = ToolCall(f"{self._name}_{position}", entry.tool, given, malformed)
        step = ScheduledTask(entry, call, position, call)
        self.steps.append(step)
        if isinstance(entry, PlanTask):
            self._bind(step, entry)
            self._order(step, entry)
            self._tasks.append(self._group.create_task(self._run(step, entry)))
        else:
            step.settle(_refusal(str(entry)))
        if entry.number is not None:
            self._numbered[entry.number] = step
            for other in self.steps:
                if entry.number in other._unbound:
                    _bound(other, entry.number, step)
        return step

    def forget(self) -> None:
        """Drop all tasks, and cancel what is under way: they turned out to be no plan."""
        for task in self._tasks:
            task.cancel()
        for kept in (self._tasks, self.steps, self._numbered, self._last_write, self._reads):
            kept.clear()

    def _bind(self, step: ScheduledTask, task: PlanTask) -> None:
        """Find what a task refers to above it; what is not there may come below."""
        for number in task.mentions | {*task.after}:
            if number in self._numbered:
                step._needs[number] = self._numbered[number]
            elif number not in self._earlier:
                step._unbound.add(number)
        if not step._unbound:
            step._bound.set()

    def _order(self, step: ScheduledTask, task: PlanTask) -> None:
        """Let a task wait for what it must not overtake."""
        if not task.resource:
            return
        write = self._last_write.get(task.resource)
        step._before += [write] if write else []
        if task.effect is Effect.WRITE:
            step._before += self._reads.pop(task.resource, [])
            self._last_write[task.resource] = step
        else:
            self._reads[task.resource].append(step)

    def close(self) -> None:
        """Say that the plan is whole: numbers that no task has are text from now on."""
        if self._whole.is_set():
            return
        for step in self.steps:
            if isinstance(step.entry, PlanTask):
                for number in sorted(step._unbound.intersection(step.entry.after)):
                    step.settle(
                        _refusal(f"Not called: it is to come after {number}, which is no task.")
                    )
            step._bound.set()
        sorter = self._acyclic()
        level: list[ScheduledTask] = []
        while self.rounds and sorter.is_active():
            before, level = level, [self.steps[i] for i in sorter.get_ready()]
            for step in level:
                step._level = before
                sorter.done(step.position)
        self._whole.set()

    def _acyclic(self) -> TopologicalSorter[int]:
        """The plan's order; tasks that wait for each other come to nothing."""
        graph = {
            step.position: {other.position for other in (*step._needs.values(), *step._before)}
            for step in self.steps
        }
        while True:
            sorter = TopologicalSorter(graph)
            try:
                sorter.prepare()
            except CycleError as error:
                circle = [self.steps[i] for i in reversed(error.args[1])]
                shown = " → ".join(str(step.entry.number) for step in circle)
                for step in circle:
                    step.settle(
                        _refusal(
                            f"Not called: tasks wait for each other ({shown}). Refer only to tasks "
                            "above; for the text itself write $$, as in $$5."
                        )
                    )
                    graph[step.position] = set()
            else:
                return sorter

    async def _run(self, step: ScheduledTask, task: PlanTask) -> None:
        await step._bound.wait()
        if self.rounds or step.writes:
            await self._whole.wait()
        above = (*step._needs.values(), *step._before, *step._level)
        for other in above:
            await other._done.wait()
        if step.observation is not None:
            return
        if any(other.waits for other in above):
            if step.writes and not any(other.waits for other in step._needs.values()):
                await self._asked_about(step, task)
            step.pause()
            return
        if blame := self._blame(step, task):
            step.settle(_refusal(f"Skipped, because {blame}."), blame)
            return
        tasks = self._referred(step, task)
        try:
            filled = self._filled(step, task, tasks)
        except NoSuchField as error:
            step.settle(_refusal(f"Not called: {error}"))
            return
        try:
            async with self._gate:
                call = replace(step.call, arguments=filled)
                step.made, seen = await self._call(step.position, call)
        except Paused:
            step.pause()
            return
        if seen.status is Status.INVALID_REQUEST and not seen.attempts:
            held = shapes(task.arguments, tasks, lambda number: self._gave(step, number))
            seen = replace(seen, content=f"{seen.content} {held}") if held else seen
        step.settle(replace(seen, size=max(seen.size, len(seen.content))))

    async def _asked_about(self, step: ScheduledTask, task: PlanTask) -> None:
        """Have a write decided that only its turn keeps from being made, with those before it."""
        with suppress(NoSuchField):
            if not self._blame(step, task):
                filled = self._filled(step, task, self._referred(step, task))
                await self._ask(step.position, replace(step.call, arguments=filled))

    def _referred(self, step: ScheduledTask, task: PlanTask) -> Collection[int]:
        """The tasks whose results stand in the arguments of another."""
        return (*step._needs, *(n for n in task.mentions if n in self._earlier))

    def _filled(self, step: ScheduledTask, task: PlanTask, tasks: Collection[int]) -> JsonObject:
        """The arguments with results in their places, of an object the field that is meant."""
        filled: Any = fill(task.arguments, tasks, lambda number: self._gave(step, number))
        for path, ref in wholes(dict(task.arguments), tasks):
            fields = self._fields(task.tool, filled, path)
            if fields is not None:
                *above, last = path
                holder = filled
                for part in above:
                    holder = holder[part]
                parameter = next(part for part in reversed(path) if isinstance(part, str))
                holder[last] = one_field(holder[last], ref, parameter, fields)
        return dict(filled)

    def _blame(self, step: ScheduledTask, task: PlanTask) -> str:
        """The failure that keeps a task from being called, in words; empty where none does."""
        for other in step._needs.values():
            if other.failed:
                return other._cause
        for other in step._before:
            if step.writes and other.writes and other.failed:
                return other._cause
        for number in sorted(task.mentions | {*task.after}):
            earlier = None if number in step._needs else self._earlier.get(number)
            if earlier is not None and not earlier.status.usable:
                return f"{number} of an earlier plan {_became(earlier)}"
        return ""

    def _gave(self, step: ScheduledTask, number: int) -> Any:
        if number in step._needs:
            seen = step._needs[number].observation
            assert seen is not None
            return self._value(seen)
        return self._value(self._earlier[number])


def _bound(step: ScheduledTask, number: int, to: ScheduledTask) -> None:
    step._unbound.discard(number)
    step._needs[number] = to
    if not step._unbound:
        step._bound.set()


def _became(observation: Observation) -> str:
    return "was only shown" if observation.status is Status.PREVIEWED else "failed"


def _refusal(content: str) -> Observation:
    return Observation(Status.INVALID_REQUEST, content, len(content), attempts=0)
