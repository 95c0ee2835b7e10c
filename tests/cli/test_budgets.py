"""Budgets as options: what is said is what the run may spend."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from toolgrove.cli.budgets import budget_of
from toolgrove.cli.main import app
from toolgrove.errors import UsageError
from toolgrove.planners.budget import Budget


def test_all_limits_come_through() -> None:
    budget = budget_of(
        9, tool_calls=8, tokens=7, seconds=6.0, money=0.5, prices=["a/b=1=1.25,10"], in_flight=4
    )
    assert budget == Budget(9, 8, 7, 6.0, 0.5, {"a/b=1": (1.25, 10.0)}, 4)


@pytest.mark.parametrize(
    "price", ["gpt-5", "gpt-5=1", "gpt-5=1,2,3", "gpt-5=a,b", "=1,2", "m=-1,2"]
)
def test_a_price_that_cannot_be_read_says_what_one_looks_like(price: str) -> None:
    with pytest.raises(UsageError, match=r"as in gpt-5=1\.25,10"):
        budget_of(9, prices=[price])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--vote", "answer"], "--samples 5"),
        (["--cascade", "planact"], "--strong"),
    ],
)
def test_an_option_that_would_do_nothing_says_what_it_needs(options: list[str], says: str) -> None:
    ended = CliRunner().invoke(app, ["run", "Where?", *options])
    assert isinstance(ended.exception, UsageError)
    assert says in str(ended.exception)
