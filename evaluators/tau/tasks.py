"""τ²-bench's tasks as tasks whose tools work on a database, and how their runs are judged.

A run is a conversation with a user, who is simulated. What is judged is what it left in the
database, and what the agent told the user: rule ``tau2/1``, as for conversations that others held.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from toolgrove.data import codec
from toolgrove.data.records import (
    CONTROLS,
    Effect,
    Message,
    Node,
    Observation,
    Role,
    Score,
    Status,
    Task,
    ToolCall,
    ToolSpec,
)
from toolgrove.data.request import with_earlier
from toolgrove.data.tree import SearchTree
from toolgrove.errors import UsageError
from toolgrove.evaluators.base import breakdown, infrastructure, judged
from toolgrove.evaluators.tau.environment import Environment
from toolgrove.evaluators.tau.package import Domain, domain, functions
from toolgrove.evaluators.tau.scoring import judge
from toolgrove.evaluators.tau.trajectories import MadeCall, RecordedConversation, criteria_of
from toolgrove.tools.calls.backends import Backend, BackendContext
from toolgrove.tools.calls.execute import failure
from toolgrove.tools.python.function import error_line, function_spec

__all__ = [
    "DIALOGUE",
    "KIND",
    "RULE",
    "Tau2Evaluator",
    "Tau2Item",
    "answering",
    "databases",
    "item_of",
    "load_tasks",
    "made_calls",
]

RULE = "tau2/1"
KIND = "tau2"
"""The kind of binding that the tools have, and what a task's meta calls its item."""
DIALOGUE = "dialogue"
"""What the tree of a whole conversation has in its meta: how it went."""
_MADE = frozenset({Status.OK, Status.ERROR_IN_MESSAGE, Status.TIMEOUT, Status.IN_DOUBT})
"""How a call may end that has reached the database."""


@dataclass(frozen=True, slots=True)
class Tau2Item:
    """A task of τ²-bench: where it takes place, and the package's own record of it."""

    domain: Domain
    raw: Mapping[str, Any]

    @property
    def scenario(self) -> str:
        """What the user wants and knows; no agent sees it."""
        told = self.raw.get("user_scenario") or {}
        instructions = told.get("instructions") or ""
        parts = {"persona": told.get("persona")}
        parts |= instructions if isinstance(instructions, Mapping) else {"": instructions}
        return "\n\n".join(_headed(name, text) for name, text in parts.items() if text)


def _headed(name: str, text: Any) -> str:
    heading = name.replace("_", " ").capitalize()
    return f"{heading}:\n{text}" if heading else str(text)


def item_of(task: Task) -> Tau2Item | None:
    """The item of τ²-bench that a task is, or None.

    Raises
    ------
    UsageError
        Where the package is not installed, or has no such item any more.
    """
    named = task.meta.get(KIND)
    if named is None:
        return None
    place = domain(str(named["domain"]))
    raw = place.tasks.get(str(named["id"]))
    if raw is None:
        raise UsageError(f"τ²-bench's {place.name} domain has no task {named['id']!r} here.")
    return Tau2Item(place, raw)


def databases(specs: Iterable[ToolSpec]) -> str:
    """What names the databases that tools work on, and the tools' source; empty where none does."""
    names = sorted({spec.tool for spec in specs if spec.binding.get("kind") == KIND})
    return ",".join(f"{KIND}:{name}:{domain(name).digest[:12]}" for name in names)


def load_tasks(name: str) -> tuple[list[Task], list[ToolSpec]]:
    """The tasks of a domain, and the tools that its agent is offered.

    Raises
    ------
    UsageError
        Where the package is not installed or has no such domain, or a task begins in another state.
    """
    place = domain(name)
    specs = [_spec(tool, place) for tool in functions(name)]
    return [_task(Tau2Item(place, raw), specs) for raw in place.tasks.values()], specs


def _task(item: Tau2Item, specs: Iterable[ToolSpec]) -> Task:
    place, key = item.domain, str(item.raw["id"])
    if any((item.raw.get("initial_state") or {}).values()):
        raise UsageError(f"task {key} of {place.name} begins in a state of its own, not done here.")
    meta: dict[str, Any] = {
        KIND: {
            "domain": place.name,
            "id": key,
            "criteria": codec.digest(criteria_of(item.raw))[:16],
        }
    }
    splits = [split for split in ("train", "test") if key in place.splits.get(split, ())]
    if len(splits) == 1:
        meta["split"] = splits[0]
    tools = tuple(spec.id for spec in specs)
    task = Task(f"{place.name}_{key}", item.scenario, tools, meta=meta)
    return with_earlier(task, [Message(Role.SYSTEM, place.policy)])


def _spec(tool: str, place: Domain) -> ToolSpec:
    effect = Effect.WRITE if tool in place.writing else Effect.READ
    return replace(
        function_spec(functions(place.name)[tool], effect=effect),
        id=f"{KIND}/{place.name}/{tool}",
        category=KIND,
        tool=place.name,
        name=tool,
        binding={"kind": KIND},
    )


def answering(environment: Environment) -> Mapping[str, Any]:
    """What makes calls of a domain's tools on one conversation's database, by its kind.

    Arguments go to the tools as the model wrote them, as in τ²-bench.
    """
    pure = functions(environment.domain.name)

    async def execute(call: ToolCall) -> Observation:
        name = call.name.rpartition("/")[2]
        try:
            if hasattr(environment.tools, name):
                told = environment.answer(name, call.arguments)
            else:
                told = str(await pure[name](**call.arguments))
        except Exception as error:  # whatever a tool makes of a model's arguments
            return failure(Status.ERROR_IN_MESSAGE, f"Error: {str(error) or error_line(error)}")
        return Observation(Status.OK, told, len(told))

    def backend(context: BackendContext) -> Backend:
        return Backend(execute)

    return {KIND: backend}


def made_calls(tree: SearchTree) -> Iterator[MadeCall]:
    """The calls of a run that reached the database, on whatever path, in their order."""
    names = {spec.id: spec.name for spec in tree.tools}
    for node in tree:
        for call, seen in _calls(node):
            if seen.status in _MADE and seen.attempts and not (seen.repeated or seen.cached):
                sent = call.arguments if seen.sent is None else seen.sent
                yield MadeCall(names.get(call.name, call.name), sent, seen.status.failed)


def _calls(node: Node) -> Iterator[tuple[ToolCall, Observation]]:
    for call, seen in zip(node.calls, node.observations, strict=False):
        yield from ((one.call, one.observation) for one in seen.inner)
        if call.name not in CONTROLS:
            yield call, seen


@dataclass(frozen=True, slots=True)
class Tau2Evaluator:
    """Whether a conversation left what it should in the database, and the facts were told.

    ``details`` has what the simulated user took, apart from what the agent did. A run that is no
    conversation about a task of τ²-bench gets no opinion.
    """

    name: ClassVar[str] = RULE

    async def score(self, tree: SearchTree) -> Score:
        item = item_of(tree.task)
        if item is None:
            return judged(tree, self.name, None, "the task is none of τ²-bench's")
        broken = breakdown(tree)
        if broken is not None:
            return infrastructure(tree, self.name, broken)
        held = tree.meta.get(DIALOGUE)
        if held is None:
            return judged(tree, self.name, None, "nobody talked with the agent")
        one = RecordedConversation(
            id=tree.task.id,
            trial=None,
            rule=RULE,
            domain=item.domain.name,
            user="",
            criteria=None,
            calls=tuple(made_calls(tree)),
            said=tuple(held["told"]),
            ended=held["ended"],
            recorded=None,
        )
        valid, reason = judge(one, criteria_of(item.raw), item.domain)
        value = None if valid is None else float(valid)
        told = reason or "the end state is right and the facts are told"
        return judged(tree, self.name, value, told, turns=len(held["told"]), user=held["user"])
