"""A reply that calls nothing is an answer where nothing else is left to try, or as it is said."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage

from support.bench import Bench
from toolgrove.agent.agent import Agent
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.errors import UsageError
from toolgrove.planners.budget import Budget
from toolgrove.planners.prompts import NUDGE
from toolgrove.planners.registry import PLANNERS

BENCH = Bench()
WORDS = AIMessage("It is 3.")
SEARCHES = sorted({*PLANNERS} - {"auto", "dag", "dta", "react"})


def agent(model: ScriptedModel, planner: str = "react", **options: Any) -> Agent:
    made = Agent(model=model, planner=planner, **options)
    made.registry = BENCH.registry
    return made


def talks(messages: Any) -> AIMessage:
    text = str(messages[-1].content)
    if "one digit" in text:
        return AIMessage("9")
    return AIMessage("A") if "one letter" in text else WORDS


@pytest.mark.parametrize("planner", sorted(PLANNERS))
async def test_text_is_an_answer_with_every_planner_where_it_is_said_to_be(planner: str) -> None:
    outcome = await agent(ScriptedModel(script=talks), planner, finish="text").ainvoke("What?")
    assert (outcome.answer, outcome.ended) == ("It is 3.", "answered")
    leaf = outcome.tree.answered[0]
    assert [c.name for c in leaf.calls] == ["Finish"], "it ends as every path does that answers"
    assert NUDGE not in "".join(message.content for message in leaf.messages)


@pytest.mark.parametrize("planner", sorted(PLANNERS))
async def test_tool_takes_no_prose(planner: str) -> None:
    model = ScriptedModel(script=talks)
    made = agent(model, planner, finish="tool", budget=Budget(model_calls=20))
    assert (await made.ainvoke("What?")).answer is None
    assert len(model.asked) > 1


@pytest.mark.parametrize("planner", ["react", "cot:chains=1"])
async def test_the_only_path_ends_with_prose(planner: str) -> None:
    model = ScriptedModel(replies=[call("add", a=1, b=2), WORDS])
    assert (await agent(model, planner).ainvoke("What?")).answer == "It is 3."


@pytest.mark.parametrize("planner", SEARCHES)
async def test_a_planner_with_another_path_tries_that_first(planner: str) -> None:
    replies = iter([WORDS])

    def script(messages: Any) -> AIMessage:
        text = str(messages[-1].content)
        if "one digit" in text:
            return AIMessage("9")
        return AIMessage("A") if "one letter" in text else next(replies, finish("3, called."))

    assert (await agent(ScriptedModel(script=script), planner).ainvoke("?")).answer == "3, called."


async def test_the_last_path_of_a_search_may_end_in_words() -> None:
    model = ScriptedModel(script=lambda messages: WORDS)
    outcome = await agent(model, "dfsdt:width=1").ainvoke("What?")
    assert (outcome.answer, len(model.asked)) == ("It is 3.", 1)


async def test_neither_nothing_nor_a_mere_thought_is_an_answer() -> None:
    silent, thinks = AIMessage("  "), AIMessage("<think>What now?</think>")
    model = ScriptedModel(replies=[silent, thinks, WORDS])
    outcome = await agent(model).ainvoke("What?")
    assert (outcome.answer, len(model.asked)) == ("It is 3.", 3)


async def test_a_thought_before_the_words_is_no_part_of_the_answer() -> None:
    model = ScriptedModel(replies=[AIMessage("<think>Add.</think>\nIt is 3.")])
    assert (await agent(model).ainvoke("What?")).answer == "It is 3."


def test_another_word_is_refused() -> None:
    with pytest.raises(UsageError, match="auto, tool, text"):
        Agent(model=ScriptedModel(), tools=[BENCH.add], finish="prose")  # type: ignore[arg-type]  # what is tested
