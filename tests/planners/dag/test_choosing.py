"""``--planner auto``: it begins with a plan or with steps, and says why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, BaseMessage

from support.bench import Bench
from support.streaming import StreamingModel
from toolgrove.agent.models.scripted import call, finish
from toolgrove.data.records import ToolSpec
from toolgrove.data.runs import JOURNAL
from toolgrove.planners.dag.choosing import Auto, beginning
from toolgrove.planners.registry import parse_planner

SEARCH = ToolSpec("search", "Films", "Films", "search_person")
PERSON = {"type": "object", "properties": {"person_id": {}}, "required": ["person_id"]}
CREDITS = ToolSpec("credits", "Films", "Films", "person_credits", "", PERSON)
WEATHER = ToolSpec("weather", "Sky", "Weather", "forecast")
SEVERAL = "What is the weather in Oslo? And which films did Ann Lee play in?"


@pytest.mark.parametrize(
    ("request_", "variant"),
    [
        ("What is the weather in Oslo?", "plain"),
        ("I'm in Oslo. What is the weather there?", "plain"),
        ("How far is it from Oslo to Rome?", "plain"),
        ("Which is larger, Oslo or Rome?", "plain"),
        (SEVERAL, "plan"),
        ("Is it warm in Oslo and how far is it to Rome?", "plan"),
        ("Find a hotel in Rome, then tell me when the sun sets there.", "plan"),
        ("On average, how warm are Oslo (NO), Rome and Lima today?", "plan"),
        ("Which airport is nearest to Oslo? Give me its IATA code.", "plain"),
        ("What is the median of 17, 4, 23 and 15?", "plain"),
        ("", "plain"),
    ],
)
def test_a_plan_is_for_several_wishes(request_: str, variant: str) -> None:
    assert beginning(request_, (WEATHER, CREDITS)).variant == variant


def test_tools_that_all_hang_on_each_other_are_called_a_step_at_a_time() -> None:
    assert beginning(SEVERAL, (SEARCH, CREDITS)).variant == "plain"
    assert beginning(SEVERAL, (SEARCH, CREDITS, WEATHER)).variant == "plan"
    assert beginning(SEVERAL, (CREDITS,)).variant == "plan", "nothing on offer gives the id"


def says(messages: Sequence[BaseMessage]) -> AIMessage:
    """A plan that fails where one is asked for, and steps where these are."""
    text = "\n".join(str(message.content) for message in messages)
    if "planning calls" in text:
        return AIMessage("1. fail(why=1)\njoin()" if "Results:" not in text[-400:] else "Replan(x)")
    made = sum(message.type == "tool" for message in messages)
    return call("add", a=made, b=1) if made < 2 else finish("done")


@pytest.mark.parametrize(
    ("query", "why", "begins"),
    [("What is 1 + 1?", "one wish", "plain"), (SEVERAL, "2 wishes", "plan")],
)
async def test_a_run_cut_anywhere_goes_on_as_it_was_chosen_to_begin(
    tmp_path: Path, query: str, why: str, begins: str
) -> None:
    whole = tmp_path / "whole"
    tree = await Bench().solve(whole, StreamingModel(script=says), "auto", query=query)
    first, *others = list(tree)[1:]
    assert (tree.answer, first.variant, first.meta["chosen"]) == ("done", begins, why)
    assert others[-1].variant == "plain", "a plan that failed goes on step by step"
    assert all("chosen" not in node.meta for node in others)
    written = (whole / JOURNAL).read_bytes()
    lines = written.splitlines(keepends=True)
    for cut in range(1, len(lines)):
        run = tmp_path / str(cut) / "whole"
        run.mkdir(parents=True)
        (run / JOURNAL).write_bytes(b"".join(lines[:cut]))
        again = await Bench().solve(run, StreamingModel(script=says), "auto", query=query)
        told = [(n.variant, n.calls, n.answer, n.meta.get("chosen")) for n in again]
        assert told == [(n.variant, n.calls, n.answer, n.meta.get("chosen")) for n in tree]


async def test_a_run_of_steps_is_that_of_react(tmp_path: Path) -> None:
    query = "What is 1 + 1?"
    auto = await Bench().solve(tmp_path / "a", StreamingModel(script=says), "auto", query=query)
    react = await Bench().solve(tmp_path / "r", StreamingModel(script=says), "react", query=query)
    assert [node.calls for node in auto] == [node.calls for node in react]
    assert auto.answer == react.answer == "done"


def test_the_rule_is_part_of_what_names_its_words_and_the_others_keep_theirs() -> None:
    kept = {"dag": "53a9c565d5d2", "dta": "200867d55f75", "react": "74e39659231e"}
    assert {name: parse_planner(name).prompts.digest[:12] for name in kept} == kept
    assert Auto.prompts.digest != parse_planner("dag").prompts.digest
