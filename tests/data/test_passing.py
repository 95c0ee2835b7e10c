"""Which errors of models may pass, whatever package raised them, and how they are waited for."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from toolgrove.data import passing
from toolgrove.data.passing import ATTEMPTS, asked_again, wait_after
from toolgrove.errors import ModelError


class ProviderError(Exception):
    """An error as a provider's package has it."""

    def __init__(self, **fields: Any) -> None:
        super().__init__("provider")
        self.__dict__.update(fields)


def answer(status: int, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return SimpleNamespace(status_code=status, headers=httpx.Headers(named))


RateLimitError = type("RateLimitError", (Exception,), {})
APITimeoutError = type("APITimeoutError", (type("APIConnectionError", (Exception,), {}),), {})


def caused(by: Exception) -> Exception:
    error = RuntimeError("wrapped")
    error.__cause__ = by
    return error


@pytest.mark.parametrize(
    "error",
    [
        ProviderError(status_code=429),
        ProviderError(status_code=529),
        ProviderError(http_status=503),
        ProviderError(status=500),
        ProviderError(code=408),
        ProviderError(response=answer(502)),
        ProviderError(response={"ResponseMetadata": {"HTTPStatusCode": 429}}),
        RateLimitError(),
        APITimeoutError(),
        TimeoutError(),
        ConnectionResetError(),
        httpx.ConnectError("no"),
        httpx.ReadTimeout("late"),
        httpx.RemoteProtocolError("gone"),
        caused(ProviderError(status_code=503)),
    ],
)
def test_what_may_pass_is_known_by_status_answer_or_name(error: Exception) -> None:
    wait = wait_after(error, 1)
    assert wait is not None
    assert 0.5 <= wait <= 1.0


@pytest.mark.parametrize(
    "error",
    [
        ProviderError(status_code=400),
        ProviderError(status_code=401),
        ProviderError(status_code=501),
        ProviderError(status_code=429, code="insufficient_quota"),
        ProviderError(status_code=429, response=answer(429, retry_after="86400")),
        ProviderError(code=7),
        ProviderError(),
        ValueError("no"),
        ModelError("asked three times already"),
        caused(ProviderError(status_code=400)),
    ],
)
def test_what_will_not_pass_is_not_waited_for(error: Exception) -> None:
    assert wait_after(error, 1) is None


@pytest.mark.parametrize(
    "headers", [{"Retry-After": "7"}, {"retry-after": 7}, httpx.Headers({"RETRY-AFTER": "7"})]
)
def test_what_a_service_asks_for_is_waited(headers: Any) -> None:
    for error in (
        ProviderError(status_code=429, headers=headers),
        ProviderError(response=SimpleNamespace(status_code=429, headers=headers)),
        ProviderError(
            response={"ResponseMetadata": {"HTTPStatusCode": 429, "HTTPHeaders": headers}}
        ),
    ):
        assert wait_after(error, 1) == 7


async def test_attempts_are_bounded_and_wait_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(passing.asyncio, "sleep", sleep)
    asked = 0

    async def ask() -> str:
        nonlocal asked
        asked += 1
        raise ProviderError(status_code=429, response=answer(429, retry_after="5"))

    with pytest.raises(ProviderError):
        await asked_again(ask)
    assert (asked, waited) == (ATTEMPTS, [5.0] * (ATTEMPTS - 1))


async def test_waiting_can_be_cancelled() -> None:
    failed = asyncio.Event()

    async def ask() -> str:
        failed.set()
        raise ProviderError(status_code=429, response=answer(429, retry_after="50"))

    task = asyncio.create_task(asked_again(ask))
    await failed.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
