"""A task runs as soon as it can, never sooner, and what fails takes down only what needs it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolgrove.data.records import Effect, Observation, Status, ToolCall
from toolgrove.planners.dag.plan import PlanTask, Problem
from toolgrove.planners.dag.schedule import Schedule


def task(
    number: int,
    *needs: int,
    after: tuple[int, ...] = (),
    writes: str = "",
    reads: str = "",
    **arguments: Any,
) -> PlanTask:
    used = {f"x{need}": f"${need}" for need in needs}
    effect = Effect.WRITE if writes else Effect.READ
    return PlanTask(number, f"t{number}", used | arguments, after, effect, writes or reads)


class Tools:
    """Calls that end when they are told to; the order of what happens is kept."""

    def __init__(self, failing: frozenset[int] = frozenset()) -> None:
        self.failing = failing
        self.events: list[tuple[str, int]] = []
        self.given: dict[int, Any] = {}
        self._ends: dict[int, asyncio.Future[None]] = {}

    async def __call__(self, position: int, call: ToolCall) -> tuple[ToolCall, Observation]:
        number = int(call.name[1:])
        self.events.append(("start", number))
        self.given[number] = call.arguments
        self._ends[number] = asyncio.get_running_loop().create_future()
        try:
            await self._ends[number]
        except asyncio.CancelledError:
            self.events.append(("cancelled", number))
            raise
        self.events.append(("end", number))
        status = Status.NOT_WORKING if number in self.failing else Status.OK
        return call, Observation(status, f"gave {number}")

    @property
    def running(self) -> set[int]:
        return {number for number, end in self._ends.items() if not end.done()}

    @property
    def started(self) -> list[int]:
        return [number for what, number in self.events if what == "start"]

    async def end(self, *numbers: int) -> None:
        for number in numbers:
            self._ends[number].set_result(None)
        await settled()

    async def end_all(self) -> None:
        await settled()
        while self.running:
            await self.end(*self.running)


async def settled() -> None:
    """Let everything go on that can."""
    for _ in range(30):
        await asyncio.sleep(0)


def schedule(tools: Tools, **options: Any) -> Schedule:
    return Schedule(tools, lambda seen: seen.content, **options)


def told(plan: Schedule) -> dict[int | None, str]:
    return {s.entry.number: s.observation.content for s in plan.steps if s.observation is not None}


async def test_a_diamond_takes_its_critical_path() -> None:
    """Three at once, then one, then four at once: in the order of events, not by the clock."""
    tools = Tools()
    async with schedule(tools) as plan:
        for one in [*map(task, (1, 2, 3)), task(4, 1, 2, 3), *(task(n, 4) for n in (5, 6, 7, 8))]:
            plan.add(one)
        plan.close()
        await settled()
        assert tools.running == {1, 2, 3}
        await tools.end(1, 2)
        assert tools.running == {3}
        await tools.end(3)
        assert tools.running == {4}
        await tools.end(4)
        assert tools.running == {5, 6, 7, 8}
        await tools.end(5, 6, 7, 8)
    assert tools.given[4] == {"x1": "gave 1", "x2": "gave 2", "x3": "gave 3"}
    assert [s.needs for s in plan.steps[3:5]] == [[0, 1, 2], [3]]


async def test_reads_start_while_the_plan_is_written_and_writes_do_not() -> None:
    tools = Tools()
    async with schedule(tools) as plan:
        plan.add(task(1))
        plan.add(task(2, writes="notes"))
        await settled()
        assert tools.running == {1}
        plan.add(task(3, 1))
        await tools.end(1)
        assert tools.running == {3}
        plan.close()
        await settled()
        assert tools.running == {2, 3}
        await tools.end_all()


async def test_a_number_that_no_task_has_is_text_once_the_plan_is_whole() -> None:
    tools = Tools()
    async with schedule(tools) as plan:
        plan.add(task(1, price="$100", pay="$2"))
        await settled()
        assert not tools.running
        plan.add(task(2))
        await settled()
        plan.close()
        await tools.end_all()
    assert tools.given[1] == {"price": "$100", "pay": "gave 2"}


async def test_writes_on_one_resource_keep_their_order() -> None:
    """Create, then append, with no reference between them: 3 of TinyAgent's 20 plans."""
    tools = Tools()
    async with schedule(tools) as plan:
        plan.add(task(1, reads="notes"))
        plan.add(task(2, writes="notes"))
        plan.add(task(3, writes="mail"))
        plan.add(task(4, reads="notes"))
        plan.add(task(5, writes="notes"))
        plan.close()
        await settled()
        assert tools.running == {1, 3}
        await tools.end(1)
        assert tools.running == {2, 3}
        await tools.end(2)
        assert tools.running == {3, 4}
        await tools.end(4)
        assert tools.running == {3, 5}
        await tools.end_all()


async def test_a_failure_skips_what_needs_it_and_is_told() -> None:
    tools = Tools(frozenset({1}))
    async with schedule(tools) as plan:
        for one in (task(1), task(2, 1), task(3, 2), task(4), task(5, after=(1,))):
            plan.add(one)
        plan.close()
        await tools.end_all()
    assert sorted(tools.started) == [1, 4]
    assert told(plan) == {
        1: "gave 1",
        2: "Skipped, because 1 (t1) failed.",
        3: "Skipped, because 1 (t1) failed.",
        4: "gave 4",
        5: "Skipped, because 1 (t1) failed.",
    }


async def test_a_write_behind_a_failed_write_is_skipped_and_a_read_is_not() -> None:
    tools = Tools(frozenset({1}))
    async with schedule(tools) as plan:
        for one in (task(1, writes="n"), task(2, reads="n"), task(3, writes="n")):
            plan.add(one)
        plan.close()
        await tools.end_all()
    assert tools.started == [1, 2]
    assert told(plan)[3] == "Skipped, because 1 (t1) failed."


async def test_a_round_is_no_reason_to_blame_a_write_of_another_resource() -> None:
    tools = Tools(frozenset({1}))
    async with schedule(tools, rounds=True) as plan:
        for one in (task(1, writes="a"), task(2), task(3, 2, writes="b")):
            plan.add(one)
        plan.close()
        await tools.end_all()
    assert sorted(tools.started) == [1, 2, 3]


async def test_what_could_not_be_read_skips_what_refers_to_it() -> None:
    tools = Tools()
    async with schedule(tools) as plan:
        plan.add(task(2, 1))
        plan.add(Problem(1, "1. t1(", "a bracket is not closed", 1, "t1"))
        plan.close()
        await tools.end_all()
    assert not tools.started
    assert told(plan)[2] == "Skipped, because 1 (t1) failed."
    assert plan.steps[1].call.malformed == "1. t1("


async def test_a_field_that_is_not_there_fails_with_the_fields_that_are() -> None:
    tools = Tools()
    plan = Schedule(tools, lambda seen: {"id": 7, "name": "Porto"})
    async with plan:
        plan.add(task(1))
        plan.add(task(2, x="$1.city"))
        plan.close()
        await tools.end_all()
    assert tools.started == [1]
    assert told(plan)[2] == 'Not called: $1.city: there is no "city". $1 has: id, name.'


async def test_a_refused_whole_object_is_told_its_fields() -> None:
    async def refuse(position: int, call: ToolCall) -> tuple[ToolCall, Observation]:
        if call.name == "t1":
            return call, Observation(Status.OK, "")
        return call, Observation(Status.INVALID_REQUEST, "x wants an integer.", attempts=0)

    async with Schedule(refuse, lambda seen: {"id": 7}) as plan:
        plan.add(task(1))
        plan.add(task(2, 1))
    assert told(plan)[2] == "x wants an integer. $1 has: id."


@pytest.mark.parametrize(
    ("plan", "circle"),
    [
        ([task(1, 2), task(2, 1)], {1, 2}),
        ([task(1, 1)], {1}),
        ([task(1, 3), task(2, 1), task(3, 2), task(4), task(5, 2)], {1, 2, 3, 5}),
        ([task(1, 2), task(2, after=(1,))], {1, 2}),
    ],
)
async def test_tasks_that_wait_for_each_other_are_told_so(
    plan: list[PlanTask], circle: set[int]
) -> None:
    tools = Tools()
    async with schedule(tools) as running:
        for one in plan:
            running.add(one)
        running.close()
        await tools.end_all()
    assert set(tools.started) == {one.number for one in plan} - circle
    assert any("wait for each other" in text for text in told(running).values())


async def test_after_a_task_that_is_not_there_is_a_failure() -> None:
    tools = Tools()
    async with schedule(tools) as plan:
        plan.add(task(1, after=(7,)))
    assert told(plan) == {1: "Not called: it is to come after 7, which is no task."}


async def test_results_of_earlier_plans_can_be_referred_to() -> None:
    tools = Tools()
    earlier = {1: Observation(Status.OK, "one"), 2: Observation(Status.TIMEOUT, "late")}
    async with schedule(tools, earlier=earlier) as plan:
        plan.add(task(3, 1))
        plan.add(task(4, 2))
        await settled()
        assert tools.running == {3}, "what an earlier plan gave needs no waiting"
        plan.close()
        await tools.end_all()
    assert tools.given == {3: {"x1": "one"}}
    assert told(plan)[4] == "Skipped, because 2 of an earlier plan failed."


async def test_rounds_wait_for_the_level_before() -> None:
    tools = Tools()
    async with schedule(tools, rounds=True) as plan:
        for one in (task(1), task(2), task(3, 1), task(4, 3), task(5, 2)):
            plan.add(one)
        await settled()
        assert not tools.running, "a round is known once the plan is whole"
        plan.close()
        await settled()
        assert tools.running == {1, 2}
        await tools.end(1)
        assert tools.running == {2}, "the barrier"
        await tools.end(2)
        assert tools.running == {3, 5}
        await tools.end(3, 5)
        assert tools.running == {4}
        await tools.end(4)


async def test_cancelling_leaves_nothing_running() -> None:
    tools = Tools()

    async def run() -> None:
        async with schedule(tools) as plan:
            for one in (task(1), task(2), task(3, 1)):
                plan.add(one)

    before = asyncio.all_tasks()
    running = asyncio.create_task(run())
    await settled()
    assert tools.running == {1, 2}
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ("cancelled", 1) in tools.events
    assert ("cancelled", 2) in tools.events
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize("where", ["body", "call"])
async def test_an_error_cancels_the_others_and_comes_through_as_itself(where: str) -> None:
    class Spent(Exception):
        pass

    tools = Tools()

    async def call(position: int, made: ToolCall) -> tuple[ToolCall, Observation]:
        if made.name == "t2" and where == "call":
            raise Spent
        return await tools(position, made)

    async def run() -> None:
        async with Schedule(call, lambda seen: seen.content) as plan:
            plan.add(task(1))
            await settled()
            plan.add(task(2))
            await settled()
            if where == "body":
                raise Spent
            await asyncio.Event().wait()

    with pytest.raises(Spent):
        await run()
    assert ("cancelled", 1) in tools.events


async def test_calls_in_flight_are_bounded() -> None:
    from toolgrove.planners.dag.schedule import IN_FLIGHT

    tools = Tools()
    async with schedule(tools) as plan:
        for number in range(IN_FLIGHT + 5):
            plan.add(task(number))
        plan.close()
        await settled()
        assert len(tools.running) == IN_FLIGHT
        await tools.end(0)
        assert len(tools.running) == IN_FLIGHT
        await tools.end_all()


@st.composite
def plans(draw: st.DrawFn) -> list[PlanTask]:
    """Plans without cycles, whose tasks refer, come after, read and write."""
    found = []
    for number in range(draw(st.integers(1, 7))):
        above = st.lists(st.integers(0, number - 1), max_size=2) if number else st.just([])
        kind = draw(st.sampled_from(["reads", "reads", "writes"]))
        resource = draw(st.sampled_from(["", "a", "b"]))
        after = tuple(dict.fromkeys(draw(above)))
        found.append(task(number, *draw(above), after=after, **{kind: resource}))  # type: ignore[arg-type]  # by name
    return found


def before(plan: list[PlanTask], at: int) -> tuple[set[int], set[int]]:
    """What a task uses, and what else it must not overtake, said plainly."""
    this = plan[at]
    used = {*this.mentions, *this.after}
    order = {
        other.number
        for other in plan[:at]
        if this.resource == other.resource != "" and Effect.WRITE in (this.effect, other.effect)
    }
    return used, order


@settings(max_examples=150)
@given(plans(), st.sets(st.integers(0, 6)), st.randoms(use_true_random=False), st.booleans())
def test_in_any_plan_a_task_starts_exactly_when_it_can(
    plan: list[PlanTask], failing: set[int], draw: Any, rounds: bool
) -> None:
    async def run() -> None:
        tools = Tools(frozenset(failing))
        done: set[int] = set()
        bad: set[int] = set()
        async with schedule(tools, rounds=rounds) as running:
            for one in plan:
                running.add(one)
            running.close()
            await settled()
            while len(done) < len(plan):
                skip(plan, done, bad, failing)
                ready = {
                    t.number
                    for i, t in enumerate(plan)
                    if t.number not in done and set().union(*before(plan, i)) <= done
                }
                if rounds:
                    assert tools.running <= ready
                else:
                    assert tools.running == ready
                if len(done) < len(plan):
                    assert tools.running, "nothing runs, and not all is done"
                    number = draw.choice(sorted(tools.running))
                    done.add(number)
                    bad |= {number} & failing
                    await tools.end(number)
        assert {s.entry.number for s in running.steps if s.failed} == bad

    asyncio.run(run())


def skip(plan: list[PlanTask], done: set[int], bad: set[int], failing: set[int]) -> None:
    """Take out, one after the other, the tasks whose time has come and that a failure hits."""
    for i, one in enumerate(plan):
        used, order = before(plan, i)
        if one.number in done or not used | order <= done:
            continue
        writes = {n for n in order if plan[n].effect is Effect.WRITE}
        if used & bad or (one.effect is Effect.WRITE and writes & bad):
            done.add(one.number)
            bad.add(one.number)
