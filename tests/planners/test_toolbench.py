"""The baseline is ToolBench's search, faults included: see PRIOR-ART's "DFSDT as TB runs it"."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from langchain_core.messages import AIMessage, BaseMessage

from support.bench import Bench
from toolgrove.agent.models.scripted import ScriptedModel, call, finish, give_up
from toolgrove.data.records import NodeState
from toolgrove.data.tree import ROOT


async def test_a_chain_ends_after_twelve_nodes_which_are_four_calls_with_their_thoughts(
    bench: Bench, tmp_path: Path
) -> None:
    def script(messages: Sequence[BaseMessage]) -> AIMessage:
        return call("add", "I think", a=len(messages), b=len(str(messages)))

    tree = await bench.solve(tmp_path / "r", ScriptedModel(script=script), "toolbench")
    assert max(node.depth for node in tree) == 4
    assert len(tree) - 1 == 2 + 4 + 8 + 16, "the whole tree of width 2"


async def test_giving_up_at_the_first_step_ends_the_whole_search(
    bench: Bench, tmp_path: Path
) -> None:
    tree = await bench.solve(tmp_path / "r", [give_up()], "toolbench")
    assert [node.state for node in tree.children(ROOT)] == [NodeState.GAVE_UP]


async def test_a_repeated_call_is_made_again_and_gone_on_from(bench: Bench, tmp_path: Path) -> None:
    same = call("add", a=1, b=1)
    tree = await bench.solve(tmp_path / "r", [same, same, finish("2")], "toolbench")
    assert len(bench.made) == 2
    assert tree.answer == "2"


async def test_its_prompts_name_the_tools_and_list_the_earlier_tries_as_json(
    bench: Bench, tmp_path: Path
) -> None:
    model = ScriptedModel(replies=[call("add", a=1, b=1), give_up(), finish("2")])
    await bench.solve(tmp_path / "r", model, "toolbench:back=1")
    system, user = model.asked[0]
    assert "You are AutoGPT" in str(system.content)
    assert str(user.content).endswith("Begin!\n")
    diversity = str(model.asked[2][-1].content)
    assert diversity.startswith("This is not the first time you try this task")
    assert '"function_output": "gave up"' in diversity
