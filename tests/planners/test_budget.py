"""Limits hold to the call, over resumptions, and money is counted by each model's price."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, BaseMessage

from support.bench import Bench
from toolgrove.agent.models.scripted import ScriptedModel, call
from toolgrove.errors import UsageError
from toolgrove.planners.budget import Budget, Meter


def endless(messages: Sequence[BaseMessage]) -> AIMessage:
    reply = call("add", a=len(messages), b=0)
    counted = {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100}
    return reply.model_copy(update={"usage_metadata": counted})


async def test_money_ends_a_run_after_the_call_that_passes_the_limit(
    bench: Bench, tmp_path: Path
) -> None:
    """Each call costs 0.003."""
    model = ScriptedModel(script=endless)
    prices = {"scripted": (2.0, 10.0)}
    budget = Budget(money=0.007)
    tree = await bench.solve(tmp_path / "r", model, "react:depth=50", budget, prices=prices)
    assert tree.ended == "money"
    assert len(model.asked) == 3


async def test_money_without_a_price_is_refused_before_anything_is_spent(
    bench: Bench, tmp_path: Path
) -> None:
    model = ScriptedModel(script=endless)
    with pytest.raises(UsageError, match="'scripted' has no price"):
        await bench.solve(tmp_path / "r", model, "react", Budget(money=1.0))
    assert model.asked == []


async def test_a_resumed_run_has_spent_what_it_spent_before(bench: Bench, tmp_path: Path) -> None:
    prices = {"scripted": (2.0, 10.0)}
    first = ScriptedModel(script=endless)
    await bench.solve(tmp_path / "r", first, "react:depth=50", Budget(money=0.007), prices=prices)
    second = ScriptedModel(script=endless)
    tree = await bench.solve(
        tmp_path / "r", second, "react:depth=50", Budget(money=0.013), prices=prices
    )
    assert (len(first.asked), len(second.asked)) == (3, 2)
    assert tree.ending is not None
    assert tree.ending.spent.model_calls == 5
    third = ScriptedModel(script=endless)
    await bench.solve(tmp_path / "r", third, "react:depth=50", Budget(model_calls=6))
    assert len(third.asked) == 1


def test_while_somebody_is_asked_no_time_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    meter = Meter(Budget(seconds=10.0), _began=0.0)
    now = 2.0
    with meter.stopped():
        now = 500.0
        with meter.stopped():  # another call waits for the same person
            now = 1000.0
            assert meter.seconds == 2.0
        now = 2000.0
    now = 2003.0
    assert (meter.seconds, meter.seconds_left) == (5.0, 5.0)
