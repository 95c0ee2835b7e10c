"""What a whole run does, with real tools and a scripted model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage

from support.bench import Bench
from toolgrove.agent.models.scripted import ScriptedModel, call, finish, give_up
from toolgrove.data.records import NodeState, Status
from toolgrove.data.runs import read_run, read_tree
from toolgrove.data.tree import ROOT
from toolgrove.errors import ModelError
from toolgrove.planners.budget import Budget


async def test_react_answers_with_what_its_tool_gave(bench: Bench, tmp_path: Path) -> None:
    model = ScriptedModel(replies=[call("add", a=2, b=3), finish("5")])
    tree = await bench.solve(tmp_path / "r", model, "react")
    assert (tree.answer, tree.ended) == ("5", "answered")
    assert bench.made == [("add", (2, 3))]
    assert model.asked[1][-1].content == "5"
    assert [t["function"]["name"] for t in model.offered][-1] == "Finish"
    assert read_tree(tmp_path / "r").answer == "5"


async def test_dfsdt_backtracks_and_the_sibling_sees_what_failed(
    bench: Bench, tmp_path: Path
) -> None:
    model = ScriptedModel(
        replies=[call("fail", why="no"), give_up(), call("add", a=1, b=1), finish("2")]
    )
    tree = await bench.solve(tmp_path / "r", model)
    first, second = tree.children(ROOT)
    assert tree.children(first.id)[0].state is NodeState.GAVE_UP
    assert second.variant == "diversity"
    assert "fail" in second.prompt[0].content
    assert tree.answer == "2"


async def test_the_diversity_prompt_never_reaches_a_descendant(
    bench: Bench, tmp_path: Path
) -> None:
    """In ToolBench it leaks into the prompts of all that follow."""
    model = ScriptedModel(
        replies=[call("fail", why="no"), give_up(), call("add", a=1, b=1), finish("2")]
    )
    tree = await bench.solve(tmp_path / "r", model)
    told = [any("not the first try" in str(m.content) for m in asked) for asked in model.asked]
    assert told == [False, False, True, False]
    leaf = tree.answered[0]
    assert not any("not the first" in m.content for m in tree.trajectory(leaf.id).messages)


async def test_several_calls_of_one_message_are_all_made(bench: Bench, tmp_path: Path) -> None:
    two = AIMessage(
        "",
        tool_calls=[
            {"name": "add", "args": {"a": 1, "b": 1}, "id": "x"},
            {"name": "add", "args": {"a": 2, "b": 2}, "id": "x"},
        ],
    )
    tree = await bench.solve(tmp_path / "r", [two, finish("2 and 4")], "react")
    node = tree.children(ROOT)[0]
    assert [o.content for o in node.observations] == ["2", "4"]
    assert len({c.id for c in node.calls}) == 2, "a model's repeated call ids are made distinct"
    assert node.depth == 2


async def test_finish_among_other_calls_is_sent_back(bench: Bench, tmp_path: Path) -> None:
    both = AIMessage(
        "",
        tool_calls=[
            {"name": "add", "args": {"a": 1, "b": 1}, "id": "1"},
            {
                "name": "Finish",
                "args": {"return_type": "give_answer", "final_answer": "3"},
                "id": "2",
            },
        ],
    )
    tree = await bench.solve(tmp_path / "r", [both, finish("2")], "react")
    assert tree.answer == "2"
    assert tree.children(ROOT)[0].observations[1].status is Status.BAD_FINISH


async def test_a_reply_without_a_call_is_asked_for_one(bench: Bench, tmp_path: Path) -> None:
    model = ScriptedModel(replies=[AIMessage("I think it is 5."), finish("5")])
    tree = await bench.solve(tmp_path / "r", model, "dfsdt")  # which has another path to try
    assert tree.answer == "5"
    assert "Call one of the tools" in str(model.asked[1][-1].content)


async def test_a_hallucinated_name_is_answered_with_real_ones(bench: Bench, tmp_path: Path) -> None:
    model = ScriptedModel(replies=[call("ad", a=1, b=1), finish("2")])
    tree = await bench.solve(tmp_path / "r", model, "react")
    seen = tree.children(ROOT)[0].observations[0]
    assert seen.status is Status.NO_SUCH_TOOL
    assert "add" in seen.content
    assert bench.made == []


async def test_arguments_that_do_not_parse_come_back_as_an_error_to_mend(
    bench: Bench, tmp_path: Path
) -> None:
    broken = AIMessage(
        "",
        invalid_tool_calls=[{"name": "add", "args": '{"a": 1, "b"', "id": "1", "error": None}],
    )
    tree = await bench.solve(tmp_path / "r", [broken, finish("?")], "react")
    assert tree.children(ROOT)[0].observations[0].status is Status.INVALID_REQUEST
    assert bench.made == []


async def test_a_repeated_call_is_answered_from_the_path(bench: Bench, tmp_path: Path) -> None:
    replies = [call("add", a=1, b=1), call("add", a=1, b=1), finish("2")]
    tree = await bench.solve(tmp_path / "r", replies, "react")
    assert bench.made == [("add", (1, 1))]
    assert tree.answered
    assert [o.cached for n in tree for o in n.observations] == [False, True, False]


async def test_after_a_write_a_read_is_made_again(bench: Bench, tmp_path: Path) -> None:
    replies = [
        call("add", a=1, b=1),
        call("append", text="x"),
        call("add", a=1, b=1),
        finish("2"),
    ]
    await bench.solve(tmp_path / "r", replies, "react")
    assert [name for name, _ in bench.made] == ["add", "append", "add"]


async def test_dfsdt_prunes_a_step_that_only_repeats(bench: Bench, tmp_path: Path) -> None:
    replies = [call("add", a=1, b=1), call("add", a=1, b=1), finish("2")]
    tree = await bench.solve(tmp_path / "r", replies)
    step = tree.children(ROOT)[0]
    repeat, answer = tree.children(step.id)
    assert repeat.state is NodeState.PRUNED
    assert "repeats" in repeat.reason
    assert answer.state is NodeState.ANSWERED


async def test_dfsdt_can_prune_a_step_whose_calls_all_failed(bench: Bench, tmp_path: Path) -> None:
    model = ScriptedModel(replies=[call("fail", why="no"), call("add", a=1, b=1), finish("2")])
    tree = await bench.solve(tmp_path / "r", model, "dfsdt:prune_errors=true")
    failed, worked = tree.children(ROOT)
    assert (failed.state, failed.reason) == (NodeState.PRUNED, "every call failed")
    assert worked.variant == "diversity"
    assert [m.type for m in model.asked[-1]] == ["system", "human", "ai", "tool"], "no error left"


@pytest.mark.parametrize(
    ("budget", "ended", "calls"),
    [
        (Budget(model_calls=3), "model_calls", 3),
        (Budget(tool_calls=2), "tool_calls", 3),
        (Budget(tokens=1), "tokens", 1),
        (Budget(seconds=0.0), "seconds", 0),
    ],
)
async def test_a_budget_holds_to_the_call(
    bench: Bench, tmp_path: Path, budget: Budget, ended: str, calls: int
) -> None:
    def script(messages: Sequence[BaseMessage]) -> AIMessage:
        return call("add", a=len(messages), b=0)

    model = ScriptedModel(script=script)
    tree = await bench.solve(tmp_path / "r", model, "react:depth=50", budget)
    assert tree.ended == ended
    assert len(model.asked) == calls
    if ended == "tool_calls":
        assert len(bench.made) == 2


async def test_seconds_cut_a_call_in_flight(bench: Bench, tmp_path: Path) -> None:
    """The model here never answers: only the budget ends the run."""
    import asyncio

    class Silent(ScriptedModel):
        async def _agenerate(self, *args: object, **kwargs: object) -> object:  # type: ignore[override]  # never returns
            await asyncio.Event().wait()
            raise AssertionError

    tree = await bench.solve(tmp_path / "r", Silent(), "react", Budget(seconds=0.05))
    assert tree.ended == "seconds"


async def test_exhausted_when_every_path_was_tried(bench: Bench, tmp_path: Path) -> None:
    tree = await bench.solve(tmp_path / "r", [give_up(), give_up()])
    assert (tree.answer, tree.ended) == (None, "exhausted")
    assert [n.state for n in tree.children(ROOT)] == [NodeState.GAVE_UP] * 2


async def test_a_model_that_breaks_is_an_error_and_no_answer(bench: Bench, tmp_path: Path) -> None:
    """Promise 10: an infrastructure failure is never counted as a wrong answer."""
    with pytest.raises(ModelError, match="asked for more"):
        await bench.solve(tmp_path / "r", [call("add", a=1, b=1)], "react")
    record = read_run(tmp_path / "r")
    assert record.ended is None, "the run is not over: it can be resumed"
    again = await bench.solve(tmp_path / "r", [finish("2")], "react")
    assert again.answer == "2"
    assert bench.made == [("add", (1, 1))], "what was paid for is not paid for again"


@pytest.mark.parametrize("depth", [101, 500, 2000])
async def test_promise_21_a_reply_whose_arguments_nest_too_deep_is_a_call_that_is_told(
    bench: Bench, tmp_path: Path, depth: int
) -> None:
    deep: Any = 1
    for _ in range(depth):
        deep = [deep]
    tree = await bench.solve(tmp_path / "r", [call("add", a=deep), finish("done")], "react")
    [observation] = [
        o
        for node in tree
        for c, o in zip(node.calls, node.observations, strict=True)
        if c.name != "Finish"
    ]
    assert observation.status is Status.INVALID_REQUEST
    assert "nested more than 100 deep" in observation.content
    assert tree.answer == "done"
