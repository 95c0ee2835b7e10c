"""DFSDT as ToolBench's own code runs it, prompts and faults included: what others compare with.

From the inference code of ToolBench (Qin et al. 2023, Apache-2.0). For work, use ``dfsdt``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from toolgrove.data import codec
from toolgrove.data.records import FINISH, Message, Node, NodeState, Role, ToolSpec
from toolgrove.data.tree import ROOT
from toolgrove.planners.dfsdt import DFSDT
from toolgrove.planners.prompts import Prompts

__all__ = ["ToolBench"]

SYSTEM = """You are AutoGPT, you can use many tools(functions) to do the following task.
First I will give you the task description, and your task start.
At each step, you need to give your thought to analyze the status now and what to do next, with \
a function call to actually excute your step.
After the call, you will get the call result, and you are now in a new state.
Then you will analyze your status now, then decide what to do next...
After many (Thought-call) pairs, you finally perform the task, then you can give your finial answer.
Remember:
1.the state change is irreversible, you can't go back to one of the former state, if you want to \
restart the task, say "I give up and restart".
2.All the thought is short, at most in 5 sentence.
3.You can do more then one trys, so if your plan is to continusly try some conditions, you can do \
one of the conditions per try.
Let's Begin!
Task description: You should use functions to help handle the real time user querys. Remember:
1.ALWAYS call "Finish" function at the end of the task. And the final answer should contain \
enough information to show to the user,If you can't handle the task, or you find that function \
calls always fail(the function is not valid now), use function Finish->give_up_and_restart.
2.Do not use origin tool names, use only subfunctions' names.
You have access of the following tools:
"""
USER = "\n{query}\nBegin!\n"
DIVERSITY = """This is not the first time you try this task, all previous trails failed.
Before you generate my thought for this state, I will first show you your previous actions for \
this state, and then you must generate actions that is different from all of them. Here are some \
previous actions candidates:
{candidates}
Remember you are now in the intermediate state of a trail, you will first analyze the now state \
and previous action candidates, then make actions that is different from all the previous."""

PROMPT_DIGEST = codec.digest([SYSTEM, USER, DIVERSITY])


def _listing(specs: Sequence[ToolSpec]) -> str:
    tools = dict.fromkeys((spec.tool, spec.tool_description) for spec in specs)
    return "\n".join(
        f"{place}.{name}: {' '.join(says.split())[:512]}"
        for place, (name, says) in enumerate(tools, 1)
    )


def _diversity(siblings: Sequence[Node], names: Sequence[str]) -> Message | None:
    candidates = [
        {
            "name": call.name,
            "arguments": json.dumps(dict(call.arguments)),
            "function_output": observation.content,
            "mento-carlo-action-value": 0.0,
        }
        for node in siblings
        for call, observation in zip(
            node.messages[0].calls if node.messages else (), node.observations, strict=True
        )
    ]
    if not candidates:
        return None
    text = DIVERSITY.format(candidates=json.dumps(candidates, indent=2) + "\n")
    return Message(Role.USER, text)


@dataclass
class ToolBench(DFSDT):
    """ToolBench's ``DFS_woFilter_w2``, for comparison.

    Its prompts; a limit of nodes on a chain, where a step counts a node for its thought, one for
    the function and one for its arguments; giving up at the first step ends the whole search;
    repeated calls are made again, and tools that only fail stay on offer. Two of its faults are
    left out, in its favour: the diversity prompt does not leak into descendants (it does with
    open models there), and calls are checked and observations cut as they are elsewhere here.

    Parameters
    ----------
    width : int
        Children of a node.
    nodes : int
        Its ``single_chain_max_step``: about four calls.
    back : int
        Its ``prune_back_length``.
    """

    name: ClassVar[str] = "toolbench"
    forks: ClassVar[bool] = False
    prompts: ClassVar[Prompts] = Prompts(
        SYSTEM, _diversity, PROMPT_DIGEST, request=USER, listing=_listing
    )
    remembers: ClassVar[bool] = False
    nodes: int = 12
    depth: int = field(default=10**6, init=False, repr=False)
    prune_repeats: bool = field(default=False, init=False, repr=False)
    prune_errors: bool = field(default=False, init=False, repr=False)
    _lengths: dict[str, int] = field(
        default_factory=lambda: {ROOT: 0}, init=False, repr=False, compare=False
    )

    def on_node(self, node: Node) -> Node:
        length = self._lengths[node.id] = self._lengths[node.parent or ROOT] + _length(node)
        if node.state is NodeState.OPEN and length >= self.nodes:
            why = f"limit of {self.nodes} nodes on a chain"
            node = replace(node, state=NodeState.PRUNED, reason=why)
        if node.state is NodeState.GAVE_UP and node.parent == ROOT:
            self._at = None
            return node
        return super().on_node(node)


def _length(node: Node) -> int:
    """Nodes that ToolBench makes of a step."""
    said = node.messages[0] if node.messages else Message(Role.ASSISTANT)
    calls = [call for call in node.calls if call.name != FINISH]
    return bool(said.content) + 2 * len(calls)
