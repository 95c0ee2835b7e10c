"""Settings as options: what is said is what the run has, and every command says it alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from toolgrove.agent.settings import RunSettings
from toolgrove.cli.approval import Approval
from toolgrove.cli.main import app
from toolgrove.cli.options import OPTIONS
from toolgrove.cli.prices import prices
from toolgrove.cli.settings import Given
from toolgrove.data.settings import declared
from toolgrove.errors import UsageError
from toolgrove.planners import Budget


def test_what_is_given_comes_through() -> None:
    said = {"max_model_calls": 9, "max_tool_calls": 8, "max_tokens": 7, "max_seconds": 6.0}
    said |= {"max_money": 0.5, "price": ["a/b=1=1.25,10"], "in_flight": 4, "k": 2}
    said |= {"temperature": 0.5, "allow": ["A/*"], "allow_private": True, "timeout": 9.0}
    got = Given(said, Approval.ALWAYS).settings()
    assert got.budget == Budget(9, 8, 7, 6.0, 0.5)
    assert (got.prices, got.in_flight, got.k) == ({"a/b=1": (1.25, 10.0)}, 4, 2)
    assert got.sampling == {"temperature": 0.5}
    assert (got.calls.policy.allow, got.calls.timeout) == (("A/*",), 9.0)
    assert got.calls.network.addresses.private


def test_instructions_are_a_text_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "told.txt").write_text("Be brief.\n", "utf-8")
    for given in ("Be brief.\n", f"@{tmp_path / 'told.txt'}"):
        got = Given({"instructions": given}, Approval.ASK).settings()
        assert got.instructions == "Be brief.\n"
    with pytest.raises(UsageError, match="@missing"):
        Given({"instructions": "@missing"}, Approval.ASK).settings()


def test_every_option_sets_a_field_that_there_is() -> None:
    fields = [*declared(RunSettings), "calls.record"]
    for option in OPTIONS:
        if option.sets and not option.sets.startswith("sampling."):
            assert any(name.startswith(option.sets) for name in fields), option.name


@pytest.mark.parametrize("command", ["run", "eval"])
def test_run_and_eval_have_every_setting(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).output
    assert all(option.flag in shown for option in OPTIONS)


def test_going_on_lifts_no_restriction_of_the_run() -> None:
    begun = Given({"allow": ["A/*"], "read_only": True}, Approval.ASK).settings()
    again = Given({"allow": ["*"]}, Approval.ASK).settings(begun)
    assert again.calls.policy.allow == ("*",)
    assert again.calls.policy.also == (("A/*",),)
    assert again.calls.policy.read_only


@pytest.mark.parametrize(
    "price", ["gpt-5", "gpt-5=1", "gpt-5=1,2,3", "gpt-5=a,b", "=1,2", "m=-1,2"]
)
def test_a_price_that_cannot_be_read_says_what_one_looks_like(price: str) -> None:
    with pytest.raises(UsageError, match=r"as in gpt-5=1\.25,10"):
        prices([price])


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
