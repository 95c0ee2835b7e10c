"""A model whose replies are random but a function of the conversation: the same after a resume."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from langchain_core.messages import AIMessage, BaseMessage

from toolgrove.agent.models.scripted import call, finish, give_up
from toolgrove.data.records import Node
from toolgrove.data.tree import SearchTree


class RandomScript:
    """Calls, failing calls, several at once, talk without a call, giving up, answers."""

    def __init__(self, seed: int, *, writes: bool = False, answers: float = 0.05) -> None:
        self.seed, self.writes, self.answers = seed, writes, answers

    def __call__(self, messages: Sequence[BaseMessage]) -> AIMessage:
        said = "\n".join(f"{m.type}:{m.content}:{getattr(m, 'tool_calls', '')}" for m in messages)
        draw = random.Random(f"{self.seed}:{said}")
        roll = draw.random()
        if roll < self.answers:
            return finish(f"answer {draw.randrange(100)}")
        if roll < 0.2:
            return give_up("this leads nowhere")
        if roll < 0.3:
            return call("fail", why=f"reason {draw.randrange(3)}")
        if roll < 0.35:
            return AIMessage("let me think")
        if roll < 0.5:
            both = [self._add(draw), self._add(draw)]
            return AIMessage("both at once", tool_calls=[c.tool_calls[0] for c in both])
        if self.writes and roll < 0.75:
            return call("append", text=f"note {draw.randrange(10**9)}")
        return self._add(draw)

    def _add(self, draw: random.Random) -> AIMessage:
        return call("add", a=draw.randrange(5), b=draw.randrange(5))


def timeless(tree: SearchTree) -> list[Node]:
    """The nodes without what differs between two runs of the same search: their seconds."""
    return [
        replace(
            node,
            seconds=0.0,
            observations=tuple(replace(o, seconds=0.0) for o in node.observations),
        )
        for node in tree
    ]
