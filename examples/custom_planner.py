"""A planner of one's own: one chain after another, until one of them answers."""

from dataclasses import dataclass, field
from typing import ClassVar

from toolgrove import Agent, ScriptedModel
from toolgrove.agent import finish, give_up
from toolgrove.data import ROOT, Node, NodeState
from toolgrove.planners import Expand, Frontier, limited


@dataclass
class Patient(Frontier):
    """Its public fields are its options; it does no I/O, so that a run can be gone on with."""

    name: ClassVar[str] = "patient"
    chains: int = 3
    depth: int = 5
    _begun: int = field(default=0, init=False, compare=False)
    _at: str = field(default="", init=False, compare=False)
    _answered: bool = field(default=False, init=False, compare=False)

    def next(self) -> tuple[Expand, ...]:
        """The next wave of steps; none ends the search."""
        if self._at:
            return (Expand(self._at, 0),)
        if self._answered or self._begun == self.chains:
            return ()
        self._begun += 1
        return (Expand(ROOT, self._begun - 1),)

    def on_node(self, node: Node) -> Node:
        """What came of a step."""
        node = limited(node, self.depth)
        self._answered |= node.state is NodeState.ANSWERED
        self._at = node.id if node.state is NodeState.OPEN else ""
        return node


model = ScriptedModel(replies=[give_up("Hard."), give_up("Still hard."), finish("It is 4.")])
outcome = Agent(model=model, planner=Patient(chains=3)).invoke("What is 2 + 2?")
print(outcome.answer, [node.state.value for node in outcome.tree][1:])
