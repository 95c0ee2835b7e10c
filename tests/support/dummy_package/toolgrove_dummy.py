"""One extension of each kind that Toolgrove takes from other packages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from toolgrove import Observation, ScriptedModel, SearchTree, Status, ToolCall, ToolSpec
from toolgrove.agent import call, finish
from toolgrove.data import ROOT, FormatError, Holds, Loaded, Node, NodeState, Score
from toolgrove.evaluators import breakdown, infrastructure, judged
from toolgrove.planners import Expand, Frontier, limited
from toolgrove.tools import Backend, BackendContext, Execute


# planner
@dataclass
class Breadth(Frontier):
    """Every step of one depth before any of the next; the first level with an answer ends it."""

    name: ClassVar[str] = "breadth"
    width: int = 2
    depth: int = 4
    _level: list[str] = field(default_factory=lambda: [ROOT], init=False, compare=False)
    _answered: bool = field(default=False, init=False, compare=False)

    def next(self) -> tuple[Expand, ...]:
        level, self._level = self._level, []
        if self._answered:
            return ()
        return tuple(Expand(node, index) for node in level for index in range(self.width))

    def on_node(self, node: Node) -> Node:
        node = limited(node, self.depth)
        self._answered |= node.state is NodeState.ANSWERED
        if node.state is NodeState.OPEN:
            self._level.append(node.id)
        return node


# evaluator
@dataclass(frozen=True)
class Brevity:
    """1 for an answer of at most so many words, 0 for a longer one."""

    words: int = 20

    @property
    def name(self) -> str:
        return f"brevity/1@{self.words}"

    async def score(self, tree: SearchTree) -> Score:
        broken = breakdown(tree)
        if broken is not None:
            return infrastructure(tree, self.name, broken)
        if tree.answer is None:
            return judged(tree, self.name, None, "there is no answer")
        used = len(tree.answer.split())
        return judged(tree, self.name, float(used <= self.words), f"{used} words")


# wrapper
MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")


def no_mail(execute: Execute) -> Execute:
    """No model is shown the e-mail addresses that a tool returns."""

    async def without(call: ToolCall) -> Observation:
        seen = await execute(call)
        text = MAIL.sub("[e-mail]", seen.content)
        return replace(seen, content=text, size=len(text))

    return without


# importer
class Phrasebook:
    """Files with one tool a line: its name, a colon, and what it says."""

    kind = "phrasebook"
    holds: Holds = "specs"

    def recognises(self, path: Path) -> bool:
        return path.suffix == ".phrases"

    def load(self, path: Path) -> Loaded:
        specs = []
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            name, colon, says = line.partition(": ")
            if not colon:
                raise FormatError(str(path), f"line {number}", "NAME: PHRASE", "Add the colon.")
            book, binding = path.stem, {"kind": "phrase", "says": says}
            specs.append(
                ToolSpec(f"{book}/{name}", "Phrases", book, name, f"Say {name}.", binding=binding)
            )
        return Loaded(path, self.kind, specs=specs)


phrasebook = Phrasebook()


# backend
def phrases(context: BackendContext) -> Backend:
    """Makes the calls of tools whose binding has the kind ``phrase``."""

    async def say(call: ToolCall) -> Observation:
        text = str(context.spec_of(call.name).binding["says"])
        return Observation(Status.OK, text, len(text))

    return Backend(say)


# model
def parrot(rest: str, /, **options: Any) -> BaseChatModel:
    """``parrot:TOOL`` calls that tool and answers what it gave."""

    def reply(messages: Sequence[BaseMessage]) -> AIMessage:
        last = messages[-1]
        return finish(str(last.content)) if isinstance(last, ToolMessage) else call(rest)

    return ScriptedModel(script=reply, model_name=f"parrot-{rest}", **options)
