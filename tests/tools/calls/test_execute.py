"""The wrappers: one deadline, retries of reads only, and nothing lost by cutting."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgrove.data.records import Effect, Observation, Status, ToolCall, ToolSpec
from toolgrove.tools.calls.execute import Execute, failure, with_retry
from toolgrove.tools.calls.stack import with_timeout, with_truncation

CALL = ToolCall("c1", "r")
SPECS = {
    "r": ToolSpec("r", "C", "t", "r"),
    "w": ToolSpec("w", "C", "t", "w", effect=Effect.WRITE),
}
spec_of = SPECS.__getitem__
OK = Observation(Status.OK, "fine", 4)
BUSY = failure(Status.RATE_LIMITED, "slow down", retry_after=0)


class Scripted:
    """An Execute that gives what it is told to, and remembers what it was asked."""

    def __init__(self, *observations: Observation) -> None:
        self.left: Iterator[Observation] = iter(observations)
        self.asked: list[ToolCall] = []

    async def __call__(self, call: ToolCall) -> Observation:
        self.asked.append(call)
        return next(self.left)


class Waits:
    """Stands in for asyncio.sleep and remembers how long it was to wait."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


async def never(call: ToolCall) -> Observation:
    await asyncio.Event().wait()
    raise AssertionError("not reached")


async def test_promise_17_a_call_that_hangs_ends_by_its_deadline() -> None:
    observation = await with_timeout(never, 0.01, spec_of)(CALL)
    assert observation.status is Status.TIMEOUT
    assert observation.seconds > 0


async def test_promise_1_a_write_that_is_cut_off_is_in_doubt() -> None:
    observation = await with_timeout(never, 0.01, spec_of)(replace(CALL, name="w"))
    assert observation.status is Status.IN_DOUBT
    assert "unknown whether" in observation.content


async def test_a_timeout_of_the_tools_own_is_not_taken_for_ours() -> None:
    async def raises(call: ToolCall) -> Observation:
        raise TimeoutError("a bug in a backend")

    with pytest.raises(TimeoutError, match="a bug"):
        await with_timeout(raises, 60, spec_of)(CALL)


async def test_cancelling_passes_through_all_wrappers() -> None:
    begun = asyncio.Event()

    async def begin(call: ToolCall) -> Observation:
        begun.set()
        return await never(call)

    stack = with_truncation(with_timeout(with_retry(begin, spec_of), 60, spec_of), 100)
    task = asyncio.ensure_future(stack(CALL))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_read_is_retried_until_it_does_better() -> None:
    inner, waits = Scripted(BUSY, BUSY, OK), Waits()
    observation = await with_retry(inner, spec_of, rng=Random(1), sleep=waits)(CALL)
    assert observation == replace(OK, attempts=3)
    assert len(waits.seconds) == 2


async def test_retries_are_bounded_and_the_last_answer_is_kept() -> None:
    inner = Scripted(*[BUSY] * 9)
    observation = await with_retry(inner, spec_of, attempts=3, sleep=Waits())(CALL)
    assert (observation.status, observation.attempts) == (Status.RATE_LIMITED, 3)
    assert len(inner.asked) == 3


async def test_promise_22_a_write_is_never_retried() -> None:
    inner, waits = Scripted(BUSY, OK), Waits()
    observation = await with_retry(inner, spec_of, sleep=waits)(replace(CALL, name="w"))
    assert observation == BUSY
    assert waits.seconds == []


async def test_what_will_not_pass_is_not_retried() -> None:
    wrong = failure(Status.INVALID_REQUEST, "no such city")
    inner = Scripted(wrong, OK)
    assert await with_retry(inner, spec_of, sleep=Waits())(CALL) == wrong


async def test_the_wait_a_server_asks_for_is_kept_up_to_a_cap() -> None:
    inner, waits = Scripted(replace(BUSY, retry_after=7.0), OK), Waits()
    observation = await with_retry(inner, spec_of, within=10, sleep=waits)(CALL)
    assert observation.status is Status.OK
    assert waits.seconds == [7.0]
    for absurd in (10.5, 1e18, float("inf")):
        inner, waits = Scripted(replace(BUSY, retry_after=absurd), OK), Waits()
        observation = await with_retry(inner, spec_of, within=10, sleep=waits)(CALL)
        assert (observation.status, observation.attempts) == (Status.RATE_LIMITED, 1)
        assert waits.seconds == []


async def test_waits_grow_with_jitter_and_are_the_same_for_the_same_seed() -> None:
    async def run(seed: int) -> list[float]:
        waits = Waits()
        retried = with_retry(
            Scripted(*[BUSY] * 5), spec_of, attempts=5, base=0.5, rng=Random(seed), sleep=waits
        )
        await retried(CALL)
        return waits.seconds

    assert await run(7) == await run(7) != await run(8)
    for number, wait in enumerate(await run(7)):
        assert 0 <= wait <= 0.5 * 2**number


def cut(content: str, limit: int) -> tuple[Observation, dict[str, str]]:
    kept: dict[str, str] = {}

    def store(whole: str) -> str:
        kept["name.txt"] = whole
        return "name.txt"

    inner: Execute = Scripted(Observation(Status.OK, content))
    return asyncio.run(_awaited(with_truncation(inner, limit, store)(CALL))), kept


async def _awaited(call: Awaitable[Observation]) -> Observation:
    return await call


def test_what_is_cut_is_kept_whole_and_the_note_says_how_much() -> None:
    whole = "ß😀" * 5000
    observation, kept = cut(whole, 100)
    assert observation.truncated
    assert observation.size == 10_000
    assert kept[observation.stored or ""] == whole
    head, _, note = observation.content.partition("… [cut: the first ")
    assert whole.startswith(head)
    assert note == f"{len(head)} of 10000 characters]"
    assert len(observation.content) <= 100


def test_without_a_store_cutting_still_says_so() -> None:
    inner = Scripted(Observation(Status.OK, "a" * 200))
    observation = asyncio.run(_awaited(with_truncation(inner, 80)(CALL)))
    assert observation.truncated
    assert observation.stored is None


@given(st.text(max_size=300), st.integers(0, 200))
def test_the_limit_always_holds(whole: str, limit: int) -> None:
    observation, kept = cut(whole, limit)
    assert len(observation.content) <= limit
    assert observation.size == len(whole)
    assert observation.truncated is (len(whole) > limit) is bool(kept)
    if not observation.truncated:
        assert observation.content == whole
