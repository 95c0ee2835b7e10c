"""The search tree of one run: append-only nodes, and the paths through them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from toolgrove.data.records import (
    CONTROLS,
    RUN_PYTHON,
    SEARCH_TOOLS,
    JsonObject,
    Message,
    Node,
    NodeState,
    Task,
    ToolCall,
    ToolSpec,
    Usage,
)

__all__ = ["ROOT", "Ending", "SearchTree", "Spending", "Trajectory", "child_id"]

ROOT = "root"
"""Id of every tree's root."""


def child_id(parent: str, index: int) -> str:
    """Id of a node's ``index``-th child.

    It names the whole path in constant space (a digest chained from the root), so that a result
    in a journal belongs to one place in the tree, whatever order concurrent branches finish in.

    Examples
    --------
    >>> child_id("root", 0) == child_id("root", 0) != child_id("root", 1)
    True
    """
    return hashlib.blake2b(f"{parent}/{index}".encode(), digest_size=12).hexdigest()


def _short(text: str) -> str:
    """A text as a part of a line."""
    return repr(text if len(text) <= 80 else f"{text[:79]}…")


@dataclass(frozen=True, slots=True, repr=False)
class Trajectory:
    """A root-to-leaf path as a conversation.

    Parameters
    ----------
    task : Task
        What was asked.
    nodes : tuple of Node
        From the root to the leaf.
    tools : tuple of ToolSpec
        What was on offer.
    """

    task: Task
    nodes: tuple[Node, ...]
    tools: tuple[ToolSpec, ...] = ()

    def __repr__(self) -> str:
        return f"<Trajectory {_short(self.task.query)}: {len(self.nodes):,} nodes>"

    @property
    def leaf(self) -> Node:
        return self.nodes[-1]

    @property
    def messages(self) -> list[Message]:
        """The conversation, without the prompts that only one step saw."""
        return [message for node in self.nodes for message in node.messages]


@dataclass(frozen=True, slots=True)
class Spending:
    """Calls that were paid for.

    Parameters
    ----------
    model_calls, tool_calls : int
        How many.
    usage : Usage
        Tokens of the model calls.
    money : float or None
        What the tokens cost; None where a model has no price in the run's settings.
    """

    model_calls: int = 0
    tool_calls: int = 0
    usage: Usage = Usage()
    money: float | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run of ours ended, and what it paid for.

    Parameters
    ----------
    reason : str or None
        ``answered``, ``exhausted`` (every path was tried), ``waiting`` (for somebody's decision) or
        the limit of the budget that was met; None of a run that was cut short.
    spent : Spending
        All calls that came back.
    unused : Spending
        Those of steps that were made ahead and are not in the tree.
    waiting : tuple of ToolCall
        The calls that wait for a decision, as the model asked for them.
    """

    reason: str | None = None
    spent: Spending = Spending()
    unused: Spending = Spending()
    waiting: tuple[ToolCall, ...] = ()


@dataclass(slots=True, repr=False)
class SearchTree:
    """The nodes of one run; a node is appended and never removed.

    ReAct makes a path, DFSDT a tree, DAG planning a node with many calls.

    Parameters
    ----------
    task : Task
        What was asked.
    tools : sequence of ToolSpec
        What was on offer.
    aliases : JsonObject
        Tool id by the alias that models were shown.
    meta : JsonObject
        Planner, model, versions: what the run's header says.
    ending : Ending or None
        How the run ended; None of a tree from another system's file.

    Examples
    --------
    >>> tree = SearchTree(Task("1", "How far?"))
    >>> tree.add(Node(ROOT, None))
    >>> tree.add(Node(child_id(ROOT, 0), ROOT, state=NodeState.ANSWERED, answer="5 km"))
    >>> tree.answer
    '5 km'
    """

    task: Task
    tools: Sequence[ToolSpec] = ()
    aliases: JsonObject = field(default_factory=dict)
    meta: JsonObject = field(default_factory=dict)
    ending: Ending | None = None
    _nodes: dict[str, Node] = field(default_factory=dict)
    _children: dict[str, list[str]] = field(default_factory=dict)

    def __repr__(self) -> str:
        steps = max(len(self) - 1, 0)
        came = "no answer" if self.answer is None else f"answer {_short(self.answer)}"
        steps_said = "1 step" if steps == 1 else f"{steps:,} steps"
        return f"<SearchTree {_short(self.task.query)}: {steps_said}, {came}>"

    def _repr_html_(self) -> str:
        from toolgrove.data.drawing.notebook import tree_html

        return tree_html(self)

    def add(self, node: Node) -> None:
        """Append a node; its parent must be there and its id must not.

        Raises
        ------
        ValueError
            Where the node has no parent in the tree, or is there already.
        """
        if node.id in self._nodes:
            raise ValueError(f"node {node.id} is in the tree already")
        if node.parent is not None and node.parent not in self._nodes:
            raise ValueError(f"node {node.id}: parent {node.parent} is not in the tree")
        if node.parent is None and self._nodes:
            raise ValueError("a tree has one root")
        self._nodes[node.id] = node
        if node.parent is not None:
            siblings = self._children.setdefault(node.parent, [])
            siblings.append(node.id)
            if len(siblings) > 1 and node.index < self._nodes[siblings[-2]].index:
                siblings.sort(key=lambda node_id: self._nodes[node_id].index)

    def replace(self, node: Node) -> None:
        """Put a node's later state (pruned, scored) in the place of its earlier one."""
        if self._nodes[node.id].parent != node.parent:
            raise ValueError(f"node {node.id} cannot move to another parent")
        self._nodes[node.id] = node

    def __getitem__(self, node_id: str) -> Node:
        return self._nodes[node_id]

    def __contains__(self, node_id: object) -> bool:
        return node_id in self._nodes

    def __len__(self) -> int:
        return len(self._nodes)

    def __iter__(self) -> Iterator[Node]:
        return iter(self._nodes.values())

    @property
    def root(self) -> Node:
        return next(iter(self._nodes.values()))

    def children(self, node_id: str) -> list[Node]:
        """A node's children by their index."""
        return [self._nodes[i] for i in self._children.get(node_id, ())]

    def path(self, node_id: str) -> list[Node]:
        """Nodes from the root to ``node_id``, both included."""
        path = []
        at: str | None = node_id
        while at is not None:
            node = self._nodes[at]
            path.append(node)
            at = node.parent
        path.reverse()
        return path

    def leaves(self) -> list[Node]:
        """Nodes without children, in the order they were added."""
        return [node for node in self if not self._children.get(node.id)]

    def trajectory(self, leaf: str) -> Trajectory:
        """The path to a leaf as a conversation."""
        return Trajectory(self.task, tuple(self.path(leaf)), tuple(self.tools))

    @property
    def answered(self) -> list[Node]:
        """Nodes that called Finish with an answer, the best scored first, then the first found.

        Only planners that may find several give scores to them.
        """
        found = [node for node in self if node.state is NodeState.ANSWERED]
        return sorted(found, key=lambda node: -(node.score or 0.0))

    @property
    def answer(self) -> str | None:
        """The best final answer, or None where no path came to one."""
        return next((node.answer for node in self.answered), None)

    @property
    def ended(self) -> str | None:
        """Why a run of ours ended; None where it was cut short, or is none of ours."""
        return self.ending.reason if self.ending is not None else None

    @property
    def usage(self) -> Usage:
        """Tokens of all model calls: those of the nodes and, in a run, what else it paid for."""
        total = Usage()
        for node in self:
            total = total + node.usage
        spent = self.ending.spent.usage if self.ending is not None else total
        return max(total, spent, key=lambda usage: usage.total)

    @property
    def cost(self) -> float | None:
        """What a run of ours cost, in the currency of its prices; None where one is not known."""
        return self.ending.spent.money if self.ending is not None else None

    @property
    def model_calls(self) -> int:
        """How many nodes a model wrote and, in a run of ours, what else it was asked."""
        written = sum(1 for node in self if node.parent is not None)
        return max(written, self.ending.spent.model_calls if self.ending is not None else 0)

    @property
    def tool_calls(self) -> int:
        """Calls of tools, searches for them and runs of code, with the calls that code made.

        Finish and the marks of subtasks are left out.
        """
        none = CONTROLS - {SEARCH_TOOLS, RUN_PYTHON}
        own = sum(1 for node in self for call in node.calls if call.name not in none)
        return own + sum(len(seen.inner) for node in self for seen in node.observations)
