"""Rules ``tau/1`` and ``tau2/1``: end state and facts told, on domains written for these tests."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from support import small_tau
from support.small_tau import BOOK, TASKS, tau, tau2
from toolgrove.errors import FormatError, UsageError
from toolgrove.evaluators.tau.package import domain
from toolgrove.evaluators.tau.scoring import TauVerdict, score_all
from toolgrove.evaluators.tau.trajectories import is_results, read_all
from toolgrove.evaluators.tau.verifying import verify, verify_recorded

DONE = ("book_reservation", BOOK["arguments"], "{}")


@pytest.fixture(autouse=True)
def package(tmp_path: Path) -> Iterator[None]:
    with small_tau.installed(tmp_path / "site"):
        yield


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "results.json"


def old(file: Path, *entries: Any) -> list[TauVerdict]:
    file.write_text(json.dumps(entries, indent=2), encoding="utf-8")
    assert is_results(file)
    return list(score_all(read_all(file)))


def new(file: Path, *simulations: Any, **more: Any) -> list[TauVerdict]:
    assert is_results(small_tau.tau2_file(file, *simulations, **more))
    return list(score_all(read_all(file)))


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"name": name, "arguments": arguments}


def test_the_end_state_and_the_facts_decide(file: Path) -> None:
    look = ("get_user_details", {"user_id": "nobody"}, "Error: not found")
    other = ("book_reservation", {"user_id": "ada_1", "amount": 31}, "{}")
    verdicts = old(
        file,
        tau(DONE),
        tau(look, DONE),
        tau(DONE, said="1,62"),
        tau(),
        tau(other),
        tau(DONE, ("cancel_reservation", {"record_id": "R1"}, "{}")),
    )
    assert [v.valid for v in verdicts] == [True, True, False, False, False, False]
    assert verdicts[2].reason == "not told: 1628"
    assert verdicts[3].reason.startswith("another end state: reservations.NEW, users.ada_1")


def test_both_kinds_of_files_are_judged_by_their_own_rule(file: Path) -> None:
    one, two = old(file, tau(DONE))[0], new(file, tau2(BOOK))[0]
    assert (one.id, one.trial, one.valid, one.rule) == (0, 0, True, "tau/1")
    assert (two.id, two.trial, two.valid, two.rule) == ("0", 0, True, "tau2/1")


def test_a_point_for_the_facts_alone_is_explained_where_it_was_recorded(file: Path) -> None:
    early, wrong, untold = old(file, tau(), tau(reward=0.0), tau(said="done"))
    assert early.valid is False
    assert early.reason.endswith("before its pull request 16")
    assert "pull request" not in wrong.reason + untold.reason
    assert "pull request" not in new(file, tau2())[0].reason


def test_words_beside_a_call_are_not_told_in_tau_bench(file: Path) -> None:
    entry = tau(DONE, said="done")
    entry["traj"][1]["content"] = "1628"
    assert old(file, entry)[0].valid is False


def test_conversations_do_not_see_each_others_writes(file: Path) -> None:
    verdicts = old(file, *(tau(DONE) for _ in range(5)))
    assert all(v.valid for v in verdicts)  # credit for three bookings only
    assert domain("airline").database.users["ada_1"].credit == 100


def test_a_conversation_that_nobody_ended_is_wrong(file: Path) -> None:
    assert new(file, tau2(BOOK, termination_reason="max_steps"))[0].valid is False
    cut = tau(DONE)
    cut["traj"].pop()
    assert old(file, cut)[0].valid is False
    cut["traj"][1:1] = tau(("transfer_to_human_agents", {}, "ok"))["traj"][1:3]
    assert old(file, cut)[0].valid is True


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (tau(("fly", {}, "{}")), "no tool 'fly'"),
        (tau((*DONE[:2], "Error: no seats")), "succeeds in the environment at hand"),
        (tau(("book_reservation", {"user_id": "bob_2", "amount": 6}, "{}")), "fails in the env"),
        (tau(DONE, info={}), "not in the databases"),
        (tau(DONE, info={"error": "out of quota"}), "not in the databases"),
        (tau(said='Action: {"name": "x"}'), "written in the agent's text"),
    ],
)
def test_what_cannot_be_known_is_no_verdict_and_says_why(
    file: Path, entry: dict[str, Any], reason: str
) -> None:
    verdict = old(file, entry)[0]
    assert verdict.valid is None
    assert reason in verdict.reason


def test_calls_that_failed_when_they_were_recorded_change_nothing(file: Path) -> None:
    tried = [
        ("fly", {}, "Unknown action fly"),
        ("book_reservation", {"user_id": "bob_2", "amount": 6}, "Error: not enough credit"),
        ("book_reservation", "{broken", "Error: no JSON"),
    ]
    assert old(file, tau(*tried, DONE))[0].valid is True


def test_an_unknown_task_or_domain_is_no_verdict(file: Path) -> None:
    assert new(file, tau2(BOOK, task_id="77"))[0].valid is None
    assert new(file, tau2(BOOK), domain="telecom")[0].valid is None
    assert new(file, tau2(BOOK), tasks=[])[0].valid is True  # the package has it


def test_values_that_tau_bench_stores_as_they_are_count_there(file: Path) -> None:
    whole = {**BOOK["arguments"], "amount": 30.0}
    more = {**BOOK["arguments"], "passengers": [{"first_name": "A", "seat": "4B"}]}
    assert old(file, tau(("book_reservation", whole, "{}")))[0].valid is False
    plain = {**BOOK["arguments"], "passengers": ["Ada"]}
    assert old(file, tau(("book_reservation", more, "{}")))[0].valid is False
    assert old(file, tau(("book_reservation", plain, "{}")))[0].valid is False
    assert new(file, tau2(call("book_reservation", **whole)))[0].valid is True


def test_updated_flights_leave_the_cabin_in_tau_bench(file: Path) -> None:
    change = call("update_reservation_flights", reservation_id="R1", cabin="economy")
    made = (change["name"], change["arguments"], "{}")
    assert old(file, tau(DONE, made))[0].valid is True
    assert new(file, tau2(BOOK, change))[0].valid is False


@pytest.mark.parametrize(
    ("basis", "more", "calls", "valid"),
    [
        (["DB", "NL_ASSERTION"], {"nl_assertions": ["kind"]}, [BOOK], None),
        (["DB", "NL_ASSERTION"], {"nl_assertions": ["kind"]}, [], False),
        (["DB", "NL_ASSERTION"], {"nl_assertions": []}, [BOOK], True),
        (["DB", "ENV_ASSERTION"], {"env_assertions": [{"func_name": "f"}]}, [BOOK], None),
        (["DB", "BEAUTY"], {}, [BOOK], None),
        (["ACTION"], {}, [BOOK], False),
        (["ACTION"], {}, [BOOK, call("get_user_details", user_id="ada_1")], True),
        (["COMMUNICATE"], {}, [], True),
    ],
)
def test_the_reward_basis_decides_what_counts(
    file: Path, basis: list[str], more: dict[str, Any], calls: list[Any], valid: bool | None
) -> None:
    task = copy.deepcopy(TASKS[0])
    task["evaluation_criteria"] |= {"reward_basis": basis, **more}  # type: ignore[operator]  # a dict
    verdict = new(file, tau2(*calls), tasks=[task])[0]
    assert verdict.valid is valid, verdict.reason


def test_a_task_that_sets_the_environment_up_is_no_verdict(file: Path) -> None:
    task = {**TASKS[0], "initial_state": {"initialization_actions": [{"func_name": "f"}]}}
    assert new(file, tau2(BOOK), tasks=[task])[0].valid is None


def test_a_verdict_names_its_rule_and_the_data_that_it_depends_on(file: Path) -> None:
    one, again = new(file, tau2(BOOK)), new(file, tau2())
    assert one[0].data == again[0].data != ""
    task = copy.deepcopy(TASKS[0])
    task["evaluation_criteria"]["communicate_info"] = ["1629"]  # type: ignore[index]  # a dict
    assert new(file, tau2(BOOK), tasks=[task])[0].data != one[0].data


def test_reference_calls_that_fail_are_told_with_the_verdict(file: Path) -> None:
    poor = call("book_reservation", user_id="bob_2", amount=6)
    task = {"id": "0", "evaluation_criteria": {"actions": [poor]}}
    verdict = new(file, tau2(), tasks=[task])[0]
    assert verdict.valid is True
    assert "not enough credit" in verdict.reason


def test_a_broken_entry_is_named_with_its_place(file: Path) -> None:
    file.write_text('[{"task_id": 0, "traj": [{"role": "assistant", "tool_calls": [{}]}]}]')
    with pytest.raises(FormatError, match=r"\$\[0\]"):
        list(read_all(file))


def test_the_package_is_loaded_without_inspect_ai_and_leaves_no_trace(file: Path) -> None:
    assert domain("airline").policy == "Be kind."
    assert not [name for name in sys.modules if name.startswith("inspect_")]


def test_without_the_package_it_is_said_how_to_install_it(tmp_path: Path) -> None:
    domain.cache_clear()
    sys.path.remove(str(tmp_path / "site"))
    try:
        if find_spec("inspect_evals") is not None:
            pytest.skip("inspect-evals is installed here")
        with pytest.raises(UsageError, match="pip install --no-deps inspect-evals"):
            domain("airline")
    finally:
        sys.path.insert(0, str(tmp_path / "site"))


def test_recorded_rewards_are_compared(file: Path) -> None:
    old(file, tau(DONE), tau(reward=0.0), tau(reward=1.0, trial=2))
    found = verify_recorded(file)
    assert (found.items, found.outputs, found.equal) == (1, 3, 2)
    assert found.different[0]["form"] == "trial 2"


def test_made_conversations_are_judged_as_by_the_whole_database() -> None:
    airline, retail = verify()
    assert airline.different == retail.different == []
    assert (airline.items, airline.outputs, airline.valid) == (2, 15, 5)
