"""Rows that are no pairs: steps with labels and values, ways to a success, and rounds of calls."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from typer.testing import CliRunner

from toolgrove.agent.agent import Agent
from toolgrove.agent.evaluation import Evaluation
from toolgrove.agent.mined_rows import mine_rows, save_rows
from toolgrove.agent.models.scripted import ScriptedModel, call, finish, give_up
from toolgrove.cli.main import app
from toolgrove.data.pairs.kinds import RowsKind
from toolgrove.data.records import Reference, Task
from toolgrove.tools.python.effect import tool

MADE = [kind for kind in RowsKind if kind not in (RowsKind.PAIRS, RowsKind.TOOLPREFERENCE)]


@tool(effect="read")
def code_of(city: str) -> str:
    """The code of a city."""
    if city not in ("Oslo", "Bergen"):
        raise ValueError(f"no city {city}; there are Oslo and Bergen")
    return {"Oslo": "OSX1", "Bergen": "BGX2"}[city]


@tool(effect="read")
def distance(start: str, end: str) -> str:
    """Kilometres by road between two codes."""
    return "463 km"


@tool(effect="write")
def note(text: str) -> str:
    """Write a note."""
    return f"noted {text}"


FAR = call("distance", start="OSX1", end="BGX2")
OSLO, BERGEN = call("code_of", city="Oslo"), call("code_of", city="Bergen")
QUERY = "How far is it from Oslo to Bergen? Look up the codes, and note the distance."


def run(folder: Path, *replies: AIMessage, planner: str = "react") -> Path:
    model = ScriptedModel(replies=list(replies))
    agent = Agent(model=model, tools=[code_of, distance, note], planner=planner)
    asyncio.run(agent.solve(Task("7", QUERY), folder))
    return folder


def rows(run: Path, kind: RowsKind) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The rows that are written, and how many places have which reason for none."""
    mining = mine_rows([run], kind)
    out = run.with_suffix(".jsonl")
    written = save_rows(out, kind, mining)
    [row] = mining.report.rows
    assert (row.pairs, row.branchings) == (written, row.paired + sum(row.unpaired.values()))
    return [json.loads(line) for line in out.read_text().splitlines()], dict(row.unpaired)


def called(messages: Sequence[dict[str, Any]]) -> list[str]:
    return [
        " ".join([one["function"]["name"], *map(str, one["function"]["arguments"].values())])
        for message in messages
        for one in message.get("tool_calls", ())
    ]


@pytest.fixture(scope="module")
def branched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A first branch that fails and gives up, a second that answers."""
    return run(
        tmp_path_factory.mktemp("runs") / "branched",
        call("code_of", city="Narvik"),
        give_up("No such city."),
        OSLO,
        finish("It is 463 km."),
        planner="dfsdt:width=2",
    )


def test_a_step_is_wanted_on_the_way_to_a_success_and_not_where_it_failed(branched: Path) -> None:
    found, reasons = rows(branched, RowsKind.KTO)
    assert [(called(row["completion"])[0][:12], row["label"]) for row in found] == [
        ("code_of Narv", False),
        ("code_of Oslo", True),
        ("Finish give_", True),
    ]
    assert reasons == {"no_blame": 1}, "giving up, where no sibling did better"
    assert called(found[2]["prompt"]) == ["code_of Oslo"]
    assert {"prompt", "completion", "label", "tools", "origin"} == set(found[0])


def test_a_steps_value_is_the_share_of_successes_below_with_both_counts(branched: Path) -> None:
    found, reasons = rows(branched, RowsKind.PRM)
    values = [(row["value"], row["successes"], row["ends"], row["label"]) for row in found]
    assert values == [(0.0, 0, 1, False)] * 2 + [(1.0, 1, 1, True)] * 2
    assert reasons == {}


@pytest.mark.parametrize("kind", [RowsKind.KTO, RowsKind.PRM])
def test_giving_up_is_wanted_where_it_was_judged_right(tmp_path: Path, kind: RowsKind) -> None:
    task = Task("u", "What does a ticket cost?", reference=Reference("unsolvable", None))
    model = ScriptedModel(replies=[give_up("No tool tells that.")])
    agent = Agent(model=model, tools=[code_of], planner="react")
    asyncio.run(Evaluation(agent).run([task], tmp_path / "R"))
    found, _ = rows(tmp_path / "R", kind)
    assert [(called(row["completion"])[0][:12], row["label"]) for row in found] == [
        ("Finish give_", True)
    ]
    [imitated], _ = rows(tmp_path / "R", RowsKind.SFT)
    assert called(imitated["messages"])[0].startswith("Finish give_up")
    assert rows(tmp_path / "R", RowsKind.DTA)[0] == [], "it has no answer to come to"


def test_failed_tries_are_folded_away_or_told_in_their_order(branched: Path) -> None:
    [folded], _ = rows(branched, RowsKind.SFT)
    [told], _ = rows(branched, RowsKind.SFT_TRIES)
    answer = "Finish give_answer It is 463 km."
    assert called(folded["messages"]) == ["code_of Oslo", answer]
    assert called(told["messages"]) == ["code_of Narvik", "code_of Oslo", answer]
    weights = [m.get("weight") for m in told["messages"] if m["role"] == "assistant"]
    assert weights == [0, None, None], "the try is told, and not to be imitated"
    assert not any("weight" in message for message in folded["messages"])
    ids = [one["id"] for m in told["messages"] for one in m.get("tool_calls", ())]
    assert ids == ["call00001", "call00002", "call00003"]


def test_every_row_offers_the_control_tools_that_its_run_did(tmp_path: Path) -> None:
    model = ScriptedModel(replies=[OSLO, finish("OSX1")])
    agent = Agent(model=model, tools=[code_of], planner="react", subtasks=True)
    asyncio.run(agent.solve(Task("7", QUERY), tmp_path / "R"))
    for kind in (RowsKind.SFT, RowsKind.KTO):
        for row in rows(tmp_path / "R", kind)[0]:
            offered = [one["function"]["name"] for one in json.loads(row["tools"])]
            assert offered == ["code_of", "begin_subtask", "end_subtask", "Finish"]


def test_a_try_whose_answer_is_needed_later_is_not_folded_away(tmp_path: Path) -> None:
    needed = run(tmp_path / "R", call("code_of", city="Berg"), BERGEN, finish("It is BGX2."))
    [row], _ = rows(needed, RowsKind.SFT)
    assert called(row["messages"])[0] == "code_of Bergen", "the request names it, too"
    hinted = [call("code_of", city="Hamar"), call("note", text="there are"), finish("1 km")]
    _, reasons = rows(run(tmp_path / "S", *hinted), RowsKind.SFT)
    assert reasons == {"chosen_fails": 1}, "the note repeats what only the failed call said"


def test_a_read_that_its_way_corrects_later_is_a_try_and_a_write_is_none(tmp_path: Path) -> None:
    wrong = call("distance", start="OSX1", end="QQ99")
    told = [OSLO, BERGEN, wrong, FAR, finish("It is 463 km.")]
    [folded], _ = rows(run(tmp_path / "R", *told), RowsKind.SFT)
    assert "distance OSX1 QQ99" not in called(folded["messages"])
    [tries], _ = rows(tmp_path / "R", RowsKind.SFT_TRIES)
    weights = [m.get("weight") for m in tries["messages"] if m["role"] == "assistant"]
    assert weights == [None, None, 0, None, None]
    wrote = [call("note", text="QQ99"), call("note", text="Oslo"), finish("It is noted.")]
    [row], _ = rows(run(tmp_path / "S", *wrote), RowsKind.SFT)
    assert called(row["messages"])[:2] == ["note QQ99", "note Oslo"], "what was written is written"


def test_a_way_in_turn_becomes_rounds_by_where_its_values_come_from(tmp_path: Path) -> None:
    way = [OSLO, BERGEN, FAR, call("note", text="463 km"), finish("It is 463 km.")]
    found, _ = rows(run(tmp_path / "R", *way), RowsKind.DTA)
    assert [row["completion"][0]["content"] for row in found] == [
        '1. code_of(city="Oslo")\n2. code_of(city="Bergen")\njoin()',
        '3. distance(start="OSX1", end="BGX2")\njoin()',
        '4. note(text="463 km")\njoin()',
        "Finish(It is 463 km.)",
    ]
    last = found[2]["prompt"][-1]["content"]
    assert last.startswith("Results:\n3. distance: "), "as the planner is asked"
    assert [row["tools"] for row in found] == [None] * 4, "the prompt lists them"


def test_what_comes_after_a_write_waits_for_it(tmp_path: Path) -> None:
    way = [call("note", text="Oslo"), OSLO, finish("OSX1")]
    found, _ = rows(run(tmp_path / "R", *way), RowsKind.DTA)
    assert [row["completion"][0]["content"][:7] for row in found] == [
        "1. note",
        "2. code",
        "Finish(",
    ]


def test_the_real_trees_give_rows_of_every_kind_and_counts_add_up(
    shared_data: Path, tmp_path: Path
) -> None:
    made = {}
    for kind in MADE:
        mining = mine_rows([shared_data / "toolbench/trees"], kind)
        made[kind.value] = save_rows(tmp_path / "rows.jsonl", kind, mining)
        totals = mining.report.totals()
        places = sum(row.branchings for row in mining.report.rows)
        assert sum(totals["branchings"].values()) == places
    assert made == {"kto": 116, "sft": 1, "sft-tries": 0, "prm": 142, "dta": 5}


def test_the_command_writes_the_rows_that_are_named(branched: Path, tmp_path: Path) -> None:
    out = tmp_path / "rows.jsonl"

    def mine(*more: str) -> Any:
        return CliRunner().invoke(app, ["mine", str(branched), "--out", str(out), *more])

    assert "3 kto rows from 1 of 1 trees" in mine("--rows", "kto").stdout
    assert json.loads(mine("--rows", "prm", "--json").stdout)["branchings"] == {"paired": 4}
    mine("--rows", "toolpreference", "--keep", "no_successful_call", "--keep", "as_good")
    [pair] = [json.loads(line) for line in out.read_text().splitlines()]
    assert [text.split("\n")[1] for text in pair["output"]] == ["Action: code_of"] * 2
    assert pair["input"].startswith(f"User: {QUERY}")
    refused = mine("--rows", "kto", "--rule", "path")
    assert refused.exit_code != 0
    assert "--rule makes pairs" in str(refused.exception)
