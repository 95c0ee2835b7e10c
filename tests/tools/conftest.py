"""A server that breaks HTTP in the ways that frameworks cannot, and specs that call it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from support.fault_server import FaultServer, reply


@pytest.fixture
async def faults() -> AsyncIterator[FaultServer]:
    """A running fault server; it is gone when the test is over."""
    async with FaultServer().running() as server:
        yield server


@pytest.fixture(name="reply")
def _reply() -> Callable[..., bytes]:
    return reply
