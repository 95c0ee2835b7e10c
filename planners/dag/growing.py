"""The expansion of planners of graphs: one model call, and the calls that it plans.

Every variant (``plan``, ``join``, ``divide``, ``aggregate``, ``answer``) is this one step; they
differ in what the model is asked (:mod:`toolgrove.planners.dag.prompts`). The reply is read while
it comes. Where it plans calls they are run, and the step stays open; where it is a verdict, that is
taken. Calls count for more than a verdict in the same reply, which came before their results,
unless it is an answer that says with references where they belong, and all calls went well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from toolgrove.data import codec
from toolgrove.data.functions import CONTROL_FUNCTIONS
from toolgrove.data.journal import whole_observation
from toolgrove.data.records import (
    CONTROLS,
    FINISH,
    SEARCH_TOOLS,
    Message,
    Node,
    NodeState,
    Observation,
    Role,
    Status,
    ToolCall,
    ToolSpec,
)
from toolgrove.data.tree import ROOT, child_id
from toolgrove.planners.dag.building import SpecOf
from toolgrove.planners.dag.plan import Entry, Join, PlanTask, Problem
from toolgrove.planners.dag.prompts import conversation
from toolgrove.planners.dag.reading import PlanReader
from toolgrove.planners.dag.references import mentioned
from toolgrove.planners.dag.schedule import Schedule
from toolgrove.planners.dag.verdict import filled, foretold, read_verdict
from toolgrove.planners.expand import NotAhead
from toolgrove.planners.frontier import Expand
from toolgrove.planners.run import Run
from toolgrove.tools.offer import Offer

__all__ = ["grow"]


async def grow(run: Run, wanted: Expand, *, ahead: bool = False) -> Node:
    """Grow one child whose calls form a graph, each made as soon as it can be.

    The node has the reply and its calls as the model wrote them, references included; ``calls``
    are those that were made, ``needs`` says which used what, ``meta`` holds the ``tasks``' numbers,
    the ``problems``, and why to ``replan`` where the reply says so.

    Raises
    ------
    BudgetSpent
        Before a call that would go over the budget; the calls under way are cancelled.
    ModelError
        Where the model did not answer, likewise.
    NotAhead
        Always where it is made ahead: calls start before it is known which others will write.
    """
    if ahead:
        raise NotAhead
    parent = run.paths[wanted.parent]
    path = run.paths.path(parent.id)
    offer = run.offer(parent.id)
    node = Node(
        id=child_id(parent.id, wanted.index),
        parent=parent.id,
        index=wanted.index,
        depth=parent.depth + 1,
        variant=wanted.variant,
    )
    caller = _Caller(run, node, offer)
    schedule = Schedule(
        caller,
        lambda seen: _value(run, seen),
        name=f"call_{node.id[:12]}",
        earlier=_earlier(path),
        rounds=wanted.variant in ("divide", "aggregate"),
    )
    reader = PlanReader(_specs(offer))
    problems: list[str] = []
    ends: list[int] = []  # the lines that end the plan
    last = wanted.variant == "answer"

    def take(entries: list[Entry]) -> None:
        for entry in entries:
            if last and isinstance(entry, PlanTask):
                problems.append(f"Line {entry.line} was not run: no more calls can be made.")
            elif isinstance(entry, Problem) and (last or entry.number is None):
                problems.append(str(entry))
            elif isinstance(entry, PlanTask | Problem):
                step = schedule.add(entry)
                caller.writes |= {step.position} if step.writes else set()
            elif isinstance(entry, Join):
                ends.append(entry.line)

    said = conversation(path, offer, run.tree.task.query, wanted.variant)
    async with schedule:
        reply = await run.stream(node.id, said, lambda piece: take(reader.feed(piece)))
        take(reader.close())
    node = replace(
        node, model=reply.model or run.chat.name, usage=reply.usage, seconds=reply.seconds
    )
    text = reply.message.content
    if not schedule.steps:
        return _judged(node, text, problems, _results(run, path))
    node = _called(node, text, schedule, problems)
    if schedule.rounds or problems or not _all_used(schedule, end := _end(text, ends, schedule)):
        return node
    answer = foretold(end, _results(run, [*path, node]), run.tree.task.query)
    return node if answer is None else _answered(node, answer)


def _end(text: str, ends: list[int], schedule: Schedule) -> str:
    """The line that ends the plan, and what follows; nothing where further calls follow."""
    if not ends or any(step.entry.line > ends[0] for step in schedule.steps):
        return ""
    return "\n".join(text.split("\n")[ends[0] - 1 :])


def _all_used(schedule: Schedule, end: str) -> bool:
    """Whether all calls went well, and the end or a later call uses all that were only read.

    A result that nothing refers to was asked for to be looked at: to compare, or to choose.
    """
    used = mentioned(end)
    needed = {need for step in schedule.steps for need in step.needs}
    return not any(
        step.failed or not (step.writes or step.position in needed or step.entry.number in used)
        for step in schedule.steps
    )


class _Caller:
    """Makes a node's calls as every other planner's are made.

    Whether a read is answered from the tree hangs on what the tree held when the step began and
    on the plan's text, not on which calls have ended meanwhile: so it is the same after a crash.
    """

    def __init__(self, run: Run, node: Node, offer: Offer) -> None:
        self.run, self.node, self.offer = run, node, offer
        self.since = run.paths.epoch
        self.writes: set[int] = set()

    async def __call__(self, position: int, written: ToolCall) -> tuple[ToolCall, Observation]:
        run, node = self.run, self.node
        found = self.offer.resolve(written)
        if isinstance(found, Observation):
            return written, found
        if found.name == SEARCH_TOOLS:
            return found, await run.search(node, position, found)
        if found.name in CONTROLS:
            mend = f"{found.name} has no place in a plan; leave it out."
            return written, Observation(Status.INVALID_REQUEST, mend, len(mend), attempts=0)
        before = run.paths.made(node.parent or ROOT, found, self.since)
        if before is not None and not any(write < position for write in self.writes):
            gave, on_this_path = before
            return found, replace(gave, cached=True, seconds=0.0, repeated=on_this_path)
        return found, await run.call(node.id, position, found, since=self.since)


def _specs(offer: Offer) -> SpecOf:
    by_id = {spec.id: spec for spec in offer.specs}
    specs = {alias: by_id[spec_id] for alias, spec_id in offer.aliases.items() if spec_id in by_id}
    if SEARCH_TOOLS in offer.controls:
        parameters = CONTROL_FUNCTIONS[SEARCH_TOOLS]["parameters"]
        specs[SEARCH_TOOLS] = ToolSpec(SEARCH_TOOLS, "", "", SEARCH_TOOLS, parameters=parameters)
    return specs.get


def _earlier(path: list[Node]) -> Mapping[int, Observation]:
    """What the tasks of the path's plans gave, by their numbers; the later plan's counts."""
    gave: dict[int, Observation] = {}
    for node in path:
        gave.update(zip(node.meta.get("tasks", ()), node.observations, strict=False))
    return gave


def _results(run: Run, path: list[Node]) -> dict[int, Any]:
    """What the path's tasks gave that went well, as JSON values."""
    gave = _earlier(path).items()
    return {number: _value(run, seen) for number, seen in gave if seen.status.usable}


def _value(run: Run, seen: Observation) -> Any:
    """What a result is where it is referred to: the JSON value that it is, or else its text."""
    content = whole_observation(run.journal.run, seen)
    try:
        return codec.loads(content)
    except (ValueError, RecursionError):
        return content


def _called(node: Node, text: str, schedule: Schedule, problems: list[str]) -> Node:
    """The node of a reply that planned calls."""
    steps = schedule.steps
    written = tuple(step.call for step in steps)
    seen = tuple(step.observation for step in steps if step.observation is not None)
    answers = [
        Message(Role.TOOL, observation.content, call_id=call.id, name=call.name)
        for call, observation in zip(written, seen, strict=True)
    ]
    told = [Message(Role.USER, "\n".join(problems))] if problems else []
    return replace(
        node,
        depth=node.depth - 1 + len(steps),
        messages=(Message(Role.ASSISTANT, text, written), *answers, *told),
        calls=tuple(step.made for step in steps),
        observations=seen,
        needs=tuple((need, step.position) for step in steps for need in step.needs),
        meta={"tasks": [step.entry.number for step in steps], "problems": problems},
    )


def _judged(node: Node, text: str, problems: list[str], results: Mapping[int, Any]) -> Node:
    """The node of a reply that planned nothing: a verdict, or at the end the answer itself."""
    verdict = read_verdict(text)
    answer = verdict.answer
    if answer is None and node.variant == "answer" and not problems:
        answer = text.strip() or None
    if answer is not None:
        said = Message(Role.ASSISTANT, text)
        node = replace(node, depth=node.depth - 1, messages=(said,))
        return _answered(node, filled(answer, results))
    meta: dict[str, Any] = {"problems": problems} if problems else {}
    if verdict.replan is not None:
        meta["replan"] = verdict.replan
    return replace(node, messages=(Message(Role.ASSISTANT, text),), meta=meta)


def _answered(node: Node, answer: str) -> Node:
    """The node with the answer as its last call."""
    arguments = {"return_type": "give_answer", "final_answer": answer}
    finish = ToolCall(f"call_{node.id[:12]}_{len(node.calls)}", FINISH, arguments)
    done = Observation(Status.FINAL_ANSWER, "answered", 8)
    said, *gave = node.messages
    gave.append(Message(Role.TOOL, done.content, call_id=finish.id, name=FINISH))
    return replace(
        node,
        messages=(replace(said, calls=(*said.calls, finish)), *gave),
        calls=(*node.calls, finish),
        observations=(*node.observations, done),
        state=NodeState.ANSWERED,
        answer=answer,
    )
