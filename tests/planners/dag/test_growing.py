"""Whole runs of the planners of graphs, with real tools and a scripted model that streams."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage

from support.bench import Bench
from support.planning import model, shown, step
from support.streaming import StreamingModel
from toolgrove.agent.agent import Agent
from toolgrove.agent.view.page import render
from toolgrove.data.formats.toolbench_trees_out import dump_answer_tree
from toolgrove.data.preferences import mine
from toolgrove.data.records import FINISH, NodeState, Reference, Role, Status, Task
from toolgrove.data.runs import JOURNAL, read_tree
from toolgrove.data.tree import ROOT
from toolgrove.evaluators.calls import CallEvaluator
from toolgrove.planners.dag.prompts import DIVIDE, PLAN
from toolgrove.planners.prompts import OURS
from toolgrove.planners.registry import parse_planner
from toolgrove.tools.python.effect import tool
from toolgrove.tools.registry import Registry


async def test_dag_answers_with_two_model_calls(bench: Bench, tmp_path: Path) -> None:
    said = model("1. add(a=2, b=3)\n2. add(a=$1, b=$1)\njoin()", "Finish(It is 10 (ten).)")
    tree = await bench.solve(tmp_path / "r", said, "dag")
    assert (tree.answer, tree.ended) == ("It is 10 (ten).", "answered")
    assert bench.made == [("add", (2, 3)), ("add", (5, 5))]
    root, plan, join = tree
    assert root.messages[0].content == PLAN.rules
    assert (plan.variant, join.variant) == ("plan", "join")
    assert plan.needs == ((0, 1),)
    assert plan.calls[1].arguments == {"a": 5, "b": 5}
    assert plan.messages[0].calls[1].arguments == {"a": "$1", "b": "$1"}
    assert join.calls[0].name == FINISH
    assert shown(said.asked[1]).endswith(
        "Results:\n1. add: 5\n2. add: 10\n"
        "Reply with Finish(the full answer), or with Replan(what is missing) and below it the next "
        "plan, numbered from 3."
    )
    assert read_tree(tmp_path / "r").answer == tree.answer


async def test_every_step_is_a_conversation(bench: Bench, tmp_path: Path) -> None:
    """So that evaluators, viewer and miner read such a tree like any other."""
    said = model(
        "1. add(a=2, b=3)\n2. nope(x=1)\n3. add(a=",
        "Replan(more)",
        "4. add(a=$1, b=1)",
        "Finish(6)",
    )
    tree = await bench.solve(tmp_path / "r", said, "dag")
    for node in list(tree)[1:]:
        assert len(node.calls) == len(node.observations)
        reply, *rest = node.messages
        assert reply.role is Role.ASSISTANT
        answers = [message for message in rest if message.role is Role.TOOL]
        assert [m.call_id for m in answers] == [call.id for call in reply.calls]
        assert len(reply.calls) == len(node.calls)
    ids = [call.id for node in tree for call in node.calls]
    assert len(set(ids)) == len(ids)
    assert tree.answer == "6"


async def test_viewer_exporter_evaluators_and_miner_read_such_a_tree(
    bench: Bench, tmp_path: Path
) -> None:
    said = model(
        "1. add(a=2, b=3)\n2. nope(x=$1)\nadd(a=1)",
        "Replan(more)",
        "3. add(a=$1, b=1)",
        "Finish(6)",
    )
    tree = await bench.solve(tmp_path / "r", said, "dag")
    assert "nope" in render([tmp_path / "r"])
    assert dump_answer_tree(tree)["answer_generation"]["finish_type"] == "give_answer"
    assert mine(tree).row.successes == 1
    add = tree.children(ROOT)[0].calls[0]
    wanted = (add, replace(add, arguments={"a": 5, "b": 1}))
    tree.task = replace(tree.task, reference=Reference("number", 6, calls=wanted))
    score = await CallEvaluator().score(tree)
    assert score.details["arguments"]["recall"] == 1.0


async def test_the_first_tool_starts_before_the_plans_last_line(tmp_path: Path) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    @tool(effect="read")
    async def look(x: int) -> int:
        """Look."""
        began.set()
        await ended.wait()
        return x

    async def pause(said: str) -> None:
        if "2. look" in said:
            await began.wait()  # or the model never comes to its end
            ended.set()

    said = model("1. look(x=1)\n2. look(x=$1)\njoin()\n", "Finish(1)", pause=pause)
    outcome = await asyncio.wait_for(
        Agent(model=said, tools=[look], planner="dag").ainvoke("q"), 60
    )
    assert outcome.answer == "1"
    assert [o.content for o in outcome.tree.children(ROOT)[0].observations] == ["1", "1"]


async def test_a_write_waits_until_the_plan_is_in_the_journal(bench: Bench, tmp_path: Path) -> None:
    """A run that dies in mid-plan asks again, and the model may plan otherwise."""
    run = tmp_path / "r"

    async def pause(said: str) -> None:
        if "join" in said:
            assert not bench.notes
        if "2." in said:
            await asyncio.sleep(0)

    said = model(
        "1. append(text='x')\n2. add(a=1, b=1)\njoin()\n" + "so " * 30, "Finish(1)", pause=pause
    )
    await bench.solve(run, said, "dag")
    assert bench.notes == ["x"]
    lines = (run / JOURNAL).read_text().splitlines()
    replied = next(i for i, line in enumerate(lines) if '"result"' in line and "append(" in line)
    written = next(i for i, line in enumerate(lines) if '"write":true' in line)
    assert replied < written


async def test_a_plan_can_end_with_its_answer(bench: Bench, tmp_path: Path) -> None:
    said = model("1. add(a=2, b=3)\n2. add(a=$1, b=$1)\nFinish($1 and $1 make $2.)")
    tree = await bench.solve(tmp_path / "r", said, "dag")
    assert (tree.answer, tree.ended) == ("5 and 5 make 10.", "answered")
    assert len(said.asked) == 1
    _, plan = tree
    assert [call.name for call in plan.calls[-2:]] == [plan.calls[0].name, FINISH]
    assert plan.state is NodeState.ANSWERED
    assert plan.needs == ((0, 1),)
    asked = [call.id for call in plan.messages[0].calls]
    assert [m.call_id for m in plan.messages[1:]] == asked
    assert read_tree(tmp_path / "r").answer == tree.answer


@pytest.mark.parametrize(
    "plan",
    [
        "1. add(a=1, b=1)\nFinish(It is 2.)",
        "1. add(a=1, b=1)\n2. fail(why=x)\nFinish(It is $1.)",
        "1. add(a=1, b=1)\nadd(a=1, b=2)\nFinish(It is $1.)",
        "1. add(a=1, b=1)\nFinish(It is $1.sum.)",
        "1. add(a=1, b=1)\nFinish(It is $2.)",
        "1. add(a=1, b=1)\n2. add(a=1, b=2)\nFinish(It is $2 - $1.)",
        "1. add(a=1, b=1)\n2. add(a=1, b=2)\nFinish(It is max($1, $2).)",
        "1. add(a=1, b=1)\nFinish(Yes, because it is $1.)",
        "1. add(a=1, b=1)\n2. add(a=1, b=2)\nFinish(The first is best, at $1.)",
        "1. add(a=1, b=1)\njoin()\nFinish(It is $1.)",
        "I look, then Finish($1 or so)\n1. add(a=1, b=1)\njoin()",
    ],
)
async def test_an_answer_that_nobody_can_know_yet_is_not_taken(
    bench: Bench, tmp_path: Path, plan: str
) -> None:
    said = model(plan, "Finish(looked at)")
    tree = await bench.solve(tmp_path / "r", said, "dag")
    assert tree.answer == "looked at"
    assert "1. add: 2" in shown(said.asked[1])


async def test_rounds_look_at_what_they_gave(bench: Bench, tmp_path: Path) -> None:
    said = model("1. add(a=1, b=1)\nFinish(It is $1.)", "Finish(looked at)")
    tree = await bench.solve(tmp_path / "r", said, "dta")
    assert tree.answer == "looked at"


async def test_a_later_plan_answers_with_results_of_an_earlier_one(
    bench: Bench, tmp_path: Path
) -> None:
    said = model(
        "1. add(a=1, b=1)\njoin()", "Replan(more)\n2. add(a=$1, b=1)\nFinish($1, then $2.)"
    )
    tree = await bench.solve(tmp_path / "r", said, "dag")
    assert tree.answer == "2, then 3."
    assert len(said.asked) == 2


async def test_references_in_an_answer_are_filled_in(bench: Bench, tmp_path: Path) -> None:
    @tool(effect="read")
    def split(total: int) -> dict[str, float]:
        """Split a sum."""
        return {"half": total / 2, "rest": total / 2}

    bench.registry.add_function(split)
    said = model("1. split(total=7)\njoin()", "Finish($1.half, not $1 nor $1.third nor $100.)")
    tree = await bench.solve(tmp_path / "r", said, "dag")
    assert tree.answer == "3.5, not $1 nor $1.third nor $100."


async def test_a_failure_reaches_the_joiner_which_plans_anew(bench: Bench, tmp_path: Path) -> None:
    said = model(
        "1. fail(why='no')\n2. add(a=$1, b=1)\n3. add(a=1, b=1)\njoin()",
        "Thought: 1 failed.\nReplan(do without fail)",
        "4. add(a=$3, b=1)\njoin()",
        "Finish(3)",
    )
    tree = await bench.solve(tmp_path / "r", said, "dag")
    assert tree.answer == "3"
    assert [node.variant for node in tree] == ["plain", "plan", "join", "plan", "verdict"]
    assert sorted(bench.made[:2]) == [("add", (1, 1)), ("fail", "no")]
    assert bench.made[2:] == [("add", (2, 1))]
    results = shown(said.asked[1])
    assert "1. fail failed: " in results
    assert '2. add failed: "Skipped, because 1 (fail) failed."' in results
    assert "3. add: 2" in results
    assert shown(said.asked[2]).endswith(
        "Replan(do without fail)\nWrite the next plan, numbered from 4. "
        "Results of earlier lines can be used."
    )


async def test_what_could_not_be_read_reaches_the_joiner(bench: Bench, tmp_path: Path) -> None:
    said = model(
        "1. add(a=1, b='say \"hi\" 'x')\nadd(a=1, b=2)\n2. add(a=$1, b=1)\njoin()", "Finish(none)"
    )
    tree = await bench.solve(tmp_path / "r", said, "dag")
    results = shown(said.asked[1])
    assert '1. add failed: "Line 1 was not run: ' in results
    assert (
        "Line 2 was not run: it has no number; write N. add(…). It reads: add(a=1, b=2)" in results
    )
    assert '2. add failed: "Skipped, because 1 (add) failed."' in results
    plan = tree.children(ROOT)[0]
    assert plan.messages[-1].content == "\n".join(plan.meta["problems"])
    assert not bench.made


async def test_refusals_are_those_of_every_planner(bench: Bench, tmp_path: Path) -> None:
    said = model("1. add(a='2', b=3)\n2. ad(a=1, b=1)\n3. add(a='two', b=3)", "Finish(5)")
    tree = await bench.solve(tmp_path / "r", said, "dag")
    plan = tree.children(ROOT)[0]
    assert [o.status for o in plan.observations] == [
        Status.OK,
        Status.NO_SUCH_TOOL,
        Status.INVALID_REQUEST,
    ]
    assert plan.observations[1].content == 'There is no tool "ad". Did you mean add?'
    assert plan.calls[0].arguments == {"a": 2, "b": 3}


async def test_after_the_last_plan_the_run_goes_on_step_by_step_from_the_results(
    bench: Bench, tmp_path: Path
) -> None:
    said = StreamingModel(
        replies=[
            *map(
                AIMessage,
                [
                    "1. add(a=1, b=1)\n2. fail(why='x')\n3. add(a=$2, b=1)\njoin()",
                    "Replan(a)\n4. add(a=$1, b=1)\njoin()",
                    "Replan(b)",
                ],
            ),
            step("add", a=3, b=3),
            step("Finish", return_type="give_answer", final_answer="6"),
        ]
    )
    tree = await bench.solve(tmp_path / "r", said, "dag")
    assert tree.answer == "6"
    variants = [node.variant for node in tree]
    assert variants == ["plain", "plan", "join", "verdict", "plain", "plain"]
    rules, query, *made = said.asked[3]
    assert rules.content == OURS.rules
    assert query.content == "What is it?"
    calls = [call for message in made for call in getattr(message, "tool_calls", ())]
    assert [(c["name"], c["args"]) for c in calls] == [
        ("add", {"a": 1, "b": 1}),
        ("fail", {"why": "x"}),
        ("add", {"a": 2, "b": 1}),
    ], "as they were made, and only those that were"
    assert made[-1].content == "3"
    assert "Reply with Finish(the full answer), or with Replan(what is missing)." in shown(
        said.asked[2]
    )
    assert bench.made[-1] == ("add", (3, 3))


async def test_steps_after_the_last_plan_are_limited(bench: Bench, tmp_path: Path) -> None:
    said = StreamingModel(
        replies=[
            *map(AIMessage, ["1. add(a=1, b=1)", "Replan(a)", "2. add(a=2, b=2)", "Replan(b)"]),
            step("add", a=1, b=2),
            step("add", a=1, b=3),
        ]
    )
    tree = await bench.solve(tmp_path / "r", said, "dag:steps=2")
    assert (tree.answer, tree.ended) == (None, "exhausted")
    assert list(tree)[-1].reason == "limit of 2 calls after the last plan"


async def test_a_joiner_that_says_neither_is_asked_for_the_answer(
    bench: Bench, tmp_path: Path
) -> None:
    said = model("join()", "Hm.", "Finish(42)")
    tree = await bench.solve(tmp_path / "r", said, "dag")
    assert [node.variant for node in tree] == ["plain", "plan", "join", "answer"]
    assert "Nothing was called." in shown(said.asked[1])
    assert tree.answer == "42"


async def test_a_joiner_that_goes_on_planning_is_taken_at_its_word(
    bench: Bench, tmp_path: Path
) -> None:
    said = model("1. add(a=1, b=1)", "2. add(a=$1, b=1)\nFinish(I guess 3)", "Finish(3)")
    tree = await bench.solve(tmp_path / "r", said, "dag")
    assert [node.variant for node in tree] == ["plain", "plan", "join", "verdict"]
    assert tree.answer == "3"
    assert bench.made[1] == ("add", (2, 1))


async def test_calls_at_the_very_end_are_not_made(bench: Bench, tmp_path: Path) -> None:
    said = model("1. add(a=1, b=1)", "2. add(a=2, b=1)")
    tree = await bench.solve(tmp_path / "r", said, "dta:rounds=1")
    assert tree.answer is None
    assert tree.ended == "exhausted"
    assert len(bench.made) == 1


async def test_dta_goes_in_rounds(bench: Bench, tmp_path: Path) -> None:
    said = model(
        "1. add(a=1, b=1)\n2. add(a=2, b=2)\njoin()", "3. add(a=$1, b=$2)\njoin()", "Finish(6)"
    )
    tree = await bench.solve(tmp_path / "r", said, "dta")
    assert [node.variant for node in tree] == ["plain", "divide", "aggregate", "aggregate"]
    assert tree.answer == "6"
    assert bench.made[2] == ("add", (2, 4))
    assert said.asked[0][0].content == DIVIDE.rules
    assert "numbered from 4." in shown(said.asked[2])
    assert len(tree.children(ROOT)[0].observations) == 2


async def test_prompts_share_their_beginning(bench: Bench, tmp_path: Path) -> None:
    said = model("1. add(a=1, b=1)", "Replan(x)", "2. add(a=2, b=2)", "Finish(4)")
    await bench.solve(tmp_path / "r", said, "dag")
    texts = [[(m.type, m.content) for m in asked] for asked in said.asked]
    for earlier, later in pairwise(texts):
        assert later[: len(earlier)] == earlier


@pytest.mark.parametrize("planner", ["dag", "dta"])
async def test_the_model_is_shown_no_functions_and_the_tools_with_what_they_give(
    planner: str, tmp_path: Path
) -> None:
    @tool(effect="read")
    def where(city: str) -> dict[str, float]:
        """Where a city is.

        Returns
        -------
        dict
            Its place.
        """
        return {"lat": 1.0, "lon": 2.0}

    said = model("1. where(city='Rome')", "Finish(1.0)")
    agent = Agent(model=said, tools=[where], planner=planner)
    await agent.ainvoke("What is it?")
    assert "- where(city: string): Where a city is" in shown(said.asked[0])
    assert {m.type for m in said.asked[1]} == {"system", "human", "ai"}
    assert not any(getattr(m, "tool_calls", ()) for m in said.asked[1])


async def test_a_read_is_answered_from_an_earlier_plan_unless_a_write_comes_before_it(
    bench: Bench, tmp_path: Path
) -> None:
    said = model(
        "1. add(a=1, b=1)",
        "Replan(again)",
        "2. add(a=1, b=1)\n3. append(text='x')\n4. add(a=1, b=1)",
        "Finish(2)",
    )
    tree = await bench.solve(tmp_path / "r", said, "dag")
    assert bench.made == [("add", (1, 1)), ("append", "x"), ("add", (1, 1))]
    again, _, behind = next(n for n in tree if n.meta.get("tasks") == [2, 3, 4]).observations
    assert (again.cached, again.repeated, again.content) == (True, True, "2")
    assert not behind.cached


async def test_writes_of_one_module_keep_their_written_order(tmp_path: Path) -> None:
    registry, notes = Registry(), []

    async def create(name: str) -> str:
        """Create a note."""
        await asyncio.sleep(0)
        notes.append(f"create {name}")
        return name

    async def append(name: str, text: str) -> str:
        """Append to a note."""
        notes.append(f"append {text}")
        return text

    registry.add_function(create)
    registry.add_function(append)
    said = model('1. create(name="n")\n2. append(name="n", text="t")\njoin()', "Finish(ok)")
    agent = Agent(model=said, planner="dag")
    agent.registry = registry
    tree = await agent.solve(Task("t", "q"), tmp_path / "r")
    assert notes == ["create n", "append t"]
    assert tree.children(ROOT)[0].needs == (), "an order is no use of a result"


def test_planners_by_name() -> None:
    assert repr(parse_planner("dag:replans=2")) == "DAG(replans=2, lines=16, steps=8)"
    assert repr(parse_planner("dta:lines=5")) == "DTA(rounds=4, lines=5)"
    assert PLAN.digest != DIVIDE.digest


async def test_a_reference_has_the_whole_result_where_the_model_sees_it_cut(
    tmp_path: Path,
) -> None:
    @tool(effect="read")
    def long() -> list[int]:
        """A long list."""
        return list(range(1000))

    @tool(effect="read")
    def last(of: list[int]) -> int:
        """The last of a list."""
        return of[-1]

    said = model("1. long()\n2. last(of=$1)\n3. last(of=[$1[998]])", "Finish(x)")
    agent = Agent(model=said, tools=[long, last], planner="dag", observation_limit=60)
    outcome = await agent.ainvoke("What is it?")
    first, second, third = outcome.tree.children(ROOT)[0].observations
    assert first.truncated
    assert (second.content, third.content) == ("999", "998")


async def test_finish_at_once_is_an_answer(bench: Bench, tmp_path: Path) -> None:
    tree = await bench.solve(tmp_path / "r", model("Finish(no tool is needed)"), "dag")
    assert tree.answered[0].state is NodeState.ANSWERED
    assert tree.answer == "no tool is needed"
