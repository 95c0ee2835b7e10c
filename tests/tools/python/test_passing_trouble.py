"""What a function raises because of trouble that may pass: told as such, and reads tried again."""

from __future__ import annotations

import httpx
import pytest

from toolgrove.data.records import Effect, ToolCall
from toolgrove.tools.calls.execute import with_retry
from toolgrove.tools.python.backend import python_backend
from toolgrove.tools.registry import Registry

ASKED = httpx.Request("GET", "https://example.org")


@pytest.mark.parametrize(
    ("error", "after"),
    [
        (ConnectionResetError("gone"), 0),
        (TimeoutError("late"), 0),
        (httpx.ConnectError("no route"), 0),
        (httpx.HTTPStatusError("busy", request=ASKED, response=httpx.Response(503)), 0),
        (
            httpx.HTTPStatusError(
                "slow down",
                request=ASKED,
                response=httpx.Response(429, headers={"Retry-After": "7"}),
            ),
            7,
        ),
        (httpx.HTTPStatusError("gone", request=ASKED, response=httpx.Response(404)), None),
        (NotImplementedError("not yet"), None),
        (ValueError("no such city"), None),
    ],
)
async def test_trouble_that_may_pass_is_told_as_such(
    error: BaseException, after: float | None
) -> None:
    def fail() -> None:
        raise error

    with Registry() as registry:
        spec = registry.add_function(fail)
        seen = await python_backend(registry)(ToolCall("c", spec.id, {}))
    assert seen.retry_after == after


@pytest.mark.parametrize(("effect", "answers"), [(Effect.READ, True), (Effect.WRITE, False)])
async def test_a_read_that_lost_its_connection_is_made_again_and_a_write_is_not(
    effect: Effect, answers: bool
) -> None:
    made = []

    def look(name: str) -> str:
        """Look somebody up."""
        made.append(name)
        if len(made) < 3:
            raise ConnectionResetError("gone")
        return "room 7"

    async def sleep(seconds: float) -> None:
        pass

    with Registry() as registry:
        spec = registry.add_function(look, effect=effect)
        execute = with_retry(python_backend(registry), registry.get, sleep=sleep)
        seen = await execute(ToolCall("c", spec.id, {"name": "Ann"}))
    assert (seen.content == "room 7", seen.attempts) == (answers, len(made))
    assert len(made) == (3 if answers else 1)
