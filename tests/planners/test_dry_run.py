"""A dry run shows calls: no tool is dropped for it, and nothing that it shows is a success."""

from __future__ import annotations

from pathlib import Path

from langchain_core.messages import AIMessage

from toolgrove.agent.agent import Agent
from toolgrove.agent.models.scripted import ScriptedModel, call, finish
from toolgrove.agent.view.page import render
from toolgrove.data.records import Reference, Status, Task, ToolCall
from toolgrove.data.runs import read_tree
from toolgrove.data.tree import SearchTree
from toolgrove.evaluators.answer import AnswerEvaluator
from toolgrove.evaluators.calls import CallEvaluator
from toolgrove.evaluators.passrate import PassEvaluator
from toolgrove.planners.tally import Tally
from toolgrove.tools.calls.policy import Policy
from toolgrove.tools.python.effect import tool


@tool(effect="read")
def look(x: int) -> int:
    """Look."""
    raise AssertionError("it ran")


def put(x: int) -> int:
    """Put."""
    raise AssertionError("it ran")


def solved(*calls: tuple[str, int], **options: object) -> tuple[SearchTree, ScriptedModel]:
    replies = [*(call(name, x=x) for name, x in calls), finish("7")]
    model = ScriptedModel(replies=replies)
    agent = Agent(
        model=model,
        tools=[look, put],
        planner="react",
        policy=Policy(dry_run=True),
        **options,  # type: ignore[arg-type]  # of one test
    )
    wanted = [ToolCall(str(x), agent.registry.id_of(name) or "", {"x": x}) for name, x in calls]
    task = Task("t", "Look.", reference=Reference("number", 7, calls=tuple(wanted)))
    return agent.invoke(task).tree, model


def test_tools_that_were_only_shown_stay_on_offer() -> None:
    tree, model = solved(*[("look", x) for x in range(4)], *[("put", x) for x in range(4)])
    seen = [o for node in tree for o in node.observations if o.status is not Status.FINAL_ANSWER]
    assert {o.status for o in seen} == {Status.PREVIEWED}
    assert "nothing was sent" in seen[0].content
    assert [t["function"]["name"] for t in model.offered] == ["look", "put", "Finish"]


def test_a_preview_is_neither_a_failure_nor_a_result() -> None:
    assert (Status.PREVIEWED.failed, Status.PREVIEWED.usable) == (False, False)
    assert Status.PREVIEWED.code not in (0, 3, 6)
    tree, _ = solved(("look", 1))
    [step] = [node for node in tree if node.observations][:1]
    assert Tally().after(step).useful == 0


async def test_no_evaluator_counts_a_dry_run_as_a_success() -> None:
    tree, _ = solved(("look", 1), ("put", 2))
    judge = ScriptedModel(replies=[])
    for evaluator in (AnswerEvaluator(), CallEvaluator(), PassEvaluator(judge)):
        score = await evaluator.score(tree)  # type: ignore[attr-defined]  # all of them have it
        assert (score.value, score.infrastructure) == (None, False)
        assert "dry run" in score.reason


def test_the_page_shows_it_as_what_it_is(tmp_path: Path) -> None:
    solved(("look", 1), runs=tmp_path)
    [run] = tmp_path.iterdir()
    assert next(o.status for n in read_tree(run) for o in n.observations) is Status.PREVIEWED
    page = render([run])
    assert '"status":"previewed"' in page.replace(" ", "")
    assert "status shown" in page


def test_a_plan_is_shown_without_making_up_what_its_calls_give() -> None:
    replies = [AIMessage("1. look(x=1)\n2. put(x=$1)\njoin()"), AIMessage("Finish(shown)")]
    agent = Agent(
        model=ScriptedModel(replies=replies),
        tools=[look, put],
        planner="dag",
        policy=Policy(dry_run=True),
    )
    tree = agent.invoke("Do it.").tree
    shown, held = next(node.observations for node in tree if len(node.observations) == 2)
    assert shown.status is Status.PREVIEWED
    assert held.status is Status.INVALID_REQUEST
    assert "only shown" in held.content
