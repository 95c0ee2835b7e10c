"""What the tests of planners share."""

from __future__ import annotations

import pytest

from support.bench import Bench


@pytest.fixture
def bench() -> Bench:
    """Three Python tools that count their calls."""
    return Bench()
